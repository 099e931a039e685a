"""Gaps between needles: segments with a radius, all pairs at once.

In: the two ends of segments, (..., 3) LPS mm, which broadcast. Out: distances [mm].
"""

from __future__ import annotations

import numpy as np

from planner.geometry import FloatArray

_PARALLEL = 1e-12


def point_to_segment_mm(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """(...) distance from points to segments."""
    along = end - start
    length2 = np.maximum((along * along).sum(axis=-1), _PARALLEL)
    share = np.clip(((points - start) * along).sum(axis=-1) / length2, 0.0, 1.0)
    distance: FloatArray = np.linalg.norm(points - start - share[..., None] * along, axis=-1)
    return distance


def segment_distance_mm(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> FloatArray:
    """(...) distance between the segments a-b and c-d.

    Either the common perpendicular meets both, or an end is nearest.
    """
    ends = np.minimum.reduce(
        [
            point_to_segment_mm(a, c, d),
            point_to_segment_mm(b, c, d),
            point_to_segment_mm(c, a, b),
            point_to_segment_mm(d, a, b),
        ]
    )
    u, v, w = b - a, d - c, a - c
    uu, uv, vv = (u * u).sum(axis=-1), (u * v).sum(axis=-1), (v * v).sum(axis=-1)
    uw, vw = (u * w).sum(axis=-1), (v * w).sum(axis=-1)
    across = uu * vv - uv * uv
    safe = np.where(across > _PARALLEL, across, 1.0)
    s, t = (uv * vw - vv * uw) / safe, (uu * vw - uv * uw) / safe
    meets = (across > _PARALLEL) & (s >= 0) & (s <= 1) & (t >= 0) & (t <= 1)
    inner = np.linalg.norm(w + s[..., None] * u - t[..., None] * v, axis=-1)
    distance: FloatArray = np.where(meets, np.minimum(inner, ends), ends)
    return distance
