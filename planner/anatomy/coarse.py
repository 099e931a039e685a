"""A coarse isotropic image of the body for soft tissue, and structures found on it.

In: the frozen values of the earlier stages on the working grid. Out: the same on a 2 mm grid around the body, with
spine coordinates at every voxel, and ``Region``, a structure that can be drawn back on any grid. Arrays are (k, j, i)
in the patient's axes, lengths mm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813  (the name its own documentation uses)

from planner.anatomy import aligned, balls, itk
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, Skin
from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, IntArray, VolumeGeometry
from planner.volume import Volume

SPACING_MM = 2.0
"""Half the wall thickness of the thinnest thing told apart here (diaphragm with stomach wall, perirenal fat: 4 mm)."""

_FRAME_STEP = 6
"""Spine coordinates are computed on every sixth voxel and interpolated: the spine bends over centimetres."""

_OUTSIDE_HU = -1024

_VOXELS_OWN, _PADDED = 0.5, 2.5
"""Voxels beyond the outer centres that still see the edge's own values: the edge's own half, and two that are added."""

_MARGIN_MM = 10.0
"""Room around the body where the scan has it, so that its surface is seen as one; the scan's own edge is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A structure as voxels of a small grid around it, with what its drawing is worth.

    ``confidence`` is 0..1 and comes from the image; 95 % of the border lies within ``uncertainty_mm`` of the true one.
    """

    geometry: VolumeGeometry
    mask: BoolArray
    confidence: float
    uncertainty_mm: float

    def on(self, geometry: VolumeGeometry) -> BoolArray:
        """The structure on another grid in patient axes; borders are interpolated, not staircases."""
        drawn = np.zeros(geometry.shape, dtype=bool)
        first, part = self.part_of(geometry)
        drawn[tuple(slice(a, a + n) for a, n in zip(first, part.shape, strict=True))] = part
        return drawn

    def part_of(self, geometry: VolumeGeometry) -> tuple[tuple[int, int, int], BoolArray]:
        """``on`` in the box that the structure can reach: the box's first index, and its voxels."""
        first, shape = _overlap(self.geometry, geometry)
        if min(shape) <= 0:
            return (0, 0, 0), np.zeros((0, 0, 0), dtype=bool)
        target = geometry.cropped(first, shape)
        return first, aligned.at_least_half(self.mask.astype(np.float32), self.geometry, target, _VOXELS_OWN)

    @property
    def volume_ml(self) -> float:
        """Volume of the drawn voxels."""
        return float(self.mask.sum() * np.prod(self.geometry.spacing_mm) / 1000.0)


@dataclass(frozen=True, slots=True, eq=False)
class CoarseImage:
    """The body on an isotropic grid: smoothed HU, body and bone masks, spine coordinates s, u, v of every voxel [mm]."""

    geometry: VolumeGeometry
    hu: Float32Array
    body: BoolArray
    bone: BoolArray
    metal: BoolArray
    s_mm: Float32Array
    u_mm: Float32Array
    v_mm: Float32Array
    frame: SpineFrame

    @property
    def spacing_mm(self) -> float:
        """Edge of a voxel."""
        return float(self.geometry.spacing_mm[0])

    def with_hu(self, hu: Float32Array) -> CoarseImage:
        """The same image with other HU."""
        return replace(self, hu=hu)

    def cut(self, box: tuple[slice, slice, slice]) -> CoarseImage:
        """The image inside a box of voxels."""
        first = (box[0].start, box[1].start, box[2].start)
        shape = (box[0].stop - first[0], box[1].stop - first[1], box[2].stop - first[2])
        return CoarseImage(
            geometry=self.geometry.cropped(first, shape),
            hu=self.hu[box],
            body=self.body[box],
            bone=self.bone[box],
            metal=self.metal[box],
            s_mm=self.s_mm[box],
            u_mm=self.u_mm[box],
            v_mm=self.v_mm[box],
            frame=self.frame,
        )

    def ball(self, radius_mm: float) -> int:
        """Radius in voxels, at least 1."""
        return max(1, round(radius_mm / self.spacing_mm))

    def near(self, mask: BoolArray, radius_mm: float) -> BoolArray:
        """Voxels within ``radius_mm`` of the mask, itself included."""
        return itk.dilated(mask, self.geometry, radius_mm)

    def region(self, mask: BoolArray, confidence: float, uncertainty_mm: float) -> Region | None:
        """The mask cropped to what it holds; None where it is empty."""
        return region_of(self.geometry, mask, confidence, uncertainty_mm)


def coarse_image(
    volume: Volume, skin: Skin, bone: Bone, canal: CanalTrack, spacing_mm: float = SPACING_MM
) -> CoarseImage:
    """Everything the soft-tissue stages look at, on one coarse grid around the body."""
    geometry = _grid_around(skin.body, volume.geometry, spacing_mm)
    hu = _reduced(volume, geometry)
    body, bones, metal = (_reduced_mask(mask, volume.geometry, geometry) for mask in (skin.body, bone.mask, bone.metal))
    s, u, v = spine_coordinates(geometry, canal.frame)
    return CoarseImage(geometry, hu, body, bones, metal, s, u, v, canal.frame)


def spine_coordinates(geometry: VolumeGeometry, frame: SpineFrame) -> tuple[Float32Array, Float32Array, Float32Array]:
    """s, u, v of every voxel centre [mm]; interpolated from every sixth voxel."""
    counts = [max(2, -(-n // _FRAME_STEP) + 1) for n in geometry.shape]
    index = np.stack(np.meshgrid(*(np.arange(n) * _FRAME_STEP for n in counts), indexing="ij"), axis=-1)
    sparse_matrix = geometry.lps_from_index.copy()
    sparse_matrix[:3, :3] *= _FRAME_STEP
    sparse = VolumeGeometry(sparse_matrix, (counts[0], counts[1], counts[2]))
    suv = frame.from_lps(geometry.points_mm(index)).astype(np.float32)
    s, u, v = (aligned.linear(suv[..., axis], sparse, geometry, _VOXELS_OWN) for axis in range(3))
    return s, u, v


def region_of(geometry: VolumeGeometry, mask: BoolArray, confidence: float, uncertainty_mm: float) -> Region | None:
    """A mask on a grid, cropped to what it holds plus one voxel; None where it is empty."""
    box = bounding_box(mask, 1)
    if box is None:
        return None
    first = (box[0].start, box[1].start, box[2].start)
    cut = np.ascontiguousarray(mask[box])
    shape = (cut.shape[0], cut.shape[1], cut.shape[2])
    return Region(geometry.cropped(first, shape), cut, float(np.clip(confidence, 0.0, 1.0)), uncertainty_mm)


def bounding_box(mask: BoolArray, margin: int = 0) -> tuple[slice, slice, slice] | None:
    """Slices around the true voxels, grown by ``margin`` voxels inside the array; None where there are none."""
    box = itk.true_box(mask)
    return None if box is None else itk.grown_box(box, (margin, margin, margin), mask.shape)


def to_itk(array: AnyArray, geometry: VolumeGeometry) -> sitk.Image:
    """The array as an image in LPS; the grid lies along the patient's axes."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing([float(x) for x in geometry.spacing_mm[::-1]])
    image.SetOrigin([float(x) for x in geometry.lps_from_index[:3, 3]])
    return image


def to_array(image: sitk.Image) -> AnyArray:
    """A copy of the image's voxels, (k, j, i)."""
    return np.asarray(sitk.GetArrayFromImage(image))


def resampled(image: sitk.Image, geometry: VolumeGeometry, outside: float) -> sitk.Image:
    """Linear interpolation on another grid in patient axes; ``outside`` beyond the image."""
    filter_ = sitk.ResampleImageFilter()
    filter_.SetSize([int(n) for n in geometry.shape[::-1]])
    filter_.SetOutputSpacing([float(x) for x in geometry.spacing_mm[::-1]])
    filter_.SetOutputOrigin([float(x) for x in geometry.lps_from_index[:3, 3]])
    filter_.SetInterpolator(sitk.sitkLinear)
    filter_.SetDefaultPixelValue(float(outside))
    return filter_.Execute(image)


def _reduced(volume: Volume, target: VolumeGeometry) -> Float32Array:
    """Averaged down by whole voxels first, so that noise falls and nothing thin is skipped."""
    mean, blocks = aligned.shrunk_hu(volume, _whole_factors(volume.geometry, target), _OUTSIDE_HU)
    return np.asarray(aligned.linear(mean - _OUTSIDE_HU, blocks, target, _PADDED) + np.float32(_OUTSIDE_HU))


def _reduced_mask(mask: BoolArray, geometry: VolumeGeometry, target: VolumeGeometry) -> BoolArray:
    """The same of a mask, its border at the half level."""
    return aligned.at_least_half(*aligned.shrunk(mask, geometry, _whole_factors(geometry, target)), target, _PADDED)


def _whole_factors(geometry: VolumeGeometry, target: VolumeGeometry) -> IntArray:
    """(3,) how many voxels of the finer grid make one of the coarser."""
    factors = np.maximum((target.spacing_mm / geometry.spacing_mm + 1e-6).astype(np.intp), 1)
    return np.asarray(np.minimum(factors, geometry.shape))


def _grid_around(body: BoolArray, geometry: VolumeGeometry, spacing_mm: float) -> VolumeGeometry:
    margin = int(np.ceil(_MARGIN_MM / geometry.spacing_mm[1:].max()))
    box = bounding_box(body, margin) or tuple(slice(0, n) for n in body.shape)
    first = np.array([span.start for span in box]) - 0.5
    extent = np.array([span.stop - span.start for span in box]) * geometry.spacing_mm
    shape = np.maximum(np.ceil(extent / spacing_mm - 1e-6).astype(int), 2)
    corner = geometry.points_mm(first) + 0.5 * spacing_mm
    return VolumeGeometry.from_spacing(
        (int(shape[0]), int(shape[1]), int(shape[2])),
        (spacing_mm, spacing_mm, spacing_mm),
        (float(corner[0]), float(corner[1]), float(corner[2])),
        geometry.frame_of_reference_uid,
    )


def _overlap(source: VolumeGeometry, target: VolumeGeometry) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """First index and shape of the target's voxels that the source can reach."""
    corners: FloatArray = target.indices(source.corners_mm)
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, target.shape)
    shape = high - low
    return (int(low[0]), int(low[1]), int(low[2])), (int(shape[0]), int(shape[1]), int(shape[2]))


def dilated(mask: BoolArray, radius: int) -> BoolArray:
    """Grown by a ball of ``radius`` voxels."""
    grown = np.zeros(mask.shape, dtype=bool)
    box = bounding_box(mask, radius)
    if box is not None:
        grown[box] = _grown(mask[box], radius)
    return grown


def eroded(mask: BoolArray, radius: int) -> BoolArray:
    """Shrunk by a ball of ``radius`` voxels; what lies beyond the array counts as inside."""
    shrunk = np.zeros(mask.shape, dtype=bool)
    box = bounding_box(mask, 1)
    if box is not None:
        shrunk[box] = ~_grown(~mask[box], radius)
    return shrunk


def opened(mask: BoolArray, radius: int) -> BoolArray:
    """Without what is thinner than the ball."""
    return dilated(eroded(mask, radius), radius) & mask


def closed(mask: BoolArray, radius: int) -> BoolArray:
    """With gaps narrower than the ball filled."""
    padded = np.pad(mask, radius)
    inner = tuple(slice(radius, -radius) for _ in range(3))
    return eroded(dilated(padded, radius), radius)[inner] | mask


def _grown(mask: BoolArray, radius: int) -> BoolArray:
    reach = np.sqrt(radius * (radius + 1.0)) if radius <= _ROUNDED_UP else float(radius)
    if balls.is_small(reach, _VOXEL):
        return balls.grown(mask, reach, _VOXEL)
    return np.asarray(distance_outside(mask) <= radius)


_VOXEL = np.ones(3)
_ROUNDED_UP = 2
"""Balls up to this radius hold what lies within half a voxel more, else they would be crosses."""


def distance_outside(mask: BoolArray) -> Float32Array:
    """Distance of every voxel to the nearest true voxel, in voxels; 0 inside; infinite where there is none."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    field = sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=False)
    return np.maximum(to_array(field), 0.0)


def components(mask: BoolArray, smallest: int = 1) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
    """Face-connected parts, numbered from 1 by falling size, and their sizes in voxels (index 0: background)."""
    labels = sitk.ConnectedComponent(sitk.GetImageFromArray(mask.astype(np.uint8)))
    ordered = to_array(sitk.RelabelComponent(labels, minimumObjectSize=smallest)).astype(np.int32)
    return ordered, np.bincount(ordered.ravel())


def grown_inside(seed: BoolArray, allowed: BoolArray) -> BoolArray:
    """All of ``allowed`` that is face-connected to ``seed``."""
    labels, _ = components(allowed | seed)
    keep = np.zeros(int(labels.max()) + 1, dtype=bool)
    keep[np.unique(labels[seed])] = True
    keep[0] = False
    return keep[labels]
