"""Sacrum and iliac bones parted along the sacroiliac joints, the lumbosacral disc and the hips.

In: the pelvis' filled bone on a coarse grid and the lumbosacral disc. Out: ``Parted``: masks on the scan's grid, each with a
confidence from the image. Two ways are used and compared: the joint's two cortices as one bright sheet between
two marrow spaces, and the dark gap within that sheet. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from planner.anatomy import itk
from planner.anatomy.femoral_heads import femur_marks
from planner.anatomy.pelvic_bone import WORK_MM, PelvicBone, disc_axes
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel
from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray
from planner.structures import Side
from planner.volume import Volume

_SACRUM, _LEFT, _RIGHT, _OTHER = 1, 2, 3, 4

_BODY_HALF_MM, _BODY_DEPTH_MM = 20.0, 30.0
"""The sacral bodies' core: 40 mm of a breadth of 50 (assumed)."""

_S1_MM, _TO_COCCYX_MM, _CURVE_MM = 35.0, 110.0, 60.0
"""Below S1 the sacrum curves: all bone near the midline, down to the coccyx, is sacral; L5's spinous and inferior articular
processes end above (assumed)."""

_ALA_HALF_MM, _ALA_TO_MM = 34.0, 45.0
"""The alae end 50 to 60 mm from the midline; their core well before, in S1 and S2 (assumed)."""

_ILIAC_MM = 62.0
"""From the midline: beyond the widest sacrum (half of 120 mm)."""

_CREST_MM = 70.0
"""Above the lumbosacral disc: the iliac crest ends at L4, ribs begin at L2 (assumed)."""

_TUBEROSITY_OUT_MM, _TUBEROSITY_FRONT_MM, _TUBEROSITY_DOWN_MM = 42.0, -46.0, -60.0
"""Lateral to the facet joints and 20 mm behind the canal's middle lies the iliac tuberosity and nothing else."""

_LUMBAR_HALF_MM, _LUMBAR_ARCH_MM = 30.0, 20.0
"""Of L5 above the disc: its body and pedicles, and behind them its arch without S1's articular processes."""

_SHEET_MM, _GAP_MM, _BAND_MM = 2.0, 1.0, 3.0
"""The two cortices with the joint between are 4 to 6 mm thick, half of it on each side of the gap of 1 to 3 mm."""

_BORDER_HU = 120.0
"""Beside dense cortex: above muscle and its blur, below thin cortex (assumed)."""

_LEVEL_HU = 8.0
"""The relief is filled in steps of half the noise of a usual scan."""

_BEYOND = np.iinfo(np.int16).max
"""Soft tissue is filled last: no label passes through it while bone is left."""

_INSIDE_HU = 400.0
"""How much deep bone is favoured over a border, against the sheet's own brightness (assumed: half of cortex)."""

_AROUND_JOINT_MM = 60.0
"""Below the lumbosacral disc lie the sacroiliac joints (60 mm long); there both sides are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """Masks on the scan's grid and how sure each is."""

    sacrum: BoolArray
    ilium: dict[Side, BoolArray]
    sacrum_confidence: float
    ilium_confidence: dict[Side, float]


def part_pelvis(volume: Volume, bone: Bone, canal: CanalTrack, pelvic: PelvicBone, disc: DiscLevel) -> Parted:
    """Sacrum and iliac bones of the lumbosacral disc's pelvis."""
    markers = _markers(pelvic, canal.frame, disc)
    by_sheet = _flooded(_sheet(pelvic), markers, pelvic)
    by_gap = _refined(pelvic, by_sheet, markers)
    labels = _one_piece_each(by_gap, markers)
    back = itk.labels_on(labels, pelvic.grid, pelvic.own)
    whole = _whole(volume, bone, pelvic) & ~canal.mask[pelvic.box] & ~bone.metal[pelvic.box]
    masks = []
    for label in (_SACRUM, _LEFT, _RIGHT):
        mask = np.zeros(volume.geometry.shape, dtype=bool)
        mask[pelvic.box] = (back == label) & whole
        masks.append(mask)
    sure = _confidences(pelvic, canal.frame, disc, by_sheet, labels)
    return Parted(
        masks[0], {Side.LEFT: masks[1], Side.RIGHT: masks[2]}, sure[0], {Side.LEFT: sure[1], Side.RIGHT: sure[2]}
    )


def _whole(volume: Volume, bone: Bone, pelvic: PelvicBone) -> BoolArray:
    """Bone with marrow on the scan's grid: where dense cortex is near it is the border, elsewhere what it surrounds."""
    dense = bone.mask[pelvic.box]
    solid = itk.mask_on(pelvic.solid, pelvic.grid, pelvic.own)
    inner = itk.mask_on(itk.eroded(pelvic.solid, pelvic.grid, WORK_MM), pelvic.grid, pelvic.own)
    far = itk.mask_on(~itk.dilated(pelvic.dense, pelvic.grid, 1.5 * WORK_MM), pelvic.grid, pelvic.own)
    return np.asarray(dense | inner | (solid & (far | (volume.voxels[pelvic.box] > _BORDER_HU))))


def _markers(pelvic: PelvicBone, frame: SpineFrame, disc: DiscLevel) -> npt.NDArray[np.uint8]:
    """Where each bone is for sure: sacrum, left and right iliac bone, and neither: lumbar spine, femurs, metal."""
    grid = pelvic.grid
    voxels = np.argwhere(pelvic.solid)
    offset = grid.points_mm(voxels) - _middle(frame, disc)
    left, anterior = disc_axes(frame, disc)
    aside, front, below = np.abs(offset @ left), offset @ anterior, offset @ disc.normal
    kind = np.zeros(len(voxels), dtype=np.uint8)
    body = (below > -_S1_MM) & (np.abs(front) < _BODY_DEPTH_MM / 2.0)
    rest = (below <= -_S1_MM) & (below > -_TO_COCCYX_MM) & (np.abs(front) < _CURVE_MM)
    kind[(body | rest) & (below < -4.0) & (aside < _BODY_HALF_MM)] = _SACRUM
    ala = (below < -8.0) & (below > -_ALA_TO_MM) & (aside < _ALA_HALF_MM) & (front > -14.0) & (front < 8.0)
    kind[ala] = _SACRUM
    tuberosity = (below > _TUBEROSITY_DOWN_MM) & (aside > _TUBEROSITY_OUT_MM) & (front < _TUBEROSITY_FRONT_MM)
    iliac = (tuberosity | (aside > _ILIAC_MM)) & (below < _CREST_MM)
    kind[iliac] = np.where(offset @ left > 0.0, _LEFT, _RIGHT)[iliac]
    lumbar = (below > 4.0) & (front < _CURVE_MM) & (aside < np.where(front > -20.0, _LUMBAR_HALF_MM, _LUMBAR_ARCH_MM))
    kind[lumbar] = _OTHER
    markers = np.zeros(pelvic.solid.shape, dtype=np.uint8)
    markers[tuple(voxels.T)] = kind
    markers[(pelvic.metal | femur_marks(pelvic, disc)) & pelvic.solid] = _OTHER
    return markers


def _middle(frame: SpineFrame, disc: DiscLevel) -> FloatArray:
    """The disc's middle, moved to the canal's midline: below it the canal itself may be lost in fatty marrow."""
    left, _ = disc_axes(frame, disc)
    return np.asarray(disc.center_mm + ((frame.at(disc.s_mm)[0] - disc.center_mm) @ left) * left)


def _sheet(pelvic: PelvicBone) -> Float32Array:
    """High where two cortices meet, low in marrow and deep inside."""
    bright = itk.smoothed(np.clip(pelvic.image.voxels, -200, 600), pelvic.grid, _SHEET_MM)
    inside = itk.smoothed(pelvic.solid.astype(np.float32), pelvic.grid, 1.5 * _SHEET_MM)
    return bright - _INSIDE_HU * inside


def _refined(pelvic: PelvicBone, labels: AnyArray, markers: npt.NDArray[np.uint8]) -> AnyArray:
    """The same parting, moved into the darkest gap within the band around each border."""
    near = np.zeros(labels.shape, dtype=bool)
    for label in (_SACRUM, _LEFT, _RIGHT, _OTHER):
        own = labels == label
        near |= own & itk.dilated((labels > 0) & ~own, pelvic.grid, _BAND_MM)
    kept = np.where(near & (markers != labels), 0, labels).astype(np.uint8)
    gap = -itk.smoothed(np.clip(pelvic.image.voxels, -200, 1200), pelvic.grid, _GAP_MM)
    return _flooded(gap, kept, pelvic)


def _flooded(relief: Float32Array, markers: npt.NDArray[np.uint8], pelvic: PelvicBone) -> AnyArray:
    """Each bone voxel's marker, from which it is reached first as the relief fills."""
    levels = np.where(pelvic.solid, np.round(relief / _LEVEL_HU), _BEYOND).astype(np.int16)
    held = np.where(itk.dilated(pelvic.solid, pelvic.grid, 2.0 * WORK_MM), markers, _OTHER).astype(np.uint8)
    flooded = sitk.MorphologicalWatershedFromMarkers(
        itk.to_image(levels, pelvic.grid), itk.to_image(held, pelvic.grid), False, False
    )
    return itk.to_array(flooded) * pelvic.solid


def _one_piece_each(labels: AnyArray, markers: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Only what hangs on its own marker: what was reached through soft tissue is no part of these bones."""
    kept = np.zeros(labels.shape, dtype=np.uint8)
    for label in (_SACRUM, _LEFT, _RIGHT):
        kept[itk.touched_by(labels == label, markers == label)] = label
    return kept


def _confidences(
    pelvic: PelvicBone, frame: SpineFrame, disc: DiscLevel, by_sheet: AnyArray, labels: AnyArray
) -> tuple[float, float, float]:
    """For sacrum, left and right ilium: agreement of the two ways, times seen cortex, times likeness of both sides."""
    voxels = np.argwhere(labels > 0)
    offset = pelvic.grid.points_mm(voxels) - _middle(frame, disc)
    below = offset @ disc.normal
    around = (below < 0.0) & (below > -_AROUND_JOINT_MM)
    voxels, aside = voxels[around], (offset @ disc_axes(frame, disc)[0])[around]
    kind, other = labels[tuple(voxels.T)], by_sheet[tuple(voxels.T)]
    sides = {
        _SACRUM: (aside > 0, aside < 0),
        _LEFT: (kind == _LEFT, kind == _RIGHT),
        _RIGHT: (kind == _LEFT, kind == _RIGHT),
    }
    sure = []
    for label, (left, right) in sides.items():
        mine = kind == label if label == _SACRUM else np.ones(len(kind), dtype=bool)
        alike = _ratio(int((mine & left).sum()), int((mine & right).sum()))
        agree = _dice(kind == label, other == label)
        sure.append(
            round(float(np.clip(agree * (0.4 + 0.6 * _shell(pelvic, labels == label)) * alike**0.5, 0, 0.98)), 3)
        )
    return sure[0], sure[1], sure[2]


def _shell(pelvic: PelvicBone, mask: BoolArray) -> float:
    """How much of a bone's surface is dense."""
    rim = mask & ~itk.eroded(mask, pelvic.grid, WORK_MM)
    near = itk.dilated(pelvic.dense, pelvic.grid, WORK_MM)
    return float(near[rim].mean()) if rim.any() else 0.0


def _ratio(one: int, other: int) -> float:
    return min(one, other) / max(one, other, 1)


def _dice(one: BoolArray, other: BoolArray) -> float:
    return 2.0 * float((one & other).sum()) / max(1.0, float(one.sum() + other.sum()))
