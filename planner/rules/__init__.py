"""Hard limits: one frozen class in each file, listed here in the order in which a path is refused.

In: candidates. Out: the room left, in the rule's own unit; below 0 the path is refused and counted by the rule's name.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import IntArray
from planner.obstacles import Obstacle
from planner.rules.above_table import AboveTable
from planner.rules.air_outside_skin import AirOutsideSkin
from planner.rules.approach_window import ApproachWindow
from planner.rules.arterial_quadrant import ArterialQuadrant
from planner.rules.entry_keep_outs import EntryKeepOut
from planner.rules.hub_in_bore import HubInBore
from planner.rules.in_gantry_plane import InGantryPlane
from planner.rules.keeps_clear import KeepsClear
from planner.rules.needle_reaches import NeedleReaches
from planner.rules.rule import Rule
from planner.rules.same_side import SameSide
from planner.rules.skin_in_image import SkinInImage
from planner.rules.through_opening import ThroughOpening
from planner.site import PLAIN, Site
from planner.situation import Candidates

FIXED: tuple[Rule, ...] = (
    ApproachWindow(),
    NeedleReaches(),
    SkinInImage(),
    AirOutsideSkin(),
    SameSide(),
    ArterialQuadrant(),
    ThroughOpening(),
)


MAY_BE_LEFT_OUT = (SameSide.name, InGantryPlane.name, HubInBore.name, AboveTable.name)
"""Rules that a site may do without; no site leaves out a clearance, the skin, the needle's length, the arterial quadrant or
the opening."""


def site_limits(site: Site) -> tuple[Rule, ...]:
    """What a site and this patient's skin add; nothing where nothing is known."""
    return (
        *(EntryKeepOut(region, site.keep_out_reserve_mm) for region in site.keep_outs),
        *([InGantryPlane(site.most_tilt_deg)] if site.most_tilt_deg is not None else []),
        *([HubInBore(site.bore)] if site.bore is not None else []),
        *([AboveTable(site.table)] if site.table is not None else []),
    )


def hard_limits(obstacles: tuple[Obstacle, ...], site: Site = PLAIN) -> tuple[Rule, ...]:
    """The fixed limits, a site's own, then one for each obstacle; without what the site leaves out."""
    clearances = tuple(KeepsClear(index, obstacle.name) for index, obstacle in enumerate(obstacles))
    every: tuple[Rule, ...] = (*FIXED, *site_limits(site), *clearances)
    return tuple(rule for rule in every if rule.name not in site.left_out)


def first_broken(candidates: Candidates, rules: tuple[Rule, ...]) -> IntArray:
    """(n,) index of the first rule each path breaks, ``len(rules)`` where it breaks none."""
    first = np.full(len(candidates), len(rules), dtype=np.intp)
    for index in reversed(range(len(rules))):
        first[rules[index].margin(candidates) < 0] = index
    return first
