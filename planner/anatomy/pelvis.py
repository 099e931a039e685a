"""The sacrum and the iliac bones, and the disc above the sacrum: the anchor that names the lumbar spine.

In: a CT volume, its filled bone, canal and discs. Out: a ``Pelvis``: which disc is the lumbosacral one, how sure, and masks.
Below that disc bone lies on both sides of the canal without a gap; beside lumbar vertebrae it ends at every disc.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from planner.anatomy import itk
from planner.anatomy.enclosure import ALL_AROUND, directions_met
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel
from planner.geometry import AnyArray, BoolArray, FloatArray, VolumeGeometry
from planner.structures import Side
from planner.volume import Volume, nearest

_BESIDE_MM = np.arange(32.0, 51.0, 2.0)
_DEPTH_MM = np.arange(-25.0, 31.0, 2.0)
"""Beside the canal, where the sacral ala and the iliac bone are and a transverse process is only a rod."""

_STEP_MM = 2.0
_CONTINUOUS = 0.06
"""Share of bone beside the canal in the sacrum; beside a transverse process as much, for 20 mm at most (assumed)."""

_NEVER_BELOW = 0.035
"""What the sacrum keeps where its fatty ala leaves only two cortices of 1 to 2 mm in 56 (assumed); beside a lumbar disc
there is muscle: 0 to 0.03 was seen."""

_MEAN = 0.10
_SHORTEST_MM = 18.0
"""Of sacrum below its disc: S1 alone is 30 mm; less can be one broad transverse process."""

_TO_DISC_MM = 16.0
_WORK_MM = 1.5

_ENCLOSED_WITHIN_MM = 60.0
"""Half of the sacrum's breadth (110 mm) and a margin (assumed)."""

_ENCLOSED_DIRECTIONS, _OPEN_DIRECTIONS = 22, 12
"""Of 26: marrow sees bone but through its foramina; muscle in front of a flat bone sees it in half of them."""

_FAT_HU = -30.0
"""Fat outside bone is -120 to -60; fatty marrow holds trabeculae and is rarely below -30 (assumed)."""

_L5_ARCH_MM = -35.0
"""Below the tilted disc's plane L5's spinous and inferior articular processes end (assumed)."""

_HEAD_RADIUS_MM = 17.0
"""Femoral heads have radii of 19 to 28 mm; the hip bone is thinner than 34 mm but where it holds one (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class Pelvis:
    """``lumbosacral`` is the place in the discs of the one above the sacrum; None where no sacrum shows."""

    lumbosacral: int | None
    confidence: float
    sacrum: BoolArray
    ilium: dict[Side, BoolArray]


def find_pelvis(volume: Volume, bone: Bone, canal: CanalTrack, discs: tuple[DiscLevel, ...]) -> Pelvis:
    """The pelvis where it is in the image; empty masks where it is not."""
    share = bone_beside(volume.geometry, bone, canal.frame)
    place, confidence = lumbosacral_disc(share, discs, canal.frame)
    none = np.zeros(volume.geometry.shape, dtype=bool)
    if place is None:
        return Pelvis(None, 0.0, none, dict.fromkeys(Side, none))
    sacrum, ilium = _parted(volume, bone, canal, discs[place])
    return Pelvis(place, confidence, sacrum, ilium)


def bone_beside(geometry: VolumeGeometry, bone: Bone, frame: SpineFrame) -> FloatArray:
    """(n,) every 2 mm of the canal: how much of the region beside it is bone, on the side that has less."""
    s = np.arange(frame.s_mm[0], frame.s_mm[-1], _STEP_MM)
    sides = []
    for side in Side:
        along, depth, across = np.broadcast_arrays(
            s[:, None, None], _DEPTH_MM[None, :, None], side.sign * _BESIDE_MM[None, None, :]
        )
        points = frame.to_lps(np.stack([along, across, depth], axis=-1))
        sides.append(nearest(bone.mask.view(np.uint8), geometry.indices(points), 0).mean(axis=(1, 2)))
    return np.asarray(np.minimum(sides[0], sides[1]))


def lumbosacral_disc(share: FloatArray, discs: tuple[DiscLevel, ...], frame: SpineFrame) -> tuple[int | None, float]:
    """The disc at the upper end of the lowest stretch with bone on both sides throughout, and how sure that is."""
    smooth = np.convolve(np.pad(share, 1, mode="edge"), np.ones(3) / 3.0, mode="valid")
    for first, last in _stretches(smooth):
        if (last - first) * _STEP_MM < _SHORTEST_MM or share[first:last].mean() < _MEAN:
            continue
        end_s = frame.s_mm[0] + last * _STEP_MM
        near = [n for n, disc in enumerate(discs) if abs(disc.s_mm - end_s) <= _TO_DISC_MM]
        if not near or first * _STEP_MM > _SHORTEST_MM:
            return None, 0.0  # bone on both sides, but not where the canal ends, or without a disc above: no anchor
        place = max(near)
        return place, _anchor_confidence(share, last, discs[place])
    return None, 0.0


def _stretches(share: FloatArray) -> list[tuple[int, int]]:
    """Where the share stays above what a disc leaves and rises to the sacrum's: first and last + 1, trimmed to its ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], share >= _NEVER_BELOW, [0]])))
    found = []
    for first, last in edges.reshape(-1, 2):
        clear = first + np.flatnonzero(share[first:last] >= _CONTINUOUS)
        if len(clear):
            found.append((int(clear[0]), int(clear[-1]) + 1))
    return found


def _anchor_confidence(share: FloatArray, last: int, disc: DiscLevel) -> float:
    """How long the stretch below is, how clearly it ends, and how clear the disc at its end is."""
    length = min(1.0, last * _STEP_MM / 40.0)
    beyond = share[last : last + int(30.0 / _STEP_MM)]
    drop = 1.0 - float(np.median(beyond)) / float(share[:last].mean()) if len(beyond) > 3 else 0.3
    return round(
        float(np.clip(0.4 * length + 0.4 * np.clip(drop * 1.3, 0.0, 1.0) + 0.2 * disc.confidence, 0.0, 0.98)), 3
    )


def _parted(volume: Volume, bone: Bone, canal: CanalTrack, disc: DiscLevel) -> tuple[BoolArray, dict[Side, BoolArray]]:
    """Sacrum and iliac bones, parted along the dark sacroiliac joints."""
    reach = disc.center_mm + np.array([[-170.0, -120.0, -190.0], [170.0, 130.0, 70.0]])
    corners = np.sort(np.round(volume.geometry.indices(reach)).astype(int), axis=0)
    box = tuple(slice(max(0, int(a)), min(n, int(b))) for a, b, n in zip(*corners, volume.geometry.shape, strict=True))
    own = itk.crop(volume.geometry, (box[0], box[1], box[2]))
    grid = itk.isotropic_grid(own, _WORK_MM)
    coarse = itk.resampled(Volume(own, volume.voxels[box]), grid)
    dense, metal, open_canal = (itk.mask_on(m[box], own, grid) for m in (bone.mask, bone.metal, canal.mask))
    solid = _with_fatty_marrow(coarse, dense & ~metal, open_canal)
    markers = _markers(solid, grid, canal.frame, disc)
    markers[metal | _femoral_heads(solid, grid, disc)] = 4
    relief = -itk.smoothed(np.clip(coarse.voxels, -200, 1200), grid, 1.0)
    labels = _flooded(relief, markers, grid) * itk.dilated(solid, grid, _WORK_MM)
    back = itk.labels_on(labels, grid, own)
    whole = (bone.mask[box] | itk.mask_on(solid, grid, own)) & ~bone.metal[box] & ~canal.mask[box]
    found = []
    for label in (1, 2, 3):
        mask = np.zeros(volume.geometry.shape, dtype=bool)
        mask[box] = (back == label) & whole
        found.append(mask)
    return found[0], {Side.LEFT: found[1], Side.RIGHT: found[2]}


def _with_fatty_marrow(image: Volume, dense: BoolArray, canal: BoolArray) -> BoolArray:
    """Bone with marrow of any density: what is enclosed, out to the edge that parts it from what lies open.

    Unlike beside lumbar discs, no foramen here is as wide as the marrow of an ala; the sacral canal stays open.
    """
    grid = image.geometry
    met = directions_met(dense, ALL_AROUND, _ENCLOSED_WITHIN_MM / _WORK_MM)
    smooth = itk.smoothed(image.voxels, grid, 1.0)
    outside = (met <= _OPEN_DIRECTIONS) & ~itk.dilated(dense, grid, _WORK_MM)
    outside |= (smooth < _FAT_HU) & (met < _ENCLOSED_DIRECTIONS)
    markers = np.where(dense | (met >= _ENCLOSED_DIRECTIONS), 1, np.where(outside, 2, 0)).astype(np.uint8)
    markers[canal] = 2
    edges = itk.to_array(sitk.GradientMagnitude(itk.to_image(smooth, grid)))
    return itk.opened(_flooded(edges, markers, grid) == 1, grid, _WORK_MM) | dense


def _flooded(relief: AnyArray, markers: npt.NDArray[np.uint8], grid: VolumeGeometry) -> AnyArray:
    """Each voxel's marker, from which it is reached first as the relief fills."""
    flooded = sitk.MorphologicalWatershedFromMarkers(
        itk.to_image(relief, grid), itk.to_image(markers, grid), False, False
    )
    return itk.to_array(flooded)


def _femoral_heads(solid: BoolArray, grid: VolumeGeometry, disc: DiscLevel) -> BoolArray:
    """Balls of bone below and beside the sacrum that no part of the hip bone is thick enough to hold."""
    core = itk.eroded(solid, grid, _HEAD_RADIUS_MM)
    voxels = np.argwhere(core)
    offset = grid.points_mm(voxels) - disc.center_mm
    head = np.zeros_like(core)
    aside = (np.abs(offset[:, 0]) > 60.0) & (offset[:, 2] < -60.0)
    head[tuple(voxels[aside].T)] = True
    return itk.dilated(head, grid, _HEAD_RADIUS_MM - _WORK_MM) if head.any() else head


def _markers(solid: BoolArray, grid: VolumeGeometry, frame: SpineFrame, disc: DiscLevel) -> npt.NDArray[np.uint8]:
    """1 sacrum, 2 and 3 left and right iliac bone, 4 what is neither: lumbar spine, femurs, soft tissue."""
    voxels = np.argwhere(solid)
    points = grid.points_mm(voxels)
    suv = frame.from_lps(points, rounds=4)
    below = (points - disc.center_mm) @ disc.normal
    u, v = suv[:, 1], suv[:, 2]
    kind = np.zeros(len(voxels), dtype=np.uint8)
    middle = (below < -4.0) & (below > -110.0) & (np.abs(u) < 24.0) & (v < 45.0)
    kind[middle & ((v > 0.0) | ((below < _L5_ARCH_MM) & (v > -35.0)))] = 1
    kind[(below < -8.0) & (below > -45.0) & (np.abs(u) < 36.0) & (v > 5.0) & (v < 35.0)] = 1
    aside = points[:, 0] - disc.center_mm[0]
    lateral = (np.abs(aside) > 62.0) & (below < 60.0)
    kind[lateral & (aside > 0)] = 2
    kind[lateral & (aside < 0)] = 3
    kind[(below > 4.0) & (np.abs(u) < 45.0)] = 4
    kind[(points[:, 2] < disc.center_mm[2] - 150.0) & (np.abs(aside) > 110.0)] = 4
    markers = np.zeros(solid.shape, dtype=np.uint8)
    markers[tuple(voxels.T)] = kind
    markers[~itk.dilated(solid, grid, 4.0)] = 4
    return markers
