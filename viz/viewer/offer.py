"""A place that a person may choose as target, as the anatomy offers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.geometry import FloatArray
from planner.structures import Side

NEAR_MM = 15.0
"""A place further than this from the crosshair is another level: about half the height of a lumbar segment."""


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """``level`` is what to ask the planner for; ``words`` say all of it."""

    level: str
    side: Side
    words: str
    point_mm: FloatArray
    name_is_certain: bool


def nearest(offers: tuple[Offer, ...], point_mm: FloatArray) -> int:
    """Which offer lies nearest to a point; -1 where none is near."""
    if not offers:
        return -1
    away_mm = [float(np.linalg.norm(offer.point_mm - point_mm)) for offer in offers]
    best = int(np.argmin(away_mm))
    return best if away_mm[best] <= NEAR_MM else -1
