"""The only code that knows VTK."""
