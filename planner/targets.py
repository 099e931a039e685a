"""Where the tip must go: tip points in a foramen's fat, dorsal of the root.

In: an anatomy, a procedure, a root or level with its side. Out: targets with ordered tip points (``tips.py``), LPS mm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.anatomy.model import Anatomy, Foramen, NerveRoot
from planner.errors import LevelNotFoundError, UnknownNameError
from planner.geometry import FloatArray, frozen
from planner.obstacles import ordered
from planner.procedure import Procedure
from planner.structures import Interspace, Side, SpineLevel
from planner.tips import ForamenFrame, foramen_frame, has_arterial_quadrant, tip_points

NEAREST_FORAMEN_MM = 15.0
"""A foramen further than this from an asked z is another level (safety: about half the height of a lumbar segment)."""

SURE_NAME = 0.8
"""A level's name below this confidence must be confirmed by a person; assumed."""


@dataclass(frozen=True, slots=True)
class TargetRequest:
    """What a person asked for: a root (``L4``) or a level (``L4/L5``, or ``@Z`` in LPS mm), and always a side."""

    side: Side
    root: str | None = None
    level: str | None = None

    def __post_init__(self) -> None:
        if (self.root is None) == (self.level is None):
            raise UnknownNameError("target", f"root {self.root}, level {self.level}", "exactly one of root and level")


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One root at one foramen, with its ordered tip points."""

    root: str
    between: Interspace
    side: Side
    point_mm: FloatArray
    """The best tip point; the foramen's centre where there is none."""
    tips_mm: FloatArray
    frame: ForamenFrame
    rejected_tips: Mapping[str, int]
    """Points of the foramen that cannot hold a tip, by reason."""
    name_is_certain: bool
    confidence: float
    chosen_by: str

    @property
    def has_arterial_quadrant(self) -> bool:
        """See ``tips.has_arterial_quadrant``."""
        return has_arterial_quadrant(self.between.upper)

    @property
    def words(self) -> str:
        """*L4 root, foramen L4/L5, left*."""
        return f"{self.root} root, foramen {self.between}, {self.side}"


def find_targets(anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
    """The asked target, with its tip points."""
    anatomy = ordered(anatomy)
    foramen, chosen_by = _chosen(anatomy, request)
    _require_served(procedure, foramen.between)
    root = _root_at(anatomy, foramen)
    frame = foramen_frame(anatomy, foramen)
    tips, rejected = tip_points(anatomy, procedure, foramen, frame, root)
    return (
        Target(
            foramen.between.root,
            foramen.between,
            foramen.side,
            frozen(tips[0] if len(tips) else foramen.center_mm),
            frozen(tips),
            frame,
            rejected,
            _is_certain(anatomy, foramen.between) and "@" not in chosen_by,
            foramen.confidence,
            chosen_by,
        ),
    )


def _chosen(anatomy: Anatomy, request: TargetRequest) -> tuple[Foramen, str]:
    on_side = [f for f in anatomy.foramina if f.side is request.side]
    if request.level is not None and request.level.strip().startswith("@"):
        return _nearest(on_side, request.level.strip())
    if request.root is not None:
        wanted = str(SpineLevel.parse(request.root)) if request.root.strip().upper() != "C8" else "C8"
        named = [f for f in on_side if f.between.is_named and f.between.root == wanted]
        return _only(named, on_side, f"{wanted} root, {request.side}"), f"root {wanted}"
    upper, _, lower = str(request.level).partition("/")
    between = Interspace(SpineLevel.parse(upper), SpineLevel.parse(lower))
    return _only(
        [f for f in on_side if f.between == between], on_side, f"{between}, {request.side}"
    ), f"level {between}"


def _only(found: list[Foramen], on_side: list[Foramen], asked: str) -> Foramen:
    if not found:
        raise LevelNotFoundError(
            asked, _names(on_side), "anchor one level (--anchor L3@Z) or give the place (--level @Z)"
        )
    return found[0]


def _nearest(on_side: list[Foramen], asked: str) -> tuple[Foramen, str]:
    try:
        z_mm = float(asked[1:])
    except ValueError:
        raise UnknownNameError("place", asked, "@Z, an LPS z in mm") from None
    distances = [abs(float(f.center_mm[2]) - z_mm) for f in on_side]
    if not distances or min(distances) > NEAREST_FORAMEN_MM:
        nearest = f"the nearest foramen is {min(distances):.1f} mm away" if distances else "no foramen on this side"
        raise LevelNotFoundError(
            f"a foramen at {asked}", f"{_names(on_side)}; {nearest}, limit {NEAREST_FORAMEN_MM:g} mm", "give another z"
        )
    best = int(np.argmin(distances))
    return on_side[best], f"level {asked}, {distances[best]:.1f} mm from the foramen"


def _names(foramina: list[Foramen]) -> str:
    return ", ".join(f"{f.between} at z {f.center_mm[2]:.0f}" for f in foramina) or "none"


def _require_served(procedure: Procedure, between: Interspace) -> None:
    upper = between.upper
    if procedure.levels and isinstance(upper, SpineLevel) and upper not in procedure.levels:
        served = ", ".join(procedure.levels)
        raise UnknownNameError(f"level for procedure {procedure.key}", str(between), f"foramina below {served}")


def _is_certain(anatomy: Anatomy, between: Interspace) -> bool:
    sure = {v.name for v in anatomy.vertebrae if v.name_confidence >= SURE_NAME}
    return between.is_named and {between.upper, between.lower} <= sure


def _root_at(anatomy: Anatomy, foramen: Foramen) -> NerveRoot | None:
    roots = [r for r in anatomy.nerve_roots if r.between == foramen.between and r.side is foramen.side]
    return roots[0] if roots else None
