"""The inner surface of the rib cage, from the ribs that are seen.

In: the coarse image. Out: ``RibCage``: for every axial slice and direction around an axis in front of the spine, how far
the inside of the cage reaches. Between ribs the surface is interpolated, below the lowest rib it goes straight on.
All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import CoarseImage, components, dilated, distance_outside, eroded
from planner.geometry import AnyArray, BoolArray, FloatArray

_COLUMN_HALF_WIDTH_MM = 24.0
"""Half a thoracolumbar body (20 mm) and its cortex: ribs lie outside."""

_COLUMN_FRONT_MM = 48.0
"""From the canal's axis to the front of the body: canal 8 mm, body 35 mm, spurs 5 mm."""

_RIB_HALF_WIDTH_MM = 9.0
"""Largest inscribed radius of a rib (6 mm) or of its tubercle at the transverse process."""

_RIB_LENGTH_MM = 40.0
"""Transverse processes end before (25 mm beyond the column); a twelfth rib may be as short."""

_LATERAL_END_MM = 58.0
"""A rib reaches further from the midline than this; lumbar transverse processes end at 50 mm."""

_MEDIAL_END_MM = 45.0
"""A rib starts nearer to the spine than this; an iliac crest that enters the scan from below does not."""

_HEAD_MM = 34.0
"""Rib neck and head lie within this distance of the midline."""

_AXIS_IN_FRONT_MM = 55.0
"""The directions start here in front of the canal: a little before the body, so that both posterior gutters are seen."""

_DIRECTIONS = 180

_GAP_MM = 25.0
"""Half the distance between the same points of two neighbouring ribs, with reserve: how far one rib speaks for the wall."""

_DEPTH_OUTLIER_MM = 25.0
"""Bone this much nearer to the axis than its neighbourhood is no rib: calcification, contrast in bowel."""

_ARM_RADIUS_MM = 14.0
"""Arms hang on the trunk by skin contact narrower than twice this."""


@dataclass(frozen=True, slots=True, eq=False)
class RibCage:
    """Inner surface as ``reach_mm`` (slices, directions) around ``axis_mm`` (slices, 2; y and x).

    ``seen`` (slices, directions) is where a rib lies within half an intercostal distance. ``lowest_head_s_mm`` is the
    lowest rib's neck along the canal, None where no rib reaches the spine.
    """

    ribs: BoolArray
    axis_mm: FloatArray
    reach_mm: FloatArray
    seen: BoolArray
    lowest_head_s_mm: float | None

    def inside(self, image: CoarseImage) -> BoolArray:
        """Voxels nearer to the axis than the cage's inner surface."""
        inside = np.zeros(image.hu.shape, dtype=bool)
        for k in range(len(inside)):
            radius, direction = _polar(image, self.axis_mm[k])
            inside[k] = radius < self.reach_mm[k][direction]
        return inside

    def column(self, image: CoarseImage) -> BoolArray:
        """The spine's column: bodies, canal and what lies behind them."""
        return (np.abs(image.u_mm) < _COLUMN_HALF_WIDTH_MM) & (image.v_mm < _COLUMN_FRONT_MM)

    def confidence(self, lung: BoolArray, image: CoarseImage) -> float:
        """How much of the wall beside and behind is near a rib, times how much of the lung lies inside it."""
        if not self.ribs.any():
            return 0.0
        rows = np.flatnonzero(self.ribs.any(axis=(1, 2)))
        covered = float(self.seen[rows[0] : rows[-1] + 1].mean())
        inside = float((self.inside(image) & lung).sum() / lung.sum()) if lung.any() else 0.8
        return float(np.clip(min(1.0, covered / 0.5) * inside, 0.0, 1.0))


def rib_cage(image: CoarseImage) -> RibCage:
    """The cage from the ribs of the trunk; without ribs nothing lies inside it."""
    ribs = rib_voxels(image)
    axis = _axis_mm(image)
    hits = _hits_mm(ribs, image, axis)
    reach, seen = _surface_mm(hits, image)
    heads = image.s_mm[ribs & (np.abs(image.u_mm) < _HEAD_MM)]
    lowest = float(np.percentile(heads, 1.0)) if len(heads) > 20 else None
    return RibCage(ribs, axis, reach, seen, lowest)


def rib_voxels(image: CoarseImage) -> BoolArray:
    """Bone of the rib cage: slender, long, beside the spine's column, in the trunk."""
    beside = image.bone & _trunk(image) & (np.abs(image.u_mm) > _COLUMN_HALF_WIDTH_MM)
    labels, sizes = components(beside, 20)
    count = len(sizes)
    depth = distance_outside(~beside) * image.spacing_mm
    radius, inmost, outmost = np.zeros(count), np.full(count, np.inf), np.zeros(count)
    np.maximum.at(radius, labels[beside], depth[beside])
    np.minimum.at(inmost, labels[beside], np.abs(image.u_mm[beside]))
    np.maximum.at(outmost, labels[beside], np.abs(image.u_mm[beside]))
    at_bottom = np.isin(np.arange(count), np.unique(labels[:2]))
    keep = (radius <= _RIB_HALF_WIDTH_MM) & (_lengths_mm(labels, count, image) >= _RIB_LENGTH_MM)
    keep &= (outmost > _LATERAL_END_MM) & (~at_bottom | (inmost < _MEDIAL_END_MM))
    keep[0] = False
    return keep[labels]


def _trunk(image: CoarseImage) -> BoolArray:
    """The body without arms that lie against it."""
    radius = image.ball(_ARM_RADIUS_MM)
    padded = np.pad(image.body, ((radius, radius), (0, 0), (0, 0)), mode="edge")
    core, _ = components(eroded(np.pad(padded, ((0, 0), (1, 1), (1, 1))), radius))
    trunk = dilated(core == 1, radius)
    return trunk[radius:-radius, 1:-1, 1:-1] & image.body


def _lengths_mm(labels: np.ndarray, count: int, image: CoarseImage) -> FloatArray:
    """Diagonal of each part's box."""
    index = np.nonzero(labels)
    values = labels[index]
    square = np.zeros(count)
    for axis in range(3):
        low, high = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(low, values, index[axis])
        np.maximum.at(high, values, index[axis])
        square += np.where(np.isfinite(low), high - low, 0.0) ** 2
    return np.sqrt(square) * image.spacing_mm


def _axis_mm(image: CoarseImage) -> FloatArray:
    """(slices, 2) y and x of the directions' origin in each slice: in front of the canal."""
    z = image.geometry.points_mm(np.stack([np.arange(image.hu.shape[0])] + [np.zeros(image.hu.shape[0])] * 2, axis=-1))[
        :, 2
    ]
    frame = image.frame
    front = frame.centres_mm + _AXIS_IN_FRONT_MM * frame.anterior
    order = np.argsort(front[:, 2], kind="stable")
    return np.stack([np.interp(z, front[order, 2], front[order, axis]) for axis in (1, 0)], axis=-1)


def _polar(image: CoarseImage, axis_mm: FloatArray) -> tuple[FloatArray, np.ndarray]:
    """Distance of each voxel of a slice from its axis, and its direction's number."""
    _, rows, columns = image.hu.shape
    first = image.geometry.lps_from_index[:3, 3]
    y = first[1] + np.arange(rows) * image.spacing_mm - axis_mm[0]
    x = first[0] + np.arange(columns) * image.spacing_mm - axis_mm[1]
    radius = np.hypot(y[:, None], x[None, :])
    turn = np.arctan2(x[None, :], y[:, None]) / (2 * np.pi)  # 0 is posterior, growing to the left
    return radius, np.floor(turn * _DIRECTIONS).astype(int) % _DIRECTIONS


def _hits_mm(ribs: BoolArray, image: CoarseImage, axis_mm: FloatArray) -> FloatArray:
    """(slices, directions) distance to the nearest rib voxel in that direction; nan where there is none."""
    hits = np.full((len(ribs), _DIRECTIONS), np.inf)
    for k in np.flatnonzero(ribs.any(axis=(1, 2))):
        radius, direction = _polar(image, axis_mm[k])
        np.minimum.at(hits[k], direction[ribs[k]], radius[ribs[k]] - image.spacing_mm / 2)
    hits[~np.isfinite(hits)] = np.nan
    return _without_outliers(hits, image.spacing_mm)


def _without_outliers(hits: FloatArray, spacing_mm: float) -> FloatArray:
    """Hits much nearer than the neighbourhood's farthest quarter are dropped."""
    rows, turn = round(2 * _GAP_MM / spacing_mm), 6
    result = hits.copy()
    for k in range(len(hits)):
        window = hits[max(0, k - rows) : k + rows + 1]
        known = np.isfinite(window)
        if not known.any():
            continue
        around = np.stack([np.roll(window, shift, axis=1) for shift in range(-turn, turn + 1, 3)])
        typical = _upper_quartile(around.reshape(-1, _DIRECTIONS))
        result[k, hits[k] < typical - _DEPTH_OUTLIER_MM] = np.nan
    return result


def _upper_quartile(values: FloatArray) -> FloatArray:
    """(n, m) values, nan where unknown. (m,) their 75th percentile as ``numpy.nanpercentile`` has it; nan where none is known."""
    count = np.isfinite(values).sum(axis=0)
    place = 0.75 * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.intp)
    upward = np.sort(values, axis=0)  # nan is sorted last
    columns = np.arange(values.shape[1])
    first, then, share = (
        upward[low, columns],
        upward[np.minimum(low + 1, np.maximum(count - 1, 0)), columns],
        place - low,
    )
    quartile: FloatArray = np.where(share < 0.5, first + (then - first) * share, then - (then - first) * (1.0 - share))
    return quartile


def _surface_mm(hits: FloatArray, image: CoarseImage) -> tuple[FloatArray, BoolArray]:
    """Hits made a surface: interpolated along the body's length, straight on beyond, closed in front by a chord."""
    rows = np.arange(len(hits))
    reach = np.full(hits.shape, np.nan)
    for direction in range(_DIRECTIONS):
        known = np.flatnonzero(np.isfinite(hits[:, direction]))
        if len(known):
            reach[:, direction] = np.interp(rows, known, hits[known, direction])
    known = np.isfinite(hits)
    padded = np.concatenate([known] * 3, axis=1)[:, _DIRECTIONS - 3 : 2 * _DIRECTIONS + 3]
    tall = round(_GAP_MM / image.spacing_mm)
    near = dilated(np.repeat(padded[None], 3, axis=0), 3)[1] if known.any() else padded
    for _ in range(max(0, (tall - 3) // 2)):
        near[1:] |= near[:-1]
        near[:-1] |= near[1:]
    seen = near[:, 3:-3]
    return np.stack([_completed(row) for row in reach]), seen


def _completed(reach: FloatArray) -> FloatArray:
    """One slice's reach with every direction filled: short gaps bridged, wide ones cut off by a chord."""
    known = np.flatnonzero(np.isfinite(reach))
    if len(known) < 2:
        return np.zeros_like(reach)
    result = reach.copy()
    step = float(2 * np.pi / _DIRECTIONS)
    for first, last in zip(known, np.append(known[1:], known[0] + _DIRECTIONS), strict=True):
        if last - first < 2:
            continue
        between = np.arange(first + 1, last)
        result[between % _DIRECTIONS] = _chord(
            reach[first], reach[last % _DIRECTIONS], (between - first) * step, (last - first) * step
        )
    return result


def _chord(start_mm: float, end_mm: float, turn: AnyArray, whole: float) -> FloatArray:
    """Distance to the straight line between two points seen under ``whole`` radians; 0 beyond half a turn."""
    if whole >= np.pi:
        return np.zeros_like(turn)
    area = start_mm * np.sin(turn) + end_mm * np.sin(whole - turn)
    return np.asarray(start_mm * end_mm * np.sin(whole) / np.maximum(area, 1e-6))
