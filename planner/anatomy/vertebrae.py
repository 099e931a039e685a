"""Whole vertebrae: bone shared out between bodies, pedicles and laminae that are certain, along its brightest paths.

In: the straightened spine. Out: for each voxel which vertebra and which part of it, on the straight grid and on the
scan's own. Bone that belongs to none (ribs, ilium, vessels with contrast) stays 0. Vertebra 0 lies below the first disc.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from planner.anatomy.column import STEP_MM, Pedicle, SpineColumn
from planner.anatomy.itk import crop, enclosed_in_planes, touched_by
from planner.anatomy.straight import box_around, bring_back, gaussian
from planner.anatomy.vertebra_markers import SURE_GAP, Box, box_of, certain, rounded, voxels_at
from planner.geometry import AnyArray, BoolArray, Float32Array, VolumeGeometry
from planner.structures import Part

_IN_FRONT_MM = 4.0
"""Outside a body's outline, in front of its middle: spurs belong to it, vessels and ribs do not."""

_RIM_MM, _PEDICLE_BASE_MM = 3.0, 4.0
"""Cortex and rim outside a body's outline; and how far in front of the canal's front wall a pedicle's base reaches (assumed)."""

_PARS_MM = 3.0
"""Below the pedicle's lower border, where the inferior articular process leaves the pars (assumed)."""

_FACING_MM = 9.0
"""From the opposite process: a lumbar articular process with its gap is about 8 mm thick (Panjabi 1993, Spine 18:1298)."""

_SHARPER, _GAP_MM = 2.0, 1.5
"""How much a voxel's difference from what lies within 1.5 mm is exaggerated: a joint's gap is 2 to 4 mm wide
(Panjabi 1993), and blur fills it."""

_LARGEST_HU = 1200.0
_LAST = 1e5
"""Of the relief: above any bone, so that soft tissue never floods marrow through a blurred cortex."""


class PartCode(IntEnum):
    """Parts as they are stored in a voxel."""

    NONE = 0
    BODY = 1
    POSTERIOR = 2
    SUPERIOR_ARTICULAR_PROCESS = 3
    INFERIOR_ARTICULAR_PROCESS = 4

    @property
    def part(self) -> Part:
        """The part's name."""
        return Part(self.name.lower())


@dataclass(frozen=True, slots=True, eq=False)
class Vertebrae:
    """``number`` holds vertebra number + 1, ``part`` a ``PartCode``, ``disc`` disc number + 1; 0 is none of them.

    ``confidence`` (n_vertebrae,) comes from the body's outline, the arch's size beside its neighbours' and its symmetry.
    """

    number: npt.NDArray[np.uint8]
    part: npt.NDArray[np.uint8]
    disc: npt.NDArray[np.uint8]
    confidence: tuple[float, ...]


def share_out(column: SpineColumn) -> Vertebrae:
    """The column's bone, shared out, on the straight grid."""
    markers = certain(column)
    flooded = sitk.MorphologicalWatershedFromMarkers(
        sitk.GetImageFromArray(_relief(column)), sitk.GetImageFromArray(markers), False, False
    )
    number: npt.NDArray[np.uint8] = sitk.GetArrayFromImage(flooded)
    bone = (column.bone | (column.body > 0)) & (column.disc == 0) & ~column.canal
    number[~bone | (number > len(column.bodies))] = 0
    number = np.where(column.body > 0, column.body, number)  # a disc's marker floods the bright plate that it touches
    number = _without_strays(number, markers, column)
    part = _parts(number, column)
    return Vertebrae(number, part, column.disc, _confidence(number, column))


def _relief(column: SpineColumn) -> Float32Array:
    """Depths that bright bone fills first, the blurred gaps between processes raised to ridges; no bone comes last."""
    fine = gaussian(np.clip(column.hu, -_LARGEST_HU, _LARGEST_HU), 0.5)
    relief = -(fine + _SHARPER * (fine - gaussian(fine, _GAP_MM / STEP_MM)))
    relief[~(column.bone | (column.body > 0))] = _LAST
    for sheet in (one for joints in column.joints for one in joints.values() if one.confidence >= SURE_GAP):
        relief[tuple(voxels_at(column, sheet.points_mm).T)] = _LAST
    return relief


def _without_strays(
    number: npt.NDArray[np.uint8], markers: npt.NDArray[np.uint8], column: SpineColumn
) -> npt.NDArray[np.uint8]:
    """Only what hangs together with a marker, and in front of the body's middle only what lies close to the body."""
    is_near = rounded(column.body > 0, _IN_FRONT_MM / STEP_MM)
    kept = np.zeros_like(number)
    for n, body in enumerate(column.bodies):
        box = _bounds(number == n + 1)
        mine = number[box] == n + 1
        if not mine.size:
            continue  # the image cuts it off but for its disc
        mine &= is_near[box] | (column.grid.v_mm[box[1]] < body.center_v_mm)[:, None]
        held = touched_by(mine, markers[box] == n + 1)
        kept[box][_without_holes(held, column.canal[box])] = n + 1
    kept[column.canal | (column.disc > 0)] = 0
    return kept


def _without_holes(mask: BoolArray, canal: BoolArray) -> BoolArray:
    """With the marrow that is as dark as muscle: what bone encloses in one plane, but for the hole that holds the canal."""
    filled = mask
    for axis in (2, 1, 0):
        filled = filled | enclosed_in_planes(filled, axis, spared=canal)
    return filled


def _bounds(mask: BoolArray) -> Box:
    """The smallest box around a mask; of size 0 where it is empty."""
    first, last = np.zeros(3, dtype=int), np.zeros(3, dtype=int)
    if mask.any():
        index = np.argwhere(mask)
        first, last = index.min(axis=0), index.max(axis=0) + 1
    s, v, u = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    return s, v, u


def _parts(number: npt.NDArray[np.uint8], column: SpineColumn) -> npt.NDArray[np.uint8]:
    """Bodies, and of what lies behind them the processes that face each other across a joint."""
    part = np.where(number > 0, np.uint8(PartCode.POSTERIOR), np.uint8(PartCode.NONE))
    part[(number > 0) & ((number == column.body) | _rims(column))] = PartCode.BODY
    for n, (below, above) in enumerate(pairwise(column.pedicles)):
        for side in below.keys() & above.keys():
            box = _joint_box(column, below[side], above[side])
            arch = part[box] == PartCode.POSTERIOR
            lower, upper = arch & (number[box] == n + 1), arch & (number[box] == n + 2)
            s = column.grid.s_mm[box[0], None, None]
            down = upper & (s < above[side].low_s_mm - _PARS_MM) & (distance_mm(lower) <= _FACING_MM)
            part[box][down] = PartCode.INFERIOR_ARTICULAR_PROCESS
            up = lower & (distance_mm(down) <= _FACING_MM)
            part[box][up] = PartCode.SUPERIOR_ARTICULAR_PROCESS
    return part


def _rims(column: SpineColumn) -> BoolArray:
    """Around the bodies: their own cortex and spurs. Beside the canal that begins further in front, since pedicles leave there."""
    beside = np.abs(column.grid.u_mm) > column.walls.half_width_mm[:, None]  # (s, u)
    from_v = column.walls.front_mm[:, None] + np.where(beside, _PEDICLE_BASE_MM, 0.0)
    in_front = column.grid.v_mm[None, :, None] > from_v[:, None, :]
    return np.asarray(rounded(column.body > 0, _RIM_MM / STEP_MM) & in_front)


def _joint_box(column: SpineColumn, below: Pedicle, above: Pedicle) -> Box:
    """Around one joint: behind the pedicles, from the lower one's bottom to the upper one's."""
    side, u, width = above.side.sign, max(abs(below.u_mm), abs(above.u_mm)), max(below.width_mm, above.width_mm)
    inner, outer = 0.4 * (abs(below.u_mm) - below.width_mm / 2.0), u + width / 2.0 + 8.0
    across = (side * inner, side * outer) if side > 0 else (side * outer, side * inner)
    return box_of(column, (below.low_s_mm, above.low_s_mm), (-45.0, 0.0), across)


def distance_mm(mask: BoolArray) -> Float32Array:
    """From each voxel to the mask; far where there is none."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    image = sitk.GetImageFromArray(np.ascontiguousarray(mask).view(np.uint8))
    distance = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image, False, False, True))
    return np.asarray(distance * STEP_MM, dtype=np.float32)


def _confidence(number: npt.NDArray[np.uint8], column: SpineColumn) -> tuple[float, ...]:
    """The body's, times how far the arch's size agrees with its neighbours', times how alike its halves are."""
    posterior = (number > 0) & (column.body == 0)
    left = column.grid.u_mm > 0
    halves = np.array(
        [[np.count_nonzero(posterior[..., half] & (number[..., half] == n + 1)) for half in (left, ~left)]
         for n in range(len(column.bodies))], dtype=np.float64,
    )  # fmt: skip
    size = halves.sum(axis=1)
    found = []
    for n, body in enumerate(column.bodies):
        usual = float(np.median(size[max(0, n - 2) : n + 3]))
        likeness = min(size[n], usual) / max(size[n], usual, 1.0)
        balance = halves[n].min() / max(halves[n].max(), 1.0)
        found.append(round(float(body.confidence * np.sqrt(min(likeness / 0.6, 1.0) * min(balance / 0.6, 1.0))), 3))
    return tuple(found)


_DISC_BIT = 1 << 15


@dataclass(frozen=True, slots=True, eq=False)
class ScanVertebrae:
    """``Vertebrae`` on the part ``box`` of the scan's own grid (k, j, i), outside which there are none."""

    box: Box
    number: npt.NDArray[np.uint8]
    part: npt.NDArray[np.uint8]
    disc: npt.NDArray[np.uint8]


def on_scan(vertebrae: Vertebrae, column: SpineColumn, geometry: VolumeGeometry, bone: BoolArray) -> ScanVertebrae:
    """The shares on the scan's grid: the border of posterior parts is that of the scan's own bone mask."""
    inner = ~rounded(vertebrae.number == 0, 1.0)
    packed = (vertebrae.number.astype(np.uint16) << 4) + (vertebrae.part.astype(np.uint16) << 1)
    packed += inner
    packed[vertebrae.disc > 0] = _DISC_BIT + vertebrae.disc[vertebrae.disc > 0].astype(np.uint16)
    box = box_around(geometry, column.grid)
    back: AnyArray = bring_back(packed, column.grid, crop(geometry, box))
    is_disc = back >= _DISC_BIT
    disc = np.where(is_disc, back - _DISC_BIT, 0).astype(np.uint8)
    part = np.where(is_disc, 0, (back >> 1) & 7).astype(np.uint8)
    number = np.where(is_disc, 0, back >> 4).astype(np.uint8)
    hollow = (part > PartCode.BODY) & ~bone[box] & (back & 1 == 0)
    number[hollow] = part[hollow] = 0
    return ScanVertebrae(box, number, part, disc)
