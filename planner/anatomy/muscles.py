"""Psoas and the muscles of the back.

In: the coarse image. Out: psoas per side as followed cross-sections, the back muscles as what is muscle behind the
transverse processes. Both are rough; needles pass through them. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region, components, eroded, opened
from planner.anatomy.outlines import Tube, drawn, outlined
from planner.anatomy.tubes import TrackGrid, best_track, circle_scores, track_grid
from planner.geometry import BoolArray, Float32Array
from planner.structures import Side
from planner.volume import Volume

_RADII_MM = np.array([6.0, 8, 10, 12, 14, 16, 18, 20, 23, 26])
"""From its upper end (12 mm wide) to an athlete's psoas at L4."""

_U_MM, _U_SD_MM = 38.0, 9.0
_V_MM, _V_SD_MM = 16.0, 14.0
"""Where its section lies beside the body and in front of the transverse process (assumed)."""

_PRIOR_WEIGHT = 0.1
_THRESHOLD = 0.4
_SHORTEST_MM = 40.0

MUSCLE_HU = (-10.0, 110.0)
"""Muscle, thinned by fat and enhanced by contrast, averaged over 2 mm."""

_LOWEST_HU, _HIGHEST_HU = -90.0, 200.0

_BACK_U_MM = 85.0
"""The erector's lateral edge (assumed)."""

_BACK_V_MM = (-6.0, -0.25)
"""The plane of the transverse processes: this far in front of the canal's axis at the midline, falling back to the side
by a quarter of the distance."""

_SKIN_MM = 8.0
_UNCERTAINTY_MM = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Muscles:
    """Psoas on each side, and the muscles of the back."""

    psoas_left: Region | None
    psoas_right: Region | None
    back: Region | None
    warnings: tuple[str, ...] = ()


def find_muscles(image: CoarseImage) -> Muscles:
    """Psoas left and right, back muscles."""
    limited = image.with_hu(np.clip(image.hu, _LOWEST_HU, _HIGHEST_HU).astype(np.float32))
    psoas = {side: _psoas(limited, side) for side in Side}
    missing = tuple(
        f"{side} psoas: no muscle beside the bodies that could be followed" for side in Side if psoas[side] is None
    )
    return Muscles(psoas[Side.LEFT], psoas[Side.RIGHT], _back(image), missing)


def _psoas(image: CoarseImage, side: Side) -> Region | None:
    span = (14.0, 90.0) if side is Side.LEFT else (-90.0, -14.0)
    grid = track_grid(image, span, (-30.0, 80.0))
    scores = circle_scores(grid, _RADII_MM, 10.0) - _penalty(grid, side)
    track = best_track(grid, scores, _RADII_MM, _THRESHOLD)
    if track is None or len(track.v_mm) * grid.step_mm < _SHORTEST_MM:
        return None
    tube = outlined(Volume(image.geometry, image.hu.astype(np.int16)), grid, track)
    return drawn(tube, grid, _confidence(tube), _UNCERTAINTY_MM)


def _penalty(grid: TrackGrid, side: Side) -> Float32Array:
    off_u = (grid.u_mm - side.sign * _U_MM) / _U_SD_MM
    off_v = (grid.v_mm - _V_MM) / _V_SD_MM
    square = np.square(off_v)[:, None] + np.square(off_u)[None, :]
    return np.asarray(_PRIOR_WEIGHT * np.minimum(square, 4.0), dtype=np.float32)


def _confidence(tube: Tube) -> float:
    """Share of the rim that is seen, and how well the sections score."""
    return float(np.clip(0.5 * tube.rim_seen.mean() + 0.5 * tube.track.score.mean(), 0.0, 0.9))


def _back(image: CoarseImage) -> Region | None:
    """Muscle behind the plane of the transverse processes, without skin and single strands."""
    behind = image.v_mm < _BACK_V_MM[0] + _BACK_V_MM[1] * np.abs(image.u_mm)
    soft = (image.hu > MUSCLE_HU[0]) & (image.hu < MUSCLE_HU[1]) & ~image.bone
    inside = eroded(image.body, image.ball(_SKIN_MM)) & (np.abs(image.u_mm) < _BACK_U_MM)
    muscle = opened(soft & behind & inside, 1)
    labels, sizes = components(muscle, 500)
    if len(sizes) < 2:
        return None
    return image.region(_large(labels, sizes), 0.6, _UNCERTAINTY_MM)


def _large(labels: np.ndarray, sizes: np.ndarray) -> BoolArray:
    keep = sizes > 0.05 * sizes[1:].max()
    keep[0] = False
    return np.asarray(keep[labels])
