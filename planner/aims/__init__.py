"""How the targets of each kind of procedure are found: one frozen class for each kind, in its own file."""
