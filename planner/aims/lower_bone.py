"""The bone of one vertebra, or of the sacrum, as a nerve on it is looked for: what it holds, how far it is along a direction.

In: an anatomy, a joint. Out: answers at points, LPS mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.model import Anatomy, Facet
from planner.geometry import BoolArray, FloatArray
from planner.structures import SpineLevel, Structure

GRID_MM = 0.6

LOOK_MM, LOOK_STEP_MM = 4.0, 0.4
"""How far the walls of a corner are looked for."""


def lattice(
    lateral: tuple[float, float], dorsal: tuple[float, float], height: tuple[float, float], middle: FloatArray
) -> FloatArray:
    """(n, 3) local points every ``GRID_MM`` around a middle."""
    axes = [np.arange(low, high, GRID_MM) + c for (low, high), c in zip((lateral, dorsal, height), middle, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


@dataclass(frozen=True, slots=True, eq=False)
class LowerBone:
    """The own bone of the vertebra below a joint, or the sacrum."""

    anatomy: Anatomy
    facet: Facet

    def contains(self, points_mm: FloatArray) -> BoolArray:
        """(...) whether points (..., 3) lie in it."""
        labels, lower = self.anatomy.labels, self.facet.between.lower
        wanted = [
            value
            for value, entry in labels.entries.items()
            if (entry.structure is Structure.VERTEBRA and entry.level == lower)
            or (entry.structure is Structure.SACRUM and lower is SpineLevel.S1)
        ]
        return np.isin(labels.nearest(points_mm), wanted)

    def gap_mm(self, points_mm: FloatArray, direction: FloatArray, most_mm: float = LOOK_MM) -> FloatArray:
        """(n,) way from each point to the bone along a direction, ``most_mm`` where it is further; 0 inside."""
        steps = np.arange(0.0, most_mm, LOOK_STEP_MM)
        inside = self.contains(points_mm[:, None, :] + steps[:, None] * direction)  # (n, steps)
        gap: FloatArray = np.where(inside.any(axis=1), steps[np.argmax(inside, axis=1)], most_mm)
        return gap
