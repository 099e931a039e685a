"""A phantom with known truth, and the code that makes it."""
