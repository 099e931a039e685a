"""Probabilities as they may be shown: with n and a 95 % interval.

In: counts, shares or bounds. Out: frozen values between 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np

from planner.geometry import FloatArray

NORMAL_95 = 1.959963984540054
"""Two-sided 95 % of a normal distribution, in sigmas."""

_TABLE = np.linspace(-8.0, 8.0, 16001)
_BELOW = np.array([0.5 * (1.0 + erf(x / sqrt(2.0))) for x in _TABLE.tolist()])


def normal_below(sigmas: FloatArray) -> FloatArray:
    """(...) probability that a standard normal lies below; linear in a table every 0.001, exact to 1e-7."""
    below: FloatArray = np.interp(sigmas, _TABLE, _BELOW)
    return below


@dataclass(frozen=True, slots=True)
class Probability:
    """A probability with its 95 % interval; ``n`` draws stand behind it, 0 where it is a closed form."""

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def exactly(cls, value: float) -> Probability:
        """In closed form."""
        return cls(value, value, value, 0)

    @classmethod
    def below(cls, bound: float) -> Probability:
        """Surely at most ``bound``, in closed form."""
        return cls(0.0, 0.0, bound, 0)

    @classmethod
    def of(cls, value: float, n: int) -> Probability:
        """From the mean of n draws between 0 and 1.

        Wilson's interval of n hits and misses; draws between 0 and 1 vary less than hits and misses, so it is never too
        narrow for them.
        """
        z2 = NORMAL_95**2
        middle = (value + z2 / (2 * n)) / (1 + z2 / n)
        half = NORMAL_95 * sqrt(value * (1 - value) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return cls(value, max(middle - half, 0.0), min(middle + half, 1.0), n)

    @classmethod
    def of_shares(cls, shares: FloatArray) -> Probability:
        """From n draws, each a probability by itself."""
        return cls.of(float(np.clip(np.mean(shares), 0.0, 1.0)), len(shares))

    def __str__(self) -> str:
        if not self.n:
            return f"{self.high:.2%}" if self.low == self.high else f"below {self.high:.2%}"
        return f"{self.value:.1%} (95 % interval {self.low:.1%} to {self.high:.1%}, n = {self.n})"
