"""Room beyond what the limits ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Feasible

ENOUGH_MM = 3.5
"""More room is worth nothing: freehand CT placement misses by 3.5 mm on average (PubMed 23265179)."""


@dataclass(frozen=True, slots=True)
class Room:
    """What the least spare clearance lacks to ``ENOUGH_MM``."""

    name: ClassVar[str] = "room_lacking_mm"

    def cost(self, feasible: Feasible) -> FloatArray:
        """(n,) mm."""
        return np.maximum(ENOUGH_MM - feasible.candidates.spare_mm, 0.0)
