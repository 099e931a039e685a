"""Where one path enters the skin, exactly as the surroundings' voxels say.

In: the label map of ``Surroundings``, a tip and an outward direction. Out: depth [mm] and how the body is left.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.model import Surroundings
from planner.geometry import FloatArray
from planner.sweep.fan import AIR_BEHIND_SKIN_MM, Exit
from planner.volume import LabelMap, nearest

_SAMPLE_MM = 0.05


def exact_exit(
    surroundings: LabelMap, tip_mm: FloatArray, outward: FloatArray, reach_mm: float, *, table_is_air: bool
) -> tuple[float, Exit]:
    """Depth of the tip below the first skin on the way out, within ``_SAMPLE_MM``."""
    along = np.arange(0.0, reach_mm + AIR_BEHIND_SKIN_MM, _SAMPLE_MM)
    indices = surroundings.geometry.indices(tip_mm + along[:, None] * outward)
    seen = nearest(surroundings.labels, indices, int(Surroundings.OUTSIDE_RECONSTRUCTION))
    outside = np.flatnonzero(seen != Surroundings.BODY)
    if not len(outside) or along[outside[0]] > reach_mm:
        return reach_mm, Exit.BEYOND_REACH
    first = int(outside[0])
    if seen[first] == Surroundings.OUTSIDE_RECONSTRUCTION:
        return float(along[first]), Exit.IMAGE_EDGE
    free = [Surroundings.AIR, Surroundings.OBJECT] if table_is_air else [Surroundings.AIR]
    behind = seen[first : first + round(AIR_BEHIND_SKIN_MM / _SAMPLE_MM)]
    return float(along[first]), Exit.SKIN if np.isin(behind, free).all() else Exit.NO_AIR
