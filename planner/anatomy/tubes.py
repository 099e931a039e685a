"""Blood vessels as tubes: a track of circles through axial slices, then the true outline around it.

In: HU on a coarse grid laid along the canal. Out: ``Tube``: centre and outline per axial slice. All lengths are mm.

A tube's cross-section is even inside and differs from what surrounds it, whichever is brighter. Tracking is a dynamic
programme over (slice, y, x, radius), so that a slice without contrast is carried by its neighbours; ends are free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.anatomy.coarse import CoarseImage
from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray
from planner.volume import linear

COUNTS_SCORE = 0.42
"""A slice counts for a vessel when it scores more: a circle with three fifths of its rim seen, evenly filled at 0.7."""

_RIM_STEP_MM = 2.5
"""Beyond the outline: the wall (2 mm) is passed."""

_EDGE_HU = 60.0
"""A rim that differs by this much is a whole edge: half the step from blood (40 HU) to fat (-90 HU).
With contrast it is half the step from the lumen to -60 HU: a smaller one is the blur of a rim that lies further out."""

UNEVEN_HU = 14.0
"""Spread inside a vessel beyond the noise that halves its score: mixing of contrast, not mixing of tissues."""

_LEAST_HU, _MOST_HU = 12.0, 700.0
"""Blood on CT: anaemic and plain above 25 HU, an arterial phase below 600 HU, each with its noise."""

_STEP_PENALTY = 0.06
_RADIUS_PENALTY = 0.08
"""Cost of moving by a voxel, and of changing the radius by a step, in units of the score (0..1)."""

ANGLES = 36


@dataclass(frozen=True, slots=True, eq=False)
class TrackGrid:
    """HU in axial slices whose origin follows the canal: (slices, v, u) at ``step_mm``.

    ``origin_mm`` (slices, 2) is x, y of the canal; ``left`` and ``front`` (slices, 2) are unit vectors in the slice.
    """

    hu: Float32Array
    z_mm: FloatArray
    origin_mm: FloatArray
    left: FloatArray
    front: FloatArray
    first_u_mm: float
    first_v_mm: float
    step_mm: float

    @property
    def u_mm(self) -> FloatArray:
        """(columns,) millimetres to the patient's left of the canal."""
        return np.asarray(self.first_u_mm + self.step_mm * np.arange(self.hu.shape[2]), dtype=np.float64)

    @property
    def v_mm(self) -> FloatArray:
        """(rows,) millimetres in front of the canal."""
        return np.asarray(self.first_v_mm + self.step_mm * np.arange(self.hu.shape[1]), dtype=np.float64)

    def points_mm(self, row: AnyArray, v_mm: FloatArray, u_mm: FloatArray) -> FloatArray:
        """(..., 3) LPS points at v, u in the slices ``row`` (whole numbers)."""
        k = np.asarray(row, dtype=np.intp)
        flat = self.origin_mm[k] + u_mm[..., None] * self.left[k] + v_mm[..., None] * self.front[k]
        return np.concatenate([flat, self.z_mm[k][..., None]], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One tube's circles in consecutive slices from ``first``: centre v, u, radius [mm], and score 0..1."""

    first: int
    v_mm: FloatArray
    u_mm: FloatArray
    radius_mm: FloatArray
    score: FloatArray

    @property
    def rows(self) -> npt.NDArray[np.intp]:
        """The slices it passes."""
        return self.first + np.arange(len(self.v_mm))

    def between(self, start: int, stop: int) -> Track:
        """The part in slices start <= k < stop."""
        a, b = max(0, start - self.first), max(0, stop - self.first)
        return Track(self.first + a, self.v_mm[a:b], self.u_mm[a:b], self.radius_mm[a:b], self.score[a:b])


def track_grid(image: CoarseImage, u_mm: tuple[float, float], v_mm: tuple[float, float]) -> TrackGrid:
    """The coarse image in slices that follow the canal; beyond its ends the origin stays where it was."""
    frame, step = image.frame, image.spacing_mm
    z = image.geometry.lps_from_index[2, 3] + step * np.arange(image.hu.shape[0])
    order = np.argsort(frame.centres_mm[:, 2], kind="stable")
    steep = frame.cranial[order, 2] < _STEEP_COSINE
    usable = order[~steep] if (~steep).sum() > 10 else order

    def along(rows: FloatArray) -> FloatArray:
        return np.stack([np.interp(z, frame.centres_mm[usable, 2], rows[usable, axis]) for axis in (0, 1)], axis=-1)

    left = along(frame.left)
    left = left / np.linalg.norm(left, axis=1, keepdims=True)
    front = np.stack([left[:, 1], -left[:, 0]], axis=-1)
    u = np.arange(u_mm[0], u_mm[1] + step / 2, step)
    v = np.arange(v_mm[0], v_mm[1] + step / 2, step)
    grid = TrackGrid(np.empty((0, 0, 0), np.float32), z, along(frame.centres_mm), left, front, u[0], v[0], step)
    rows, vs, us = np.meshgrid(np.arange(len(z)), v, u, indexing="ij")
    indices = image.geometry.indices(grid.points_mm(rows, vs, us))
    hu = linear(image.hu, indices, -1024.0).astype(np.float32)
    return TrackGrid(hu, z, grid.origin_mm, left, front, float(u[0]), float(v[0]), step)


_STEEP_COSINE = 0.75
"""Below 41 degrees to the axial plane's normal the canal (sacrum) no longer says where the vessels are."""


def circle_scores(
    grid: TrackGrid, radii_mm: FloatArray, noise_hu: float, flatness: float = 1.0, uneven_hu: float = UNEVEN_HU
) -> Float32Array:
    """(radii, slices, rows, columns) how much a circle there looks like a vessel, 0..1.

    ``flatness`` other than 1 makes ellipses of the same area: height to width, below 1 as a cava that is not full.
    """
    widest = float(radii_mm.max()) * np.sqrt(max(flatness, 1.0 / flatness)) + _RIM_STEP_MM
    margin = int(np.ceil(widest / grid.step_mm)) + 1
    padded = np.pad(np.clip(grid.hu, -200.0, 1000.0), ((0, 0), (margin, margin), (margin, margin)), mode="edge")
    scores = np.empty((len(radii_mm), *grid.hu.shape), dtype=np.float32)
    for first in range(0, len(padded), _TOGETHER):
        part = padded[first : first + _TOGETHER]
        look = _Look(part, part * part, margin, grid.step_mm, flatness, uneven_hu)
        for n, radius in enumerate(radii_mm):
            scores[n, first : first + _TOGETHER] = _circle_score(look, float(radius), noise_hu)
    return scores


_TOGETHER = 12
"""Slices that are scored together: what they need stays in a core's own memory."""


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """The padded image and its squares, and views of them as seen from places on an ellipse."""

    padded: Float32Array
    squared: Float32Array
    margin: int
    step_mm: float
    flatness: float
    uneven_hu: float

    def at(self, distance_mm: float, angle: float, beyond_mm: float = 0.0) -> Float32Array:
        """A view shifted to the ellipse's rim, ``beyond_mm`` further out."""
        return self.padded[self.window(distance_mm, angle, beyond_mm)]

    def window(self, distance_mm: float, angle: float, beyond_mm: float = 0.0) -> tuple[slice, slice, slice]:
        """Where ``at`` looks."""
        high = distance_mm * np.sqrt(self.flatness) + beyond_mm
        wide = distance_mm / np.sqrt(self.flatness) + beyond_mm
        row = self.margin + round(high * np.cos(angle) / self.step_mm)
        column = self.margin + round(wide * np.sin(angle) / self.step_mm)
        rows, columns = (n - 2 * self.margin for n in self.padded.shape[1:])
        return slice(None), slice(row, row + rows), slice(column, column + columns)


def _circle_score(look: _Look, radius_mm: float, noise_hu: float) -> Float32Array:
    mean, spread = _inside(look, radius_mm)
    edge, step = np.zeros_like(mean), np.empty_like(mean)
    whole = np.maximum(_EDGE_HU, 0.5 * (mean + _EDGE_HU)).astype(np.float32)
    for angle in np.arange(_RIM_POINTS) * 2 * np.pi / _RIM_POINTS:
        np.abs(np.subtract(look.at(radius_mm, angle, _RIM_STEP_MM), mean, out=step), out=step)
        edge += np.minimum(np.divide(step, whole, out=step), np.float32(1.0), out=step)
    uneven = np.maximum(spread - np.float32(noise_hu), 0.0) / np.float32(look.uneven_hu)
    blood = (mean > _LEAST_HU) & (mean < _MOST_HU)
    return np.asarray(edge / np.float32(_RIM_POINTS) * np.exp2(-uneven * uneven) * blood, dtype=np.float32)


_RIM_POINTS = 12


def _inside(look: _Look, radius_mm: float) -> tuple[Float32Array, Float32Array]:
    """Mean and spread over the centre and two rings inside the circle."""
    samples = [(0.0, 0.0)]
    samples += [(0.45 * radius_mm, angle) for angle in np.arange(5) * 2 * np.pi / 5]
    samples += [(max(radius_mm - 1.5, 0.5 * radius_mm), angle) for angle in np.arange(9) * 2 * np.pi / 9]
    total = np.zeros_like(look.at(0.0, 0.0))
    square = np.zeros_like(total)
    for distance, angle in samples:
        window = look.window(distance, angle)
        total += look.padded[window]
        square += look.squared[window]
    mean = np.asarray(total / np.float32(len(samples)), dtype=np.float32)
    variance = np.maximum(square / np.float32(len(samples)) - mean * mean, 0.0)
    return mean, np.asarray(np.sqrt(variance), dtype=np.float32)


def best_track(
    grid: TrackGrid,
    scores: Float32Array,
    radii_mm: FloatArray,
    threshold: float | FloatArray,
    goal: BoolArray | None = None,
) -> Track | None:
    """The sequence of circles with the largest sum of (score - threshold); None where no sum is positive.

    ``threshold`` is one number, or one for each slice.

    With ``goal`` (slices, rows, columns) the track comes from below and ends where its centre first meets the goal.
    """
    gain = scores - np.asarray(threshold, dtype=np.float32).reshape(1, -1, 1, 1)
    shape = (gain.shape[1], gain.shape[0], gain.shape[2], gain.shape[3])
    total, started = np.empty(shape, dtype=np.float32), np.zeros(shape, dtype=bool)
    moves = np.zeros((shape[0], 3, *shape[1:]), dtype=np.int8)
    total[0], started[0] = gain[:, 0], True
    for k in range(1, shape[0]):
        before = total[k - 1] if goal is None else np.where(goal[k - 1][None], np.float32(-1e6), total[k - 1])
        reached, moves[k] = _stepped(before)
        started[k] = reached <= 0
        total[k] = np.maximum(reached, 0.0) + gain[:, k]
    if goal is not None:
        total = np.where(goal[:, None] & ~started, total, np.float32(-1e6))
    last = int(total.reshape(shape[0], -1).max(axis=1).argmax())
    return _traced(grid, scores, radii_mm, (total, moves, started), last)


def _stepped(before: Float32Array) -> tuple[Float32Array, npt.NDArray[np.int8]]:
    """Best predecessor of each (radius, v, u) among neighbours along each axis, and the moves to it."""
    moves = np.zeros((3, *before.shape), dtype=np.int8)
    value = before
    for axis, penalty in ((0, _RADIUS_PENALTY), (1, _STEP_PENALTY), (2, _STEP_PENALTY)):
        best, lowered = value.copy(), value - penalty
        for shift in (-1, 1):
            source: list[slice] = [slice(None)] * 3
            sink: list[slice] = [slice(None)] * 3
            source[axis], sink[axis] = (
                (slice(None, -1), slice(1, None)) if shift < 0 else (slice(1, None), slice(None, -1))
            )
            moved, here, steps = lowered[tuple(source)], best[tuple(sink)], moves[axis][tuple(sink)]
            better = (moved > here).view(np.int8)
            np.maximum(here, moved, out=here)
            steps &= better - np.int8(1)  # 0 where it is better, else as it was
            steps |= shift * better
        value = best
    return value, moves


def _traced(
    grid: TrackGrid,
    scores: Float32Array,
    radii_mm: FloatArray,
    table: tuple[Float32Array, npt.NDArray[np.int8], BoolArray],
    last: int,
) -> Track | None:
    total, moves, started = table
    r, v, u = np.unravel_index(int(total[last].argmax()), total[last].shape)
    if total[last][r, v, u] <= 0:
        return None
    states = []
    k = last
    while True:
        states.append((r, v, u, scores[r, k, v, u]))
        if started[k][r, v, u]:
            break
        move = moves[k]
        u = u + move[2][r, v, u]
        v = v + move[1][r, v, u]
        r = r + move[0][r, v, u]
        k -= 1
    rows = np.array(states[::-1], dtype=np.float64)
    index = rows[:, :3].astype(np.intp)
    return Track(k, grid.v_mm[index[:, 1]], grid.u_mm[index[:, 2]], radii_mm[index[:, 0]], rows[:, 3])
