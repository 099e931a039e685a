"""Probabilities as they may be shown: with n and a 95 % interval.

In: counts, shares or bounds. Out: ``plan.Probability``.
"""

from __future__ import annotations

from math import erf, sqrt

import numpy as np

from planner.geometry import FloatArray
from planner.plan import Probability

NORMAL_95 = 1.959963984540054
"""Two-sided 95 % of a normal distribution, in sigmas."""

_TABLE = np.linspace(-8.0, 8.0, 16001)
_BELOW = np.array([0.5 * (1.0 + erf(x / sqrt(2.0))) for x in _TABLE.tolist()])


def normal_below(sigmas: FloatArray) -> FloatArray:
    """(...) probability that a standard normal lies below; linear in a table every 0.001, exact to 1e-7."""
    below: FloatArray = np.interp(sigmas, _TABLE, _BELOW)
    return below


def exactly(value: float) -> Probability:
    """In closed form."""
    return Probability(value, value, value, 0)


def below(bound: float) -> Probability:
    """Surely at most ``bound``, in closed form."""
    return Probability(0.0, 0.0, bound, 0)


def of_mean(value: float, n: int) -> Probability:
    """From the mean of n draws between 0 and 1.

    Wilson's interval of n hits and misses; draws between 0 and 1 vary less than hits and misses, so it is never too narrow
    for them.
    """
    value = float(np.clip(value, 0.0, 1.0))
    z2 = NORMAL_95**2
    middle = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_95 * sqrt(value * (1 - value) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Probability(value, max(middle - half, 0.0), min(middle + half, 1.0), n)


def of_shares(shares: FloatArray) -> Probability:
    """From n draws, each a probability by itself."""
    return of_mean(float(np.mean(shares)), len(shares))
