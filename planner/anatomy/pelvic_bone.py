"""The pelvis' bones filled with their marrow on a coarse grid, and how much of them lies where a sacral ala would be.

In: a CT volume, its bone, canal and lowest discs. Out: a ``PelvicBone``. All lengths are mm, points LPS.
Cortex of the sacrum can be as weak as 100 HU and its marrow as dark as fat: what bone surrounds is bone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy import itk
from planner.anatomy.enclosure import ALL_AROUND, directions_met
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel
from planner.geometry import BoolArray, FloatArray, VolumeGeometry, unit
from planner.volume import Volume, nearest

WORK_MM = 2.0
_ASIDE_MM, _BEHIND_MM, _BEFORE_MM, _DOWN_MM, _UP_MM = 170.0, 130.0, 120.0, 190.0, 70.0
"""Around the lowest discs: half the breadth of a large pelvis (300 mm) and its height below the lumbosacral disc."""

_ENCLOSED_WITHIN_MM = 50.0
"""Half of the sacrum's breadth (110 mm), less what lies beyond (assumed)."""

_ENCLOSED_DIRECTIONS = 19
"""Of 26: marrow sees bone but through its foramina; muscle before a flat bone sees it in half of them."""

_WEAK_HU, _NEAR_CORTEX_MM = 95.0, 5.0
"""Smoothed: above muscle with contrast (up to 85 HU); cortex of 1 mm in 3 mm slices is as weak. Only near sure bone."""

_SMOOTH_MM = 0.8

_ALA_DOWN_MM = np.arange(-20.0, -11.0, 2.0)
_ALA_OUT_MM = np.arange(28.0, 45.0, 2.0)
_ALA_FORWARD_MM = np.arange(-14.0, 5.0, 2.0)
"""From the disc's middle: beside the upper half of the body below it, at the body's own depth. There an ala is, and a lumbar
vertebra has the psoas; its transverse process lies behind."""


@dataclass(frozen=True, slots=True, eq=False)
class PelvicBone:
    """On ``grid``, which covers ``box`` of the scan: HU, bone with marrow, dense bone, metal."""

    box: tuple[slice, slice, slice]
    own: VolumeGeometry
    grid: VolumeGeometry
    image: Volume
    solid: BoolArray
    dense: BoolArray
    metal: BoolArray


def pelvic_bone(volume: Volume, bone: Bone, canal: CanalTrack, discs: tuple[DiscLevel, ...]) -> PelvicBone:
    """The box around the lowest discs, its bones filled."""
    box = _box(volume.geometry, np.stack([disc.center_mm for disc in discs]))
    own = itk.crop(volume.geometry, box)
    grid = itk.isotropic_grid(own, WORK_MM)
    image = itk.resampled(Volume(own, volume.voxels[box]), grid)
    dense, metal, opened = (itk.mask_on(m[box], own, grid) for m in (bone.mask, bone.metal, canal.mask))
    solid = _filled(image, dense & ~metal) & ~opened
    return PelvicBone(box, own, grid, image, solid, dense, metal)


def _box(geometry: VolumeGeometry, centres_mm: FloatArray) -> tuple[slice, slice, slice]:
    low = centres_mm.min(axis=0) - np.array([_ASIDE_MM, _BEFORE_MM, _DOWN_MM])
    high = centres_mm.max(axis=0) + np.array([_ASIDE_MM, _BEHIND_MM, _UP_MM])
    ends = np.sort(np.round(geometry.indices(np.stack([low, high]))).astype(int), axis=0)
    k, j, i = (slice(max(0, int(a)), min(n, int(b))) for a, b, n in zip(*ends, geometry.shape, strict=True))
    return k, j, i


def _filled(image: Volume, dense: BoolArray) -> BoolArray:
    grid = image.geometry
    smooth = itk.smoothed(np.clip(image.voxels, -200, 1000), grid, _SMOOTH_MM)
    cortex = ((smooth > _WEAK_HU) & itk.dilated(dense, grid, _NEAR_CORTEX_MM)) | dense
    met = directions_met(cortex, ALL_AROUND, _ENCLOSED_WITHIN_MM / WORK_MM)
    return itk.opened((met >= _ENCLOSED_DIRECTIONS) | cortex, grid, WORK_MM) | cortex


def disc_axes(frame: SpineFrame, disc: DiscLevel) -> tuple[FloatArray, FloatArray]:
    """Unit vectors in the disc's plane: to the patient's left and to anterior."""
    _, left, anterior, _ = frame.at(disc.s_mm)
    left = unit(left - (left @ disc.normal) * disc.normal)
    forward = np.cross(disc.normal, left)
    return left, forward * np.sign(forward @ anterior)


def ala_share(mask: BoolArray, grid: VolumeGeometry, frame: SpineFrame, disc: DiscLevel) -> float:
    """How much of the place of an ala below a disc is in the mask, on the side that has less; 0 where the image ends."""
    left, forward = disc_axes(frame, disc)
    down, out, front = np.meshgrid(_ALA_DOWN_MM, _ALA_OUT_MM, _ALA_FORWARD_MM, indexing="ij")
    shares = []
    for sign in (-1.0, 1.0):
        offsets = (down[..., None] * disc.normal, sign * out[..., None] * left, front[..., None] * forward)
        points = disc.center_mm + offsets[0] + offsets[1] + offsets[2]
        seen = grid.contains(points)
        held = nearest(mask.view(np.uint8), grid.indices(points), 0)
        shares.append(float(held[seen].mean()) if seen.mean() >= 0.5 else 0.0)
    return min(shares)
