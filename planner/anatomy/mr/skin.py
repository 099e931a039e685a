"""The body on an MR and the air around it: air is dark, touches the image's edge in the axial plane, and is all noise.

In: the even volume in the patient's axes and what is no image. Out: a ``Skin``. The image's edge is never skin; where no air is seen
all is body, and the confidence, the share of the outline that is skin, is 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.anatomy import itk
from planner.anatomy.lie import lie_on_table
from planner.anatomy.model import Surroundings
from planner.anatomy.skin import not_reconstructed, share_of_outline_in_air
from planner.anatomy.stages import Skin
from planner.errors import AnatomyError
from planner.geometry import AnyArray, BoolArray, Float32Array, VolumeGeometry
from planner.volume import Volume

_COARSE_MM = 2.0
_CALM_MM = 2.5
_DARK_SHARE = 0.15
"""Of bright tissue: muscle on a heavy T2 is at 0.15 and more, air in the noise of a good scan at 0.03."""

_SURELY_AIR = 0.04
_NOISE_RATIO = 0.3
"""Standard deviation over mean: 0.52 in Rayleigh noise (Gudbjartsson 1995, doi:10.1002/mrm.1910340618), a little less once
interpolated; below 0.2 in any tissue of an image that a spine can be found on (assumed)."""

_ABOVE_AIR = 1.7
"""Times the air's level: skin begins; three of its deviations once averaged."""

_LEAST_AIR_MM3 = 20_000.0
_LEAST_KNOWN = 0.05
"""Of a Gaussian's weight: with less of it on image nothing is asked there, and it is only kept from dividing by nothing."""

_NECK_MM, _RIM_MM = 5.0, 6.0
"""Fat is as dark as air on STIR: skin 2 mm thick before it is bridged by the first; the second is looked at again voxel by voxel."""

_SMALLEST_BODY_MM3 = 50_000.0
"""A child's lumbar spine in a narrow slab; less is no body (assumed)."""


def find_skin_on_mr(even: Volume, absent: BoolArray) -> Skin:
    """The filled body and its surroundings on the volume's own grid."""
    geometry = even.geometry
    grid = itk.isotropic_grid(geometry, _COARSE_MM)
    shown = replace(even, voxels=np.where(absent, 0, even.voxels).astype(np.int16)) if absent.any() else even
    coarse = itk.resampled(shown, grid, outside=0).voxels.astype(np.float32)
    nothing = itk.mask_on(absent, geometry, grid) if absent.any() else np.zeros(grid.shape, dtype=bool)
    level = _air_level(coarse, nothing, grid)
    if level is None:
        rough = ~nothing
        body = ~absent
    else:
        rough = _rough(_mean(coarse, nothing, grid, 1.0), level, nothing, grid)
        body = _refined(shown, absent, (rough, level), grid) & ~absent
    _require_body(rough, grid)
    kinds = np.full(body.shape, Surroundings.AIR, dtype=np.uint8)
    kinds[absent] = Surroundings.OUTSIDE_RECONSTRUCTION
    kinds[body] = Surroundings.BODY
    sure = 0.0 if level is None else share_of_outline_in_air(rough, nothing)
    return Skin(geometry, body, kinds, lie_on_table(rough, np.zeros_like(rough), grid), sure)


def seen_on(skin: Skin, oblique: Volume | None) -> Skin:
    """The skin as sure as the scan's own slices show it: the ends of oblique ones cut the patient's axial planes, and no slice."""
    if oblique is None or skin.confidence == 0.0:
        return skin
    body = itk.mask_on(skin.body, skin.geometry, oblique.geometry)
    return replace(skin, confidence=share_of_outline_in_air(body, not_reconstructed(oblique)))


def _air_level(signal: Float32Array, nothing: BoolArray, grid: VolumeGeometry) -> float | None:
    """Signal that air stays below; None where the image shows no air."""
    bright = float(np.percentile(signal[~nothing], 90.0)) if not nothing.all() else 0.0
    mean = _mean(signal, nothing, grid, _CALM_MM)
    candidates = _touching_the_edge((mean < _DARK_SHARE * bright) & ~nothing, grid)
    if not candidates.any():
        return None
    inner = itk.eroded(candidates, grid, 2.0 * _CALM_MM)
    values = signal[inner if inner.any() else candidates]
    middle, spread = float(values.mean()), float(values.std())
    if middle > _SURELY_AIR * bright and spread < _NOISE_RATIO * middle:
        return None
    return max(_ABOVE_AIR * middle, _SURELY_AIR * bright)


def _mean(signal: AnyArray, nothing: BoolArray, grid: VolumeGeometry, sigma_mm: float) -> Float32Array:
    """Gaussian mean of what is image: beside an oblique stack's end tissue is not half as bright, and is no air."""
    if not nothing.any():
        return itk.smoothed(signal, grid, sigma_mm)
    known = itk.smoothed((~nothing).astype(np.float32), grid, sigma_mm)
    mean = itk.smoothed(np.where(nothing, 0, signal).astype(np.float32), grid, sigma_mm)
    return np.asarray(mean / np.maximum(known, np.float32(_LEAST_KNOWN)), dtype=np.float32)


def _touching_the_edge(dark: BoolArray, grid: VolumeGeometry) -> BoolArray:
    """Large dark pieces at the sides, front or back of the image: through its first and last slice gas may leave."""
    edge = np.zeros(dark.shape, dtype=bool)
    edge[:, [0, -1]] = True
    edge[:, :, [0, -1]] = True
    return itk.without_specks(itk.touched_by(dark, edge & dark), grid, _LEAST_AIR_MM3)


def _rough(mean: Float32Array, level: float, nothing: BoolArray, grid: VolumeGeometry) -> BoolArray:
    """Tissue, its dark parts included: air is what reaches the edge through openings wider than the neck."""
    tissue = (mean > level) & ~nothing
    tissue = itk.opened(tissue | nothing, grid, _COARSE_MM) & ~nothing  # where the stack ends, tissue goes on
    tissue = itk.filled_in_slices(itk.largest_component(itk.closed(tissue, grid, _NECK_MM)))
    return _but_for_rooms(tissue, nothing, grid)


def _but_for_rooms(tissue: BoolArray, nothing: BoolArray, grid: VolumeGeometry) -> BoolArray:
    """All but large pieces of air: gas in the body that the stack's end opens is none of the room."""
    return np.asarray(~itk.without_specks(~tissue & ~nothing, grid, _LEAST_AIR_MM3) & ~nothing)


def _refined(even: Volume, absent: BoolArray, found: tuple[BoolArray, float], grid: VolumeGeometry) -> BoolArray:
    """The outline at the scan's own resolution, near the rough one."""
    rough, level = found
    distance = itk.signed_distance_mm(rough, grid)
    zones = (distance < _COARSE_MM).astype(np.uint8) + (distance < -_RIM_MM)
    own = itk.labels_on(zones, grid, even.geometry)
    mean = _mean(even.voxels, absent, even.geometry, 0.5 * float(even.geometry.spacing_mm.min()))
    kept = (own == 2) | ((own == 1) & (mean > level))
    return _but_for_rooms(itk.filled_in_slices(itk.largest_component(kept)), absent, even.geometry)


def _require_body(rough: BoolArray, grid: VolumeGeometry) -> None:
    size_mm3 = float(rough.sum() * np.prod(grid.spacing_mm))
    if size_mm3 < _SMALLEST_BODY_MM3:
        raise AnatomyError(
            "body", f"{size_mm3 / 1000:.0f} mL of tissue", "send an MR of the trunk that shows the spine"
        )
