"""Where control scans help most, and what a way of guiding makes of one path.

In: a path with what is kept around it, an execution model, a generator. Out: a frozen ``Risk``. LPS mm.

A control scan shows the shaft, and the hand corrects it: from there every error grows anew, in proportion to what is left to
go.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from planner.geometry import FloatArray
from planner.hand.contact import Draws, Leg, Shaft, bound_of, leg_sigmas_mm, touched_on, touched_to
from planner.hand.execution import ALLOWED_TIP_ERROR_MM, Execution, missed
from planner.hand.probability import below, exactly, of_mean, of_shares
from planner.obstacles import BONES
from planner.plan import Contact, Probability, Risk

SAMPLES = 2000
"""Needles drawn for one path: a probability of 0.3 is then known to 0.02 (95 %)."""

SCAN_SAMPLES = 500
"""Needles drawn to choose control scans; the probability with them is then drawn with ``SAMPLES``."""

NEVER = 1e-4
"""A probability that is surely below this is not drawn for."""

SCAN_EVERY_MM = 5.0
MOST_CHECKPOINTS = 3
WORTH_A_SCAN = 0.01
"""A further control scan is advised where it takes at least this off the probability of contact; assumed."""


def risk_of(shaft: Shaft, execution: Execution, tolerance_deg: float, rng: np.random.Generator) -> Risk:
    """Probabilities of contact and miss, and the control scans that help most."""
    draws = Draws.of(rng, SAMPLES)
    shown = [index for index in range(len(shaft.obstacles)) if bound_of(shaft, execution, index) >= NEVER]
    stops = checkpoints(shaft, execution, shown, draws.first(SCAN_SAMPLES))
    scanned = [Leg(a, b) for a, b in pairwise((0.0, *stops, shaft.length_mm))]
    from_skin = touched_to(shaft, execution, shown, draws, 0.0, (scanned[0].to_mm, shaft.length_mm))
    touched = dict(zip(shown, from_skin[..., 1], strict=True))
    contacts = [
        Contact(obstacle.name, of_shares(touched[index]) if index in touched else below(NEVER))
        for index, obstacle in enumerate(shaft.obstacles)
    ]
    last_tip = leg_sigmas_mm(shaft, execution, scanned[-1].from_mm)[1]
    later = [touched_on(shaft, execution, shown, draws, one) for one in scanned[1:]]
    legs = [from_skin[..., 0], *later] if shown else []
    soft = [row for row, index in enumerate(shown) if shaft.obstacles[index].structure not in BONES]
    soft_at_once = np.array([touched[shown[row]] for row in soft])
    return Risk(
        execution.name,
        execution.source,
        tuple(sorted(contacts, key=lambda contact: -contact.probability.value)),
        _any_contact([_free_of(np.array(list(touched.values())))] if shown else []),
        exactly(missed(ALLOWED_TIP_ERROR_MM, execution.tip_sigma_mm)),
        exactly(1.0 - missed(tolerance_deg, execution.angle_sigma_deg)),
        stops,
        _any_contact([_free_of(one) for one in legs]),
        exactly(missed(ALLOWED_TIP_ERROR_MM, last_tip)),
        _any_contact([_free_of(soft_at_once)] if soft else []),
        _any_contact([_free_of(one[soft]) for one in legs] if soft else []),
    )


def _free_of(touched: FloatArray) -> FloatArray:
    """(n, ...) probability that a needle has touched none of (k, n, ...)."""
    free: FloatArray = np.prod(1.0 - touched, axis=0)
    return free


def _any_contact(free_of_legs: list[FloatArray]) -> Probability:
    """Of a needle driven leg by leg, each leg off by itself."""
    if not free_of_legs:
        return below(NEVER)
    return of_mean(1.0 - float(np.prod([free.mean() for free in free_of_legs])), len(free_of_legs[0]))


def checkpoints(shaft: Shaft, execution: Execution, shown: list[int], draws: Draws) -> tuple[float, ...]:
    """Depths of at most ``MOST_CHECKPOINTS`` control scans that leave the least probability of contact, each worth it."""
    length = shaft.length_mm
    stops = [0.0, *np.arange(SCAN_EVERY_MM, length - SCAN_EVERY_MM / 2, SCAN_EVERY_MM).tolist(), length]
    free = np.zeros((len(stops), len(stops)))
    for number, start in enumerate(stops[:-1]):
        shares = touched_to(shaft, execution, shown, draws, start, stops[number + 1 :])
        free[number, number + 1 :] = _free_of(shares).mean(axis=0)
    return tuple(stops[node] for node in best_chain(free)[1:-1])


def best_chain(free: FloatArray) -> tuple[int, ...]:
    """Stops from the first to the last with the best product of ``free``, with no more scans than are worth it."""
    last = len(free) - 1
    reached: dict[int, tuple[float, tuple[int, ...]]] = {0: (1.0, (0,))}
    chosen: tuple[float, tuple[int, ...]] = (float(free[0, last]), (0, last))
    for _ in range(MOST_CHECKPOINTS + 1):
        reached = _one_leg_further(reached, free)
        value, chain = reached.get(last, (0.0, ()))
        if value - chosen[0] >= WORTH_A_SCAN * (len(chain) - len(chosen[1])) > 0:
            chosen = value, chain
    return chosen[1]


def _one_leg_further(
    reached: dict[int, tuple[float, tuple[int, ...]]], free: FloatArray
) -> dict[int, tuple[float, tuple[int, ...]]]:
    further: dict[int, tuple[float, tuple[int, ...]]] = {}
    for node, (value, chain) in reached.items():
        for then in range(node + 1, len(free)):
            better = value * float(free[node, then])
            if then not in further or better > further[then][0]:
                further[then] = better, (*chain, then)
    return further
