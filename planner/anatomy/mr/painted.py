"""The spine of an MR painted as a CT would show it, so that what finds foramina, roots and joints there finds them here.

In: the even volume, its contrast, and the spine that the network saw. Out: on 1 mm cubes around the canal: a ``Volume`` of HU, its bone,
and the canal's track. Bone, disc and canal are the network's; what is fat and what is not is the image's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy import itk
from planner.anatomy.mr.weighting import Contrast
from planner.anatomy.network.session import Share
from planner.anatomy.network.spine_on_mr import MrSpine
from planner.anatomy.stages import Bone, CanalTrack
from planner.geometry import BoolArray, Float32Array, VolumeGeometry
from planner.volume import Modality, Volume

CUBE_MM = 1.0
_AROUND_MM = 80.0
"""Of the canal: the straightened spine reaches 70 mm aside and 64 mm behind."""

FAT_HU, SOFT_HU, DISC_HU, CANAL_HU, BONE_HU, AIR_HU = -100.0, 40.0, 90.0, 20.0, 400.0, -1000.0
"""Of plain CT. Half of bone is then above every threshold of bone, and a disc below."""

_ARCHES = (Share.POSTERIOR, Share.SUPERIOR_PROCESS, Share.INFERIOR_PROCESS, Share.OTHER_BONE)
_LIKELY = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class PaintedSpine:
    """``volume`` in HU, bone and canal on its grid; ``bone.confidence`` is how sure the network is of its bone."""

    volume: Volume
    bone: Bone
    canal: CanalTrack
    fat: Float32Array
    """How much of each voxel is fat, 0 to 1."""


def painted(even: Volume, body: BoolArray, contrast: Contrast, spine: MrSpine) -> PaintedSpine:
    """The box around the canal as a CT."""
    grid = _box(even.geometry, spine)
    shares = {share: itk.linear_on(spine.opinion.shares[share], spine.opinion.box, grid) for share in Share}
    signal = itk.resampled(even, grid, outside=0).voxels.astype(np.float32)
    inside = itk.mask_on(body, even.geometry, grid)
    bone = _bone(shares, contrast.is_fat(signal))
    fat = contrast.fat_share(signal)
    hu = _hu(fat, bone, shares, inside)
    mask = bone > _LIKELY
    hollow = _hollow(spine, grid)
    sure = float(bone[mask].mean()) if mask.any() else 0.0
    return PaintedSpine(
        Volume(grid, np.rint(hu).astype(np.int16), Modality.CT),
        Bone(mask & ~hollow, np.zeros_like(mask), round(sure, 3)),
        replace(spine.canal, mask=hollow),
        fat,
    )


def _bone(shares: dict[Share, Float32Array], is_fat: BoolArray) -> Float32Array:
    """The network's bone; behind and beside the bodies not where the image shows fat, which the network takes for marrow."""
    sure = shares[Share.BODY] + shares[Share.SACRUM]
    doubtful = sum((shares[one] for one in _ARCHES), np.zeros(is_fat.shape, dtype=np.float32))
    return np.asarray(np.minimum(sure + np.where(is_fat, 0.0, doubtful), 1.0), dtype=np.float32)


def with_bone(ground: PaintedSpine, more: BoolArray, less: BoolArray) -> PaintedSpine:
    """The spine with bone added where anatomy has some, and taken off where a foramen opens."""
    mask = (ground.bone.mask | more) & ~less & ~ground.canal.mask
    return replace(ground, bone=replace(ground.bone, mask=mask))


def _hu(fat: Float32Array, bone: Float32Array, shares: dict[Share, Float32Array], inside: BoolArray) -> Float32Array:
    """Mixed by share: what is neither bone, disc nor canal is fat or soft as the image says."""
    disc, canal = shares[Share.DISC], shares[Share.CANAL]
    rest = np.clip(1.0 - bone - disc - canal, 0.0, 1.0)
    total = np.maximum(bone + disc + canal + rest, 1e-6)
    soft = SOFT_HU + (FAT_HU - SOFT_HU) * fat
    hu = (bone * BONE_HU + disc * DISC_HU + canal * CANAL_HU + rest * soft) / total
    return np.asarray(np.where(inside | (rest < _LIKELY), hu, AIR_HU), dtype=np.float32)


def _box(scan: VolumeGeometry, spine: MrSpine) -> VolumeGeometry:
    """1 mm cubes over the part of the scan that lies around the canal."""
    centres = spine.canal.frame.centres_mm
    corners = scan.corners_mm
    low = np.maximum(centres.min(axis=0) - _AROUND_MM, corners.min(axis=0))
    high = np.minimum(centres.max(axis=0) + _AROUND_MM, corners.max(axis=0))
    x, y, z = (max(1, int(np.floor(mm / CUBE_MM))) for mm in high - low)
    first = low + CUBE_MM / 2.0
    return VolumeGeometry.from_spacing(
        (z, y, x), (CUBE_MM,) * 3, (float(first[0]), float(first[1]), float(first[2])), scan.frame_of_reference_uid
    )


def _hollow(spine: MrSpine, grid: VolumeGeometry) -> BoolArray:
    """The canal's one long piece, its border at half a share."""
    near = itk.dilated(spine.canal.mask, spine.geometry, 2.0)
    share = np.where(near, spine.opinion.shares[Share.CANAL], 0.0).astype(np.float32)
    return np.asarray(itk.linear_on(share, spine.geometry, grid) > _LIKELY)
