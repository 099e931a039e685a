"""Bone: cortex by its density, marrow by being enclosed, contrast-filled organs by being smooth and without a shell.

In: a CT volume in the patient's axes and its skin. Out: a ``Bone`` on the same grid, spinal canal open, metal apart.
Marrow is never found by its density: in osteoporosis it is 50 HU, below muscle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy import itk
from planner.anatomy.enclosure import ALL_AROUND, directions_met
from planner.anatomy.stages import Bone, Skin
from planner.geometry import BoolArray, Float32Array, VolumeGeometry
from planner.volume import Volume

_METAL_HU = 2500
"""Denser than any cortex (up to 2000) and enamel aside; clipped series end below and show no metal."""

_CORTEX_HU = 160.0
"""Above muscle and unenhanced organs with their noise, below a thin cortex blurred to half of 400 HU."""

_WORK_MM = 1.5
_MARROW_REACH_MM = 40.0
"""Half of the widest lumbar body (60 mm) and a margin."""

_MARROW_DIRECTIONS = 22
"""Of 26: cortex has holes for vessels and is lost in places to blur; a disc's edge is open to half of all sides."""

_SMALLEST_BONE_MM3 = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """The body's box at the working resolution."""

    volume: Volume
    body: BoolArray
    noise_hu: float


def find_bone(volume: Volume, skin: Skin) -> Bone:
    """Cortex and dense marrow on the volume's own grid; ``with_marrow`` adds the rest once the canal is known."""
    work = _work(volume, skin)
    threshold = max(_CORTEX_HU, 60.0 + 3.0 * work.noise_hu)
    contrast = contrast_filled(work.volume, work.body, work.noise_hu)
    dense = (work.volume.voxels > threshold) & work.body & ~contrast
    dense = itk.without_specks(dense, work.volume.geometry, _SMALLEST_BONE_MM3)
    mask = _at_own_resolution(volume, skin, work, dense)
    metal = (volume.voxels >= _METAL_HU) & skin.body
    return Bone(mask, metal, _confidence(work, dense))


def with_marrow(volume: Volume, skin: Skin, bone: Bone, canal: BoolArray) -> Bone:
    """The bone with the marrow that it encloses, at any density, and without the canal.

    The canal must be known: in the thorax it is as enclosed as marrow is.
    """
    box = itk.box_around(bone.mask, volume.geometry, 3.0)
    own = itk.crop(volume.geometry, box)
    grid = itk.isotropic_grid(own, _WORK_MM)
    dense = itk.mask_on(bone.mask[box], own, grid)
    kept_open = itk.mask_on(canal[box], own, grid)
    marrow = enclosed_marrow(dense, grid) & ~kept_open
    filled = bone.mask.copy()
    filled[box] |= itk.labels_on(marrow.view(np.uint8), grid, own) > 0
    return replace(bone, mask=filled & ~canal & skin.body)


def _work(volume: Volume, skin: Skin) -> _Work:
    box = itk.box_around(skin.body, volume.geometry, 2.0)
    grid = itk.isotropic_grid(itk.crop(volume.geometry, box), _WORK_MM)
    coarse = itk.resampled(volume, grid)
    body = itk.mask_on(skin.body, volume.geometry, grid)
    return _Work(coarse, body, noise_of(coarse, body))


def noise_of(volume: Volume, body: BoolArray) -> float:
    """Robust standard deviation of the image noise in soft tissue [HU]: neighbour differences, median-based."""
    voxels = volume.voxels.astype(np.float32)
    soft = body & (volume.voxels > -150) & (volume.voxels < 200)
    both = soft[:, :, 1:-1] & soft[:, :, :-2] & soft[:, :, 2:]
    curve = (voxels[:, :, 1:-1] - 0.5 * (voxels[:, :, :-2] + voxels[:, :, 2:]))[both]
    if len(curve) < 100:
        return 20.0
    return float(1.4826 * np.median(np.abs(curve)) / np.sqrt(1.5))


def contrast_filled(volume: Volume, body: BoolArray, noise_hu: float) -> BoolArray:
    """Vessels, heart and kidneys full of contrast medium: smooth inside, no brighter shell around them."""
    grid = volume.geometry
    mean = itk.smoothed(volume.voxels, grid, 1.5)
    smooth = (mean > _CORTEX_HU - 40) & (_local_deviation(mean, grid) < 18.0 + 0.3 * noise_hu) & body
    cores = itk.opened(smooth, grid, 3.0)
    labels = itk.components(cores)
    vessels = np.zeros(cores.shape, dtype=bool)
    for label in range(1, min(int(labels.max()), 30) + 1):
        core = labels == label
        box = itk.box_around(core, grid, 12.0)
        if core.sum() * _WORK_MM**3 < 500.0:
            break
        if not _has_a_shell(core[box], mean[box], itk.crop(grid, box)):
            vessels[box] |= _grown(core[box], mean[box], itk.crop(grid, box))
    return vessels


def _local_deviation(mean: Float32Array, grid: VolumeGeometry) -> Float32Array:
    square = itk.smoothed(mean**2, grid, 3.0) - itk.smoothed(mean, grid, 3.0) ** 2
    return np.asarray(np.sqrt(np.maximum(square, 0.0)), dtype=np.float32)


def _has_a_shell(core: BoolArray, mean: Float32Array, grid: VolumeGeometry) -> bool:
    """Marrow lies in a cortex: much of what surrounds it within 8 mm is far brighter than its own middle."""
    inside = float(np.median(mean[core]))
    distance = itk.signed_distance_mm(core, grid)
    brighter = (mean > max(inside + 60.0, 280.0)) & (distance > 0) & (distance < 8.0)
    seen = itk.signed_distance_mm(brighter, grid) if brighter.any() else np.full(core.shape, np.inf)
    rim = (distance > 0) & (distance < 2.0)
    return bool((seen[rim] < 8.0).mean() > 0.5)


def _grown(core: BoolArray, mean: Float32Array, grid: VolumeGeometry) -> BoolArray:
    """The core out to its blurred edge: still at most a little brighter than its own middle."""
    values = mean[core]
    limit = float(np.median(values) + 3.0 * np.std(values) + 20.0)
    return np.asarray((itk.dilated(core, grid, 6.0) & (mean < limit)) | core)


def enclosed_marrow(dense: BoolArray, grid: VolumeGeometry) -> BoolArray:
    """What dense bone surrounds in nearly every direction."""
    box = itk.box_around(dense, grid)
    met = directions_met(dense[box], ALL_AROUND, _MARROW_REACH_MM / _WORK_MM)
    enclosed = np.zeros(dense.shape, dtype=bool)
    enclosed[box] = itk.opened((met >= _MARROW_DIRECTIONS) | dense[box], itk.crop(grid, box), 1.0)
    return enclosed & ~dense


def _at_own_resolution(volume: Volume, skin: Skin, work: _Work, dense: BoolArray) -> BoolArray:
    near = itk.dilated(dense, work.volume.geometry, _WORK_MM)
    own = itk.labels_on(near.view(np.uint8), work.volume.geometry, volume.geometry)
    threshold = max(_CORTEX_HU, 60.0 + 2.0 * work.noise_hu)
    return np.asarray((own > 0) & (volume.voxels > threshold) & skin.body)


def _confidence(work: _Work, dense: BoolArray) -> float:
    """How far the cortex stands out of the noise: its contrast to soft tissue in noise units, 5 is plenty."""
    if not dense.any():
        return 0.0
    contrast = float(np.median(work.volume.voxels[dense])) - 60.0
    return round(float(np.clip(contrast / (5.0 * max(work.noise_hu, 1.0)), 0.0, 0.99)), 3)
