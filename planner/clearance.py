"""The exact room between one needle and each obstacle, as it is reported.

In: a path and an obstacle's voxels. Out: the smallest distance between the path's axis and the voxels as boxes [mm], and
where it is reached, LPS mm; 0 for a path that meets a voxel, or lies wholly within the obstacle: how deep is not told, a path
through a structure is refused, not graded. Sampled every 0.25 mm, then every 0.01 mm where it is smallest: at most 0.125 mm
above the true minimum, and in practice the last hundredths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.geometry import BoolArray, FloatArray, VolumeGeometry

SAMPLE_MM, FINE_SAMPLE_MM = 0.25, 0.01

STATED_BOUND_MM = SAMPLE_MM / 2
"""The most by which a reported distance lies above the true one."""

MEASURED_TO_MM = 24.0
"""Obstacles further away are not listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Closest:
    """The closest approach: distance axis to box, both points, and the depth from the path's first point."""

    distance_mm: float
    on_path_mm: FloatArray
    on_structure_mm: FloatArray
    along_mm: float
    voxel: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Owners:
    """Which obstacle each voxel of a box belongs to; the box starts at ``first`` in a label map's grid."""

    box: npt.NDArray[np.uint8]
    first: tuple[int, int, int]

    def voxels_of(self, obstacle: int, indices: FloatArray) -> FloatArray:
        """(m, 3) voxels of one obstacle that hold any of the points (n, 3), both as indices of the grid; each once."""
        voxels = np.unique(np.floor(indices + 0.5).astype(np.intp), axis=0)
        own = voxels - self.first
        inside = np.flatnonzero(((own >= 0) & (own < self.box.shape)).all(axis=1))
        k, j, i = own[inside].T
        found: FloatArray = voxels[inside[self.box[k, j, i] == obstacle]].astype(np.float64)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The voxels (m, 3) of an obstacle that touch anything else, as indices of ``grid``.

    ``owners`` tells which voxels lie within it, as number ``obstacle``; without them the given voxels are all there are.
    """

    grid: VolumeGeometry
    voxels: FloatArray
    owners: Owners | None = None
    obstacle: int = 0

    def closest(self, start_mm: FloatArray, end_mm: FloatArray, growth: float = 0.0) -> Closest | None:
        """Closest approach of the straight piece from start to end; None beyond ``MEASURED_TO_MM``.

        ``growth`` is what a margin grows by for each mm from the start: then the approach that leaves least beyond it.
        """
        start, end = self._own_mm(start_mm), self._own_mm(end_mm)
        length = float(np.linalg.norm(end - start))
        coarse = np.linspace(0.0, length, max(int(np.ceil(length / SAMPLE_MM)), 1) + 1)
        voxels = self._with_met(start + (end - start) * (coarse / max(length, 1e-9))[:, None])
        if not len(voxels):
            return None
        centres = voxels * self.grid.spacing_mm
        near = self._near(centres, start, end, growth)
        if not near.any():
            return None
        boxes = centres[near]
        best = self._best((start, end), coarse, boxes, length, growth)[0]
        fine = np.clip(best + np.arange(-SAMPLE_MM, SAMPLE_MM + FINE_SAMPLE_MM, FINE_SAMPLE_MM), 0.0, length)
        along, box, distance = self._best((start, end), fine, boxes, length, growth)
        point = start + (end - start) * (along / max(length, 1e-9))
        touch = np.clip(point, boxes[box] - self._half, boxes[box] + self._half)
        return Closest(distance, self._lps(point), self._lps(touch), along, voxels[near][box])

    @property
    def _half(self) -> FloatArray:
        return self.grid.spacing_mm / 2

    def _own_mm(self, point_mm: FloatArray) -> FloatArray:
        """Millimetres along the grid's own axes."""
        return self.grid.indices(point_mm) * self.grid.spacing_mm

    def _lps(self, own_mm: FloatArray) -> FloatArray:
        return self.grid.points_mm(own_mm / self.grid.spacing_mm)

    def _with_met(self, own_mm: FloatArray) -> FloatArray:
        """The surface's voxels and those within that hold a point of the path: a path that never leaves meets no surface."""
        if self.owners is None:
            return self.voxels
        met = self.owners.voxels_of(self.obstacle, own_mm / self.grid.spacing_mm)
        return np.concatenate([self.voxels, met]) if len(met) else self.voxels

    def _near(self, centres: FloatArray, start: FloatArray, end: FloatArray, growth: float) -> BoolArray:
        """Voxels that can hold the closest point: no centre is further than half a diagonal from its box's surface."""
        along = end - start
        share = np.clip((centres - start) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
        distance = np.linalg.norm(centres - start - share[:, None] * along, axis=1)
        grown = growth * float(np.linalg.norm(along))
        limit = min(float(distance.min()), MEASURED_TO_MM) + float(np.linalg.norm(self._half)) + grown
        return np.asarray(distance <= limit)

    def _best(
        self,
        ends: tuple[FloatArray, FloatArray],
        along_mm: FloatArray,
        boxes: FloatArray,
        length: float,
        growth: float,
    ) -> tuple[float, int, float]:
        """Along the path [mm], box and distance [mm] of the pair that leaves least."""
        start, end = ends
        points = start + (end - start) * (along_mm / max(length, 1e-9))[:, None]
        gaps = np.maximum(np.abs(points[:, None, :] - boxes[None, :, :]) - self._half, 0.0)
        squared = np.einsum("abc,abc->ab", gaps, gaps)
        sample = int(np.argmin(np.sqrt(squared.min(axis=1)) - growth * along_mm))
        box = int(np.argmin(squared[sample]))
        return float(along_mm[sample]), box, float(np.sqrt(squared[sample, box]))


def surfaces_in(
    grid: VolumeGeometry, box: npt.NDArray[np.uint8], first: tuple[int, int, int], count: int
) -> tuple[Surface, ...]:
    """Surfaces of the obstacles 0 to ``count - 1``, from their indices on a box of the grid that starts at ``first``."""
    edge = np.ones(box.shape, dtype=bool)
    edge[1:-1, 1:-1, 1:-1] = False
    for axis in range(3):
        lower, upper = ([slice(None)] * 3 for _ in range(2))
        lower[axis], upper[axis] = slice(None, -1), slice(1, None)
        change = box[tuple(lower)] != box[tuple(upper)]
        edge[tuple(lower)] |= change
        edge[tuple(upper)] |= change
    edge &= box < count
    voxels, owners, solid = np.argwhere(edge), box[edge], Owners(box, first)
    return tuple(
        Surface(grid, (voxels[owners == index] + first).astype(np.float64), solid, index) for index in range(count)
    )
