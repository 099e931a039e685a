"""The sheet for the intervention room: one A4 page, as PDF."""
