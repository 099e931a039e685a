"""The brightest and the darkest value around each voxel: morphology of grey values over boxes.

In: a (k, j, i) float array and half of the box in voxels along each axis. Out: a new array. Done in blocks that stay in a core's own
memory, on two cores.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import Float32Array
from planner.side_by_side import side_by_side

_TOGETHER = 8
"""Rows or slices of a block."""


def opened(array: Float32Array, half: list[int]) -> Float32Array:
    """Without bright parts thinner than the box; what the array's edge cuts may go on beyond it."""
    padded = np.pad(array, [(n, n) for n in half], constant_values=np.inf)
    _running(np.minimum, padded, half)
    _running(np.maximum, padded, half)
    return np.ascontiguousarray(padded[tuple(slice(n, -n) for n in half)])


def dilated(array: Float32Array, half: list[int]) -> Float32Array:
    """The largest value in the box."""
    brightest = array.copy()
    _running(np.maximum, brightest, half)
    return brightest


def _running(extreme: np.ufunc, array: Float32Array, half: list[int]) -> None:
    """Put the extreme over a box of ``2 half + 1`` voxels in place of each value, at the edge over what there is."""

    def along(block: tuple[slice, slice], axes: tuple[int, ...]) -> None:
        result = array[block]
        for axis in axes:
            for way in (1, -1):
                result = _over_next(extreme, result, axis, half[axis], way)
        array[block] = result

    slices, rows = array.shape[:2]
    side_by_side(lambda j: along((slice(None), slice(j, j + _TOGETHER)), (0,)), range(0, rows, _TOGETHER))
    side_by_side(lambda k: along((slice(k, k + _TOGETHER), slice(None)), (1, 2)), range(0, slices, _TOGETHER))


def _over_next(extreme: np.ufunc, array: Float32Array, axis: int, steps: int, way: int) -> Float32Array:
    """The extreme of each voxel and the ``steps`` after it (way 1) or before it (way -1) along one axis; doubled."""
    result, spare, covered = array, np.empty_like(array), 0
    while covered < steps:
        more = min(covered + 1, steps - covered)
        here, there, rest = [slice(None)] * 3, [slice(None)] * 3, [slice(None)] * 3
        here[axis], there[axis] = (slice(None, -more), slice(more, None))[::way]
        rest[axis] = slice(-more, None) if way == 1 else slice(None, more)
        extreme(result[tuple(here)], result[tuple(there)], out=spare[tuple(here)])
        spare[tuple(rest)] = result[tuple(rest)]
        result, spare = spare, np.empty_like(array) if result is array else result
        covered += more
    return result
