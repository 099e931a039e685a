"""A needle in the scan plane is seen whole in one slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Feasible


@dataclass(frozen=True, slots=True)
class Tilt:
    """Tilt away from what the approach prefers: mostly the scan plane itself."""

    name: ClassVar[str] = "tilt_from_preferred_deg"

    def cost(self, feasible: Feasible) -> FloatArray:
        """(n,) degrees."""
        preferred = feasible.candidates.situation.approach.preferred_tilt_deg
        return np.abs(feasible.candidates.paths.tilt_deg - preferred)
