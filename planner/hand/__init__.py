"""What the hand makes of a path: its error, the bend of a bevel, and what a control scan helps."""
