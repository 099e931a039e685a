"""The bony ring of the canal, plane by plane across the spine, closed where foramina and discs leave it open.

In: how much of each voxel is bone (0 to 100) and a frame along the canal. Out: (n, angles) radii in mm in the frame's
planes, angle 0 to the left, growing to anterior; the mask of the canal; better centres.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, FloatArray, IntArray, VolumeGeometry
from planner.side_by_side import side_by_side
from planner.volume import Volume

ANGLES = 36
_FAR_MM = 18.0
"""No wall of a canal is further from its middle (widest lumbar canal 30 mm across)."""

_STEP_MM = 0.75
_WINDOW_MM = 15
"""Up and down the canal: half of a vertebra and its disc, so that every window holds a closed stretch."""

_BULGE_MM = 1.5
_EVERY = 4


def directions(frame: SpineFrame) -> FloatArray:
    """(n, angles, 3) unit vectors of the rays in each plane."""
    angle = np.arange(ANGLES) * 2.0 * np.pi / ANGLES
    return (
        np.cos(angle)[None, :, None] * frame.left[:, None, :]
        + np.sin(angle)[None, :, None] * frame.anterior[:, None, :]
    )


def bone_near(mask: BoolArray, geometry: VolumeGeometry, frame: SpineFrame) -> Volume:
    """The bone that a ray may meet: 0 or 100 per voxel, in the box around the frame's centres."""
    centres = geometry.indices(frame.centres_mm)
    pad = _FAR_MM / geometry.spacing_mm + 2.0
    low = np.clip(np.floor(centres.min(axis=0) - pad), 0, geometry.shape).astype(int)
    high = np.clip(np.ceil(centres.max(axis=0) + pad), low, geometry.shape).astype(int)
    k, j, i = (slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    own = geometry.cropped((k.start, j.start, i.start), (k.stop - k.start, j.stop - j.start, i.stop - i.start))
    return Volume(own, mask[k, j, i].astype(np.int16) * 100)


def bone_met_mm(bone: Volume, frame: SpineFrame) -> FloatArray:
    """(n, angles) distance at which each ray meets bone; NaN where it meets none."""
    reach = np.arange(1.0, _FAR_MM + 1e-9, _STEP_MM)
    points = frame.centres_mm[:, None, None, :] + reach[None, None, :, None] * directions(frame)[:, :, None, :]
    hard = bone.linear(points, outside=0.0) >= 50.0  # (n, angles, reach)
    met = reach[np.argmax(hard, axis=2)]
    return np.asarray(np.where(hard.any(axis=2), met, np.nan))


def canal_rings(bone: Volume, frame: SpineFrame) -> FloatArray:
    """(n, angles) the canal's radius: the wall where there is one, its neighbours' above and below where it is open."""
    met = bone_met_mm(bone, frame)
    usual = _running_quantile(met, 0.4)
    usual = np.where(np.isnan(usual), np.nanmedian(usual, axis=1, keepdims=True), usual)
    usual = np.where(np.isnan(usual), np.nanmedian(usual), usual)
    ring = np.fmin(met, usual + _BULGE_MM)
    ring = np.where(np.isnan(ring), usual, ring)
    return _smooth_ring(np.asarray(ring))


def recentred(bone: Volume, frame: SpineFrame) -> FloatArray:
    """(n, 3) centres moved to the middle of the ring's area."""
    ring = canal_rings(bone, frame)
    angle = np.arange(ANGLES) * 2.0 * np.pi / ANGLES
    area = (ring**2).sum(axis=1)
    u = 2.0 / 3.0 * (ring**3 * np.cos(angle)).sum(axis=1) / area
    v = 2.0 / 3.0 * (ring**3 * np.sin(angle)).sum(axis=1) / area
    return np.asarray(frame.centres_mm + u[:, None] * frame.left + v[:, None] * frame.anterior)


def _running_quantile(met: FloatArray, share: float) -> FloatArray:
    padded = np.pad(met, ((_WINDOW_MM, _WINDOW_MM), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _WINDOW_MM + 1, axis=0)
    ordered = np.sort(windows, axis=2)  # NaN last
    count = (~np.isnan(windows)).sum(axis=2)
    place = np.maximum((share * (count - 1)).astype(int), 0)
    return np.asarray(np.take_along_axis(ordered, place[:, :, None], axis=2)[:, :, 0])


def _smooth_ring(ring: FloatArray) -> FloatArray:
    """Three neighbouring angles and five millimetres along, weighted to the middle."""
    around = (np.roll(ring, 1, axis=1) + 2.0 * ring + np.roll(ring, -1, axis=1)) / 4.0
    padded = np.pad(around, ((2, 2), (0, 0)), mode="edge")
    kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9.0
    return np.asarray(sum(w * padded[n : n + len(ring)] for n, w in enumerate(kernel)))


def canal_mask(geometry: VolumeGeometry, frame: SpineFrame, rings: FloatArray) -> BoolArray:
    """Voxels whose centre lies inside the ring of the plane they lie in."""
    mask = np.zeros(geometry.shape, dtype=bool)
    margin = float(rings.max()) + 2.0
    low = geometry.indices(frame.centres_mm.min(axis=0) - margin)
    high = geometry.indices(frame.centres_mm.max(axis=0) + margin)
    first = np.maximum(np.floor(np.minimum(low, high)), 0).astype(int)
    last = np.minimum(np.ceil(np.maximum(low, high)) + 1, geometry.shape).astype(int)
    side_by_side(
        lambda k: _mask_slice(mask, k, (first, last), (geometry, frame, rings)), range(int(first[0]), int(last[0]))
    )
    return mask


def _mask_slice(
    mask: BoolArray,
    k: int,
    box: tuple[IntArray, IntArray],
    ring_in: tuple[VolumeGeometry, SpineFrame, FloatArray],
) -> None:
    geometry, frame, rings = ring_in
    z = float(geometry.points_mm([k, 0, 0])[2])
    reach = float(rings.max()) + 2.0
    near = np.abs(frame.centres_mm[:, 2] - z) <= reach + 1.0
    if not near.any():
        return
    low = np.floor(geometry.indices(frame.centres_mm[near].min(axis=0) - reach)).astype(int)
    high = np.ceil(geometry.indices(frame.centres_mm[near].max(axis=0) + reach)).astype(int) + 1
    low, high = np.maximum(low, box[0]), np.minimum(high, box[1])
    if (high[1:] <= low[1:]).any():
        return
    j, i = np.meshgrid(np.arange(low[1], high[1]), np.arange(low[2], high[2]), indexing="ij")
    points = geometry.points_mm(np.stack([np.full(j.shape, k), j, i], axis=-1))
    close = _close_to(points, frame.centres_mm[near], float(rings.max()))
    suv = frame.from_lps(points[close], rounds=4)
    s, u, v = suv[..., 0], suv[..., 1], suv[..., 2]
    row = np.clip(np.round(s - frame.s_mm[0]).astype(int), 0, len(rings) - 1)
    angle = np.mod(np.arctan2(v, u) / (2.0 * np.pi) * ANGLES, ANGLES)
    here = np.floor(angle).astype(int) % ANGLES
    share = angle - np.floor(angle)
    radius = (1.0 - share) * rings[row, here] + share * rings[row, (here + 1) % ANGLES]
    inside = (np.hypot(u, v) <= radius) & (s >= frame.s_mm[0] - 0.5) & (s <= frame.s_mm[-1] + 0.5)
    mask[k, low[1] : high[1], low[2] : high[2]][close] |= inside


def _close_to(points_mm: FloatArray, centres_mm: FloatArray, reach_mm: float) -> BoolArray:
    """Points as near to some of the centres, which lie a millimetre apart, as any inside the ring is; others need no closer look."""
    square = np.full(points_mm.shape[:-1], np.inf)
    x, y, z = (np.ascontiguousarray(points_mm[..., axis]) for axis in range(3))
    for a, b, c in centres_mm[::_EVERY]:
        np.minimum(square, (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2, out=square)
    return np.asarray(square <= (reach_mm + _EVERY) ** 2)
