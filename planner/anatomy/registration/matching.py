"""One stiff piece of today's scan laid over the earlier one where their intensities tell most about each other.

In: two volumes of any modality, a mask on today's, a first motion. Out: the best motion near it and its mutual information
(Mattes 2003, doi:10.1109/TMI.2003.809072), which no sequence and no contrast agent upsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813  (the name its own documentation uses)

from planner.anatomy import itk
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.motion import RigidMotion
from planner.volume import Volume

_BINS = 32
_SMALLEST_STEP_MM, _FIRST_STEP_MM = 0.02, 1.5
_MOST_STEPS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A motion from today to the earlier scan and the mutual information it reaches."""

    motion: RigidMotion
    information: float


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Both images as they are compared, on grids of their own; ``today`` is the one that the mask lies on."""

    today: Any
    earlier: Any
    grid: VolumeGeometry


def scene(today: Volume, earlier: Volume, spacing_mm: float) -> Scene:
    """Both scans on cubic voxels of ``spacing_mm``, or their own where they are coarser."""
    grid = itk.isotropic_grid(today.geometry, spacing_mm)
    return Scene(_image(today, grid), _image(earlier, _grid_of(earlier, spacing_mm)), grid)


def _grid_of(volume: Volume, spacing_mm: float) -> VolumeGeometry:
    finest = float(volume.geometry.spacing_mm.max())
    return itk.isotropic_grid(volume.geometry, spacing_mm) if finest <= spacing_mm else volume.geometry


def _image(volume: Volume, grid: VolumeGeometry) -> Any:  # noqa: ANN401  (SimpleITK has no types)
    outside = int(volume.voxels.min())
    return itk.to_image(itk.resampled(volume, grid, outside).voxels.astype(np.float32), grid)


def match(images: Scene, mask: BoolArray, start: RigidMotion, coarse_to_fine: tuple[int, ...] = (2, 1)) -> Match:
    """The motion near ``start`` under which what the mask holds tells most about the earlier scan.

    One thread: sums keep their order, so the same input gives the same motion.
    """
    box = _box_of(mask)
    center_mm = images.grid.points_mm(np.argwhere(mask).mean(axis=0))
    transform = _as_transform(start, center_mm)
    method = _measure(_part(mask.astype(np.uint8), images.grid, box))
    method.SetOptimizerAsRegularStepGradientDescent(
        _FIRST_STEP_MM, _SMALLEST_STEP_MM, _MOST_STEPS, relaxationFactor=0.6, gradientMagnitudeTolerance=1e-5
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(coarse_to_fine)
    method.SetSmoothingSigmasPerLevel([float(factor - 1) for factor in coarse_to_fine])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(_part_of(images.today, box), images.earlier)
    return Match(_as_motion(transform), -float(method.GetMetricValue()))


def information(images: Scene, mask: BoolArray, motion: RigidMotion) -> float:
    """Mutual information under a motion as it is."""
    box = _box_of(mask)
    method = _measure(_part(mask.astype(np.uint8), images.grid, box))
    method.SetInitialTransform(_as_transform(motion, images.grid.points_mm(np.argwhere(mask).mean(axis=0))))
    return -float(method.MetricEvaluate(_part_of(images.today, box), images.earlier))


def _measure(mask: Any) -> Any:  # noqa: ANN401
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricFixedMask(mask)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(sitk.sitkLinear)
    return method


def _box_of(mask: BoolArray) -> itk.Box:
    places = np.argwhere(mask)
    first, last = np.maximum(places.min(axis=0) - 2, 0), places.max(axis=0) + 3
    k, j, i = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    return k, j, i


def _part(array: Any, grid: VolumeGeometry, box: itk.Box) -> Any:  # noqa: ANN401
    return _part_of(itk.to_image(array, grid), box)


def _part_of(image: Any, box: itk.Box) -> Any:  # noqa: ANN401
    k, j, i = box
    return image[i, j, k]


def _as_transform(motion: RigidMotion, center_mm: FloatArray) -> Any:  # noqa: ANN401
    transform = sitk.Euler3DTransform()
    transform.SetCenter(center_mm.tolist())
    transform.SetMatrix(motion.rotation.ravel().tolist(), 1e-5)
    transform.SetTranslation((motion.of(center_mm) - center_mm).tolist())
    return transform


def _as_motion(transform: Any) -> RigidMotion:  # noqa: ANN401
    rotation = np.array(transform.GetMatrix()).reshape(3, 3)
    center, shift = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    return RigidMotion(rotation, center - rotation @ center + shift)
