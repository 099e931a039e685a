"""The legs of a training run: a long one that learns to see a spine, then two short ones that learn what costs a patient most.

In: a step and the number of all steps. Out: the ``Leg`` it belongs to. From the second leg on a voxel of canal that is missed weighs more
than one too many, and more MR is painted. The third goes the second's way again with a fresh rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_WARM_STEPS = 100


@dataclass(frozen=True, slots=True)
class Leg:
    """How windows are painted and weighed, and how fast is learnt: half a cosine from ``rate`` to nothing.

    ``mr_share`` of windows: on MR nothing else finds a spine, on CT the network is a second opinion. ``canal_weight`` of a voxel
    of canal in the cross entropy, where others weigh 1. ``canal_spare`` is the part of the soft Dice's blame that canal too many
    takes; the rest blames canal that is missed, 0.5 is Dice itself.
    """

    rate: float
    mr_share: float
    canal_weight: float
    canal_spare: float
    warms_before_it_falls: bool = False
    """The first leg's rate reaches its full height; the others fall while they warm up."""


FIRST = Leg(rate=3e-3, mr_share=0.7, canal_weight=1.5, canal_spare=0.42, warms_before_it_falls=True)
LAST = Leg(rate=1.2e-3, mr_share=0.75, canal_weight=2.0, canal_spare=0.35)
LEGS = ((0.64, FIRST), (0.16, LAST), (0.2, LAST))
"""Share of all steps, and the leg: 8,000, 2,000 and 2,500 of 12,500."""


def spans(steps: int) -> tuple[tuple[int, int, Leg], ...]:
    """First step, number of steps and leg, in turn."""
    found: list[tuple[int, int, Leg]] = []
    share = 0.0
    for own, leg in LEGS:
        began, share = round(share * steps), share + own
        found.append((began, round(share * steps) - began, leg))
    return tuple(found)


def leg_at(step: int, steps: int) -> Leg:
    """The leg of the window with this number."""
    return _span_at(step, steps)[2]


def rate_at(step: int, steps: int) -> float:
    """Each leg warms up over 100 steps and ends at nothing."""
    began, length, leg = _span_at(step, steps)
    done = step - began
    warm = min(1.0, (done + 1) / _WARM_STEPS)
    falls = 0.5 * (1.0 + math.cos(math.pi * min(1.0, done / length)))
    if leg.warms_before_it_falls:
        return leg.rate * (warm if warm < 1.0 else falls)
    return leg.rate * warm * falls


def _span_at(step: int, steps: int) -> tuple[int, int, Leg]:
    return next(span for span in reversed(spans(steps)) if step >= span[0])
