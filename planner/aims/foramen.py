"""A root at its foramen: tip points in the foramen's fat, dorsal of the root (``planner/tips.py``).

In: an anatomy, a procedure, a root or level with its side. Out: the target with its ordered tip points, LPS mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planner.aims.places import Place, by_level, is_certain, only, require_served
from planner.anatomy.model import Anatomy, Foramen, NerveRoot
from planner.errors import UnknownNameError
from planner.geometry import frozen
from planner.procedure import Procedure
from planner.structures import Side, SpineLevel
from planner.target import Target, TargetRequest
from planner.tips import foramen_frame, tip_points


@dataclass(frozen=True, slots=True)
class SubpedicularRoot:
    """Below the pedicle, dorsal of the exiting root (pijn.com, lumbar transforaminal)."""

    example: ClassVar[str] = "L3/L4"

    def at(self, anatomy: Anatomy, procedure: Procedure, place: Place, chosen_by: str) -> Target:
        """The root of one foramen."""
        require_served(procedure, place.between.upper, place.name, "foramina below")
        foramen = foramen_at(anatomy, place)
        frame = foramen_frame(anatomy, foramen)
        found = tip_points(anatomy, procedure, foramen, frame, root_at(anatomy, foramen))
        tips = found.points_mm
        return Target(
            foramen.between.root,
            foramen.between,
            foramen.side,
            frozen(tips[0] if len(tips) else foramen.center_mm),
            frozen(tips),
            frame,
            found.rejected,
            is_certain(anatomy, foramen.between) and "@" not in chosen_by,
            foramen.confidence,
            chosen_by,
            tip_binding=found.binding,
        )


def foramen_places(anatomy: Anatomy, side: Side) -> list[Place]:
    """The intervertebral foramina of one side."""
    return [
        Place(str(f.between), f.between, f.side, f.center_mm, f.confidence) for f in anatomy.foramina if f.side is side
    ]


def root_place(places: list[Place], procedure: Procedure, request: TargetRequest) -> tuple[Place, str]:
    """The asked one of the foramina by root, level or z; a sacral root is refused where the procedure has none."""
    if request.root is None:
        return by_level(places, request, "foramen")
    if request.root.strip().upper().startswith("S") and SpineLevel.S1 not in procedure.levels:
        served = ", ".join(procedure.levels)
        raise UnknownNameError(f"root for procedure {procedure.key}", request.root, f"foramina below {served}")
    wanted = str(SpineLevel.parse(request.root)) if request.root.strip().upper() != "C8" else "C8"
    named = [place for place in places if place.between.is_named and place.between.root == wanted]
    return only(named, places, f"{wanted} root, {request.side}"), f"root {wanted}"


def foramen_at(anatomy: Anatomy, place: Place) -> Foramen:
    """The foramen at a place."""
    return next(f for f in anatomy.foramina if f.between == place.between and f.side is place.side)


def root_at(anatomy: Anatomy, foramen: Foramen) -> NerveRoot | None:
    """The root that leaves through a foramen, where one is modelled."""
    roots = [r for r in anatomy.nerve_roots if r.between == foramen.between and r.side is foramen.side]
    return roots[0] if roots else None
