"""The needle enters on the target's side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Candidates


@dataclass(frozen=True, slots=True)
class SameSide:
    """The entry lies on the target's side of the spinous processes."""

    name: ClassVar[str] = "entry across the midline"
    unit: ClassVar[str] = "mm"

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) distance from the midline towards the target's side [mm]; unlimited where no midline was found."""
        entries = candidates.paths.entries_mm
        offset = entries[:, 0] - candidates.situation.midline_x_mm(entries[:, 2])
        return np.nan_to_num(candidates.situation.target.side.sign * offset, nan=np.inf)
