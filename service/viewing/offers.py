"""Which places one anatomy offers a procedure: what a person can choose from, each where the planner itself would aim.

In: an anatomy, a procedure. Out: offers by side and level, LPS mm; what the planner would refuse is not offered.
"""

from __future__ import annotations

from planner.anatomy.model import Anatomy
from planner.errors import PlannerError
from planner.procedure import Procedure
from planner.structures import Side
from planner.targets import TargetRequest, find_targets
from viz.viewer.offer import Offer


def offers_of(anatomy: Anatomy, procedure: Procedure) -> tuple[Offer, ...]:
    """Every place of every side that a request by level finds, from head to foot."""
    found: dict[str, Offer] = {}
    for level in _levels(anatomy):
        for side in (Side.RIGHT, Side.LEFT):
            for offer in _asked(anatomy, procedure, side, level):
                found.setdefault(offer.words, offer)
    return tuple(found.values())


def _levels(anatomy: Anatomy) -> tuple[str, ...]:
    """Every name a place may bear here and the height of each place without a name, from head to foot."""
    spaces = [
        *((place.between, place.center_mm) for place in anatomy.foramina),
        *((place.between, place.point_mm) for place in anatomy.facets),
        *((place.between, place.posterior_mm) for place in anatomy.sacral_foramina),
    ]
    names = [(str(between) if between.is_named else f"@{float(at[2]):.1f}", float(at[2])) for between, at in spaces]
    names += [(str(v.name), float(v.body_center_mm[2])) for v in anatomy.vertebrae if v.name_confidence > 0.0]
    return tuple(dict.fromkeys(name for name, _ in sorted(names, key=lambda one: -one[1])))


def _asked(anatomy: Anatomy, procedure: Procedure, side: Side, level: str) -> list[Offer]:
    """What one request means; several needles are one offer, at the first one's place."""
    try:
        targets = find_targets(anatomy, procedure, TargetRequest(side, level=level))
    except PlannerError:
        return []
    if not targets:
        return []
    words = "; ".join(target.words for target in targets)
    if not anatomy.labels.geometry.contains(targets[0].point_mm):
        return []
    certain = all(target.name_is_certain for target in targets)
    return [Offer(level, side, words, targets[0].point_mm, certain)]
