"""Where each vessel is expected, as what a circle's score is lowered by for lying elsewhere.

In: a track grid. Out: penalties and thresholds for ``tubes.best_track``. All lengths are mm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from planner.anatomy.tubes import COUNTS_SCORE, TrackGrid
from planner.anatomy.vessel_zones import usual_iliac
from planner.geometry import Float32Array, FloatArray
from planner.structures import Side, Structure

_BRANCH_THRESHOLD = 0.5
"""Higher than ``COUNTS_SCORE`` for the small iliac vessels: the corner between psoas and fat scores up to 0.5 with circles of 4 mm."""

_FOLLOWED_TO_MM = -225.0
"""Below T12: S2 in five adults. Further down artery and vein run forwards side by side, faster than a track may, and one would go on
into the other; no needle of these procedures comes there, and a zone is kept clear."""

_PRIOR_WEIGHT = 0.1
_PRIOR_CAP = 3.0
"""A place one standard deviation off costs a tenth of a whole score, never more than three tenths."""


class Place(Protocol):
    """Where a vessel is expected."""

    @property
    def shape(self) -> str:
        """``round`` or ``flat``."""

    def penalty(self, grid: TrackGrid) -> Float32Array:
        """(rows, columns) or (slices, rows, columns) how much a score is lowered for lying elsewhere."""

    def radius_penalty(self, radii_mm: FloatArray) -> Float32Array:
        """(radii,) how much a score is lowered for an unusual size."""

    def thresholds(self, grid: TrackGrid) -> FloatArray | float:
        """(slices,) what a circle must score to count."""


@dataclass(frozen=True, slots=True)
class WidePlace:
    """The same at every height, in the canal's axes: mean and standard deviation [mm] (assumed, wide)."""

    u_mm: float
    u_sd_mm: float
    v_mm: float
    v_sd_mm: float
    shape: str = "round"
    threshold: float = COUNTS_SCORE

    def penalty(self, grid: TrackGrid) -> Float32Array:
        """(rows, columns) how much a score is lowered for lying elsewhere."""
        off_u = (grid.u_mm - self.u_mm) / self.u_sd_mm
        off_v = (grid.v_mm - self.v_mm) / self.v_sd_mm
        square = np.square(off_v)[:, None] + np.square(off_u)[None, :]
        return np.asarray(_PRIOR_WEIGHT * np.minimum(square, _PRIOR_CAP), dtype=np.float32)

    def radius_penalty(self, radii_mm: FloatArray) -> Float32Array:
        """(radii,) none: every size is as likely."""
        return np.zeros(len(radii_mm), dtype=np.float32)

    def thresholds(self, _grid: TrackGrid) -> float:
        """What a circle must score to count, in every slice."""
        return self.threshold


@dataclass(frozen=True, slots=True)
class IliacPlace:
    """An iliac vessel's place by height below T12: veins run behind arteries."""

    structure: Structure
    side: Side
    t12_z_mm: float
    shape: str

    def penalty(self, grid: TrackGrid) -> Float32Array:
        """(slices, rows, columns) how much a score is lowered for lying elsewhere."""
        beside, before, sd_u, sd_v = usual_iliac(self.structure, grid.z_mm - self.t12_z_mm)
        off_u = np.square((self.side.sign * grid.u_mm[None, :] - beside[:, None]) / sd_u[:, None])
        off_v = np.square((grid.v_mm[None, :] - before[:, None]) / sd_v[:, None])
        square = off_v[:, :, None] + off_u[:, None, :]
        return np.asarray(_PRIOR_WEIGHT * np.minimum(square, _PRIOR_CAP), dtype=np.float32)

    def radius_penalty(self, radii_mm: FloatArray) -> Float32Array:
        """(radii,) none: every size is as likely."""
        return np.zeros(len(radii_mm), dtype=np.float32)

    def thresholds(self, grid: TrackGrid) -> FloatArray:
        """(slices,) what a circle must score to count; none counts in the true pelvis."""
        return np.where(grid.z_mm - self.t12_z_mm < _FOLLOWED_TO_MM, np.inf, _BRANCH_THRESHOLD)


AORTA_PLACE = WidePlace(10.0, 16.0, 54.0, 16.0)

_SHAPES = {Structure.ARTERY: "round", Structure.VEIN: "flat"}
_WIDE = {
    Structure.ARTERY: {
        Side.LEFT: WidePlace(25.0, 30.0, 58.0, 25.0, "round", _BRANCH_THRESHOLD),
        Side.RIGHT: WidePlace(-25.0, 30.0, 58.0, 25.0, "round", _BRANCH_THRESHOLD),
    },
    Structure.VEIN: {
        Side.LEFT: WidePlace(25.0, 30.0, 50.0, 25.0, "flat", _BRANCH_THRESHOLD),
        Side.RIGHT: WidePlace(-30.0, 25.0, 50.0, 25.0, "flat", _BRANCH_THRESHOLD),
    },
}


def iliac_places(structure: Structure, t12_z_mm: float | None) -> Mapping[Side, Place]:
    """Of both sides' arteries or veins; as wide as all heights together where T12 is not named."""
    if t12_z_mm is None:
        return _WIDE[structure]
    return {side: IliacPlace(structure, side, t12_z_mm, _SHAPES[structure]) for side in Side}
