"""A Gaussian over a volume, plane by plane: what one plane needs stays in a core's own memory.

In: a (k, j, i) array and the spread along each axis in voxels. Out: float32. The kernel is ITK's discrete Gaussian, which does not
over-smooth where voxels are larger than the spread; beyond the image its edge goes on.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import SimpleITK as sitk  # noqa: N813

from planner.geometry import AnyArray, Float32Array, FloatArray

_WIDEST, _LEFT_OUT = 32, 0.01
"""Voxels of a kernel, and what of the Gaussian's area may lie outside it."""


def smoothed(array: AnyArray, sigma_voxels: FloatArray) -> Float32Array:
    """The array after a Gaussian of ``sigma_voxels`` (3,) along k, j and i."""
    along_k, *in_plane = (_half_kernel(float(sigma) ** 2) for sigma in sigma_voxels)
    last = len(array) - 1
    out = np.empty(array.shape, dtype=np.float32)
    planes = dict[int, Float32Array]()
    for n in range(len(array)):
        near = [min(max(n + d, 0), last) for d in range(1 - len(along_k), len(along_k))]
        planes = {k: planes[k] if k in planes else array[k].astype(np.float32) for k in near}
        middle = len(along_k) - 1
        mean = planes[n] * along_k[0]
        for d in range(1, len(along_k)):
            mean += (planes[near[middle - d]] + planes[near[middle + d]]) * along_k[d]
        out[n] = _along_rows(_along_rows(mean, in_plane[0], 0), in_plane[1], 1)
    return out


def _along_rows(plane: Float32Array, kernel: Float32Array, axis: int) -> Float32Array:
    """The plane convolved along one of its axes."""
    reach = len(kernel) - 1
    if not reach:
        return plane
    room = [(0, 0), (0, 0)]
    room[axis] = (reach, reach)
    padded = np.pad(plane, room, mode="edge")
    mean: Float32Array = plane * kernel[0]
    for d in range(1, reach + 1):
        before, after = [slice(None)] * 2, [slice(None)] * 2
        before[axis] = slice(reach - d, reach - d + plane.shape[axis])
        after[axis] = slice(reach + d, reach + d + plane.shape[axis])
        mean += (padded[tuple(before)] + padded[tuple(after)]) * kernel[d]
    return mean


@cache
def _half_kernel(variance: float) -> Float32Array:
    """(n,) the middle of ITK's kernel and what lies to one side of it, as an impulse shows it."""
    line = np.zeros((1, 1, 4 * _WIDEST + 1), dtype=np.float32)
    line[0, 0, 2 * _WIDEST] = 1.0
    image = sitk.DiscreteGaussian(sitk.GetImageFromArray(line), variance, _WIDEST, _LEFT_OUT, False)
    side = sitk.GetArrayFromImage(image)[0, 0, 2 * _WIDEST :]
    return np.asarray(side[: np.flatnonzero(side)[-1] + 1], dtype=np.float32)
