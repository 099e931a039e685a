"""The scan as VTK reads it: any plane through it, thin or as a slab, in a few milliseconds.

In: a volume, its label map, a plane in LPS mm. Out: grey values and outline colours on the plane's pixel grid, top row last
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

AIR_HU = -1024.0
"""Shown outside the scan."""

VtkObject: TypeAlias = Any
"""VTK ships no types that a checker can follow."""

_SLAB_STEP_MM, _OPACITY = 1.0, 210
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

    def __init__(self, volume: Volume, labels: LabelMap) -> None:
        self.geometry = volume.geometry
        self.is_ct = volume.modality is Modality.CT
        self.percentiles = tuple(float(p) for p in np.percentile(volume.voxels[::3, ::5, ::5], (2, 50, 98)))
        self._grey = _Cutter(volume.geometry, volume.voxels, AIR_HU if self.is_ct else 0.0)
        codes, self.colours, self.outlined = outline_codes(labels)
        self._codes = _Cutter(labels.geometry, codes, 0.0)
        self._codes.reslice.SetInterpolationModeToNearestNeighbor()

    def grey(self, plane: Plane, pixel_mm: float, slab: Slab) -> VtkObject:
        """A vtkImageData of values on the plane's pixels."""
        return self._grey.cut(plane, pixel_mm, slab)

    def edges(
        self, plane: Plane, pixel_mm: float, colours: Mapping[Structure, tuple[int, int, int]] | None = None
    ) -> npt.NDArray[np.uint8]:
        """(rows, columns, 4) RGBA of outlines, bottom row first; only structures with a colour, all where none is given."""
        codes = _as_array(self._codes.cut(plane, pixel_mm, Slab()))
        edge = np.zeros(codes.shape, dtype=bool)
        edge[:-1] |= codes[:-1] != codes[1:]
        edge[1:] |= codes[:-1] != codes[1:]
        edge[:, :-1] |= codes[:, :-1] != codes[:, 1:]
        edge[:, 1:] |= codes[:, :-1] != codes[:, 1:]
        painted: npt.NDArray[np.uint8] = self._table(colours)[np.where(edge, codes, 0)]
        return painted

    def _table(self, colours: Mapping[Structure, tuple[int, int, int]] | None) -> npt.NDArray[np.uint8]:
        if colours is None:
            return self.colours
        rows = [(*colours[one], _OPACITY) if one in colours else (0, 0, 0, 0) for one in self.outlined]
        return np.array([(0, 0, 0, 0), *rows], dtype=np.uint8)


def outline_codes(
    labels: LabelMap,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], tuple[Structure, ...]]:
    """One code for each outlined structure, voxel by voxel, the codes' RGBA and structures from 1 on; 0 has none."""
    shown = sorted({entry.structure for entry in labels.entries.values() if entry.structure in CONTOURS})
    table = np.zeros(np.iinfo(np.uint16).max + 1, dtype=np.uint8)
    for value, entry in labels.entries.items():
        if entry.structure in CONTOURS:
            table[value] = shown.index(entry.structure) + 1
    colours = np.array([(0, 0, 0, 0), *((*CONTOURS[one], _OPACITY) for one in shown)], dtype=np.uint8)
    return table[labels.labels], colours, tuple(shown)


class _Cutter:
    """vtkImageReslice over one array in index space."""

    def __init__(self, geometry: VolumeGeometry, array: AnyArray, outside: float) -> None:
        self._geometry = geometry
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

    def cut(self, plane: Plane, pixel_mm: float, slab: Slab) -> VtkObject:
        """The plane's pixels, in plane coordinates [mm]: x right, y up."""
        reslice = self.reslice
        columns = max(1, round(plane.width_mm / pixel_mm))
        rows = max(1, round(plane.height_mm / pixel_mm))
        reslice.SetResliceAxes(_axes(self._geometry, plane))
        reslice.SetOutputExtent(0, columns - 1, 0, rows - 1, 0, 0)
        reslice.SetOutputSpacing(pixel_mm, pixel_mm, _SLAB_STEP_MM)
        reslice.SetOutputOrigin(-(columns - 1) * pixel_mm / 2, -(rows - 1) * pixel_mm / 2, 0.0)
        _set_slab(reslice, slab)
        reslice.Update()
        return reslice.GetOutput()


def _axes(geometry: VolumeGeometry, plane: Plane) -> VtkObject:
    """Plane coordinates [mm] to image index (i, j, k)."""
    to_index = geometry.index_from_lps
    columns: FloatArray = np.stack([plane.right, plane.up, plane.toward_viewer], axis=1)
    matrix = np.eye(4)
    matrix[:3, :3] = (to_index[:3, :3] @ columns)[_FROM_KJI]
    matrix[:3, 3] = geometry.indices(plane.center_mm)[_FROM_KJI]
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
