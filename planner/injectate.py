"""Where an injected volume may be, as an ellipsoid: a region that warns and never clears.

Frozen value, LPS mm; ``planner/spread.py`` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.geometry import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Injectate:
    """An ellipsoid around a needle's tip; real spread follows planes of tissue."""

    center_mm: FloatArray
    axes: FloatArray
    """(3, 3) unit rows: lateral, dorsal, cranial."""
    half_axes_mm: FloatArray
    volume_ml: float
    reached: tuple[str, ...]
    """Structures of the scan with a voxel in it, nerves with level and side."""

    def contains(self, points_mm: FloatArray) -> BoolArray:
        """(...) whether points (..., 3) lie in it."""
        local = (points_mm - self.center_mm) @ self.axes.T
        return np.asarray(np.linalg.norm(local / self.half_axes_mm, axis=-1) <= 1.0)
