"""A short path scatters less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planner.geometry import FloatArray
from planner.situation import Feasible


@dataclass(frozen=True, slots=True)
class Length:
    """From skin to tip."""

    name: ClassVar[str] = "length_mm"

    def cost(self, feasible: Feasible) -> FloatArray:
        """(n,) length [mm]."""
        return feasible.candidates.paths.lengths_mm
