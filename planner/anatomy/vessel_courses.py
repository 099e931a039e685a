"""Where the vena cava runs in most people, by height: a prior for its tracking, and a line to lead it on where it is lost.

In: heights above the lower end of T12, and the front of the vertebral bodies. Out: u to the patient's left and v to anterior of the
canal, in the axial plane [mm]. Taken from the label maps of four adults, three of whose scans are also looked at while tuning;
the scatter around it is the stated deviation. It is told from the bodies' front, not from the canal: bodies are 34 to 46 mm deep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.tubes import COUNTS_SCORE, TrackGrid
from planner.geometry import Float32Array, FloatArray

USUAL_FRONT_MM = 42.0
"""The bodies' front before the canal's axis, where no body is seen: 34 to 46 mm in five adults."""

_ABOVE_T12_MM = np.array([-125.0, -80.0, -60.0, -40.0, -20.0, 0.0, 20.0, 40.0, 60.0])
_CAVA_U_MM = np.array([-13.0, -15.0, -18.0, -21.0, -22.0, -22.0, -21.0, -19.0, -12.0])
_CAVA_AHEAD_MM = np.array([11.0, 11.0, 13.0, 18.0, 24.0, 28.0, 33.0, 41.0, 47.0])
_CAVA_U_SD_MM = np.array([11.0, 10.0, 8.0, 8.0, 10.0, 11.0, 13.0, 14.0, 15.0])
_CAVA_AHEAD_SD_MM = np.array([6.0, 6.0, 6.0, 7.0, 8.0, 9.0, 11.0, 14.0, 16.0])
"""On the bodies' right as far as L2, then forward through the back of the liver to the atrium."""

_ALWAYS_MM = (-115.0, 60.0)
"""From L4 to the atrium a cava goes on, seen or not: where liver, crus and caudate lobe are as bright as it."""

_UNSEEN_THRESHOLD = -0.1
"""Where a cava goes on unseen nothing must be seen, so that every slice counts."""

_RADIUS_MM, _RADIUS_SPREAD, _RADIUS_WEIGHT = 10.5, 0.35, 0.05
"""Of the circle of its area, 7 to 14 mm in five adults: natural logarithms, and what a deviation costs. In the liver, where most
of its rim is unseen, a small circle against the seen part would cost nothing else."""

_WEIGHT, _CAP = 0.1, 4.0
_WIDE_SD_MM = (12.0, 16.0)
_PLAIN_PLACE_MM = (-22.0, 14.0)
"""Where no level is named, in front and to the right of the bodies, as wide as all heights together."""

_FRONT_STEP_MM, _NEAR_MIDDLE_MM, _BONE_SHARE, _FRONT_GAP_MM = 2.0, 10.0, 0.4, 6.0
_FRONT_AROUND_MM, _FRONT_PERCENTILE, _FARTHEST_FRONT_MM = 30.0, 75.0, 54.0
"""A body's front is the end of the bone that begins at the canal, near the middle; discs and pale marrow end it too early, so the
foremost quarter over a body and a disc counts; where a calcified aorta touches it none is told."""


def cava_course(above_t12_mm: npt.ArrayLike, front_mm: npt.ArrayLike = USUAL_FRONT_MM) -> tuple[FloatArray, FloatArray]:
    """Its usual u and v at heights above the T12 body's lower end; constant beyond L4 and the atrium."""
    h = np.asarray(above_t12_mm, dtype=np.float64)
    ahead = np.interp(h, _ABOVE_T12_MM, _CAVA_AHEAD_MM)
    return np.interp(h, _ABOVE_T12_MM, _CAVA_U_MM), np.asarray(front_mm, dtype=np.float64) + ahead


def body_front_mm(image: CoarseImage) -> FloatArray:
    """(slices,) v of the vertebral bodies' front in each slice of the coarse image."""
    steps = np.arange(0.0, _FARTHEST_FRONT_MM + 2.0 * _FRONT_STEP_MM, _FRONT_STEP_MM)
    inside = (np.abs(image.u_mm) < _NEAR_MIDDLE_MM) & (image.v_mm >= steps[0]) & (image.v_mm < steps[-1])
    k, j, i = np.nonzero(inside)
    place = k * len(steps) + ((image.v_mm[k, j, i] - steps[0]) / _FRONT_STEP_MM).astype(np.intp)
    count = len(image.hu) * len(steps)
    whole = np.bincount(place, minlength=count).reshape(-1, len(steps))
    bone = np.bincount(place, weights=image.bone[k, j, i], minlength=count).reshape(-1, len(steps))
    fronts = _ends(bone > _BONE_SHARE * np.maximum(whole, 1), steps)
    half = image.ball(_FRONT_AROUND_MM)
    around = [fronts[max(0, row - half) : row + half + 1] for row in range(len(fronts))]
    return np.array([_percentile(part[np.isfinite(part)]) for part in around])


def _percentile(values: FloatArray) -> float:
    return float(np.percentile(values, _FRONT_PERCENTILE)) if len(values) else USUAL_FRONT_MM


def _ends(bone: npt.NDArray[np.bool_], steps: FloatArray) -> FloatArray:
    """(slices,) where the bone ends that begins behind the bodies' middle; NaN where none begins there."""
    ends = np.full(len(bone), np.nan)
    last = np.full(len(bone), -1)
    for n in range(len(steps)):
        begins = (last < 0) & (steps[n] < USUAL_FRONT_MM / 2.0)
        goes_on = (last >= 0) & ((n - last) * _FRONT_STEP_MM <= _FRONT_GAP_MM)
        last = np.where(bone[:, n] & (begins | goes_on), n, last)
    seen = last >= 0
    ends[seen] = steps[last[seen]] + _FRONT_STEP_MM
    ends[(ends < USUAL_FRONT_MM / 2.0) | (ends > _FARTHEST_FRONT_MM)] = np.nan
    return ends


@dataclass(frozen=True, slots=True, eq=False)
class CavaPlace:
    """The cava's place by height.

    ``t12_z_mm`` is the LPS z of the T12 body's lower end, None where T12 is not named; ``front_mm`` (slices,) the bodies' front.
    """

    t12_z_mm: float | None
    front_mm: FloatArray | float = USUAL_FRONT_MM
    shape: str = "flat"

    def penalty(self, grid: TrackGrid) -> Float32Array:
        """(slices, rows, columns) how much a score is lowered for lying elsewhere."""
        front = np.broadcast_to(self.front_mm, len(grid.z_mm))
        if self.t12_z_mm is None:
            (u, ahead), (sd_u, sd_v) = _PLAIN_PLACE_MM, (np.full(len(front), sd) for sd in _WIDE_SD_MM)
            usual_u, usual_v = np.full(len(front), u), front + ahead
        else:
            h = grid.z_mm - self.t12_z_mm
            usual_u, usual_v = cava_course(h, front)
            sd_u, sd_v = (np.interp(h, _ABOVE_T12_MM, sd) for sd in (_CAVA_U_SD_MM, _CAVA_AHEAD_SD_MM))
        off_u = np.square((grid.u_mm[None, :] - usual_u[:, None]) / sd_u[:, None])
        off_v = np.square((grid.v_mm[None, :] - usual_v[:, None]) / sd_v[:, None])
        return np.asarray(_WEIGHT * np.minimum(off_v[:, :, None] + off_u[:, None, :], _CAP), dtype=np.float32)

    def radius_penalty(self, radii_mm: FloatArray) -> Float32Array:
        """(radii,) how much a score is lowered for an unusual size."""
        off = np.log(radii_mm / _RADIUS_MM) / _RADIUS_SPREAD
        return np.asarray(_RADIUS_WEIGHT * np.square(off), dtype=np.float32)

    def thresholds(self, grid: TrackGrid) -> FloatArray:
        """(slices,) what a circle must score to count."""
        if self.t12_z_mm is None:
            return np.full(len(grid.z_mm), COUNTS_SCORE)
        above = grid.z_mm - self.t12_z_mm
        return np.where((above > _ALWAYS_MM[0]) & (above < _ALWAYS_MM[1]), _UNSEEN_THRESHOLD, COUNTS_SCORE)
