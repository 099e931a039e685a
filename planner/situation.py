"""Everything that is fixed while the paths to one target are judged.

Frozen values; LPS mm in the scan's own frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray, IntArray
from planner.obstacles import Obstacle
from planner.procedure import Approach, Needle, Procedure
from planner.site import PLAIN, Site
from planner.targets import Target
from planner.trajectories import Trajectories
from planner.volume import LabelMap


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """One target, one approach, one needle diameter, and what lies around.

    ``midline_mm`` (m, 3) are points on the spinous processes, caudal to cranial; empty where none was found.
    """

    target: Target
    procedure: Procedure
    approach: Approach
    needles: tuple[Needle, ...]
    """Of one outer diameter, shortest first."""
    obstacles: tuple[Obstacle, ...]
    midline_mm: FloatArray
    is_rehearsal: bool
    anatomy: Anatomy
    labels: LabelMap
    """Of the anatomy, with its roots drawn."""
    site: Site = PLAIN

    @property
    def usable_length_mm(self) -> float:
        """Deepest tip the longest needle reaches with the hub reserve outside the skin."""
        return self.needles[-1].length_mm - self.procedure.hub_reserve_mm

    @property
    def radius_mm(self) -> float:
        """Of the needle's shaft."""
        return self.needles[0].radius_mm

    @property
    def growth(self) -> float:
        """Of every margin below the skin [mm/mm]."""
        return max((obstacle.growth for obstacle in self.obstacles), default=0.0)

    @property
    def own_nerve(self) -> int | None:
        """Index of the target's own nerve among the obstacles; None where none is drawn."""
        found = [index for index, obstacle in enumerate(self.obstacles) if obstacle.tip_zone_mm]
        return found[0] if found else None

    def midline_x_mm(self, z_mm: FloatArray) -> FloatArray:
        """(n,) LPS x of the spinous processes at heights z, held beyond both ends; NaN where none was found."""
        if not len(self.midline_mm):
            return np.full(np.shape(z_mm), np.nan)
        return np.interp(z_mm, self.midline_mm[:, 2], self.midline_mm[:, 0])


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """n paths with what a sweep, or an exact measurement, found along each.

    ``kinds`` are ``fan.Exit`` values. ``spare_mm`` is the least room left beyond an obstacle's margin and the needle's
    radius, ``binding`` the index of that obstacle in ``situation.obstacles``. ``tips`` index ``target.tips_mm``.
    """

    situation: Situation
    paths: Trajectories
    tips: IntArray
    kinds: IntArray
    spare_mm: FloatArray
    binding: IntArray

    def __len__(self) -> int:
        return len(self.paths)

    def only(self, chosen: IntArray) -> Candidates:
        """The chosen paths, in the order of ``chosen``."""
        paths = Trajectories(self.paths.entries_mm[chosen], self.paths.targets_mm[chosen])
        return Candidates(
            self.situation, paths, self.tips[chosen], self.kinds[chosen], self.spare_mm[chosen], self.binding[chosen]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Feasible:
    """Candidates that break no rule, with the angle each forgives [degrees]."""

    candidates: Candidates
    tolerance_deg: FloatArray
