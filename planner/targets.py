"""Where the tip must go: what a procedure aims at, found in one anatomy.

In: an anatomy, a procedure, what a person asked for. Out: targets with ordered tip points, LPS mm.
"""

from __future__ import annotations

from collections.abc import Iterable

from planner.aims.places import NEAREST_MM, SURE_NAME
from planner.anatomy.model import Anatomy
from planner.errors import LevelNotFoundError, UnknownNameError
from planner.obstacles import ordered
from planner.procedure import Procedure
from planner.structures import Side
from planner.target import Target, TargetRequest

__all__ = [
    "NEAREST_FORAMEN_MM",
    "SURE_NAME",
    "Target",
    "TargetRequest",
    "find_again",
    "find_all_targets",
    "find_targets",
]

NEAREST_FORAMEN_MM = NEAREST_MM


def find_targets(anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
    """The asked target, or the asked targets where one request means several, with their tip points."""
    return procedure.aim.targets(ordered(anatomy), procedure, request)


def find_all_targets(anatomy: Anatomy, procedure: Procedure, requests: Iterable[TargetRequest]) -> tuple[Target, ...]:
    """The targets of several requests in their order; what two requests share is one target (n + 1 nerves for n joints)."""
    anatomy, requests = ordered(anatomy), tuple(requests)
    if procedure.one_side_per_sitting and len({request.side for request in requests}) > 1:
        raise UnknownNameError(f"side for procedure {procedure.key}", "left and right", "one side in one sitting")
    found: dict[str, Target] = {}
    for request in requests:
        for target in procedure.aim.targets(anatomy, procedure, request):
            found.setdefault(target.words, target)
    return tuple(found.values())


def find_again(anatomy: Anatomy, procedure: Procedure, target: Target, side: Side) -> Target:
    """The same place under a changed procedure, or its counterpart on the other side."""
    request = TargetRequest(side, level=target.place or str(target.between))
    for found in procedure.aim.targets(ordered(anatomy), procedure, request):
        if found.what == target.what:
            return found
    raise LevelNotFoundError(f"{target.what}, {side}", "none", "plan it by itself")
