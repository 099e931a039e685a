"""A needle enters from air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Candidates
from planner.sweep.fan import Exit


@dataclass(frozen=True, slots=True)
class AirOutsideSkin:
    """At least ``fan.AIR_BEHIND_SKIN_MM`` of air lie outside the skin; the table is no air in treatment position."""

    name: ClassVar[str] = "no air outside the skin"
    unit: ClassVar[str] = "1"

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) 1 where there is air, -1 where there is none."""
        return np.where(candidates.kinds == Exit.NO_AIR, -1.0, 1.0)
