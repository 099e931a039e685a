"""What comes of one procedure at each level of one scan, both sides.

In: a scan with its anatomy, a procedure. Out: one row for each level and side, and what a picture of it may show.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from coverage_page import ABSENT
from coverage_scans import Scan

from planner.aims.facet_joint import SECOND_CHOICE_MM, THIRD_CHOICE_MM
from planner.anatomy.model import Anatomy
from planner.errors import LevelNotFoundError, PlannerError
from planner.geometry import FloatArray
from planner.plan import TargetPlan
from planner.planning import Setting, planned
from planner.procedure import Procedure
from planner.procedures.on_mr import site_on
from planner.site import PLAIN
from planner.structures import Side, SpineLevel, Unnamed
from planner.target import Target
from planner.targets import TargetRequest, find_targets

NO_SKIN = "skin outside image"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One target and its plan, for a picture."""

    target: Target
    plan: TargetPlan
    name: str


@dataclass(slots=True, eq=False)
class Trial:
    """One procedure on one scan; neighbours that share a nerve share its plan."""

    scan: Scan
    procedure: Procedure
    setting: Setting = field(init=False)
    plans: dict[tuple[str, str, Side], TargetPlan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        is_rehearsal = self.scan.pose is not self.procedure.treatment_pose
        site, _ = site_on(PLAIN, self.scan.volume.modality)
        self.setting = Setting(self.scan.anatomy, self.scan.labels, self.procedure, is_rehearsal, site=site)

    def rows(self) -> Iterator[tuple[dict[str, Any], list[Shown]]]:
        """Every level this procedure may be asked at, both sides."""
        for level in levels_of(self.scan.anatomy, self.procedure):
            for side in Side:
                yield self._tried(level, side)

    def _tried(self, level: str, side: Side) -> tuple[dict[str, Any], list[Shown]]:
        """What came of one request, and what a picture may show of it."""
        row: dict[str, Any] = {"level": level, "side": str(side)}
        start = time.perf_counter()
        try:
            targets = find_targets(self.scan.anatomy, self.procedure, TargetRequest(side, level=level))
        except LevelNotFoundError as refusal:
            return {**row, "outcome": ABSENT, "why": str(refusal)}, []
        except PlannerError as refusal:
            return {**row, "outcome": "refused", "why": str(refusal)}, []
        shown = [Shown(target, self._plan(target), _picture_name(level, side, n)) for n, target in enumerate(targets)]
        row |= {"seconds": round(time.perf_counter() - start, 1), "certain": targets[0].name_is_certain}
        row |= {"confidence": round(min(target.confidence for target in targets), 2)}
        return {**row, **_outcome(shown)}, shown

    def _plan(self, target: Target) -> TargetPlan:
        place = (target.words, str(target.between), target.side)
        if place not in self.plans:
            self.plans[place] = planned(self.setting, target).plan
        return self.plans[place]


def _picture_name(level: str, side: Side, number: int) -> str:
    return f"{level.replace('/', '')}-{side}" + (f"-{number + 1}" if number else "")


def _outcome(shown: list[Shown]) -> dict[str, Any]:
    """Planned where every target has a path; else the first that has none, and what refused most."""
    lacking = next((one for one in shown if not one.plan.trajectories), None)
    if lacking is None:
        return {
            "outcome": "planned",
            "paths": min(len(one.plan.trajectories) for one in shown),
            "choice": _choice(shown),
        }
    rejected = lacking.plan.rejected
    why = lacking.plan.binding or max(rejected, key=lambda name: rejected[name], default="no place for a tip")
    kind = "no safe path" if len(lacking.target.tips_mm) else "no tip"
    what = lacking.target.what or lacking.target.words
    return {
        "outcome": "no skin in view" if why == NO_SKIN else kind,
        "why": f"{what}: {why}",
        "rejected": dict(rejected),
    }


def _choice(shown: list[Shown]) -> int:
    """Which choice among a target's places the best path's tip is: 1, or 2 and 3 for a joint's inferior and superior recess."""
    found = [1]
    for one in shown:
        prices = one.target.tip_prices_mm
        if prices is not None and len(prices):
            nearest = np.linalg.norm(one.target.tips_mm - one.plan.trajectories[0].target_mm, axis=1).argmin()
            found.append(1 + int(prices[nearest] >= SECOND_CHOICE_MM) + int(prices[nearest] >= THIRD_CHOICE_MM))
    return max(found)


def levels_of(anatomy: Anatomy, procedure: Procedure) -> Iterator[str]:
    """The names a request may use here, of those the procedure allows."""
    allowed = set(procedure.levels)
    if "/" not in procedure.aim.example:
        yield from (str(v.name) for v in anatomy.vertebrae if v.name in allowed)
        yield from (_at(v.body_center_mm) for v in anatomy.vertebrae if isinstance(v.name, Unnamed))
        return
    seen = (
        [d.between for d in anatomy.discs] + [f.between for f in anatomy.foramina] + [f.between for f in anatomy.facets]
    )
    gaps = {str(between): between.upper for between in [*seen, *(f.between for f in anatomy.sacral_foramina)]}
    if SpineLevel.S1 in allowed and any(v.name in (SpineLevel.S1, SpineLevel.L5) for v in anatomy.vertebrae):
        gaps["S1/S2"] = SpineLevel.S1
    yield from (name for name, upper in gaps.items() if upper in allowed)
    yield from {str(f.between): _at(f.center_mm) for f in anatomy.foramina if not f.between.is_named}.values()


def _at(point_mm: FloatArray) -> str:
    """A place without a name, by its height."""
    return f"@{float(point_mm[2]):.0f}"
