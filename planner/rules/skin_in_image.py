"""The image's edge is not skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Candidates
from planner.sweep.fan import Exit


@dataclass(frozen=True, slots=True)
class SkinInImage:
    """The path leaves the body inside the image."""

    name: ClassVar[str] = "skin outside image"
    unit: ClassVar[str] = "1"

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) 1 where the skin was seen, -1 where the path leaves through an image face."""
        return np.where(candidates.kinds == Exit.IMAGE_EDGE, -1.0, 1.0)
