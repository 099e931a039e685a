"""Even brightness: what a surface coil and the scanner make of one tissue at different places is taken out.

In: an MR volume in the patient's axes. Out: the same scaled to a full scale of 2000, its smooth shading divided out (N4, Tustison 2010,
doi:10.1109/TMI.2010.2046908). Shading is sought on 6 mm cubes: it changes over decimetres.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk  # noqa: N813

from planner.anatomy import itk
from planner.geometry import BoolArray, Float32Array, VolumeGeometry
from planner.volume import Volume

FULL_SCALE = 2000.0
"""Of the corrected signal's 99th percentile: whole numbers of int16 lose nothing there."""

_CUBE_MM = 6.0
_ROUNDS = (20, 20, 10)
"""Of N4 at each of its three resolutions; more changed the phantoms' fields by less than a percent."""

_MOST = 6.0
"""Between the brightest and the darkest shading that is believed: a spine coil's back to front (assumed)."""


def evened(volume: Volume, absent: BoolArray) -> Volume:
    """The volume without its shading; ``absent`` voxels stay 0."""
    geometry = volume.geometry
    grid = itk.isotropic_grid(geometry, _CUBE_MM)
    signal = np.where(absent, 0, np.maximum(volume.voxels, 0)).astype(np.int16)
    coarse = itk.resampled(replace(volume, voxels=signal, padding_value=None), grid, outside=0).voxels.astype(
        np.float32
    )
    shading = itk.linear_on(_shading(coarse, grid), grid, geometry)
    even = signal / np.where(shading > 0.0, shading, 1.0)
    top = float(np.percentile(even[~absent], 99.0)) if not absent.all() else 1.0
    voxels = np.clip(np.rint(even * (FULL_SCALE / max(top, 1e-6))), 0, 32767).astype(np.int16)
    return replace(volume, voxels=voxels, padding_value=None)


def _shading(signal: Float32Array, grid: VolumeGeometry) -> Float32Array:
    """(k, j, i) factor on each coarse voxel, 1 in the middle of what is seen; 1 throughout where too little is."""
    if min(signal.shape) < 4 or not signal.any():
        return np.ones(signal.shape, dtype=np.float32)
    seen = signal > _dark_below(signal)
    image = itk.to_image(np.maximum(signal, 1.0), grid)
    corrector = sitk.N4BiasFieldCorrectionImageFilter()
    corrector.SetMaximumNumberOfIterations(list(_ROUNDS))
    corrector.Execute(image, itk.to_image(seen.astype(np.uint8), grid))
    log = np.asarray(itk.to_array(corrector.GetLogBiasFieldAsImage(image)), dtype=np.float32)
    log -= float(np.median(log[seen]))
    half = float(np.log(_MOST)) / 2.0
    return np.exp(np.clip(log, -half, half)).astype(np.float32)


def _dark_below(signal: Float32Array) -> float:
    """Air is darker than this share of the bright tissue; where nothing is, all counts."""
    return 0.1 * float(np.percentile(signal, 95.0))
