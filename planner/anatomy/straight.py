"""The spine laid straight: a block of voxels in spine coordinates, and the way back.

In: arrays on the working grid and the canal's frame. Out: arrays (n_s, n_v, n_u) whose axes run cranial, anterior and
left along the canal, and labels brought back to the working grid. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from planner.anatomy.itk import to_image
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, VolumeGeometry

_COARSE_MM = 4.0
"""Spine coordinates are smooth: between nodes 4 mm apart, at a radius of curvature of 100 mm, linear steps are
wrong by at most 4 * 4 / (8 * 100) = 0.02 mm."""


@dataclass(frozen=True, slots=True, eq=False)
class StraightGrid:
    """Voxels of edge ``step_mm`` in spine coordinates; the first voxel's centre is at (s, v, u) = ``first_mm``."""

    frame: SpineFrame
    step_mm: float
    first_mm: tuple[float, float, float]
    shape: tuple[int, int, int]

    @classmethod
    def around(
        cls,
        frame: SpineFrame,
        s_mm: tuple[float, float],
        v_mm: tuple[float, float],
        u_mm: tuple[float, float],
        step_mm: float,
    ) -> StraightGrid:
        """The grid that spans three closed intervals."""
        spans = (s_mm, v_mm, u_mm)
        n_s, n_v, n_u = (int(np.floor((high - low) / step_mm + 1e-6)) + 1 for low, high in spans)
        return cls(frame, step_mm, (spans[0][0], spans[1][0], spans[2][0]), (n_s, n_v, n_u))

    @property
    def s_mm(self) -> FloatArray:
        """(n_s,) arc length of each slice."""
        return self._axis_mm(0)

    @property
    def v_mm(self) -> FloatArray:
        """(n_v,) millimetres in front of the canal's centre."""
        return self._axis_mm(1)

    @property
    def u_mm(self) -> FloatArray:
        """(n_u,) millimetres to the left of the canal's centre."""
        return self._axis_mm(2)

    def _axis_mm(self, axis: int) -> FloatArray:
        return np.asarray(self.first_mm[axis] + self.step_mm * np.arange(self.shape[axis]), dtype=np.float64)

    def index(self, suv_mm: npt.ArrayLike) -> FloatArray:
        """(..., 3) spine coordinates (s, u, v) to fractional indices (s, v, u)."""
        suv = np.asarray(suv_mm, dtype=np.float64)
        return np.asarray((suv[..., [0, 2, 1]] - np.array(self.first_mm)) / self.step_mm)

    def suv_mm(self, index: npt.ArrayLike) -> FloatArray:
        """(..., 3) fractional indices (s, v, u) to spine coordinates (s, u, v)."""
        svu = np.asarray(index, dtype=np.float64) * self.step_mm + np.array(self.first_mm)
        suv: FloatArray = svu[..., [0, 2, 1]]
        return suv

    def points_mm(self, index: npt.ArrayLike) -> FloatArray:
        """(..., 3) fractional indices (s, v, u) to LPS mm."""
        return self.frame.to_lps(self.suv_mm(index))


def straighten(array: AnyArray, geometry: VolumeGeometry, grid: StraightGrid, outside: float = -1024.0) -> Float32Array:
    """(n_s, n_v, n_u) linear samples of ``array``, one plane across the canal after the other."""
    box = box_around(geometry, grid, margin=2)
    first, shape = [part.start for part in box], [part.stop - part.start for part in box]
    if min(shape) == 0:
        return np.full(grid.shape, outside, dtype=np.float32)
    own = geometry.cropped((first[0], first[1], first[2]), (shape[0], shape[1], shape[2]))
    image = to_image(array[box], own)
    centre, left, anterior, cranial = grid.frame.at(grid.s_mm)
    corner = centre + grid.first_mm[1] * anterior + grid.first_mm[2] * left
    resample = sitk.ResampleImageFilter()
    resample.SetSize([grid.shape[2], grid.shape[1], 1])
    resample.SetOutputSpacing([grid.step_mm] * 3)
    resample.SetDefaultPixelValue(outside)
    resample.SetOutputPixelType(sitk.sitkFloat32)
    block = np.empty(grid.shape, dtype=np.float32)
    for n in range(grid.shape[0]):
        resample.SetOutputOrigin(corner[n].tolist())
        resample.SetOutputDirection(np.stack([left[n], anterior[n], cranial[n]], axis=1).ravel().tolist())
        block[n] = sitk.GetArrayFromImage(resample.Execute(image))[0]
    return block


def straighten_mask(mask: BoolArray, geometry: VolumeGeometry, grid: StraightGrid) -> BoolArray:
    """(n_s, n_v, n_u) the mask, its border where the linear mean of neighbours is one half."""
    return straighten(mask.view(np.uint8), geometry, grid, 0.0) >= 0.5


def gaussian(array: AnyArray, sigma_voxels: float) -> Float32Array:
    """The array after a Gaussian."""
    image = sitk.GetImageFromArray(np.asarray(array, dtype=np.float32))
    out: Float32Array = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(image, sigma_voxels))
    return out


def box_around(geometry: VolumeGeometry, grid: StraightGrid, margin: int = 0) -> tuple[slice, slice, slice]:
    """The part of a working grid that holds all of the straight grid, and ``margin`` voxels more."""
    ends = np.stack(np.meshgrid(*[(0, n - 1) for n in grid.shape[1:]], indexing="ij"), axis=-1).reshape(-1, 2)
    rows = np.arange(0, grid.shape[0], 4)
    corners = np.array([(row, v, u) for row in [*rows.tolist(), grid.shape[0] - 1] for v, u in ends.tolist()])
    indices = geometry.indices(grid.points_mm(corners))
    low = np.clip(np.floor(indices.min(axis=0)) - margin, 0, None).astype(int)
    high = np.minimum(np.ceil(indices.max(axis=0)) + 1 + margin, geometry.shape).astype(int)
    k, j, i = (slice(a, max(a, b)) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    return k, j, i


def bring_back(labels: AnyArray, grid: StraightGrid, geometry: VolumeGeometry) -> AnyArray:
    """The block's labels on a working grid, nearest voxel; 0 elsewhere."""
    box = box_around(geometry, grid)
    first, shape = [part.start for part in box], [part.stop - part.start for part in box]
    out = np.zeros(geometry.shape, dtype=labels.dtype)
    if min(shape) == 0:
        return out
    own = geometry.cropped((first[0], first[1], first[2]), (shape[0], shape[1], shape[2]))
    block = sitk.GetImageFromArray(labels)
    block.SetSpacing([grid.step_mm] * 3)
    block.SetOrigin([grid.first_mm[2], grid.first_mm[1], grid.first_mm[0]])
    like = to_image(np.zeros(own.shape, dtype=np.uint8), own)
    out[box] = sitk.GetArrayFromImage(sitk.Resample(block, like, _to_spine(own, grid), sitk.sitkNearestNeighbor, 0))
    return out


def _to_spine(geometry: VolumeGeometry, grid: StraightGrid) -> sitk.DisplacementFieldTransform:
    """LPS to (u, v, s), linear between nodes about 4 mm apart that cover the whole grid and a node beyond."""
    stride = np.maximum(np.round(_COARSE_MM / geometry.spacing_mm), 1.0)
    counts = (np.ceil((np.array(geometry.shape) - 1) / stride) + 3).astype(int)
    matrix = geometry.lps_from_index.copy()
    matrix[:3, 3] = geometry.points_mm(-stride)
    matrix[:3, :3] = matrix[:3, :3] * stride
    coarse = VolumeGeometry(matrix, (int(counts[0]), int(counts[1]), int(counts[2])))
    nodes = coarse.points_mm(np.stack(np.meshgrid(*[np.arange(n) for n in coarse.shape], indexing="ij"), axis=-1))
    uvs = grid.frame.from_lps(nodes)[..., [1, 2, 0]]
    field = sitk.GetImageFromArray(uvs - nodes, isVector=True)
    field.CopyInformation(to_image(np.zeros(coarse.shape, dtype=np.uint8), coarse))
    return sitk.DisplacementFieldTransform(field)
