"""An image in, an Anatomy out: one file per structure family."""
