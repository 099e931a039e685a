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
from planner.site import PLAIN, Site
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


def weights_of(site: Site) -> FloatArray:
    """(costs,) the site's own weight where it has one, 0 for what it leaves out."""
    own = [0.0 if cost.name in site.left_out else site.weights.get(cost.name, weight) for cost, weight in WEIGHTS]
    return np.array(own, dtype=np.float64)


def weighted(own_units: FloatArray, site: Site = PLAIN) -> FloatArray:
    """(n,) sum of weight times cost."""
    total: FloatArray = own_units @ weights_of(site)
    return total


def price(feasible: Feasible) -> FloatArray:
    """(n,) points of each path, by its site's weights."""
    return weighted(costs(feasible), feasible.candidates.situation.site)
