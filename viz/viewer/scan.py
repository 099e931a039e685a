"""The scan as VTK reads it: any plane through it, thin or as a slab, in a few milliseconds.

In: a volume, its label map, a plane in LPS mm. Out: values and outlines on the plane's pixel grid, top row last
(VTK's order). The one place where VTK meets voxel indices: the image stays in index space, the plane is brought there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkImagingCore import vtkImageReslice

from planner.geometry import AnyArray, FloatArray, VolumeGeometry
from planner.structures import Structure
from planner.volume import LabelMap, Modality, Volume
from viz.palette import CONTOURS
from viz.planes import Plane
from viz.viewer.earlier import UNSEEN, EarlierImage

AIR_HU = -1024.0
"""Shown outside the scan."""

VtkObject: TypeAlias = Any
"""VTK ships no types that a checker can follow."""

_SLAB_STEP_MM = 1.0
_FROM_KJI = [2, 1, 0]


class Projection(StrEnum):
    """How a slab becomes one picture."""

    MAXIMUM = "MIP"
    MINIMUM = "MinIP"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Slab:
    """What is shown of the planes beside; thickness 0 is the plane alone."""

    thickness_mm: float = 0.0
    projection: Projection = Projection.MEAN

    @property
    def words(self) -> str:
        """*MIP 10 mm*; empty for a thin slice."""
        return f"{self.projection} {self.thickness_mm:g} mm" if self.thickness_mm else ""


class ScanImage:
    """One scan, ready to be cut; several panes share it, one thread."""

    def __init__(self, volume: Volume, labels: LabelMap, earlier: EarlierImage | None = None) -> None:
        self.geometry = volume.geometry
        self.is_ct = volume.modality is Modality.CT
        self.percentiles = tuple(float(p) for p in np.percentile(volume.voxels[::3, ::5, ::5], (2, 50, 98)))
        self._grey = _Cutter(volume.geometry, volume.voxels, AIR_HU if self.is_ct else 0.0)
        self.outlined = tuple(sorted({entry.structure for entry in labels.entries.values()} & CONTOURS.keys()))
        self._codes_of = _code_of_each_label(labels, self.outlined)
        self._labels = _Cutter(labels.geometry, labels.labels, 0.0)
        self._labels.reslice.SetInterpolationModeToNearestNeighbor()
        self.earlier_window = None if earlier is None else earlier.window
        before = None if earlier is None else earlier.volume
        self._before = None if before is None else _Cutter(before.geometry, before.voxels, UNSEEN)

    def grey(self, plane: Plane, pixel_mm: float, slab: Slab) -> AnyArray:
        """(rows, columns) values on the plane's pixels, bottom row first; good until the next cut."""
        return self._grey.cut(plane, pixel_mm, slab)

    def before(self, plane: Plane, pixel_mm: float, slab: Slab) -> AnyArray | None:
        """The earlier scan's values on the plane's pixels; None where none was laid over."""
        return None if self._before is None else self._before.cut(plane, pixel_mm, slab)

    def edges(
        self,
        plane: Plane,
        pixel_mm: float,
        colours: Mapping[Structure, tuple[int, int, int]] | None = None,
        width_px: int = 2,
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
        """Pixels on an outline, counted row by row from the bottom, and their colours (n, 3).

        Only structures with a colour; all of them where none is given. ``width_px`` is even: as much on either side.
        """
        codes = self._codes_of[self._labels.cut(plane, pixel_mm, Slab())]
        edge = np.zeros(codes.shape, dtype=bool)
        upright, across = codes[:-1] != codes[1:], codes[:, :-1] != codes[:, 1:]
        for n in range(width_px // 2):
            edge[: -1 - n] |= upright[n:]
            edge[1 + n :] |= upright[: len(upright) - n]
            edge[:, : -1 - n] |= across[:, n:]
            edge[:, 1 + n :] |= across[:, : across.shape[1] - n]
        paint = CONTOURS if colours is None else colours
        shown = np.array([False, *(one in paint for one in self.outlined)])
        found = np.flatnonzero(edge & shown[codes])
        table = np.array([(0, 0, 0), *(paint.get(one, (0, 0, 0)) for one in self.outlined)], dtype=np.float32)
        return found, table[codes.reshape(-1)[found]]


def _code_of_each_label(labels: LabelMap, outlined: tuple[Structure, ...]) -> npt.NDArray[np.uint8]:
    """From 1 on for the labels of structures with an outline, 0 for all others."""
    table = np.zeros(np.iinfo(np.uint16).max + 1, dtype=np.uint8)
    for value, entry in labels.entries.items():
        if entry.structure in outlined:
            table[value] = outlined.index(entry.structure) + 1
    return table


class _Cutter:
    """vtkImageReslice over one array in index space."""

    def __init__(self, geometry: VolumeGeometry, array: AnyArray, outside: float) -> None:
        self._to_index = geometry.index_from_lps
        self._kept = np.ascontiguousarray(array)
        scalars = numpy_to_vtk(self._kept.reshape(-1), deep=0)
        image = vtkImageData()
        image.SetDimensions(*array.shape[::-1])
        image.GetPointData().SetScalars(scalars)
        self.reslice = vtkImageReslice()
        self.reslice.SetInputData(image)
        self.reslice.SetOutputDimensionality(2)
        self.reslice.SetInterpolationModeToLinear()
        self.reslice.SetBackgroundLevel(outside)
        self.reslice.SlabTrapezoidIntegrationOff()

    def cut(self, plane: Plane, pixel_mm: float, slab: Slab) -> AnyArray:
        """(rows, columns) the plane's pixels: x right, y up."""
        reslice = self.reslice
        columns = max(1, round(plane.width_mm / pixel_mm))
        rows = max(1, round(plane.height_mm / pixel_mm))
        reslice.SetResliceAxes(_axes(self._to_index, plane))
        reslice.SetOutputExtent(0, columns - 1, 0, rows - 1, 0, 0)
        reslice.SetOutputSpacing(pixel_mm, pixel_mm, _SLAB_STEP_MM)
        reslice.SetOutputOrigin(-(columns - 1) * pixel_mm / 2, -(rows - 1) * pixel_mm / 2, 0.0)
        _set_slab(reslice, slab)
        reslice.Update()
        return _as_array(reslice.GetOutput())


def _axes(to_index: FloatArray, plane: Plane) -> VtkObject:
    """Plane coordinates [mm] to image index (i, j, k)."""
    columns: FloatArray = np.stack([plane.right, plane.up, plane.toward_viewer], axis=1)
    matrix = np.eye(4)
    matrix[:3, :3] = (to_index[:3, :3] @ columns)[_FROM_KJI]
    matrix[:3, 3] = (to_index[:3, :3] @ plane.center_mm + to_index[:3, 3])[_FROM_KJI]
    axes = vtkMatrix4x4()
    axes.DeepCopy(matrix.ravel().tolist())
    return axes


def _set_slab(reslice: VtkObject, slab: Slab) -> None:
    reslice.SetSlabNumberOfSlices(max(1, round(slab.thickness_mm / _SLAB_STEP_MM)))
    {
        Projection.MAXIMUM: reslice.SetSlabModeToMax,
        Projection.MINIMUM: reslice.SetSlabModeToMin,
        Projection.MEAN: reslice.SetSlabModeToMean,
    }[slab.projection]()


def _as_array(image: VtkObject) -> AnyArray:
    columns, rows, _ = image.GetDimensions()
    array: AnyArray = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns)
    return array
