"""The tip keeps out of the quadrant in which the radiculomedullary artery runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Candidates


@dataclass(frozen=True, slots=True)
class ArterialQuadrant:
    """The tip is not in the antero-superior quadrant of a foramen from T2/T3 to L3/L4, nor of one without a name.

    Artery of Adamkiewicz in the antero-superior quadrant in 75 of 78, T2-L3 (AJNR 2017;38(5):1054); in the upper half of
    the foramen in 97 % (Murthy 2010, Mayo Clinic).
    """

    name: ClassVar[str] = "arterial quadrant"
    unit: ClassVar[str] = "mm"

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) distance of the tip's axis from the quadrant, dorsal or caudal [mm]."""
        target = candidates.situation.target
        if not target.has_arterial_quadrant:
            return np.full(len(candidates), np.inf)
        margins: FloatArray = target.frame.outside_quadrant_mm(target.tips_mm) - candidates.situation.radius_mm
        return margins[candidates.tips]
