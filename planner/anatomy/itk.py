"""The only door between arrays with a geometry and SimpleITK images, and the morphology all stages share.

In: (k, j, i) arrays and their ``VolumeGeometry``. Out: new arrays on a stated grid. Every radius is in mm.
Arrays are always copied out of an image: a view of a temporary image reads freed memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813  (the name its own documentation uses)

from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, VolumeGeometry
from planner.volume import Volume


def to_image(array: AnyArray, geometry: VolumeGeometry) -> Any:  # noqa: ANN401  (SimpleITK has no types)
    """The array as a SimpleITK image in the same patient space; bool becomes uint8."""
    stored = array.view(np.uint8) if array.dtype == np.bool_ else array
    image = sitk.GetImageFromArray(np.ascontiguousarray(stored))
    image.SetSpacing([float(mm) for mm in geometry.spacing_mm[::-1]])
    image.SetDirection([float(c) for c in _orthonormal(geometry.axes[:, ::-1]).ravel()])
    image.SetOrigin([float(mm) for mm in geometry.lps_from_index[:3, 3]])
    return image


def to_array(image: Any) -> AnyArray:  # noqa: ANN401
    """A copy of the image's voxels in (k, j, i) order."""
    return np.asarray(sitk.GetArrayFromImage(image))


def _orthonormal(axes: FloatArray) -> FloatArray:
    left, _, right = np.linalg.svd(axes)
    return np.asarray(left @ right)


def isotropic_grid(geometry: VolumeGeometry, spacing_mm: float) -> VolumeGeometry:
    """A grid along the same axes with cubic voxels, covering the same box."""
    extent = geometry.spacing_mm * geometry.shape
    k, j, i = (max(1, int(np.floor(mm / spacing_mm + 1e-6))) for mm in extent)
    matrix = geometry.lps_from_index.copy()
    matrix[:3, :3] = geometry.axes * spacing_mm
    slack = (extent - np.array([k, j, i]) * spacing_mm) / 2.0
    first = (slack + spacing_mm / 2.0) / geometry.spacing_mm - 0.5
    matrix[:3, 3] = geometry.points_mm(first)
    return VolumeGeometry(matrix, (k, j, i), geometry.frame_of_reference_uid)


def resampled(volume: Volume, grid: VolumeGeometry, outside: int = -1024) -> Volume:
    """The volume on another grid: averaged over whole voxels where it gets coarser, then linear."""
    factors = np.maximum(1, np.floor(grid.spacing_mm / volume.geometry.spacing_mm + 1e-3)).astype(int)
    image = to_image(volume.voxels, volume.geometry)
    if factors.max() > 1:
        image = sitk.BinShrink(image, [int(n) for n in factors[::-1]])
    image = _on_grid(image, grid, sitk.sitkLinear, outside)
    return Volume(grid, to_array(image), volume.modality, volume.padding_value)


def mask_on(mask: BoolArray, geometry: VolumeGeometry, grid: VolumeGeometry) -> BoolArray:
    """The mask on another grid, its border at the half level of a linear interpolation."""
    if geometry.matches(grid):
        return mask.copy()
    smooth = to_image(mask.astype(np.float32), geometry)
    coarser = grid.spacing_mm / geometry.spacing_mm
    if coarser.max() > 1.5:
        smooth = sitk.BinShrink(smooth, [int(max(1, np.floor(n))) for n in coarser[::-1]])
    return np.asarray(to_array(_on_grid(smooth, grid, sitk.sitkLinear, 0)) >= 0.5)


def labels_on(labels: AnyArray, geometry: VolumeGeometry, grid: VolumeGeometry) -> AnyArray:
    """Label values on another grid, nearest voxel; 0 beyond."""
    return to_array(_on_grid(to_image(labels, geometry), grid, sitk.sitkNearestNeighbor, 0))


def _on_grid(image: Any, grid: VolumeGeometry, how: int, outside: float) -> Any:  # noqa: ANN401
    padded = _edge_padded(image)
    return sitk.Resample(
        padded,
        [int(n) for n in grid.shape[::-1]],
        sitk.Transform(),
        how,
        [float(mm) for mm in grid.lps_from_index[:3, 3]],
        [float(mm) for mm in grid.spacing_mm[::-1]],
        [float(c) for c in _orthonormal(grid.axes[:, ::-1]).ravel()],
        float(outside),
    )


def _edge_padded(image: Any) -> Any:  # noqa: ANN401
    """One voxel of the edge's own values around, so that the outer half voxel is not lost."""
    return sitk.ZeroFluxNeumannPad(image, [1, 1, 1], [1, 1, 1])


def smoothed(array: AnyArray, geometry: VolumeGeometry, sigma_mm: float) -> Float32Array:
    """Gaussian of ``sigma_mm`` (discrete, so that thin grids are not over-smoothed)."""
    image = to_image(array.astype(np.float32), geometry)
    return np.asarray(to_array(sitk.DiscreteGaussian(image, sigma_mm**2, 32, 0.01, True)), dtype=np.float32)


def grey_opened(array: Float32Array, geometry: VolumeGeometry, half_mm: float) -> Float32Array:
    """The array without bright parts thinner than ``2 half_mm`` along any axis."""
    image = to_image(array, geometry)
    image = sitk.GrayscaleMorphologicalOpening(image, _half_box(geometry, half_mm), sitk.sitkBox)
    return np.asarray(to_array(image), dtype=np.float32)


def grey_dilated(array: Float32Array, geometry: VolumeGeometry, half_mm: float) -> Float32Array:
    """The largest value within ``half_mm`` along the axes."""
    image = sitk.GrayscaleDilate(to_image(array, geometry), _half_box(geometry, half_mm), sitk.sitkBox)
    return np.asarray(to_array(image), dtype=np.float32)


def _half_box(geometry: VolumeGeometry, half_mm: float) -> list[int]:
    return [max(1, round(half_mm / float(mm))) for mm in geometry.spacing_mm[::-1]]


def signed_distance_mm(mask: BoolArray, geometry: VolumeGeometry) -> Float32Array:
    """Distance of each voxel to the mask's border, negative inside; far away where the mask is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    if mask.all():
        return np.full(mask.shape, -np.inf, dtype=np.float32)
    image = sitk.SignedMaurerDistanceMap(to_image(mask, geometry), False, False, True)
    return np.asarray(to_array(image), dtype=np.float32)


def dilated(mask: BoolArray, geometry: VolumeGeometry, radius_mm: float) -> BoolArray:
    """The mask and everything within ``radius_mm`` of it."""
    return np.asarray(signed_distance_mm(mask, geometry) <= radius_mm)


def eroded(mask: BoolArray, geometry: VolumeGeometry, radius_mm: float) -> BoolArray:
    """The mask without what lies within ``radius_mm`` of its outside; the image's edge is not an outside."""
    return np.asarray(signed_distance_mm(mask, geometry) < -radius_mm)


def opened(mask: BoolArray, geometry: VolumeGeometry, radius_mm: float) -> BoolArray:
    """The parts of the mask that hold a ball of ``radius_mm``."""
    return dilated(eroded(mask, geometry, radius_mm), geometry, radius_mm) & mask


def closed(mask: BoolArray, geometry: VolumeGeometry, radius_mm: float) -> BoolArray:
    """The mask with gaps closed that hold no ball of ``radius_mm``."""
    return eroded(dilated(mask, geometry, radius_mm), geometry, radius_mm) | mask


def components(mask: BoolArray) -> npt.NDArray[np.uint32]:
    """Face-connected components numbered by size, 1 the largest."""
    image = sitk.ConnectedComponent(sitk.GetImageFromArray(mask.view(np.uint8)))
    return np.asarray(to_array(sitk.RelabelComponent(image)), dtype=np.uint32)


def largest_component(mask: BoolArray) -> BoolArray:
    """The largest face-connected component; empty where the mask is."""
    return np.asarray(components(mask) == 1)


def without_specks(mask: BoolArray, geometry: VolumeGeometry, smallest_mm3: float) -> BoolArray:
    """The mask without components smaller than ``smallest_mm3``."""
    labels = components(mask)
    sizes = np.bincount(labels.ravel()) * float(np.prod(geometry.spacing_mm))
    keep = sizes >= smallest_mm3
    keep[0] = False
    return np.asarray(keep[labels])


def touched_by(mask: BoolArray, seeds: BoolArray) -> BoolArray:
    """The face-connected components of the mask that hold a seed."""
    labels = components(mask)
    keep = np.zeros(int(labels.max()) + 1, dtype=bool)
    keep[np.unique(labels[seeds & mask])] = True
    keep[0] = False
    return np.asarray(keep[labels])


def filled_in_slices(mask: BoolArray) -> BoolArray:
    """The mask with the holes of each axial slice filled."""
    full = np.empty_like(mask)
    for k, plane in enumerate(mask):
        image = sitk.GetImageFromArray(np.ascontiguousarray(plane).view(np.uint8))
        full[k] = to_array(sitk.BinaryFillhole(image))
    return full


def box_around(mask: BoolArray, geometry: VolumeGeometry, margin_mm: float = 0.0) -> tuple[slice, slice, slice]:
    """The smallest box that holds the mask, grown by ``margin_mm`` within the grid."""
    grow = np.ceil(margin_mm / geometry.spacing_mm).astype(int)
    spans = []
    for axis, n in enumerate(mask.shape):
        found = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        first, last = (int(found[0]), int(found[-1])) if len(found) else (0, n - 1)
        spans.append(slice(max(0, first - int(grow[axis])), min(n, last + 1 + int(grow[axis]))))
    return spans[0], spans[1], spans[2]


def crop(geometry: VolumeGeometry, box: tuple[slice, slice, slice]) -> VolumeGeometry:
    """The grid of ``array[box]``."""
    first = (int(box[0].start), int(box[1].start), int(box[2].start))
    k, j, i = (int(s.stop - s.start) for s in box)
    return geometry.cropped(first, (k, j, i))
