"""Hard limits: one frozen class in each file, listed here in the order in which a path is refused.

In: candidates. Out: the room left, in the rule's own unit; below 0 the path is refused and counted by the rule's name.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import IntArray
from planner.obstacles import Obstacle
from planner.rules.air_outside_skin import AirOutsideSkin
from planner.rules.approach_window import ApproachWindow
from planner.rules.arterial_quadrant import ArterialQuadrant
from planner.rules.keeps_clear import KeepsClear
from planner.rules.needle_reaches import NeedleReaches
from planner.rules.rule import Rule
from planner.rules.same_side import SameSide
from planner.rules.skin_in_image import SkinInImage
from planner.situation import Candidates

FIXED: tuple[Rule, ...] = (
    ApproachWindow(),
    NeedleReaches(),
    SkinInImage(),
    AirOutsideSkin(),
    SameSide(),
    ArterialQuadrant(),
)


def hard_limits(obstacles: tuple[Obstacle, ...]) -> tuple[Rule, ...]:
    """The fixed limits, then one for each obstacle."""
    return FIXED + tuple(KeepsClear(index, obstacle.name) for index, obstacle in enumerate(obstacles))


def first_broken(candidates: Candidates, rules: tuple[Rule, ...]) -> IntArray:
    """(n,) index of the first rule each path breaks, ``len(rules)`` where it breaks none."""
    first = np.full(len(candidates), len(rules), dtype=np.intp)
    for index in reversed(range(len(rules))):
        first[rules[index].margin(candidates) < 0] = index
    return first
