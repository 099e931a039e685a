"""The earlier scan on today's grid, each place by the vertebrae next to it: to be looked at beside today's.

In: a ``Registration``, the earlier volume, today's grid. Out: a volume on that grid. Nothing is measured on it.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.registration.landmarks import Landmark
from planner.anatomy.registration.register import Registration
from planner.geometry import FloatArray, VolumeGeometry
from planner.volume import Volume


def earlier_at(
    registration: Registration, today: tuple[Landmark, ...], earlier: Volume, points_mm: FloatArray
) -> FloatArray:
    """(...) the earlier scan's values at (..., 3) of today; between two vertebrae both, by how near each is along z."""
    fits = {fit.level: fit.today_from_earlier.inverse for fit in registration.levels if fit.is_usable}
    marks = sorted((mark for mark in today if mark.level in fits), key=lambda mark: mark.body_mm[2])
    heights = np.array([mark.body_mm[2] for mark in marks])
    place = np.interp(points_mm[..., 2], heights, np.arange(len(marks), dtype=np.float64))
    moved = sum(
        (
            np.clip(1.0 - np.abs(place - n), 0.0, None)[..., None] * fits[mark.level].of(points_mm)
            for n, mark in enumerate(marks)
        ),
        start=np.zeros(points_mm.shape),
    )
    return earlier.linear(moved, outside=float(earlier.voxels.min()))


def on_todays_grid(
    registration: Registration, today: tuple[Landmark, ...], earlier: Volume, grid: VolumeGeometry
) -> Volume:
    """The whole earlier scan on another grid, slice by slice."""
    rows = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape[1:]), indexing="ij"), axis=-1)
    voxels = np.empty(grid.shape, dtype=np.int16)
    for k in range(grid.shape[0]):
        points = grid.points_mm(np.concatenate([np.full((*rows.shape[:2], 1), k), rows], axis=-1))
        voxels[k] = np.rint(earlier_at(registration, today, earlier, points))
    return Volume(grid, voxels, earlier.modality, earlier.padding_value)
