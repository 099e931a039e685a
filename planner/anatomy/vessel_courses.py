"""Where the vena cava runs in most people, by height: a prior for its tracking, and a line to lead it on where it is lost.

In: heights above the lower end of T12. Out: u to the patient's left and v to anterior of the canal, in the axial plane [mm].
Taken from the label maps of four adults, three of whose scans are also looked at while tuning; the scatter around it is the stated deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.anatomy.tubes import TrackGrid
from planner.geometry import Float32Array, FloatArray

_ABOVE_T12_MM = np.array([-125.0, -85.0, -60.0, -40.0, -10.0, 15.0, 35.0, 55.0, 75.0])
_CAVA_U_MM = np.array([-13.0, -13.0, -18.0, -21.0, -21.0, -20.0, -17.0, -12.0, -8.0])
_CAVA_V_MM = np.array([58.0, 57.0, 59.0, 62.0, 66.0, 70.0, 75.0, 81.0, 85.0])
"""On the bodies' right as far as L2, then forward through the back of the liver to the atrium."""

CAVA_SD_MM = (11.0, 14.0)
"""In u and v, around it."""

_ALWAYS_MM = (-80.0, 65.0)
"""From the renal veins to the atrium a cava goes on, seen or not: where liver, crus and caudate lobe are as bright as it."""

_THRESHOLD, _UNSEEN_THRESHOLD = 0.42, 0.2
"""A slice counts for the cava when it scores more; where it goes on unseen, next to nothing must be seen."""

_WEIGHT, _CAP = 0.1, 4.0
_WIDE_SD_MM = (12.0, 16.0)
_PLAIN_PLACE_MM = (-22.0, 54.0)
"""Where no level is named, in front and to the right of the bodies, as wide as all heights together."""


def cava_course(above_t12_mm: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Its usual u and v at heights above the T12 body's lower end; constant beyond L4 and the atrium."""
    h = np.asarray(above_t12_mm, dtype=np.float64)
    return np.interp(h, _ABOVE_T12_MM, _CAVA_U_MM), np.interp(h, _ABOVE_T12_MM, _CAVA_V_MM)


@dataclass(frozen=True, slots=True)
class CavaPlace:
    """The cava's place by height; ``t12_z_mm`` is the LPS z of the T12 body's lower end, None where T12 is not named."""

    t12_z_mm: float | None
    shape: str = "flat"

    def penalty(self, grid: TrackGrid) -> Float32Array:
        """(slices, rows, columns) how much a score is lowered for lying elsewhere."""
        if self.t12_z_mm is None:
            (u, v), (sd_u, sd_v) = _PLAIN_PLACE_MM, _WIDE_SD_MM
            usual_u, usual_v = np.full(len(grid.z_mm), u), np.full(len(grid.z_mm), v)
        else:
            (usual_u, usual_v), (sd_u, sd_v) = cava_course(grid.z_mm - self.t12_z_mm), CAVA_SD_MM
        off_u = np.square((grid.u_mm[None, :] - usual_u[:, None]) / sd_u)
        off_v = np.square((grid.v_mm[None, :] - usual_v[:, None]) / sd_v)
        return np.asarray(_WEIGHT * np.minimum(off_v[:, :, None] + off_u[:, None, :], _CAP), dtype=np.float32)

    def thresholds(self, grid: TrackGrid) -> FloatArray:
        """(slices,) what a circle must score to count."""
        if self.t12_z_mm is None:
            return np.full(len(grid.z_mm), _THRESHOLD)
        above = grid.z_mm - self.t12_z_mm
        return np.where((above > _ALWAYS_MM[0]) & (above < _ALWAYS_MM[1]), _UNSEEN_THRESHOLD, _THRESHOLD)
