"""Straight needle paths as arrays: n entries and n targets, never a list of objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.errors import GeometryError
from planner.geometry import FloatArray, frozen, obliquity_deg, tilt_deg, unit


@dataclass(frozen=True, slots=True, eq=False)
class Trajectories:
    """n straight paths from skin entry to needle tip, as two (n, 3) arrays [mm]."""

    entries_mm: FloatArray
    targets_mm: FloatArray

    def __post_init__(self) -> None:
        entries, targets = frozen(self.entries_mm), frozen(self.targets_mm)
        if entries.shape != targets.shape or entries.ndim != 2 or entries.shape[1] != 3:
            raise GeometryError(f"entries {entries.shape} and targets {targets.shape} must both be (n, 3)")
        object.__setattr__(self, "entries_mm", entries)
        object.__setattr__(self, "targets_mm", targets)

    def __len__(self) -> int:
        return len(self.entries_mm)

    @property
    def lengths_mm(self) -> FloatArray:
        """(n,) entry to tip."""
        lengths: FloatArray = np.linalg.norm(self.targets_mm - self.entries_mm, axis=1)
        return lengths

    @property
    def directions(self) -> FloatArray:
        """(n, 3) unit vectors, entry to target."""
        return unit(self.targets_mm - self.entries_mm)

    @property
    def obliquity_deg(self) -> FloatArray:
        """(n,) see ``geometry.obliquity_deg``."""
        return obliquity_deg(self.directions)

    @property
    def tilt_deg(self) -> FloatArray:
        """(n,) see ``geometry.tilt_deg``."""
        return tilt_deg(self.directions)
