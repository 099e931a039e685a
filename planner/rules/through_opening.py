"""The needle goes through the opening that leads to its target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from planner.geometry import FloatArray
from planner.situation import Candidates


@dataclass(frozen=True, slots=True)
class ThroughOpening:
    """The axis crosses the opening's plane within its rim: "enter the dorsal S1 foramen" (musculoskeletalkey, S1 TFESI).

    Bone alone does not hold a needle to it: thin cortex around fatty marrow may look like no bone.
    """

    name: ClassVar[str] = "through the opening"
    unit: ClassVar[str] = "mm"

    def margin(self, candidates: Candidates) -> FloatArray:
        """(n,) from where the axis crosses the opening's plane to its rim [mm]; unlimited for a target without one."""
        opening = candidates.situation.target.opening
        if opening is None:
            return np.full(len(candidates), np.inf)
        paths = candidates.paths
        before = (paths.entries_mm - opening.middle_mm) @ opening.outward
        behind = (paths.targets_mm - opening.middle_mm) @ opening.outward
        crosses = (before > 0) & (behind < 0)
        share = behind / np.where(crosses, behind - before, 1.0)
        at = paths.targets_mm + share[:, None] * (paths.entries_mm - paths.targets_mm)
        inside: FloatArray = opening.radius_mm - np.linalg.norm(at - opening.middle_mm, axis=1)
        return np.where(crosses, inside, -np.inf)
