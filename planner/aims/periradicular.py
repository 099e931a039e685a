"""A root where it leaves the spine: at its intervertebral foramen, or S1 in the first sacral foramen.

In: an anatomy, a procedure, a root or level (or ``@Z``) with its side. Out: one target, LPS mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planner.aims.foramen import SubpedicularRoot, foramen_places, root_place
from planner.aims.places import Place
from planner.aims.sacral_foramen import SacralRoot, require_sacral, sacral_places
from planner.anatomy.model import Anatomy
from planner.procedure import Procedure
from planner.structures import SpineLevel
from planner.target import Target, TargetRequest


@dataclass(frozen=True, slots=True)
class PeriradicularRoot:
    """Subpedicular down to L5, through the dorsal foramen at S1."""

    example: ClassVar[str] = "L3/L4"

    def targets(self, anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
        """One root."""
        sacral = sacral_places(anatomy, request.side)
        if (request.root or request.level or "").strip().upper().startswith("S"):
            require_sacral(sacral, request.side)
        place, chosen_by = root_place([*foramen_places(anatomy, request.side), *sacral], procedure, request)
        aim = SacralRoot() if _is_sacral(place) else SubpedicularRoot()
        return (aim.at(anatomy, procedure, place, chosen_by),)


def _is_sacral(place: Place) -> bool:
    upper = place.between.upper
    return isinstance(upper, SpineLevel) and upper.region == "S"
