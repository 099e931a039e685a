"""Published approaches were found to work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Feasible


@dataclass(frozen=True, slots=True)
class Obliquity:
    """Obliquity away from what the approach prefers, towards the target's side."""

    name: ClassVar[str] = "obliquity_from_preferred_deg"

    def cost(self, feasible: Feasible) -> FloatArray:
        """(n,) degrees."""
        situation = feasible.candidates.situation
        oblique = situation.target.side.sign * feasible.candidates.paths.obliquity_deg
        return np.abs(oblique - situation.approach.preferred_obliquity_deg)
