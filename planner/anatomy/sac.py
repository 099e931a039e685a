"""The thecal sac inside the spinal canal: bounded by epidural fat where that is seen, else the canal less a thin layer.

In: the volume in the patient's axes and the canal's mask. Out: masks of sac and of the canal around it, on the same grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy import itk
from planner.anatomy.stages import CanalTrack
from planner.geometry import BoolArray, Float32Array, FloatArray, VolumeGeometry
from planner.volume import Volume

_FAT_HU = -50.0
"""A little nearer to epidural fat (-100 HU) than to dura with CSF (10 to 30 HU): a sac drawn too large only costs a path."""

_COARSEST_MM = 1.5
"""In the slice: larger voxels mix fat of 1 to 3 mm with what is beside it; there the whole canal counts as sac."""

_SMOOTH_MM = 0.8
_WITHOUT_FAT_MM = 0.7
"""What is taken off the canal's wall where no fat shows the dura: ligament and veins (assumed; kept thin on purpose)."""

_FAT_SHARE = 0.08
"""Of the canal in a slice: less than this is noise, not a border."""

_SAC_SHARE = 0.25
"""Of the canal in a slice: below, the sac has ended and fat fills the sacral canal."""

_UNSEEN = 0.4
"""Of the canal's confidence where no fat shows the sac: it lies in the canal, but where in it is not seen (assumed)."""

_NECK_MM = 1.5
"""Radius of what is cut off the sac: roots and veins that cross the fat."""

_MARGIN_MM = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Sac:
    """``mask`` of the sac and ``around`` of the rest of the canal (k, j, i).

    ``confidence`` is the canal's, less where no fat shows the sac's border within it. ``uncertainty_mm`` holds the
    border with 95 % where it does (a voxel) and where it does not (the canal's own margin).
    """

    mask: BoolArray
    around: BoolArray
    confidence: float
    uncertainty_mm: float


def find_sac(volume: Volume, canal: CanalTrack) -> Sac:
    """The sac over the length of the canal."""
    box = itk.box_around(canal.mask, volume.geometry, _MARGIN_MM)
    own, hollow = itk.crop(volume.geometry, box), canal.mask[box]
    mean = itk.smoothed(np.clip(volume.voxels[box], -200, 200), own, _SMOOTH_MM)
    inside, shown = _inside(mean, hollow, own)
    mask = np.zeros(canal.mask.shape, dtype=bool)
    mask[box] = inside
    seen = float(shown.mean()) if len(shown) else 0.0
    confidence = round((_UNSEEN + (1.0 - _UNSEEN) * seen) * canal.confidence, 3) if len(shown) else 0.0
    spacing = float(volume.geometry.spacing_mm[1:].max())
    uncertainty = max(1.0, spacing) if seen * canal.confidence > 0.5 else max(2.0, spacing)
    return Sac(mask, canal.mask & ~mask, confidence, round(uncertainty, 2))


def _inside(mean: Float32Array, hollow: BoolArray, grid: VolumeGeometry) -> tuple[BoolArray, BoolArray]:
    """The sac, and for each slice of the canal whether fat shows it."""
    area = hollow.sum(axis=(1, 2))
    if grid.spacing_mm[1:].max() > _COARSEST_MM:
        return hollow, np.zeros(np.count_nonzero(area), dtype=bool)
    fat = hollow & (mean < _FAT_HU)
    share = np.where(area > 0, fat.sum(axis=(1, 2)) / np.maximum(area, 1), 0.0)
    shown = _steady(share, grid) > _FAT_SHARE
    ended = _steady(share, grid) > 1.0 - _SAC_SHARE
    soft = hollow & ~fat
    core = itk.eroded(soft, grid, _NECK_MM)
    bounded = soft & itk.dilated(core, grid, _NECK_MM + 1.5 * float(grid.spacing_mm.max()))
    thinned = itk.eroded(hollow, grid, _WITHOUT_FAT_MM)
    sac = np.where(shown[:, None, None], bounded, thinned)
    sac[ended] = False
    return itk.largest_component(sac) if sac.any() else sac, shown[area > 0]


def _steady(share: FloatArray, grid: VolumeGeometry) -> FloatArray:
    """Mean over 9 mm along the canal: fat comes and goes with the laminae."""
    half = max(0, round(4.5 / float(grid.spacing_mm[0])))
    padded = np.pad(share, half, mode="edge")
    mean: FloatArray = np.convolve(padded, np.full(2 * half + 1, 1.0 / (2 * half + 1)), mode="valid")
    return mean
