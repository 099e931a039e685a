"""What a person changes in the segmentation: balls added or rubbed out, a nerve root moved. Frozen values, LPS mm."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planner.geometry import FloatArray
from planner.structures import Structure

BY_HAND = "Corrected by hand:"
"""How every correction's sentence begins."""


class Change(StrEnum):
    """What is done."""

    ADD = "add"
    ERASE = "erase"
    NUDGE = "nudge"


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """One stroke: the brush's centres (n, 3) and radius; for a nudge, from where to where (2, 3)."""

    change: Change
    structure: Structure
    points_mm: FloatArray
    radius_mm: float

    @property
    def words(self) -> str:
        """As it stands in the plan and under a signature."""
        x, y, z = self.points_mm[0]
        at = f"at L {x:.0f}, P {y:.0f}, H {z:.0f} mm"
        name = self.structure.words
        if self.change is Change.NUDGE:
            by = ", ".join(f"{value:+.1f}" for value in self.points_mm[1] - self.points_mm[0])
            return f"{BY_HAND} {name} moved by {by} mm (L, P, H) {at}."
        done = "added" if self.change is Change.ADD else "taken away"
        return f"{BY_HAND} {name} {done} with a ball of {self.radius_mm:g} mm radius {at}."
