"""Facet joints: where the gap between two neighbouring vertebrae opens to the back, along it, and its surface.

In: the straightened spine with its joints' gaps, and its vertebrae. Out: one ``Facet`` per joint, LPS mm, with a confidence from the
gap's contrast, how smooth a sheet it is, the voxels' size, the joint of the other side, and from how near the gap lies to the surface
half-way between both vertebrae's processes. Where no gap is seen, or a doubtful one elsewhere, that surface is the joint's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.anatomy.column import SpineColumn, joint_place
from planner.anatomy.halfway import Halfway, halfway
from planner.anatomy.joints import SPREAD_MM, Sheet
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


_TOGETHER_MM, _APART_MM = 1.5, 4.0
"""From the gap's points to the surface half-way: within the first both mean one joint (two voxels of the straight grid and of the
outlines), from the second on they do not (assumed: half of a process)."""

_LEAST_TOGETHER = 0.5
_CLEAR = 0.75
"""Of what a gap's confidence could be in such voxels: a clearer one is believed against the outlines, unless it lies elsewhere. A rib's
joint or a foramen is a clear gap too; the outlines know which bones they are, but not where the image cuts one (assumed)."""


def find_facets(
    _volume: Volume, column: SpineColumn, vertebrae: Vertebrae, interspaces: tuple[Interspace, ...]
) -> tuple[Facet, ...]:
    """Joints between vertebra n and n + 1 of the column, named by ``interspaces[n]``."""
    surfaces = [
        {side: surface for side in Side if (surface := _surface(column, vertebrae, n, side)) is not None}
        for n in range(len(interspaces))
    ]
    return tuple(
        _facet(column, n, joints, interspaces[n], side)
        for n, joints in enumerate(surfaces)
        for side in Side
        if side in joints
    )


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A joint's surface, seen as a gap or half-way between the bones, and how far both ways agree on it."""

    points_mm: FloatArray
    normals: FloatArray
    weight: FloatArray
    confidence: float


def _surface(column: SpineColumn, vertebrae: Vertebrae, n: int, side: Side) -> Surface | None:
    """The gap where it is clear or where the bones' outlines agree with it, else what lies half-way between these."""
    gap, between = column.joints[n].get(side), halfway(column, vertebrae, n, side)
    if gap is None:
        return None if between is None else _as_surface(between, between.confidence)
    if between is None:
        return _as_surface(gap, gap.confidence * _LEAST_TOGETHER)
    apart_mm = between.apart_mm(gap.points_mm, gap.weight)
    together = float(np.clip(1.0 - (apart_mm - _TOGETHER_MM) / (_APART_MM - _TOGETHER_MM), _LEAST_TOGETHER, 1.0))
    whole = not (column.bodies[n].is_cut or column.bodies[n + 1].is_cut)
    elsewhere = whole and apart_mm >= _APART_MM
    if apart_mm <= _TOGETHER_MM or (gap.confidence >= _CLEAR * gap.resolution and not elsewhere):
        return _as_surface(gap, gap.confidence * together)
    return _as_surface(between, between.confidence)


def _as_surface(found: Sheet | Halfway, confidence: float) -> Surface:
    return Surface(found.points_mm, found.normals, found.weight, confidence)


def _facet(column: SpineColumn, n: int, joints: Mapping[Side, Surface], between: Interspace, side: Side) -> Facet:
    """Where both sides differ, the one that is further from its expected place is doubted twice."""
    sheet = joints[side]
    suv = column.grid.frame.from_lps(sheet.points_mm)
    cranial = column.grid.frame.at(np.average(suv[:, 0], weights=sheet.weight))[3]
    normal = unit(np.average(sheet.normals, axis=0, weights=sheet.weight))
    axis = unit(cranial - (cranial @ normal) * normal)
    agreement = sides_agree(column, joints, side)
    alone = side.other not in joints
    likelier = alone or _off_place(column, n, joints, side) <= _off_place(column, n, joints, side.other)
    confidence = round(sheet.confidence * (agreement if likelier else agreement**2), 3)
    point = frozen(_posterior_point(sheet, suv))
    return Facet(between, side, point, frozen(axis), confidence, frozen(sheet.points_mm), frozen(normal))


def sides_agree(column: SpineColumn, joints: Mapping[Side, Surface | Sheet], side: Side) -> float:
    """1 where the other side's joint lies where this one's mirror image does, less the further it is away."""
    if side.other not in joints:
        return _ALONE
    here, there = (column.grid.frame.from_lps(_middle(joints[one])) for one in (side, side.other))
    apart = float(np.linalg.norm(here * [1.0, -1.0, 1.0] - there))
    return float(np.clip(1.0 - (apart - _ALIKE_MM) / (_UNLIKE_MM - _ALIKE_MM), _LEAST_AGREEMENT, 1.0))


def _off_place(column: SpineColumn, n: int, joints: Mapping[Side, Surface], side: Side) -> float:
    """How far a joint's middle lies from where its pedicles let it expect, in units of a joint's spread."""
    s, u, v = column.grid.frame.from_lps(_middle(joints[side]))
    place = joint_place(column.grid, column.walls, column.pedicles[n][side], column.pedicles[n + 1][side])
    return float(np.linalg.norm((np.array([s, v, u]) - [place.s_mm, place.v_mm, place.u_mm]) / SPREAD_MM))


def _middle(sheet: Surface | Sheet) -> FloatArray:
    middle: FloatArray = np.average(sheet.points_mm, axis=0, weights=sheet.weight)
    return middle


def _posterior_point(sheet: Surface, suv: FloatArray) -> FloatArray:
    """(3,) on the gap at mid-height of what is clearly seen of it, its most posterior fifth."""
    seen = sheet.weight >= _WORTHY * np.percentile(sheet.weight, 90)
    away_mm = np.abs(suv[:, 0] - np.median(suv[seen, 0]))
    level = seen & (away_mm <= max(2.0, float(np.percentile(away_mm[seen], 30))))
    back = level & (suv[:, 2] <= np.percentile(suv[level, 2], 20))
    return np.average(sheet.points_mm[back], axis=0, weights=sheet.weight[back])
