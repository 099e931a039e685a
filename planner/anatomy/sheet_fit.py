"""Thin sheets of voxels: joined across holes, and held against their own smooth surface.

In: indices or points of a sheet with normals and weights. Out: a mask, or distances in mm. Nothing here knows of joints.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import BoolArray, FloatArray, IntArray

OFF_SURFACE_MM = 1.5
"""Residual at which a point no longer counts for a surface (Tukey's biweight)."""


def near_voxels(where: IntArray, shape: tuple[int, ...]) -> BoolArray:
    """The voxels and their face neighbours: holes of a voxel do not part a sheet."""
    mask = np.zeros(shape, dtype=bool)
    for axis in range(3):
        for step in (-1, 0, 1):
            index = where.copy()
            index[:, axis] = np.clip(index[:, axis] + step, 0, shape[axis] - 1)
            mask[tuple(index.T)] = True
    return mask


def off_surface_mm(points: FloatArray, normals: FloatArray, weight: FloatArray) -> FloatArray:
    """(n,) distance from the quadratic surface through the points, each weighted (Tukey's biweight)."""
    spread = (normals * weight[:, None]).T @ normals
    axes = np.linalg.eigh(spread)[1]
    local = (points - np.average(points, axis=0, weights=weight)) @ axes
    a, b, height = local[:, 0] / 8.0, local[:, 1] / 8.0, local[:, 2]
    terms = np.stack([np.ones_like(a), a, b, a * a, a * b, b * b], axis=1)
    off: FloatArray = height - np.average(height, weights=weight)
    for reach in (3.0, 2.0, OFF_SURFACE_MM, OFF_SURFACE_MM):
        vote = np.sqrt(weight * np.clip(1.0 - (off / (2.0 * reach)) ** 2, 0.0, 1.0) + 1e-6 * weight.max())[:, None]
        fit = np.linalg.lstsq(
            np.concatenate([terms * vote, 0.5 * np.eye(6)[3:] * vote.max()]),
            np.concatenate([height * vote[:, 0], np.zeros(3)]),
            rcond=None,
        )[0]
        off = np.asarray(height - terms @ fit)
    return off
