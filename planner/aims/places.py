"""Which place a request means: by its name, or the nearest to an LPS z.

In: the places of one kind on the asked side, a request. Out: one place and how it came to be chosen, or a refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.anatomy.model import Anatomy
from planner.errors import LevelNotFoundError, UnknownNameError
from planner.geometry import FloatArray
from planner.procedure import Procedure
from planner.structures import Interspace, Side, SpineLevel
from planner.target import TargetRequest

NEAREST_MM = 15.0
"""A place further than this from an asked z is another level (safety: about half the height of a lumbar segment)."""

SURE_NAME = 0.9
"""A name below this confidence must be confirmed by a person. One anchor alone (sacrum or last rib, at most 0.85 in
``anatomy/naming.py``) does not reach it: with four or six lumbar vertebrae it names every level one off; assumed."""

ANCHOR = "anchor one level (--anchor L3@Z) or give the place (--level @Z)"


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One place of a kind: its name (``L4/L5`` or ``L3``), where it lies, and how sure it is."""

    name: str
    between: Interspace
    side: Side
    center_mm: FloatArray
    confidence: float


def by_level(places: Sequence[Place], request: TargetRequest, kind: str) -> tuple[Place, str]:
    """The place of the asked level; ``kind`` is what it is called: *foramen*, *joint*."""
    asked = str(request.level).strip()
    if asked.startswith("@"):
        return _nearest(places, asked, kind)
    name = asked if any(place.name == asked for place in places) else level_name(asked)
    named = [place for place in places if place.name == name]
    return only(named, places, f"{name}, {request.side}"), f"level {name}"


def level_name(text: str) -> str:
    """``L4/L5`` or ``L3`` as it is written here."""
    upper, slash, lower = text.partition("/")
    return str(Interspace(SpineLevel.parse(upper), SpineLevel.parse(lower))) if slash else str(SpineLevel.parse(upper))


def only(found: Sequence[Place], on_side: Sequence[Place], asked: str) -> Place:
    """The first, or a refusal that lists what there is."""
    if not found:
        raise LevelNotFoundError(asked, _names(on_side), ANCHOR)
    return found[0]


def require_level(request: TargetRequest, procedure: Procedure, example: str) -> None:
    """Refuse a root where the procedure is not about one."""
    if request.level is None:
        raise UnknownNameError(
            f"root for procedure {procedure.key}", str(request.root), f"a level, as --level {example}"
        )


def require_served(procedure: Procedure, upper: object, name: str, kind: str) -> None:
    """Refuse a level the procedure is not for."""
    if procedure.levels and isinstance(upper, SpineLevel) and upper not in procedure.levels:
        served = ", ".join(procedure.levels)
        raise UnknownNameError(f"level for procedure {procedure.key}", name, f"{kind} {served}")


def is_certain(anatomy: Anatomy, between: Interspace) -> bool:
    """Whether both names are anchored well enough."""
    sure = {v.name for v in anatomy.vertebrae if v.name_confidence >= SURE_NAME}
    return between.is_named and {between.upper, between.lower} <= sure


def _nearest(on_side: Sequence[Place], asked: str, kind: str) -> tuple[Place, str]:
    try:
        z_mm = float(asked[1:])
    except ValueError:
        raise UnknownNameError("place", asked, "@Z, an LPS z in mm") from None
    distances = [abs(float(place.center_mm[2]) - z_mm) for place in on_side]
    if not distances or min(distances) > NEAREST_MM:
        nearest = f"the nearest {kind} is {min(distances):.1f} mm away" if distances else f"no {kind} on this side"
        found = f"{_names(on_side)}; {nearest}, limit {NEAREST_MM:g} mm"
        raise LevelNotFoundError(f"a {kind} at {asked}", found, "give another z")
    best = int(np.argmin(distances))
    return on_side[best], f"level {asked}, {distances[best]:.1f} mm from the {kind}"


def _names(places: Sequence[Place]) -> str:
    return ", ".join(f"{place.name} at z {place.center_mm[2]:.0f}" for place in places) or "none"
