"""The tip where the procedure wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Feasible


@dataclass(frozen=True, slots=True)
class Tip:
    """Distance of the path's tip from the best tip point of its target, and what a place of second choice costs beside it."""

    name: ClassVar[str] = "tip_from_reference_mm"

    def cost(self, feasible: Feasible) -> FloatArray:
        """(n,) mm."""
        candidates = feasible.candidates
        distance: FloatArray = np.linalg.norm(
            candidates.paths.targets_mm - candidates.situation.target.point_mm, axis=1
        )
        prices = candidates.situation.target.tip_prices_mm
        return distance if prices is None else distance + prices[candidates.tips]
