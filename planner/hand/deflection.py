"""How a bevel bends a needle, which way to turn it, and the room that is left along the bent shaft.

In: a planned path with what is kept around it, a needle. Out: a bend: where the bevel faces on the clock, how far the tip
goes, what the arc passes. LPS mm; lengths from the skin.

A needle that keeps its bevel still follows an arc: ``delta(s) = kappa s^2 / 2``. Clock positions are seen from the hub along
the needle, 12 is cranial.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner.geometry import FloatArray, unit
from planner.hand.contact import Shaft, across_of, distances
from planner.plan import Bend
from planner.procedure import Needle

MEASURED_AT_MM = 80.0
HOURS = 12
CHORDS = 8
"""Straight pieces for the exact measurement: on 10 mm an arc of 360 mm radius rises 0.04 mm above its chord."""

_RAND = "22 G in ballistic gel at 80 mm: {} mm (Rand 2016, 10.5812/aapm.36607)"
_THINNER = "; finer gauges bend more (same study), by how much is not known: the value of 22 G is taken"


@dataclass(frozen=True, slots=True)
class Grind:
    """How one kind of tip bends its needle."""

    tip: str
    deflection_mm: float
    """At ``MEASURED_AT_MM`` of tissue, the bevel kept still."""
    bends_to_bevel: bool
    """The needle goes where the bevel faces (a curved tip), not away from it (a straight bevel)."""
    source: str

    @property
    def curvature_per_mm(self) -> float:
        """Kappa of the arc."""
        return 2.0 * self.deflection_mm / MEASURED_AT_MM**2


_AWAY = {"Quincke": 8.89, "Chiba": 7.71, "short bevel": 9.96, "Whitacre": 0.73}

GRINDS = {
    **{tip: Grind(tip, d, False, _RAND.format(d) + _THINNER) for tip, d in _AWAY.items()},
    "Tuohy": Grind("Tuohy", 7.64, True, _RAND.format(7.64) + _THINNER),
}
"""Away from the bevel's face: Anaesthesia 1980;35:854 (1 mm for each cm of tissue) and Rand 2016."""

SYMMETRIC_BELOW_MM = 1.0
"""A needle that bends less than this at 80 mm has no side worth turning: a pencil point (0.73 +- 0.34 mm); assumed."""


def bend_of(shaft: Shaft, needle: Needle) -> Bend | None:
    """The bend with the bevel turned so that the arc leaves most room; None for a tip whose bend is not known."""
    grind = GRINDS.get(needle.tip)
    if grind is None:
        return None
    depths = shaft.depths_mm(0.0, 0.0)
    kappa, length = grind.curvature_per_mm, shaft.length_mm
    free = _rooms(shaft, depths, kappa / 2 * depths**2)
    at_tip = _rooms(shaft, depths[-1:], kappa / 2 * depths[-1:] ** 2)
    hour = int(np.lexsort((-at_tip.min(axis=0), -_coarse(free.min(axis=0))))[0])
    aimed = -kappa / 2 * depths * (length - depths)
    binding, spare = _exact(shaft, free[:, hour], depths, kappa / 2 * depths**2, hour)
    aimed_binding, aimed_spare = _exact(shaft, _rooms(shaft, depths, aimed)[:, hour], depths, aimed, hour)
    return Bend(
        grind.tip,
        grind.source,
        grind.deflection_mm < SYMMETRIC_BELOW_MM,
        _clock(hour if grind.bends_to_bevel else hour + HOURS // 2),
        _clock(hour),
        kappa * length**2 / 2,
        float(np.degrees(np.arctan(kappa * length / 2))),
        spare,
        binding,
        aimed_spare,
        aimed_binding,
    )


def _coarse(room_mm: FloatArray) -> FloatArray:
    """To tenths of a millimetre: of two sides that leave the same room along the shaft, the one freer at the tip is taken."""
    return np.round(room_mm, 1)


def clock_directions(shaft: Shaft) -> FloatArray:
    """(12, 3) unit vectors across the path: at 12, 1, ... 11 o'clock."""
    return _clock_shares() @ across_of(shaft)


def _clock_shares() -> FloatArray:
    turn = np.radians(np.arange(HOURS) * 360.0 / HOURS)
    return np.stack([np.sin(turn), -np.cos(turn)], axis=1)


def _rooms(shaft: Shaft, depths_mm: FloatArray, bow_mm: FloatArray) -> FloatArray:
    """(obstacles, 12) least room beyond the margins along arcs that bow by ``bow_mm`` at each depth; off by 0.4 mm."""
    offsets = _clock_shares()[:, None, :] * bow_mm[None, :, None]
    every = range(len(shaft.obstacles))
    margins = np.stack([margins_mm(shaft, index, depths_mm) for index in every])
    free: FloatArray = (distances(shaft, every, depths_mm, offsets) - margins[:, None, :]).min(axis=2)
    return free


def margins_mm(shaft: Shaft, obstacle: int, depths_mm: FloatArray) -> FloatArray:
    """(s,) room asked for at each depth, needle radius included; in the tip zone the own nerve is only not touched."""
    one = shaft.obstacles[obstacle]
    in_zone = shaft.length_mm - depths_mm < one.tip_zone_mm
    return shaft.radius_mm + np.where(in_zone, 0.0, one.margin_at_mm(depths_mm))


def _exact(
    shaft: Shaft, rooms_mm: FloatArray, depths_mm: FloatArray, bow_mm: FloatArray, hour: int
) -> tuple[str, float]:
    """Name and exact room of the obstacle that leaves the least, measured on the arc's chords."""
    index = int(np.argmin(rooms_mm))
    along, side = unit(shaft.tip_mm - shaft.entry_mm), clock_directions(shaft)[hour]
    ends = np.linspace(0.0, shaft.length_mm, CHORDS + 1)
    zone = shaft.length_mm - shaft.obstacles[index].tip_zone_mm
    ends = np.unique(np.clip(np.append(ends, zone), 0.0, shaft.length_mm))
    points = shaft.entry_mm + ends[:, None] * along + np.interp(ends, depths_mm, bow_mm)[:, None] * side
    found = [
        closest.distance_mm - float(margins_mm(shaft, index, np.array([(a + b) / 2]))[0])
        for (a, b), (start, end) in zip(pairwise(ends.tolist()), pairwise(points), strict=True)
        if (closest := shaft.kept.surfaces[index].closest(start, end)) is not None
    ]
    return shaft.obstacles[index].name, min(found, default=float(rooms_mm[index]))


def _clock(hour: int) -> int:
    return (hour - 1) % HOURS + 1
