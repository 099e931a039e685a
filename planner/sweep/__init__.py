"""Every straight path at once: fields around a target, swept, and kept for the next tip."""
