"""The only door between arrays with a geometry and SimpleITK images, and the morphology all stages share.

In: (k, j, i) arrays and their ``VolumeGeometry``. Out: new arrays on a stated grid. Every radius is in mm.
Arrays are always copied out of an image: a view of a temporary image reads freed memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813  (the name its own documentation uses)

from planner.anatomy import aligned, balls, grey, smoothing
from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, VolumeGeometry
from planner.volume import Volume

Box: TypeAlias = tuple[slice, slice, slice]


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
    factors = _whole_factors(volume.geometry, grid)
    if factors.max() > 1:
        mean, blocks = aligned.shrunk_hu(volume, factors, np.iinfo(np.int16).min)
        image = to_image(mean.astype(np.int16), blocks)
    else:
        image = to_image(volume.voxels, volume.geometry)
    image = _on_grid(image, grid, sitk.sitkLinear, outside)
    return Volume(grid, to_array(image), volume.modality, volume.padding_value)


def percent_on(mask: BoolArray, geometry: VolumeGeometry, grid: VolumeGeometry) -> npt.NDArray[np.int16]:
    """How much of each voxel of another grid is in the mask, 0 to 100: as ``resampled`` of 0 and 100, in a quarter of its memory."""
    factors = _whole_factors(geometry, grid)
    count, blocks = aligned.counted(mask, geometry, factors)
    most = int(np.prod(factors))
    percent_of = np.floor(np.arange(most + 1) * 100.0 / most + 0.5).astype(np.int16)
    percent = np.empty(count.shape, dtype=np.int16)
    for n, plane in enumerate(count):  # one at a time: indexing makes 64-bit copies
        percent[n] = percent_of[plane]
    return np.asarray(to_array(_on_grid(to_image(percent, blocks), grid, sitk.sitkLinear, 0)))


def _whole_factors(geometry: VolumeGeometry, grid: VolumeGeometry) -> npt.NDArray[np.intp]:
    """(3,) how many voxels make one of a coarser grid, at least 1."""
    return np.maximum(1, np.floor(grid.spacing_mm / geometry.spacing_mm + 1e-3)).astype(np.intp)


def mask_on(mask: BoolArray, geometry: VolumeGeometry, grid: VolumeGeometry) -> BoolArray:
    """The mask on another grid, its border at the half level of a linear interpolation."""
    if geometry.matches(grid):
        return mask.copy()
    coarser = grid.spacing_mm / geometry.spacing_mm
    if aligned.are_aligned(geometry, grid):
        factors = np.maximum(np.floor(coarser), 1).astype(int) if coarser.max() > 1.5 else np.ones(3, dtype=int)
        return aligned.at_least_half(*aligned.shrunk(mask, geometry, factors), grid, _PADDED)
    smooth = to_image(mask.astype(np.int16) * np.int16(2 * _HALF), geometry)
    if coarser.max() > 1.5:
        smooth = sitk.BinShrink(smooth, [int(max(1, np.floor(n))) for n in coarser[::-1]])
    return np.asarray(to_array(_on_grid(smooth, grid, sitk.sitkLinear, 0)) >= _HALF)


_HALF = 5000
"""A mask's border level while it is interpolated: as fine as needed in half the memory of floats."""

_PADDED = 1.5
"""Voxels beyond the outer centres that still see the edge's own values (``_edge_padded``)."""


def labels_on(labels: AnyArray, geometry: VolumeGeometry, grid: VolumeGeometry) -> AnyArray:
    """Label values on another grid, nearest voxel; 0 beyond."""
    if aligned.are_aligned(geometry, grid):
        return aligned.nearest(labels, geometry, grid)
    return to_array(_on_grid(to_image(labels, geometry), grid, sitk.sitkNearestNeighbor, 0))


def linear_on(array: Float32Array, geometry: VolumeGeometry, grid: VolumeGeometry) -> Float32Array:
    """Values on another grid, linear between voxels; 0 beyond."""
    return np.asarray(to_array(_on_grid(to_image(array, geometry), grid, sitk.sitkLinear, 0)), dtype=np.float32)


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
    return smoothing.smoothed(array, sigma_mm / geometry.spacing_mm)


def grey_opened(array: Float32Array, geometry: VolumeGeometry, half_mm: float) -> Float32Array:
    """The array without bright parts thinner than ``2 half_mm`` along any axis."""
    return grey.opened(array, _half_box(geometry, half_mm))


def grey_dilated(array: Float32Array, geometry: VolumeGeometry, half_mm: float) -> Float32Array:
    """The largest value within ``half_mm`` along the axes."""
    return grey.dilated(array, _half_box(geometry, half_mm))


def _half_box(geometry: VolumeGeometry, half_mm: float) -> list[int]:
    return [max(1, round(half_mm / float(mm))) for mm in geometry.spacing_mm]


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
    grown = np.zeros(mask.shape, dtype=bool)
    box = true_box(mask)
    if box is not None:
        box = grown_box(box, np.ceil(max(0.0, radius_mm) / geometry.spacing_mm).astype(int) + 1, mask.shape)
        grown[box] = _within(mask[box], crop(geometry, box), radius_mm)
    return grown


def eroded(mask: BoolArray, geometry: VolumeGeometry, radius_mm: float) -> BoolArray:
    """The mask without what lies within ``radius_mm`` of its outermost voxels; the image's edge is not an outside."""
    shrunk = np.zeros(mask.shape, dtype=bool)
    box = true_box(mask)
    if box is not None:
        box = grown_box(box, (1, 1, 1), mask.shape)
        shrunk[box] = mask[box] & ~_within(balls.rim(mask[box]), crop(geometry, box), radius_mm)
    return shrunk


def _within(mask: BoolArray, geometry: VolumeGeometry, radius_mm: float) -> BoolArray:
    if radius_mm >= 0.0 and balls.is_small(radius_mm, geometry.spacing_mm):
        return balls.grown(mask, radius_mm, geometry.spacing_mm)
    return np.asarray(signed_distance_mm(mask, geometry) <= radius_mm)


def opened(mask: BoolArray, geometry: VolumeGeometry, radius_mm: float) -> BoolArray:
    """The parts of the mask that hold a ball of ``radius_mm``."""
    return dilated(eroded(mask, geometry, radius_mm), geometry, radius_mm) & mask


def closed(mask: BoolArray, geometry: VolumeGeometry, radius_mm: float) -> BoolArray:
    """The mask with gaps closed that hold no ball of ``radius_mm``."""
    return eroded(dilated(mask, geometry, radius_mm), geometry, radius_mm) | mask


def components(mask: BoolArray) -> npt.NDArray[np.uint32]:
    """Face-connected components numbered by size, 1 the largest; none in an array without voxels, which the toolkit does not survive."""
    if not mask.size:
        return np.zeros(mask.shape, dtype=np.uint32)
    image = sitk.ConnectedComponent(sitk.GetImageFromArray(mask.view(np.uint8)))
    return np.asarray(to_array(sitk.RelabelComponent(image)), dtype=np.uint32)


def largest_component(mask: BoolArray) -> BoolArray:
    """The largest face-connected component; empty where the mask is."""
    return np.asarray(components(mask) == 1)


def without_specks(mask: BoolArray, geometry: VolumeGeometry, smallest_mm3: float) -> BoolArray:
    """The mask without components smaller than ``smallest_mm3``."""
    fewest = int(np.ceil(smallest_mm3 / float(np.prod(geometry.spacing_mm)) - 1e-9))
    labels = sitk.ConnectedComponent(sitk.GetImageFromArray(mask.view(np.uint8)))
    return np.asarray(to_array(sitk.RelabelComponent(labels, max(1, fewest), False)) > 0)


def touched_by(mask: BoolArray, seeds: BoolArray) -> BoolArray:
    """The face-connected components of the mask that hold a seed."""
    labels = components(mask)
    keep = np.zeros(int(labels.max()) + 1, dtype=bool)
    keep[np.unique(labels[seeds & mask])] = True
    keep[0] = False
    return np.asarray(keep[labels])


def filled_in_slices(mask: BoolArray) -> BoolArray:
    """The mask with the holes of each axial slice filled."""
    return np.asarray(mask | enclosed_in_planes(mask, 0))


def enclosed_in_planes(mask: BoolArray, axis: int, spared: BoolArray | None = None) -> BoolArray:
    """What the mask encloses in each plane across an axis; a hole that holds a spared voxel is none.

    All planes are labelled at once, with an empty one between any two of them.
    """
    planes = np.moveaxis(mask, axis, 0)
    beside = np.zeros((2 * len(planes), *planes.shape[1:]), dtype=np.uint8)
    beside[::2] = ~planes
    labels = sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(beside)))[::2]
    is_hole = np.ones(int(labels.max()) + 1, dtype=bool)
    is_hole[0] = False
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        is_hole[edge] = False
    if spared is not None:
        is_hole[labels[np.moveaxis(spared, axis, 0)]] = False
    return np.moveaxis(is_hole[labels], 0, axis)


def box_around(mask: BoolArray, geometry: VolumeGeometry, margin_mm: float = 0.0) -> Box:
    """The smallest box that holds the mask, grown by ``margin_mm`` within the grid."""
    box = true_box(mask) or (slice(0, mask.shape[0]), slice(0, mask.shape[1]), slice(0, mask.shape[2]))
    return grown_box(box, np.ceil(margin_mm / geometry.spacing_mm).astype(int), mask.shape)


def true_box(mask: BoolArray) -> Box | None:
    """The smallest box that holds every true voxel; None where there is none. Later axes look in what earlier ones left."""
    k = _span(np.asarray(mask.reshape(len(mask), mask.shape[1] * mask.shape[2]).any(axis=1)))
    if k is None:
        return None
    planes = mask[k]
    rows = planes.any(axis=2)
    j = _span(np.asarray(rows.any(axis=0)))
    i = _span(np.asarray(planes[:, j or slice(0)].any(axis=0).any(axis=0)))
    return None if j is None or i is None else (k, j, i)


def _span(used: BoolArray) -> slice | None:
    places = np.flatnonzero(used)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else None


def grown_box(box: Box, pads: Sequence[int] | AnyArray, shape: tuple[int, ...]) -> Box:
    """The box with ``pads`` voxels more on both sides of each axis, inside an array of ``shape``."""
    k, j, i = (
        slice(max(0, span.start - int(pad)), min(n, span.stop + int(pad)))
        for span, pad, n in zip(box, pads, shape, strict=True)
    )
    return k, j, i


def crop(geometry: VolumeGeometry, box: Box) -> VolumeGeometry:
    """The grid of ``array[box]``."""
    first = (int(box[0].start), int(box[1].start), int(box[2].start))
    k, j, i = (int(s.stop - s.start) for s in box)
    return geometry.cropped(first, (k, j, i))
