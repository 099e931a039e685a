"""Pure planning: arrays and frozen types in, a plan out."""
