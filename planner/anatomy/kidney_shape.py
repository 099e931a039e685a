"""The ellipsoid of a kidney: its size and tilt, before the image says more.

In: a side. Out: directions and the ellipsoid's radius in each [mm], as (k, j, i) vectors; ``Fit``, a star in place, and the
voxels inside one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.geometry import BoolArray, FloatArray, IntArray
from planner.structures import Side

_SEMI_AXES_MM = np.array([52.0, 27.0, 27.0])
"""Along, across and before: an adult kidney is 90-130 mm long and 50-60 mm wide; with a little fat at the poles."""

_MEDIAL_TILT, _POSTERIOR_TILT = 0.22, 0.2
"""The upper pole lies nearer to the spine and further back, per length (psoas; assumed 12 degrees each)."""


def sphere(count: int) -> FloatArray:
    """(count, 3) unit vectors (k, j, i), evenly spread."""
    n = np.arange(count) + 0.5
    height = 1.0 - 2.0 * n / count
    turn = np.pi * (1.0 + np.sqrt(5.0)) * n
    ring = np.sqrt(1.0 - height**2)
    return np.stack([height, ring * np.cos(turn), ring * np.sin(turn)], axis=-1)


def ellipsoid_radii(directions: FloatArray, side: Side) -> FloatArray:
    """Distance from the centre to the tilted ellipsoid in each direction [mm]."""
    along = np.array([1.0, _POSTERIOR_TILT, -side.sign * _MEDIAL_TILT])
    along /= np.linalg.norm(along)
    before = np.array([0.0, 1.0, 0.0]) - along[1] * along
    before /= np.linalg.norm(before)
    axes = np.stack([along, before, np.cross(along, before)])
    return np.asarray(1.0 / np.linalg.norm(directions @ axes.T / _SEMI_AXES_MM, axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """An ellipsoid in place: centre (k, j, i), unit directions and the radius in each [voxels], and its score."""

    centre: FloatArray
    directions: FloatArray
    radii: FloatArray
    score: float


def inside(shape: tuple[int, ...], fit: Fit, radii: FloatArray) -> BoolArray:
    """Voxels nearer to the centre than the surface in their direction."""
    reach = float(radii.max()) + 1.0
    low = np.maximum(np.floor(fit.centre - reach), 0).astype(int)
    high = np.minimum(np.ceil(fit.centre + reach) + 1, shape).astype(int)
    mask = np.zeros(shape, dtype=bool)
    if (high <= low).any():
        return mask
    k, j, i = (np.arange(a, b) - c for a, b, c in zip(low, high, fit.centre, strict=True))
    flat = np.square(j)[:, None] + np.square(i)[None, :]
    turn = ((np.arctan2(i[None, :], j[:, None]) / (2 * np.pi) % 1.0) * _TURNS).astype(np.intp) % _TURNS
    distance = np.sqrt(np.square(k)[:, None, None] + flat)
    rise = ((k[:, None, None] / np.maximum(distance, 1e-6) + 1.0) / 2.0 * _RISES).astype(np.intp)
    table = radii[_nearest(fit.directions)]
    surface = table[np.minimum(rise, _RISES - 1), np.broadcast_to(turn, distance.shape)]
    mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]] = distance <= surface
    return mask


_RISES, _TURNS = 64, 128
"""Cells of equal height and turn on the sphere: 8192, forty for each of 200 directions."""


def _nearest(directions: FloatArray) -> IntArray:
    """(rises, turns) the direction nearest to the middle of each cell."""
    height = (np.arange(_RISES) + 0.5) / _RISES * 2.0 - 1.0
    turn = (np.arange(_TURNS) + 0.5) / _TURNS * 2.0 * np.pi
    ring = np.sqrt(1.0 - height**2)[:, None]
    middles = np.stack([np.repeat(height[:, None], _TURNS, 1), ring * np.cos(turn), ring * np.sin(turn)], axis=-1)
    return np.asarray((middles @ directions.T).argmax(axis=-1), dtype=np.intp)
