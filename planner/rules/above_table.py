"""The hand reaches the hub above the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.position import UP
from planner.site import Table
from planner.sitting.hubs import hub_ends_mm
from planner.situation import Candidates


@dataclass(frozen=True, slots=True)
class AboveTable:
    """The hub's end stays a hand above the table's top in treatment position; not applied to a rehearsal."""

    name: ClassVar[str] = "table reach"
    unit: ClassVar[str] = "mm"
    table: Table

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) height of the hub's end above the hand's room over the table [mm]; unlimited where up is not known."""
        situation = candidates.situation
        pose = situation.procedure.treatment_pose
        if situation.is_rehearsal or pose not in UP:
            return np.full(len(candidates), np.inf)
        height: FloatArray = hub_ends_mm(candidates) @ np.array(UP[pose])
        return height - self.table.top_mm - self.table.hand_mm
