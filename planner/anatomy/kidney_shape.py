"""The ellipsoid of a kidney: its size and tilt, before the image says more.

In: a side. Out: directions and the ellipsoid's radius in each [mm], as (k, j, i) vectors.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import FloatArray
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
