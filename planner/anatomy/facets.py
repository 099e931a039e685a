"""Facet joints: where the gap between two neighbouring vertebrae opens to the back, along it, and its surface.

In: the straightened spine with its joints' gaps. Out: one ``Facet`` per gap, LPS mm, with a confidence from the gap's contrast, how
smooth a sheet it is, the voxels' size and the joint of the other side.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.column import SpineColumn
from planner.anatomy.joints import Sheet
from planner.anatomy.model import Facet
from planner.anatomy.vertebrae import Vertebrae
from planner.geometry import FloatArray, frozen, unit
from planner.structures import Interspace, Side
from planner.volume import Volume

_WORTHY = 0.2
"""Of the sheet's best points: what is weaker does not say where the gap ends (assumed)."""

_ALIKE_MM, _UNLIKE_MM = 5.0, 12.0
"""Between one joint's middle and the other's mirrored at the canal: tropism and a tilt of the spine move them by the first (assumed);
at the second one of the two is something else."""

_LEAST_AGREEMENT, _ALONE = 0.4, 0.8
"""What is left of the confidence where the two sides differ, and where the other side shows no gap (assumed)."""


def find_facets(
    _volume: Volume, column: SpineColumn, _vertebrae: Vertebrae, interspaces: tuple[Interspace, ...]
) -> tuple[Facet, ...]:
    """Joints between vertebra n and n + 1 of the column, named by ``interspaces[n]``."""
    return tuple(
        _facet(column, joints, between, side)
        for between, joints in zip(interspaces, column.joints, strict=True)
        for side in Side
        if side in joints
    )


def _facet(column: SpineColumn, joints: dict[Side, Sheet], between: Interspace, side: Side) -> Facet:
    sheet = joints[side]
    suv = column.grid.frame.from_lps(sheet.points_mm)
    cranial = column.grid.frame.at(np.average(suv[:, 0], weights=sheet.weight))[3]
    normal = unit(np.average(sheet.normals, axis=0, weights=sheet.weight))
    axis = unit(cranial - (cranial @ normal) * normal)
    confidence = round(sheet.confidence * sides_agree(column, joints, side), 3)
    point = frozen(_posterior_point(sheet, suv))
    return Facet(between, side, point, frozen(axis), confidence, frozen(sheet.points_mm), frozen(normal))


def sides_agree(column: SpineColumn, joints: dict[Side, Sheet], side: Side) -> float:
    """1 where the other side's joint lies where this one's mirror image does, less the further it is away."""
    if side.other not in joints:
        return _ALONE
    here, there = (column.grid.frame.from_lps(_middle(joints[one])) for one in (side, side.other))
    apart = float(np.linalg.norm(here * [1.0, -1.0, 1.0] - there))
    return float(np.clip(1.0 - (apart - _ALIKE_MM) / (_UNLIKE_MM - _ALIKE_MM), _LEAST_AGREEMENT, 1.0))


def _middle(sheet: Sheet) -> FloatArray:
    middle: FloatArray = np.average(sheet.points_mm, axis=0, weights=sheet.weight)
    return middle


def _posterior_point(sheet: Sheet, suv: FloatArray) -> FloatArray:
    """(3,) on the gap at mid-height of what is clearly seen of it, its most posterior fifth."""
    seen = sheet.weight >= _WORTHY * np.percentile(sheet.weight, 90)
    away_mm = np.abs(suv[:, 0] - np.median(suv[seen, 0]))
    level = seen & (away_mm <= max(2.0, float(np.percentile(away_mm[seen], 30))))
    back = level & (suv[:, 2] <= np.percentile(suv[level, 2], 20))
    return np.average(sheet.points_mm[back], axis=0, weights=sheet.weight[back])
