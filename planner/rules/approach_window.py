"""The needle comes from where the approach wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planner.geometry import FloatArray
from planner.situation import Candidates
from planner.sweep.fan import in_window


@dataclass(frozen=True, slots=True)
class ApproachWindow:
    """Obliquity and tilt lie in the approach's window."""

    name: ClassVar[str] = "approach window"
    unit: ClassVar[str] = "deg"

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) degrees inside the window's nearest border."""
        situation = candidates.situation
        return in_window(-candidates.paths.directions, situation.approach, situation.target.side)
