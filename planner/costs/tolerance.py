"""A path that forgives the hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Feasible

ENOUGH_DEG = 3.4
"""Freehand angular error in a phantom, mean (KJR 2015, PMC4499536)."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What the forgiven angle lacks to ``ENOUGH_DEG``."""

    name: ClassVar[str] = "tolerance_lacking_deg"

    def cost(self, feasible: Feasible) -> FloatArray:
        """(n,) degrees."""
        return np.maximum(ENOUGH_DEG - feasible.tolerance_deg, 0.0)
