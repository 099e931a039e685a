"""The two legs of a training run: a long one that learns to see a spine, a short one that learns what costs a patient most.

In: a step and the number of all steps. Out: the ``Leg`` it belongs to. The second leg paints marrow darker than fat, as MR shows it,
weighs a voxel of canal that is missed more than one too many, and paints more MR.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_FIRST_SHARE = 0.8
"""Of all steps: 10,000 of 12,500."""

_WARM_STEPS = 100


@dataclass(frozen=True, slots=True)
class Leg:
    """How windows are painted and weighed, and how fast is learnt: half a cosine from ``rate`` to nothing.

    ``mr_share`` of windows: on MR nothing else finds a spine, on CT the network is a second opinion. ``canal_weight`` of a voxel
    of canal in the cross entropy, where others weigh 1. ``canal_spare`` is the part of the soft Dice's blame that canal too many
    takes; the rest blames canal that is missed, 0.5 is Dice itself. With ``marrow_below_fat`` marrow's signal hangs on fat's in
    windows like T1 and T2.
    """

    rate: float
    mr_share: float
    marrow_below_fat: bool
    canal_weight: float
    canal_spare: float


FIRST = Leg(rate=3e-3, mr_share=0.6, marrow_below_fat=False, canal_weight=1.0, canal_spare=0.5)
LAST = Leg(rate=1.2e-3, mr_share=0.75, marrow_below_fat=True, canal_weight=2.0, canal_spare=0.35)


def first_steps(steps: int) -> int:
    """How many of all steps the first leg has."""
    return round(_FIRST_SHARE * steps)


def leg_at(step: int, steps: int) -> Leg:
    """The leg of the window with this number."""
    return FIRST if step < first_steps(steps) else LAST


def rate_at(step: int, steps: int) -> float:
    """Each leg warms up over 100 steps and ends at nothing."""
    first = first_steps(steps)
    began, length = (0, first) if step < first else (first, steps - first)
    done = (step - began) / length
    warm = min(1.0, (step - began + 1) / _WARM_STEPS)
    falls = 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))
    if step < first:
        return FIRST.rate * (warm if warm < 1.0 else falls)
    return LAST.rate * warm * falls
