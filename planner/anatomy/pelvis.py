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
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
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
    solid = itk.mask_on(bone.mask[box], own, grid)
    markers = _markers(solid, grid, canal.frame, disc)
    relief = -itk.smoothed(np.clip(coarse.voxels, -200, 1200), grid, 1.0)
    flooded = sitk.MorphologicalWatershedFromMarkers(
        itk.to_image(relief, grid), itk.to_image(markers, grid), False, False
    )
    labels = itk.to_array(flooded) * itk.dilated(solid, grid, _WORK_MM)
    back = itk.labels_on(labels, grid, own)
    sacrum = np.zeros(volume.geometry.shape, dtype=bool)
    sacrum[box] = (back == 1) & bone.mask[box]
    ilium = {}
    for side, label in ((Side.LEFT, 2), (Side.RIGHT, 3)):
        ilium[side] = np.zeros(volume.geometry.shape, dtype=bool)
        ilium[side][box] = (back == label) & bone.mask[box]
    return sacrum, ilium


def _markers(solid: BoolArray, grid: VolumeGeometry, frame: SpineFrame, disc: DiscLevel) -> npt.NDArray[np.uint8]:
    """1 sacrum, 2 and 3 left and right iliac bone, 4 what is neither: lumbar spine, femurs, soft tissue."""
    voxels = np.argwhere(solid)
    points = grid.points_mm(voxels)
    suv = frame.from_lps(points, rounds=4)
    below = (points - disc.center_mm) @ disc.normal
    u, v = suv[:, 1], suv[:, 2]
    kind = np.zeros(len(voxels), dtype=np.uint8)
    kind[(below < -4.0) & (np.abs(u) < 24.0) & (v > -35.0) & (v < 45.0) & (below > -110.0)] = 1
    lateral = (np.abs(u) > 62.0) & (below > -90.0) & (below < 60.0)
    kind[lateral & (u > 0)] = 2
    kind[lateral & (u < 0)] = 3
    kind[(below > 4.0) & (np.abs(u) < 45.0)] = 4
    kind[points[:, 2] < disc.center_mm[2] - 150.0] = 4
    markers = np.zeros(solid.shape, dtype=np.uint8)
    markers[tuple(voxels.T)] = kind
    markers[~itk.dilated(solid, grid, 4.0)] = 4
    return markers
