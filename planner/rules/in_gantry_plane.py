"""The needle can be seen whole in one slice of a tilted gantry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Candidates


@dataclass(frozen=True, slots=True)
class InGantryPlane:
    """The needle's tilt is one that the site's gantry reaches."""

    name: ClassVar[str] = "gantry tilt"
    unit: ClassVar[str] = "deg"
    most_tilt_deg: float

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) degrees left to the gantry's largest tilt."""
        return self.most_tilt_deg - np.abs(candidates.paths.tilt_deg)
