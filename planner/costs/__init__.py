"""Soft preferences: one frozen class in each file, listed here with its weight.

In: paths that keep every limit. Out: each cost in its own unit, and their weighted sum; lower is better.
"""

from __future__ import annotations

import numpy as np

from planner.costs.cost import Cost
from planner.costs.length import Length
from planner.costs.obliquity import Obliquity
from planner.costs.room import Room
from planner.costs.tilt import Tilt
from planner.costs.tip import Tip
from planner.costs.tolerance import Tolerance
from planner.geometry import FloatArray
from planner.situation import Feasible

WEIGHTS: tuple[tuple[Cost, float], ...] = (
    (Room(), 1.0),
    (Tolerance(), 0.5),
    (Tip(), 0.25),
    (Tilt(), 0.06),
    (Obliquity(), 0.04),
    (Length(), 0.02),
)
"""Points for each unit of a cost; assumed: 1 mm of room is worth 4 mm of tip, 2 degrees of tolerance, 17 of tilt, 25 of obliquity or
50 mm of length. A site edits them."""


def costs(feasible: Feasible) -> FloatArray:
    """(n, costs) in the order of ``WEIGHTS``, each in its own unit."""
    return np.stack([cost.cost(feasible) for cost, _ in WEIGHTS], axis=1)


def weighted(own_units: FloatArray) -> FloatArray:
    """(n,) sum of weight times cost."""
    total: FloatArray = own_units @ np.array([weight for _, weight in WEIGHTS])
    return total
