"""Voxels in patient space: the only code that reads a value at a point.

In: an array in (k, j, i) order and its geometry. Out: values at LPS points, or the same voxels
in the patient's own axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from planner.errors import GeometryError
from planner.geometry import AnyArray, AxisOrder, FloatArray, VolumeGeometry
from planner.structures import LevelName, Part, Side, Structure

ScalarT = TypeVar("ScalarT", bound=np.generic)


class Modality(StrEnum):
    """Modality (0008,0060) of an image the planner can read."""

    CT = "CT"
    MR = "MR"


def _require_shape(array: AnyArray, geometry: VolumeGeometry) -> None:
    if array.shape != geometry.shape:
        raise GeometryError(f"array is {array.shape}, its geometry {geometry.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """One image: int16 HU (CT) or signal (MR) on a grid.

    ``padding_value`` marks voxels outside the reconstruction, Pixel Padding Value (0028,0120) or found
    by the reader; None where there are none.
    """

    geometry: VolumeGeometry
    voxels: npt.NDArray[np.int16]
    modality: Modality = Modality.CT
    padding_value: int | None = None

    def __post_init__(self) -> None:
        _require_shape(self.voxels, self.geometry)
        voxels = np.asarray(self.voxels, dtype=np.int16).view()
        voxels.setflags(write=False)
        object.__setattr__(self, "voxels", voxels)

    def in_patient_axes(self) -> Volume:
        """The same voxels with axes re-ordered to run cranial, posterior, left; nothing is resampled."""
        order = AxisOrder.to_patient_axes(self.geometry)
        return Volume(
            order.apply_to_geometry(self.geometry),
            np.ascontiguousarray(order.apply(self.voxels)),
            self.modality,
            self.padding_value,
        )

    def nearest(self, points_mm: npt.ArrayLike, outside: int = -1024) -> npt.NDArray[np.int16]:
        """(...) value of the voxel each LPS point lies in; ``outside`` beyond the grid."""
        return nearest(self.voxels, self.geometry.indices(points_mm), outside)

    def linear(self, points_mm: npt.ArrayLike, outside: float = -1024.0) -> FloatArray:
        """(...) trilinear value at LPS points; ``outside`` beyond the outermost voxel centres."""
        return linear(self.voxels, self.geometry.indices(points_mm), outside)


@dataclass(frozen=True, slots=True)
class LabelEntry:
    """What one value of a label map means; ``confidence`` is 0 to 1."""

    structure: Structure
    part: Part | None = None
    level: LevelName | None = None
    side: Side | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """uint16 labels on a grid and what each value means; 0 is outside everything.

    Labels that come as uint8 stay so: a map read from a file is not copied.
    """

    geometry: VolumeGeometry
    labels: npt.NDArray[np.uint16]
    entries: Mapping[int, LabelEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_shape(self.labels, self.geometry)
        kind = np.uint8 if self.labels.dtype == np.uint8 else np.uint16
        labels = np.asarray(self.labels, dtype=kind).view()
        labels.setflags(write=False)
        object.__setattr__(self, "labels", labels)

    def values_of(self, *structures: Structure) -> npt.NDArray[np.uint16]:
        """The label values that belong to any of the structures, sorted."""
        return np.array(
            sorted(v for v, entry in self.entries.items() if entry.structure in structures), dtype=np.uint16
        )

    def mask(self, *structures: Structure) -> npt.NDArray[np.bool_]:
        """Voxels of any of the structures."""
        wanted = np.zeros(np.iinfo(np.uint16).max + 1, dtype=bool)
        wanted[self.values_of(*structures)] = True
        return wanted[self.labels]

    def nearest(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.uint16]:
        """(...) label of the voxel each LPS point lies in; 0 beyond the grid."""
        return nearest(self.labels, self.geometry.indices(points_mm), 0)


def nearest(voxels: npt.NDArray[ScalarT], indices: FloatArray, outside: float) -> npt.NDArray[ScalarT]:
    """(...) voxel at fractional (k, j, i) indices, rounded to the nearest centre."""
    whole = np.moveaxis(np.floor(np.asarray(indices) + 0.5).astype(np.intp), -1, 0)
    inside = np.logical_and.reduce([(at >= 0) & (at < n) for at, n in zip(whole, voxels.shape, strict=True)])
    k, j, i = (np.where(inside, at, 0) for at in whole)
    return np.where(inside, voxels[k, j, i], np.asarray(outside, dtype=voxels.dtype))


def linear(voxels: AnyArray, indices: FloatArray, outside: float) -> FloatArray:
    """(...) trilinear interpolation at fractional (k, j, i) indices."""
    places = np.moveaxis(np.asarray(indices, dtype=np.float64), -1, 0)
    inside = np.logical_and.reduce([(at >= 0) & (at <= n - 1) for at, n in zip(places, voxels.shape, strict=True)])
    low, high, above = [], [], []
    for at, n in zip(places, voxels.shape, strict=True):
        safe = np.where(inside, at, 0.0)
        low.append(np.minimum(safe.astype(np.intp), max(n - 2, 0)))
        high.append(np.minimum(low[-1] + 1, n - 1))
        above.append(safe - low[-1])
    total = np.zeros(inside.shape)
    for k, share_k in ((low[0], 1.0 - above[0]), (high[0], above[0])):
        for j, share_j in ((low[1], 1.0 - above[1]), (high[1], above[1])):
            share = share_k * share_j
            total += share * (1.0 - above[2]) * voxels[k, j, low[2]]
            total += share * above[2] * voxels[k, j, high[2]]
    return np.where(inside, total, outside)
