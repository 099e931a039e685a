"""Points, directions and the one place where voxel indices become millimetres.

In: a grid's origin, axes and spacing. Out: points in LPS mm and back.
LPS: +x to the patient's left, +y to posterior, +z cranial. Indices are in array order (k, j, i).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from planner.errors import GeometryError

FloatArray: TypeAlias = npt.NDArray[np.float64]
Float32Array: TypeAlias = npt.NDArray[np.float32]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
IntArray: TypeAlias = npt.NDArray[np.intp]
AnyArray: TypeAlias = npt.NDArray[Any]

_LARGEST_AXIS_COSINE = 1e-3
"""Between two axes of one grid; keeps the shear under a tenth of a voxel over 100 voxels."""

_AXIS_ALIGNED_COSINE = 1.0 - 1e-6
"""At least this along one patient axis: a drift under 0.15 voxel over 100 voxels."""


def frozen(array: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> AnyArray:
    """A read-only copy of ``array`` as ``dtype``."""
    fixed = np.array(array, dtype=dtype)
    fixed.setflags(write=False)
    return fixed


def unit(vectors: npt.ArrayLike) -> FloatArray:
    """Vectors (..., 3) at length 1; a zero vector stays zero."""
    vectors = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)


def obliquity_deg(directions: npt.ArrayLike) -> FloatArray:
    """(n,) angle in the axial plane from straight posterior-to-anterior [degrees].

    Directions point from entry to target. Positive: the entry lies on the patient's left.
    +-180 is straight from anterior.

    >>> obliquity_deg([[0.0, -1.0, 0.0]]).tolist()   # from the back, straight forward
    [0.0]
    >>> obliquity_deg([[-1.0, -1.0, 0.0]]).tolist()  # entry on the left, aims to the right
    [45.0]
    """
    d = np.asarray(directions, dtype=np.float64)
    return np.degrees(np.arctan2(-d[..., 0], -d[..., 1])) + 0.0


def tilt_deg(directions: npt.ArrayLike) -> FloatArray:
    """(n,) angle out of the axial plane, positive where the needle aims cranially [degrees].

    >>> tilt_deg([[0.0, -1.0, 1.0]]).round(6).tolist()
    [45.0]
    """
    return np.degrees(np.arcsin(np.clip(unit(directions)[..., 2], -1.0, 1.0)))


@dataclass(frozen=True, slots=True, eq=False)
class VolumeGeometry:
    """Where a grid of voxels lies in patient space.

    ``lps_from_index`` is (4, 4): it maps (k, j, i, 1) to LPS mm of the voxel's centre.
    ``frame_of_reference_uid`` mirrors Frame of Reference UID (0020,0052).
    """

    lps_from_index: FloatArray
    shape: tuple[int, int, int]
    frame_of_reference_uid: str = ""

    def __post_init__(self) -> None:
        matrix = frozen(self.lps_from_index)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise GeometryError(f"lps_from_index is {matrix.shape}; a finite (4, 4) matrix is needed")
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        if lengths.min() <= 0:
            raise GeometryError(f"voxel spacing is {lengths.tolist()} mm; each must be above 0")
        axes = matrix[:3, :3] / lengths
        cosine = np.abs(axes.T @ axes - np.eye(3)).max()
        if cosine > _LARGEST_AXIS_COSINE:
            raise GeometryError(
                f"the grid's axes are not at right angles (cosine {cosine:.4f}, limit "
                f"{_LARGEST_AXIS_COSINE}); resample the series to an orthogonal grid"
            )
        object.__setattr__(self, "lps_from_index", matrix)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @classmethod
    def from_spacing(
        cls,
        shape: tuple[int, int, int],
        spacing_mm: tuple[float, float, float],
        first_voxel_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
        frame_of_reference_uid: str = "",
    ) -> VolumeGeometry:
        """Grid along the patient's axes: k cranial, j posterior, i left; ``spacing_mm`` is (k, j, i).

        >>> VolumeGeometry.from_spacing((2, 2, 2), (3, 2, 1)).points_mm([1, 1, 1]).tolist()
        [1.0, 2.0, 3.0]
        """
        matrix = np.eye(4)
        matrix[:3, :3] = np.array([[0, 0, spacing_mm[2]], [0, spacing_mm[1], 0], [spacing_mm[0], 0, 0]], dtype=float)
        matrix[:3, 3] = first_voxel_mm
        return cls(matrix, shape, frame_of_reference_uid)

    @property
    def spacing_mm(self) -> FloatArray:
        """(3,) distance between neighbouring voxels along k, j, i."""
        lengths: FloatArray = np.linalg.norm(self.lps_from_index[:3, :3], axis=0)
        return lengths

    @property
    def axes(self) -> FloatArray:
        """(3, 3) unit vectors in LPS of the k, j and i axis, as columns."""
        axes: FloatArray = self.lps_from_index[:3, :3] / self.spacing_mm
        return axes

    @property
    def index_from_lps(self) -> FloatArray:
        """(4, 4) inverse of ``lps_from_index``."""
        return cast("FloatArray", np.linalg.inv(self.lps_from_index))

    @property
    def is_in_patient_axes(self) -> bool:
        """K is cranial, j posterior and i left, each the positive way."""
        wanted = np.eye(3)[::-1]
        return bool((np.sum(self.axes * wanted, axis=0) >= _AXIS_ALIGNED_COSINE).all())

    def points_mm(self, indices: npt.ArrayLike) -> FloatArray:
        """(..., 3) indices (k, j, i), fractions allowed, to LPS mm."""
        indices = np.asarray(indices, dtype=np.float64)
        return indices @ self.lps_from_index[:3, :3].T + self.lps_from_index[:3, 3]

    def indices(self, points_mm: npt.ArrayLike) -> FloatArray:
        """(..., 3) LPS mm to fractional indices (k, j, i)."""
        inverse = self.index_from_lps
        return np.asarray(points_mm, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]

    def contains(self, points_mm: npt.ArrayLike) -> BoolArray:
        """(...) whether each point lies in the box of voxels, faces included."""
        indices = self.indices(points_mm)
        inside = (indices >= -0.5) & (indices <= np.array(self.shape) - 0.5)
        return np.asarray(inside.all(axis=-1))

    @property
    def corners_mm(self) -> FloatArray:
        """(8, 3) outer corners of the box of voxels."""
        ends = [(-0.5, n - 0.5) for n in self.shape]
        return self.points_mm(np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3))

    def cropped(self, first: tuple[int, int, int], shape: tuple[int, int, int]) -> VolumeGeometry:
        """The same grid from index ``first`` on, ``shape`` voxels large."""
        matrix = self.lps_from_index.copy()
        matrix[:3, 3] = self.points_mm(first)
        return VolumeGeometry(matrix, shape, self.frame_of_reference_uid)

    def matches(self, other: VolumeGeometry, tolerance_mm: float = 1e-3) -> bool:
        """Same shape, and no voxel centre further apart than ``tolerance_mm``."""
        return self.shape == other.shape and bool(np.abs(self.corners_mm - other.corners_mm).max() <= tolerance_mm)


@dataclass(frozen=True, slots=True)
class AxisOrder:
    """How an array's axes are permuted and flipped to run cranial, posterior, left.

    A permutation and flips lose nothing: values are moved, never mixed.
    """

    permutation: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    @classmethod
    def to_patient_axes(cls, geometry: VolumeGeometry) -> AxisOrder:
        """The order that brings each axis nearest to cranial, posterior, left."""
        cosines = geometry.axes[::-1]  # rows: cranial, posterior, left; columns: k, j, i
        best = max(
            ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)),
            key=lambda order: sum(abs(cosines[row, column]) for row, column in enumerate(order)),
        )
        k, j, i = (bool(cosines[row, column] < 0) for row, column in enumerate(best))
        return cls(best, (k, j, i))

    def apply(self, array: AnyArray) -> AnyArray:
        """View of ``array`` in the new order."""
        turned = array.transpose(self.permutation)
        return turned[tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)]

    def undo(self, array: AnyArray) -> AnyArray:
        """View of an array in the new order, back in the old one."""
        unflipped = array[tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)]
        return unflipped.transpose(tuple(int(n) for n in np.argsort(self.permutation)))

    def apply_to_geometry(self, geometry: VolumeGeometry) -> VolumeGeometry:
        """The grid of ``apply(array)``; every voxel keeps its place."""
        k, j, i = (geometry.shape[axis] for axis in self.permutation)
        matrix = np.eye(4)
        first = np.zeros(3)
        for new, (old, flip) in enumerate(zip(self.permutation, self.flipped, strict=True)):
            step = geometry.lps_from_index[:3, old]
            matrix[:3, new] = -step if flip else step
            first[old] = geometry.shape[old] - 1 if flip else 0
        matrix[:3, 3] = geometry.points_mm(first)
        return VolumeGeometry(matrix, (k, j, i), geometry.frame_of_reference_uid)
