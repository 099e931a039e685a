"""The surface half-way between two neighbouring vertebrae where their processes face each other: a joint's place without its gap.

In: the straightened spine and its vertebrae. Out: a ``Halfway`` in LPS mm for one interspace and side. The gap itself is sought in
``joints.py``: that the two ways agree is a confidence, and where slices hide the gap this one is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.column import SpineColumn, joint_place
from planner.anatomy.joints import FACING, LOWER_TO_UPPER, SPREAD_MM, STEEPEST
from planner.anatomy.vertebra_markers import Box, box_of
from planner.anatomy.vertebrae import PartCode, Vertebrae, distance_mm
from planner.geometry import BoolArray, FloatArray
from planner.structures import Side

_REACH_MM = 15.0
"""Around the joint's expected place: a lumbar joint is 16 mm high and 14 mm wide (Panjabi 1993, Spine 18:1298)."""

_WIDEST_GAP_MM = 5.0
"""Between the outlines of both processes: a gap of 2 to 4 mm (Panjabi 1993) and a voxel."""

_MIDDLE_MM = 1.0
"""How much nearer to one bone than to the other still is half-way: a voxel of the straight grid."""

_LEAST_BONE, _FEWEST = 30, 15
"""Voxels of each process and of the surface: 15 mm2 of a joint of 150 to 200 mm2 (assumed)."""

_LIKELY, _WORTHY = 0.1, 0.1
"""Weight of the best point (two spreads from the expected place, 1.5 mm apart: less is a cut through one bone), and of the others
beside it (assumed)."""

_UNSEEN = 0.35
"""That a surface is the joint's of which no gap is seen, at best: below what a plan takes for seen (assumed)."""

_FINE_MM = 1.6
"""Longest edge of voxels that show where one process ends (assumed: as for the gap itself)."""


@dataclass(frozen=True, slots=True, eq=False)
class Halfway:
    """``points_mm`` (n, 3) LPS, ``normals`` (n, 3) from the lower vertebra's process to the upper one's, ``weight`` (n,).

    ``gap_mm`` is the mean distance between both outlines, ``resolution`` 1 where voxels are small enough to show them.
    """

    points_mm: FloatArray
    normals: FloatArray
    weight: FloatArray
    gap_mm: float
    resolution: float

    @property
    def confidence(self) -> float:
        """That the joint is here, from how close both processes come to each other and from the voxels."""
        return float(_UNSEEN * (1.0 - self.gap_mm / (2.0 * _WIDEST_GAP_MM)) * self.resolution)

    def apart_mm(self, points_mm: FloatArray, weight: FloatArray) -> float:
        """Weighted mean distance of other points from this surface."""
        away = np.linalg.norm(points_mm[:, None] - self.points_mm, axis=2).min(axis=1)
        return float(np.average(away, weights=weight))


def halfway(column: SpineColumn, vertebrae: Vertebrae, n: int, side: Side) -> Halfway | None:
    """Between vertebra n and n + 1; None where their processes do not face each other."""
    below, above = column.pedicles[n], column.pedicles[n + 1]
    if side not in below or side not in above:
        return None
    place = joint_place(column.grid, column.walls, below[side], above[side])
    middle = np.array([place.s_mm, place.v_mm, place.u_mm])
    box = box_of(column, *((float(m - _REACH_MM), float(m + _REACH_MM)) for m in middle))
    number, behind = vertebrae.number[box], vertebrae.part[box] > PartCode.BODY
    lower, upper = behind & (number == n + 1), behind & (number == n + 2)
    if min(np.count_nonzero(lower), np.count_nonzero(upper)) < _LEAST_BONE:
        return None
    return _between(column, (lower, upper), box, middle, side)


def _between(
    column: SpineColumn, bones: tuple[BoolArray, BoolArray], box: Box, middle: FloatArray, side: Side
) -> Halfway | None:
    from_lower, from_upper = (distance_mm(bone) for bone in bones)
    gap = from_lower + from_upper
    at = np.argwhere((np.abs(from_lower - from_upper) <= _MIDDLE_MM) & (gap <= _WIDEST_GAP_MM))
    slope = np.stack(np.gradient(from_lower - from_upper), axis=-1)[tuple(at.T)]
    across = slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-6) * [1.0, 1.0, side.sign]  # lateral
    upright = (across @ LOWER_TO_UPPER > FACING) & (np.abs(across[:, 0]) < STEEPEST)
    at, across = at[upright], across[upright]
    if len(at) < _FEWEST:
        return None
    axes = (column.grid.s_mm, column.grid.v_mm, column.grid.u_mm)
    svu = np.stack([axis[span][index] for axis, span, index in zip(axes, box, at.T, strict=True)], axis=1)
    prior = np.exp(-0.5 * (((svu - middle) / SPREAD_MM) ** 2).sum(axis=1))
    wide = gap[tuple(at.T)]
    weight = prior * np.exp(-wide / _WIDEST_GAP_MM)
    kept = weight > _WORTHY * weight.max()
    if weight.max() < _LIKELY or np.count_nonzero(kept) < _FEWEST:
        return None
    svu, across, wide, weight = svu[kept], across[kept], wide[kept], weight[kept]
    _, left, anterior, cranial = column.grid.frame.at(svu[:, 0])
    normals = across[:, :1] * cranial + across[:, 1:2] * anterior + side.sign * across[:, 2:] * left
    points = column.grid.frame.to_lps(svu[:, [0, 2, 1]])
    return Halfway(points, normals, weight, float(np.average(wide, weights=weight)), _resolution(column))


def _resolution(column: SpineColumn) -> float:
    return min(1.0, (_FINE_MM / column.voxel_mm) ** 2)
