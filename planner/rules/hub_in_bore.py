"""The needle in place fits into the gantry for a control scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.site import Bore
from planner.sitting.hubs import hub_ends_mm
from planner.situation import Candidates


@dataclass(frozen=True, slots=True)
class HubInBore:
    """The hub's end stays inside the bore, with the needle at its target; a rehearsal has another table height."""

    name: ClassVar[str] = "gantry bore"
    unit: ClassVar[str] = "mm"
    bore: Bore

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) distance of the hub's end from the bore's wall [mm]."""
        if candidates.situation.is_rehearsal:
            return np.full(len(candidates), np.inf)
        x, y, _ = hub_ends_mm(candidates).T
        left: FloatArray = self.bore.radius_mm - np.hypot(x - self.bore.centre_x_mm, y - self.bore.centre_y_mm)
        return left
