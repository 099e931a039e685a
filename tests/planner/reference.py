"""The slow, obvious reference for distances: voxels as boxes, points of a path a tenth of a millimetre apart."""

from dataclasses import dataclass

import numpy as np

from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.obstacles import Obstacle
from planner.volume import LabelMap

STEP_MM = 0.1


@dataclass(frozen=True)
class Solid:
    """One structure's voxels on a grid."""

    grid: VolumeGeometry
    mask: BoolArray

    @classmethod
    def of(cls, labels: LabelMap, obstacle: Obstacle, points_mm: FloatArray, pad_mm: float) -> "Solid":
        """An obstacle's voxels in the box around points."""
        indices, pad = labels.geometry.indices(points_mm), pad_mm / labels.geometry.spacing_mm
        low = np.maximum(np.floor(indices.min(axis=0) - pad), 0).astype(int)
        high = np.minimum(np.ceil(indices.max(axis=0) + pad).astype(int) + 1, labels.geometry.shape)
        mask = obstacle.mask(labels.labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))])
        return cls(labels.geometry.cropped(tuple(low.tolist()), mask.shape), mask)


def reference_mm(solid: Solid, starts_mm: FloatArray, ends_mm: FloatArray, within_mm: FloatArray) -> FloatArray:
    """(n,) least distance of points every ``STEP_MM`` of each path to any marked voxel as a box, cut off at ``within_mm`` (n,).

    Independent of fields, surfaces and sweeps: all marked voxels that can lie within that distance of the path, and nothing
    else, are measured at all points of the path that can be nearest to one of them.
    """
    ends = zip(solid.grid.indices(starts_mm), solid.grid.indices(ends_mm), within_mm.tolist(), strict=True)
    return np.array([_one_mm(solid, *end) for end in ends])


def _one_mm(solid: Solid, start: FloatArray, end: FloatArray, within_mm: float) -> float:
    spacing = solid.grid.spacing_mm
    centres, half = _marked_near(solid, start, end, within_mm) * spacing, float(np.linalg.norm(spacing) / 2)
    begin, along = start * spacing, (end - start) * spacing
    length = float(np.linalg.norm(along))
    share = np.clip((centres - begin) @ along / length**2, 0.0, 1.0)
    away = np.linalg.norm(centres - begin - share[:, None] * along, axis=1)
    can = away - half <= within_mm
    if not can.any():
        return within_mm
    window = (
        np.sqrt(2 * half * away[can] + half**2) + STEP_MM
    )  # further along, the whole box is further away than its centre here
    place = np.linspace(0.0, length, int(np.ceil(length / STEP_MM)) + 1)
    first, last = (share[can] * length - window).min(), (share[can] * length + window).max()
    points = begin + (place[(place >= first) & (place <= last)] / length)[:, None] * along
    gaps = np.maximum(np.abs(points[:, None] - centres[can][None]) - spacing / 2, 0.0)
    return min(within_mm, float(np.sqrt(np.einsum("abc,abc->ab", gaps, gaps).min())))


def _marked_near(solid: Solid, start: FloatArray, end: FloatArray, within_mm: float) -> FloatArray:
    """(m, 3) marked voxels in the box around the path that holds every one within a distance."""
    pad, ends = within_mm / solid.grid.spacing_mm + 1.0, np.stack([start, end])
    low = np.maximum(np.floor(ends.min(axis=0) - pad), 0).astype(int)
    high = np.maximum(np.ceil(ends.max(axis=0) + pad).astype(int) + 1, low)
    return np.argwhere(solid.mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]) + low.astype(float)
