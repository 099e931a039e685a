"""One disc's plane and middle from the piece that the network sees; what its front lacks against its neighbours is given back.

In: pieces of disc on 1.5 mm cubes, the canal. Out: ``DiscLevel`` values, points in LPS mm. A disc as dark as the fat or the vessels before it
loses its front: its back at the canal is seen best, and discs next to each other are about as deep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.anatomy.network.windows import SPACING_MM
from planner.anatomy.stages import CanalTrack, DiscLevel
from planner.geometry import BoolArray, Float32Array, FloatArray, VolumeGeometry, frozen

_FRONT_MM, _ASIDE_MM = (2.0, 60.0), 25.0
"""Where a disc's middle lies before the canal's middle: half a canal to half a lumbar body and more."""

_LEAST_ACROSS = 0.64
"""Of a disc's normal along the canal: the cosine of 50 degrees. Discs lean up to 35 degrees against the canal (L5/S1, assumed); what lies
further along it is two discs that touch in coarse voxels, and its middle is none."""

_MIDDLE_U_MM = 10.0
"""To both sides: where a disc is deepest."""

_SHORT = 0.9
"""Of the deepest neighbour: discs next to each other differ less from L1 to L5/S1 (end-plates 34 to 36 mm, Panjabi 1992, Spine 17:299)."""

_MOST_MM = 5.0
"""What may be given back at most: half of it moves the middle (assumed)."""

Piece = tuple[DiscLevel, BoolArray]


def disc_level(piece: BoolArray, share: Float32Array, canal: CanalTrack, geometry: VolumeGeometry) -> DiscLevel | None:
    """The disc's plane from its own shape, and where that plane meets the canal's front wall; None for what is no plate across the canal."""
    points = geometry.points_mm(np.argwhere(piece))
    middle = points.mean(axis=0)
    spread, axes = np.linalg.eigh(np.cov((points - middle).T))
    normal = axes[:, 0] * (1.0 if axes[2, 0] >= 0.0 else -1.0)
    s, u, v = canal.frame.from_lps(middle)
    is_before = _FRONT_MM[0] < v < _FRONT_MM[1] and abs(u) < _ASIDE_MM
    if not is_before or abs(float(canal.frame.at(s)[3] @ normal)) < _LEAST_ACROSS:
        return None
    wall = canal.frame.centres_mm + canal.radius_mm[:, None] * canal.frame.anterior
    above = (wall - middle) @ normal
    s_mm = float(canal.frame.s_mm[int(np.argmin(np.abs(above)))])
    height = len(points) * SPACING_MM**3 / (4.0 * np.pi * float(np.sqrt(spread[1] * spread[2])))
    return DiscLevel(s_mm, frozen(middle), frozen(normal), height, round(float(share[piece].mean()), 3))


def evenly_deep(found: Sequence[Piece], canal: CanalTrack, geometry: VolumeGeometry) -> list[Piece]:
    """The same discs, caudal to cranial; one that is shorter than its neighbours has its middle where theirs lies, and is less sure."""
    spans = [_front_to_back_mm(level, piece, canal, geometry) for level, piece in found]
    depths = [high - low for low, high, _ in spans]
    return [
        (_with_front(level, span, max([*depths[max(n - 1, 0) : n], *depths[n + 1 : n + 2]], default=0.0)), piece)
        for n, ((level, piece), span) in enumerate(zip(found, spans, strict=True))
    ]


def _front_to_back_mm(
    level: DiscLevel, piece: BoolArray, canal: CanalTrack, geometry: VolumeGeometry
) -> tuple[float, float, FloatArray]:
    """Back and front edge from the middle, along the plane's own anterior, and that direction."""
    row = int(np.argmin(np.abs(canal.frame.s_mm - level.s_mm)))
    anterior = canal.frame.anterior[row] - (canal.frame.anterior[row] @ level.normal) * level.normal
    anterior = anterior / np.linalg.norm(anterior)
    off = geometry.points_mm(np.argwhere(piece)) - level.center_mm
    left = np.cross(level.normal, anterior)
    forward = (off @ anterior)[np.abs(off @ left) < _MIDDLE_U_MM]
    low, high = np.percentile(forward, [1.0, 99.0]) if len(forward) else (0.0, 0.0)
    return float(low), float(high), np.asarray(anterior)


def _with_front(level: DiscLevel, span: tuple[float, float, FloatArray], usual_mm: float) -> DiscLevel:
    low, high, anterior = span
    deep = high - low
    if usual_mm <= 0.0 or deep >= _SHORT * usual_mm:
        return level
    lacking = min(usual_mm - deep, _MOST_MM)
    middle = level.center_mm + ((low + high + lacking) / 2.0) * anterior
    return replace(level, center_mm=frozen(middle), confidence=round(level.confidence * (deep / usual_mm), 3))
