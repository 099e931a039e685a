"""The composition root: the only code that chooses; nobody imports it."""
