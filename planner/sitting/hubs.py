"""Where the hubs of placed needles are.

In: candidates. Out: LPS mm.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import FloatArray
from planner.sitting.several import HUB_LENGTH_MM
from planner.situation import Candidates


def hub_ends_mm(candidates: Candidates) -> FloatArray:
    """(n, 3) outer ends of the hubs, each on the shortest needle that reaches its target (or the longest there is)."""
    situation, paths = candidates.situation, candidates.paths
    stock = np.array([needle.length_mm for needle in situation.needles])
    fits = np.searchsorted(stock, paths.lengths_mm + situation.procedure.hub_reserve_mm)
    length = stock[np.minimum(fits, len(stock) - 1)]
    return paths.targets_mm - (length + HUB_LENGTH_MM)[:, None] * paths.directions
