"""RT structure sets (PS3.3 A.19): closed planar contours, filled slice by slice on the scan's own grid.

In: a file, the scan's grid and the name lookup. Out: a ``Brought``. Contours that do not lie in the scan's slices are refused:
what they enclose between slices is not stated. A contour within another one is a hole (even-odd).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import RTStructureSetStorage

from dicom_io.errors import DicomIoError
from dicom_io.outside_segmentation import ByName, OutsideSegmentation
from planner.brought import Brought, BroughtSegment, Source, segment_of
from planner.geometry import BoolArray, FloatArray, VolumeGeometry

_OFF_PLANE_MM = 0.2
"""Of a contour's points against one plane of the scan's stack."""

_OFF_SLICE = 0.26
"""Of the distance between slices: a contour between two slices belongs to neither."""


class ContourError(DicomIoError):
    """Contours that enclose no known voxels."""

    def __init__(self, found: str, advice: str) -> None:
        super().__init__(f"the structure set cannot be read: {found}; {advice}")


def is_structure_set(path: Path) -> bool:
    """A DICOM file of the structure set class."""
    try:
        header = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True)
    except (InvalidDicomError, OSError):
        return False
    return bool(header.get("SOPClassUID") == RTStructureSetStorage)


def read_structure_set(path: Path, grid: VolumeGeometry, by_name: ByName) -> OutsideSegmentation:
    """All regions of interest, filled on the scan's slices."""
    dataset = pydicom.dcmread(path)
    names = {int(one.ROINumber): str(one.get("ROIName", "")) for one in dataset.get("StructureSetROISequence") or ()}
    frame, series = _reference(dataset)
    found: list[BroughtSegment] = []
    empty: list[str] = []
    for contour in dataset.get("ROIContourSequence") or ():
        number = int(contour.ReferencedROINumber)
        name = names.get(number, "without a name")
        segment = segment_of(number, name, _filled(contour, grid, name), by_name(name))
        if segment is None:
            empty.append(f"region {number} {name!r} is empty")
        else:
            found.append(segment)
    if not found:
        raise ContourError("no region holds a voxel of the scan", "give the structure set of this series")
    source = Source(
        _maker(dataset), str(dataset.get("SoftwareVersions", "")), hashlib.sha256(path.read_bytes()).hexdigest()
    )
    geometry = VolumeGeometry(grid.lps_from_index, grid.shape, frame)
    return OutsideSegmentation(Brought(geometry, tuple(found), source, tuple(empty)), series)


def _maker(dataset: Dataset) -> str:
    return str(dataset.get("ManufacturerModelName") or dataset.get("Manufacturer") or "RT structure set")


def _reference(dataset: Dataset) -> tuple[str, str]:
    """Frame of reference and series that the contours were drawn on; empty where not said."""
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        for study in frame.get("RTReferencedStudySequence") or ():
            for series in study.get("RTReferencedSeriesSequence") or ():
                return str(frame.get("FrameOfReferenceUID", "")), str(series.get("SeriesInstanceUID", ""))
        return str(frame.get("FrameOfReferenceUID", "")), ""
    return "", ""


def _filled(contour: Dataset, grid: VolumeGeometry, name: str) -> BoolArray:
    mask = np.zeros(grid.shape, dtype=bool)
    for one in contour.get("ContourSequence") or ():
        if str(one.get("ContourGeometricType", "")) not in {"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"}:
            continue
        points = grid.indices(np.array(one.ContourData, dtype=np.float64).reshape(-1, 3))
        k = _slice_of(points, grid, name)
        if 0 <= k < grid.shape[0]:
            mask[k] ^= _polygon(points[:, 1:], grid.shape[1:])
    return mask


def _slice_of(points: FloatArray, grid: VolumeGeometry, name: str) -> int:
    off_mm = float(np.ptp(points[:, 0]) * grid.spacing_mm[0])
    if off_mm > _OFF_PLANE_MM:
        raise ContourError(
            f"a contour of {name!r} rises {off_mm:.1f} mm across the scan's slices (limit {_OFF_PLANE_MM} mm)",
            "draw it on the slices of this series, or export a Segmentation",
        )
    k = float(np.median(points[:, 0]))
    if abs(k - round(k)) > _OFF_SLICE:
        raise ContourError(
            f"a contour of {name!r} lies {abs(k - round(k)):.2f} of a slice distance off the nearest slice (limit {_OFF_SLICE})",
            "draw it on the slices of this series",
        )
    return round(k)


def _polygon(corners: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    """Voxels whose centre lies inside a closed polygon of (row, column) corners, even-odd."""
    rows, columns = np.arange(shape[0]), np.arange(shape[1])
    inside = np.zeros((shape[0], shape[1]), dtype=bool)
    ends = np.roll(corners, -1, axis=0)
    for (r0, c0), (r1, c1) in zip(corners, ends, strict=True):
        crossed = (r0 > rows) != (r1 > rows)
        if not crossed.any():
            continue
        at = c0 + (rows[crossed] - r0) * (c1 - c0) / (r1 - r0)
        inside[crossed] ^= columns[None, :] < at[:, None]
    return inside
