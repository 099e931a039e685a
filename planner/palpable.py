"""Where a skin entry lies from what a finger finds: a spinous process, the line between the iliac crests.

Frozen values, mm along the scan's axes.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.structures import LevelName


@dataclass(frozen=True, slots=True)
class Landmark:
    """Where the skin entry lies from the tip of a spinous process, which a finger finds."""

    level: LevelName
    cranial_mm: float
    """Of the process's tip, along the scan's z axis; negative: caudal."""
    left_mm: float
    """Of the process's tip, along the patient's left-right axis; negative: right."""
    above_crests_mm: float | None = None
    """Of the line between the tops of both iliac crests, along the scan's z axis; None where one of them is not seen."""

    def __str__(self) -> str:
        process = f"{_height(self.cranial_mm)} the tip of the {self.level} spinous process"
        crests = self.above_crests_mm
        return process if crests is None else f"{process}, {_height(crests)} the line between the iliac crests"


_LEVEL_WITH_MM = 0.5


def _height(cranial_mm: float) -> str:
    way = "cranial" if cranial_mm >= 0 else "caudal"
    return "level with" if abs(cranial_mm) < _LEVEL_WITH_MM else f"{abs(cranial_mm):.0f} mm {way} of"
