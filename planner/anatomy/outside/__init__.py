"""Segmentations that others made: names, fusion, gates, and the anatomy with them in place of our own stages."""
