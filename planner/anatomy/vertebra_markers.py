"""What is certain of each vertebra before its bone is shared out: cores of bodies, pedicles, laminae, processes beside joints.

In: the straightened spine. Out: markers on its grid, for a flood; two more values for other bones and for what is no bone.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from planner.anatomy.balls import grown
from planner.anatomy.column import SpineColumn, joint_place
from planner.geometry import BoolArray, FloatArray, IntArray
from planner.structures import Side

_CORE_MM = 1.0
"""Inside a body's outline, where it is certain."""

_LAMINA_ROWS = (0.05, 0.55)
"""Share of the way from disc to disc that a lamina spans in the midline at every level from T1 to L5 (Panjabi 1992)."""

_LAMINA_MM = (-1.0, 7.0)
"""Behind the canal's back wall."""

_LAMINA_HALF_MM = 8.0
_FAR_MM = 60.0
"""From the midline: transverse processes end within 55 mm (L3; Panjabi 1992), ribs, ilium and scapula go beyond."""

_ALA_ROWS, _ALA_U_MM, _ALA_V_MM = (0.2, 0.8), (28.0, 40.0), (4.0, 22.0)
"""Beside a body from S1 down lies the sacrum's ala, beside every other psoas; L5's transverse processes cross its upper
half at most (assumed)."""

_ALA_SHARE = 0.2
_BACK_AND_ASIDE_MM = (-18.0, 40.0)
"""Behind (v) and outside (u) of which no process of a vertebra reaches: ribs and the iliac crest do (assumed)."""

_BESIDE_GAP_MM = (2.0, 3.0)
"""From a joint's gap to the subchondral bone of both processes, and into it."""

SURE_GAP = 0.75
"""A gap that parts processes: what is less sure is judged by them afterwards (assumed)."""

_UNSEEN_ASIDE_MM, _UNSEEN_BEHIND_MM, _UNSEEN_HALF_MM = 3.5, 4.0, 3.0
"""From a joint's expected place to the middle of its processes, where its gap is not seen: half of the gap and half of a process
obliquely; the inferior process is the higher one (assumed)."""


Box = tuple[slice, slice, slice]


def certain(column: SpineColumn) -> npt.NDArray[np.uint8]:
    """Vertebra number + 1 where it is certain; two more values for other bones and for what is no bone."""
    other, nothing = len(column.bodies) + 1, len(column.bodies) + 2
    bone = column.bone & (column.disc == 0)
    markers = np.zeros(column.grid.shape, dtype=np.uint8)
    core = ~rounded(column.body == 0, _CORE_MM)
    markers[core] = column.body[core]
    for n in range(len(column.bodies)):
        for box in (*_pedicle_boxes(column, n), _lamina_box(column, n)):
            markers[box][bone[box] & (markers[box] == 0)] = n + 1
        for box in _alae(column, n):
            markers[box][bone[box] & (markers[box] == 0)] = n + 1
    _mark_processes(markers, bone, column)
    aside = np.abs(column.grid.u_mm)
    behind = (column.grid.v_mm < _BACK_AND_ASIDE_MM[0])[:, None] & (aside > _BACK_AND_ASIDE_MM[1])
    markers[bone & (behind | (aside > _FAR_MM))] = other
    markers[~rounded(bone | (column.body > 0), 1.0) | column.canal | (column.disc > 0)] = nothing
    return markers


def rounded(mask: BoolArray, voxels: float) -> BoolArray:
    """The mask grown by a ball that also holds what lies within half a voxel more."""
    return grown(mask, voxels + 0.5, np.ones(3))


def _mark_processes(markers: npt.NDArray[np.uint8], bone: BoolArray, column: SpineColumn) -> None:
    """Bone on both sides of a joint's gap: in front of it and outside the lower vertebra's, behind it the upper one's."""
    for n, (below, above) in enumerate(pairwise(column.pedicles)):
        for side in below.keys() & above.keys():
            for number, points in zip((n + 1, n + 2), _process_points(column, n, side), strict=True):
                at = voxels_at(column, points)
                at = at[bone[tuple(at.T)] & (markers[tuple(at.T)] == 0)]
                markers[tuple(at.T)] = number


def _process_points(column: SpineColumn, n: int, side: Side) -> tuple[FloatArray, FloatArray]:
    """LPS points in the lower vertebra's superior process and in the upper one's inferior process.

    Beside the gap where it was seen; else, beyond the spread of its place, where the processes are expected.
    """
    sheet = column.joints[n].get(side) if n < len(column.joints) else None
    if sheet is not None and sheet.confidence >= SURE_GAP:
        off = [
            np.concatenate([sheet.points_mm + sign * away * sheet.normals for away in _BESIDE_GAP_MM])
            for sign in (-1.0, 1.0)
        ]
        return off[0], off[1]
    place = joint_place(column.grid, column.walls, column.pedicles[n][side], column.pedicles[n + 1][side])
    along = np.arange(-_UNSEEN_HALF_MM, _UNSEEN_HALF_MM + 0.5, 1.0)
    expected = []
    for sign in (-1.0, 1.0):
        suv = np.array(
            [[place.s_mm, place.u_mm - sign * side.sign * _UNSEEN_ASIDE_MM, place.v_mm - sign * _UNSEEN_BEHIND_MM]]
        )
        suv = suv + np.stack([along, 0.0 * along, 0.0 * along], axis=1) + [sign * _UNSEEN_HALF_MM, 0.0, 0.0]
        expected.append(column.grid.frame.to_lps(suv))
    return expected[0], expected[1]


def voxels_at(column: SpineColumn, points_mm: FloatArray) -> IntArray:
    """(n, 3) voxels of the straight grid that hold the points; those beyond it are left out."""
    index = np.round(column.grid.index(column.grid.frame.from_lps(points_mm))).astype(np.intp)
    return index[((index >= 0) & (index < column.grid.shape)).all(axis=1)]


def _pedicle_boxes(column: SpineColumn, n: int) -> list[Box]:
    return [
        box_of(
            column,
            (p.low_s_mm + 2.0, p.high_s_mm - 2.0),
            (0.0, 2.0 * p.v_mm),
            (p.u_mm - p.width_mm / 2.0, p.u_mm + p.width_mm / 2.0),
        )
        for p in column.pedicles[n].values()
    ]


def _lamina_box(column: SpineColumn, n: int) -> Box:
    low, high = _disc_to_disc(column, n)
    rows = tuple(low + share * (high - low) for share in _LAMINA_ROWS)
    middle = int(np.clip(np.searchsorted(column.grid.s_mm, sum(rows) / 2.0), 0, column.grid.shape[0] - 1))
    back = -float(column.walls.back_mm[middle])
    behind = (back - _LAMINA_MM[1], back - _LAMINA_MM[0])
    return box_of(column, (rows[0], rows[1]), behind, (-_LAMINA_HALF_MM, _LAMINA_HALF_MM))


def _alae(column: SpineColumn, n: int) -> list[Box]:
    """Where the sacrum has its alae; empty for a vertebra with muscle there on either side."""
    low, high = _disc_to_disc(column, n)
    rows = (low + _ALA_ROWS[0] * (high - low), low + _ALA_ROWS[1] * (high - low))
    right, left = (tuple(sorted((side.sign * _ALA_U_MM[0], side.sign * _ALA_U_MM[1]))) for side in Side)
    boxes = [box_of(column, rows, _ALA_V_MM, (span[0], span[1])) for span in (right, left)]
    shares = [float(column.bone[box].mean()) if column.bone[box].size else 0.0 for box in boxes]
    return boxes if min(shares) > _ALA_SHARE else []


def _disc_to_disc(column: SpineColumn, n: int) -> tuple[float, float]:
    """Arc lengths of the disc planes below and above a vertebra, at the canal's middle."""
    body, grid = column.bodies[n], column.grid
    at = (int(np.argmin(np.abs(grid.v_mm))), int(np.argmin(np.abs(grid.u_mm))))
    return float(body.low_s_mm[at]), float(body.high_s_mm[at])


def box_of(column: SpineColumn, s: tuple[float, float], v: tuple[float, float], u: tuple[float, float]) -> Box:
    """Slices of the grid between two values on each axis."""
    axes = (column.grid.s_mm, column.grid.v_mm, column.grid.u_mm)
    first = [int(np.searchsorted(axis, span[0])) for axis, span in zip(axes, (s, v, u), strict=True)]
    last = [int(np.searchsorted(axis, span[1], side="right")) for axis, span in zip(axes, (s, v, u), strict=True)]
    return slice(first[0], last[0]), slice(first[1], last[1]), slice(first[2], last[2])
