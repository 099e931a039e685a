"""Places that a person may choose as target, as the anatomy offers them."""

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


class Choosing:
    """The places to choose from, and the chosen one; none is chosen by itself."""

    def __init__(self) -> None:
        self.offers: tuple[Offer, ...] = ()
        self.picked = -1

    def put(self, offers: tuple[Offer, ...]) -> None:
        """Other places; none is chosen yet."""
        self.offers, self.picked = offers, -1

    def pick(self, index: int) -> Offer | None:
        """One place chosen; None where there is none of that number."""
        if not 0 <= index < len(self.offers):
            return None
        self.picked = index
        return self.offers[index]

    @property
    def chosen(self) -> Offer | None:
        """What a person chose."""
        return self.offers[self.picked] if 0 <= self.picked < len(self.offers) else None

    @property
    def spots(self) -> tuple[tuple[str, FloatArray, bool], ...]:
        """To be drawn: words, place, and whether it is the chosen one."""
        return tuple((one.words, one.point_mm, n == self.picked) for n, one in enumerate(self.offers))


def nearest(offers: tuple[Offer, ...], point_mm: FloatArray) -> int:
    """Which offer lies nearest to a point; -1 where none is near."""
    if not offers:
        return -1
    away_mm = [float(np.linalg.norm(offer.point_mm - point_mm)) for offer in offers]
    best = int(np.argmin(away_mm))
    return best if away_mm[best] <= NEAR_MM else -1
