"""An earlier scan laid over today's: each vertebra by a motion of its own, with a measured residual."""
