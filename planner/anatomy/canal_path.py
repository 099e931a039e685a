"""The best connected path through scores of every place of every slice, with free ends.

In: how much each place looks like a canal's middle, (k, j, i) on a grid of ``WORK_MM``, caudal to cranial. Out: (n, 3)
indices of the path and (n,) its scores.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy import itk
from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, VolumeGeometry

WORK_MM = 1.5
WORTH = 0.2
"""Score from which a place speaks for a canal; below, a slice costs."""

_SLIDE_COST = 0.03
"""Per mm that the path moves forward or back from slice to slice, in units of the score."""

_LEANING = 3.0
"""How much dearer a move to the left or right is: the sacral canal runs back by up to 60 degrees, a scoliotic one leans by 30 at
most, and a path through a sacral foramen into the marrow of an ala by 45 and more (assumed)."""

_PASSAGE_MM = 20.0
_DOUBTFUL = 0.4
"""Mean score over a passage: a true canal scores above 0.5 over any 20 mm, its discs' slices included."""

_MOST_LEANING = 0.6
"""Sideways by up, over a passage: 31 degrees, as in a severe scoliosis (assumed)."""

_FURTHEST_VOXELS = 2


def unbroken_path(score: Float32Array) -> tuple[FloatArray, FloatArray]:
    """The best path's best stretch without a doubtful passage, gone on with from its ends, straight on.

    A path through a foramen into the marrow of the iliac wing scores well in total but has such a passage.
    """
    first = _best_stretch(*best_path(score))
    return _best_stretch(*best_path(np.where(_straight_on(first[0], score.shape), score, 0.0).astype(np.float32)))


def _best_stretch(path: FloatArray, worth: FloatArray) -> tuple[FloatArray, FloatArray]:
    width = max(1, round(_PASSAGE_MM / WORK_MM))
    padded = np.pad(worth, (width // 2, width - 1 - width // 2), mode="edge")
    running = np.convolve(padded, np.ones(width) / width, mode="valid")
    kept = (running >= _DOUBTFUL) & (_leaning(path, width // 2) <= _MOST_LEANING)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], kept, [0]])))
    stretches = [slice(a, b) for a, b in edges.reshape(-1, 2)]
    best = max(stretches, key=lambda s: float(worth[s].sum()), default=slice(0, 0))
    return path[best], worth[best]


def _leaning(path: FloatArray, half: int) -> FloatArray:
    """(n,) how far the path moves sideways for what it climbs, over ``half`` slices below and above; at its ends over what there is."""
    n = np.arange(len(path))
    low, high = np.maximum(n - half, 0), np.minimum(n + half, len(path) - 1)
    return np.asarray(np.abs(path[high, 2] - path[low, 2]) / np.maximum(high - low, 1))


def _straight_on(path: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    """Where a canal can be that goes through the path: near it, and sideways within a cone beyond its ends."""
    allowed = np.zeros(shape, dtype=bool)
    if not len(path):
        return ~allowed
    columns = np.arange(shape[2])
    ends = path[0, 0], path[-1, 0]
    for k in range(shape[0]):
        beyond = max(0.0, ends[0] - k, k - ends[1])
        middle = np.interp(k, path[:, 0], path[:, 2])
        allowed[k] = np.abs(columns - middle)[None, :] <= 12.0 / WORK_MM + 0.35 * beyond
    return allowed


def best_path(score: Float32Array) -> tuple[FloatArray, FloatArray]:
    """(n, 3) indices of the best path, caudal to cranial, and (n,) its scores.

    One place per slice, neighbours at most two voxels apart; it starts and ends where going on would cost.
    """
    shifts = [
        (dj, di)
        for dj in range(-_FURTHEST_VOXELS, _FURTHEST_VOXELS + 1)
        for di in range(-_FURTHEST_VOXELS, _FURTHEST_VOXELS + 1)
    ]
    box = itk.box_around(score > 0.02, VolumeGeometry.from_spacing(score.shape, (1, 1, 1)))
    gain = score[box] - WORTH
    total = np.empty(gain.shape, dtype=np.float32)
    came = np.full(gain.shape, -1, dtype=np.int8)
    total[0] = gain[0]
    edged = np.pad(total[0], _FURTHEST_VOXELS, constant_values=-1e6)  # beyond the edge: worthless
    for k in range(1, len(gain)):
        edged[_FURTHEST_VOXELS:-_FURTHEST_VOXELS, _FURTHEST_VOXELS:-_FURTHEST_VOXELS] = total[k - 1]
        best = np.zeros(gain.shape[1:], dtype=np.float32)
        for number, (dj, di) in enumerate(shifts):
            reached = _moved(edged, dj, di) - _SLIDE_COST * WORK_MM * float(np.hypot(dj, _LEANING * di))
            better = reached > best
            np.copyto(best, reached, where=better)
            np.copyto(came[k], number, where=better)
        total[k] = gain[k] + best
    return _walk_back(total, came, shifts, gain, box)


def _moved(edged: Float32Array, dj: int, di: int) -> Float32Array:
    """``result[j, i] = plane[j - dj, i - di]`` of a plane with two voxels of edge around it."""
    f = _FURTHEST_VOXELS
    return edged[f - dj : edged.shape[0] - f - dj, f - di : edged.shape[1] - f - di]


def _walk_back(
    total: Float32Array,
    came: AnyArray,
    shifts: list[tuple[int, int]],
    gain: Float32Array,
    box: tuple[slice, slice, slice],
) -> tuple[FloatArray, FloatArray]:
    k, j, i = (int(x) for x in np.unravel_index(int(np.argmax(total)), total.shape))
    path = [(k, j, i)]
    while came[k, j, i] >= 0:
        dj, di = shifts[int(came[k, j, i])]
        k, j, i = k - 1, j - dj, i - di
        path.append((k, j, i))
    places = np.array(path[::-1])
    worth = gain[tuple(places.T)] + WORTH
    return places + np.array([s.start for s in box], dtype=np.float64), worth.astype(np.float64)
