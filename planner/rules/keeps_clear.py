"""The shaft keeps clear of one obstacle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Candidates


@dataclass(frozen=True, slots=True)
class KeepsClear:
    """The shaft's surface stays outside an obstacle's margin all the way from skin to tip."""

    unit: ClassVar[str] = "mm"
    obstacle: int
    words: str

    @property
    def name(self) -> str:
        """``clearance: bone``."""
        return f"clearance: {self.words}"

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) room beyond the margin [mm] where this obstacle binds; unlimited where another one leaves less."""
        return np.where(candidates.binding == self.obstacle, candidates.spare_mm, np.inf)
