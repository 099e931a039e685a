"""Values of one grid on another along the same axes: axis by axis, a slice at a time, many times cheaper than voxel by voxel.

In: a (k, j, i) array, its geometry and a grid whose axes run the same way. Out: the array on that grid. ``itk`` asks first whether two
grids are aligned; an oblique pair is resampled there. A grid holds what lies up to half a voxel beyond its outer centres.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, IntArray, VolumeGeometry
from planner.side_by_side import side_by_side
from planner.volume import Volume

_PARALLEL = 1e-6
"""Of a cosine from 1: a tenth of a voxel over 100 000."""

_HALF, _LAST_DIGIT = np.float32(0.5 - 1e-5), 1e-6
"""A border that runs exactly through a voxel's centre belongs to the mask, and a place half-way between two voxels to the second:
everywhere, whatever the last digit of the sum. Two grids of 2 and 3 mm have many such places."""


def are_aligned(one: VolumeGeometry, other: VolumeGeometry) -> bool:
    """Both grids' axes run the same way, in the same order."""
    return bool((np.sum(one.axes * other.axes, axis=0) > 1.0 - _PARALLEL).all())


def places(source: VolumeGeometry, grid: VolumeGeometry) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where the grid's slices, rows and columns lie in the source [voxels]."""
    k, j, i = (_along_axis(source, grid, axis) for axis in range(3))
    return k, j, i


def _along_axis(source: VolumeGeometry, grid: VolumeGeometry, axis: int) -> FloatArray:
    index = np.zeros((grid.shape[axis], 3))
    index[:, axis] = np.arange(grid.shape[axis])
    at: FloatArray = source.indices(grid.points_mm(index))[:, axis]
    return at


def nearest(array: AnyArray, source: VolumeGeometry, grid: VolumeGeometry) -> AnyArray:
    """The nearest voxel's value; 0 beyond the source and the half voxel around it."""
    out = np.empty(grid.shape, dtype=array.dtype)
    for k, plane in enumerate(nearest_slices(array, source, grid)):
        out[k] = plane
    return out


def nearest_slices(array: AnyArray, source: VolumeGeometry, grid: VolumeGeometry) -> Iterator[AnyArray]:
    """``nearest``, one slice after the other; slices that see the same source slice are the same array."""
    at = [_nearest_index(along, n) for along, n in zip(places(source, grid), array.shape, strict=True)]
    inside = [along >= 0 for along in at]
    beyond = ~(inside[1][:, None] & inside[2][None, :])
    last, plane = -2, np.zeros(grid.shape[1:], dtype=array.dtype)
    for k in at[0].tolist():
        if k != last:
            plane = np.take(np.take(array[k], at[1], axis=0), at[2], axis=1) if k >= 0 else np.zeros_like(plane)
            if beyond.any():
                plane[beyond] = 0
            last = k
        yield plane


def each_nearest_slice(
    work: Callable[[int, AnyArray], None], array: AnyArray, source: VolumeGeometry, grid: VolumeGeometry
) -> None:
    """``work`` with the number of each slice of the grid and what ``nearest_slices`` has there, two stretches side by side."""

    def stretch(rows: slice) -> None:
        first = (rows.start, 0, 0)
        part = grid.cropped(first, (rows.stop - rows.start, grid.shape[1], grid.shape[2]))
        for k, plane in enumerate(nearest_slices(array, source, part), start=rows.start):
            work(k, plane)

    half = grid.shape[0] // 2
    side_by_side(stretch, [rows for rows in (slice(0, half), slice(half, grid.shape[0])) if rows.stop > rows.start])


def _nearest_index(at: FloatArray, count: int) -> IntArray:
    """-1 beyond; what lies within half a voxel beyond the outer voxel's own half sees the outer voxel."""
    whole = np.floor(at + 0.5 + _LAST_DIGIT).astype(np.intp)
    seen = (at >= -1.5) & (at < count + 0.5)
    return np.asarray(np.where(seen, np.clip(whole, 0, count - 1), -1))


@dataclass(frozen=True, slots=True)
class _Between:
    """The two neighbours of each place along one axis, and the share of the second; share 0 and ``seen`` False beyond."""

    low: IntArray
    high: IntArray
    share: Float32Array
    seen: BoolArray

    @classmethod
    def of(cls, at: FloatArray, count: int, beyond: float) -> _Between:
        """Places up to ``beyond`` voxels outside the outer centres see the outer voxel."""
        held = np.clip(at, 0.0, count - 1.0)
        low = np.minimum(held.astype(np.intp), max(count - 2, 0))
        seen = (at >= -beyond) & (at < count - 1.0 + beyond)
        return cls(low, np.minimum(low + 1, count - 1), (held - low).astype(np.float32), seen)

    def across(self, array: Float32Array, axis: int) -> Float32Array:
        """The array interpolated along one axis."""
        shape = [1] * array.ndim
        shape[axis] = -1
        share, seen = self.share.reshape(shape), self.seen.reshape(shape).astype(np.float32)
        values = np.take(array, self.low, axis)
        values *= seen * (1.0 - share)
        values += np.take(array, self.high, axis) * (seen * share)
        return values


def at_least_half(share: Float32Array, source: VolumeGeometry, grid: VolumeGeometry, beyond: float) -> BoolArray:
    """Where the linear interpolation of values of 0 to 1 is a half or more; 0 more than ``beyond`` voxels outside."""
    k, j, i = (_Between.of(at, n, beyond) for at, n in zip(places(source, grid), share.shape, strict=True))
    held: BoolArray = np.asarray(share.any(axis=(1, 2)))
    inside = np.zeros(grid.shape, dtype=bool)
    planes = dict[int, Float32Array]()
    other = np.empty(grid.shape[1:], dtype=np.float32)
    for n in np.flatnonzero(k.seen & (held[k.low] | held[k.high])).tolist():
        low, high = int(k.low[n]), int(k.high[n])
        planes = {m: planes[m] if m in planes else j.across(i.across(share[m], 1), 0) for m in (low, high)}
        mixed = planes[low] * (np.float32(1.0) - k.share[n])
        mixed += np.multiply(planes[high], k.share[n], out=other)
        np.greater_equal(mixed, _HALF, out=inside[n])
    return inside


def linear(array: Float32Array, source: VolumeGeometry, grid: VolumeGeometry, beyond: float) -> Float32Array:
    """The linear interpolation; 0 more than ``beyond`` voxels outside the outer centres."""
    values = array
    for axis, (at, n) in enumerate(zip(places(source, grid), array.shape, strict=True)):
        values = _Between.of(at, n, beyond).across(values, axis)
    return values


def shrunk(mask: BoolArray, geometry: VolumeGeometry, factors: IntArray) -> tuple[Float32Array, VolumeGeometry]:
    """How much of each block of ``factors`` voxels is in the mask, and the blocks' grid; what is left over at the end is dropped."""
    count, blocks = counted(mask, geometry, factors)
    return count.astype(np.float32) * np.float32(1.0 / float(np.prod(factors))), blocks


def counted(mask: BoolArray, geometry: VolumeGeometry, factors: IntArray) -> tuple[AnyArray, VolumeGeometry]:
    """How many voxels of each block of ``factors`` are in the mask, and the blocks' grid."""
    wide = np.uint8 if int(np.prod(factors)) <= np.iinfo(np.uint8).max else np.uint16
    count = np.empty(_blocks(mask.shape, factors), dtype=wide)

    def shrink(n: int) -> None:
        planes = mask[n * factors[0] : (n + 1) * factors[0]].view(np.uint8)
        count[n] = _summed(planes[0] if len(planes) == 1 else planes.sum(axis=0, dtype=wide), factors[1:], wide)

    side_by_side(shrink, range(len(count)))
    return count, _block_grid(geometry, count.shape, factors)


def shrunk_hu(volume: Volume, factors: IntArray, least: int) -> tuple[Float32Array, VolumeGeometry]:
    """Mean of each block of voxels, what is below ``least`` counted as that, rounded to whole HU; and the blocks' grid."""
    mean = np.empty(_blocks(volume.voxels.shape, factors), dtype=np.float32)

    def shrink(n: int) -> None:
        planes = np.maximum(volume.voxels[n * factors[0] : (n + 1) * factors[0]], least)
        total = planes[0] if len(planes) == 1 else planes.sum(axis=0, dtype=np.int32)
        mean[n] = np.floor(_summed(total, factors[1:], np.int32) / float(np.prod(factors)) + 0.5)

    side_by_side(shrink, range(len(mean)))
    return mean, _block_grid(volume.geometry, mean.shape, factors)


def _blocks(shape: tuple[int, ...], factors: IntArray) -> tuple[int, int, int]:
    k, j, i = (n // int(factor) for n, factor in zip(shape, factors, strict=True))
    return k, j, i


def _block_grid(geometry: VolumeGeometry, shape: tuple[int, ...], factors: IntArray) -> VolumeGeometry:
    k, j, i = shape
    matrix = geometry.lps_from_index.copy()
    matrix[:3, 3] = geometry.points_mm((factors - 1) / 2.0)
    matrix[:3, :3] = matrix[:3, :3] * factors
    return VolumeGeometry(matrix, (k, j, i), geometry.frame_of_reference_uid)


def _summed(plane: AnyArray, factors: IntArray, wide: npt.DTypeLike) -> AnyArray:
    """Sums over blocks of rows and columns."""
    rows, columns = (n // int(factor) for n, factor in zip(plane.shape, factors, strict=True))
    total = plane[: rows * factors[0] : factors[0]].astype(wide)
    for row in range(1, int(factors[0])):
        total += plane[row : rows * factors[0] : factors[0]]
    across = total[:, : columns * factors[1] : factors[1]].copy()
    for column in range(1, int(factors[1])):
        across += total[:, column : columns * factors[1] : factors[1]]
    return across
