"""Other systems' DICOM segmentations: SEG (PS3.3 A.51) of all three types, as masks with what their codes and labels say.

In: a file and the name lookup of the planner. Out: a ``Brought`` in its own frame of reference, and the series it refers to.
Segments may overlap. Fractional ones count from one half. Nothing is resampled, and nothing without a meaning is dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import SegmentationStorage

from dicom_io.errors import DicomIoError
from dicom_io.outside_codes import coded_meaning
from planner.brought import Brought, BroughtSegment, Meaning, Source, segment_of
from planner.errors import GeometryError
from planner.geometry import AnyArray, BoolArray, FloatArray, VolumeGeometry
from planner.volume import LabelEntry

LABELMAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
"""Label Map Segmentation Storage (PS3.6, Supplement 243)."""

_LARGEST_MM = 0.2
"""What a frame may lie off the even grid of all frames, as for images (``stack.LARGEST_CORNER_MM``)."""

_HALF = 0.5

ByName = Callable[[str], Meaning | None]


class OutsideSegmentationError(DicomIoError):
    """A segmentation object that cannot be read as masks."""

    def __init__(self, found: str, advice: str) -> None:
        super().__init__(f"the segmentation cannot be read: {found}; {advice}")


@dataclass(frozen=True, slots=True, eq=False)
class OutsideSegmentation:
    """What was read, and which images it says it was made on; empty where it does not say."""

    brought: Brought
    series_instance_uid: str
    """Series Instance UID (0020,000E) of the Referenced Series Sequence (0008,1115)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """One frame: the segment it belongs to (0 in a label map) and its first voxel."""

    segment: int
    position_mm: FloatArray


_Plane: TypeAlias = tuple[_Frame, int, AnyArray]
"""A frame, its slice and its voxels."""


def is_segmentation(path: Path) -> bool:
    """A DICOM file of one of the segmentation classes."""
    try:
        header = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True)
    except (InvalidDicomError, OSError):
        return False
    return header.get("SOPClassUID") in {SegmentationStorage, LABELMAP_STORAGE}


def read_outside_segmentation(path: Path, by_name: ByName) -> OutsideSegmentation:
    """All segments of one file; ``by_name`` says what a label means where the codes do not."""
    dataset = pydicom.dcmread(path)
    kind = str(dataset.get("SegmentationType", ""))
    if kind not in {"BINARY", "FRACTIONAL", "LABELMAP"}:
        raise OutsideSegmentationError(
            f"its type is {kind or 'not stated'}", "export it as BINARY, FRACTIONAL or LABELMAP"
        )
    frames = _frames(dataset, kind)
    geometry = _geometry(dataset, frames)
    planes = _planes(dataset, frames, geometry)
    if kind == "LABELMAP":
        segments, empty = _of_label_map(dataset, geometry, planes, by_name)
    else:
        segments, empty = _of_masks(dataset, geometry, planes, by_name)
    if not segments:
        raise OutsideSegmentationError("no segment holds a voxel", "export it again from the system that made it")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    source = Source(_name(dataset), _version(dataset), digest)
    notes = tuple(f"segment {number} {label!r} is empty" for number, label in empty)
    return OutsideSegmentation(Brought(geometry, segments, source, notes), _series(dataset))


def _frames(dataset: Dataset, kind: str) -> list[_Frame]:
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    if not groups:
        raise OutsideSegmentationError("its frames do not say where they lie", "export it with its plane positions")
    try:
        return [
            _Frame(
                0
                if kind == "LABELMAP"
                else int(_macro(g, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber),
                np.array(_macro(g, shared, "PlanePositionSequence").ImagePositionPatient, dtype=np.float64),
            )
            for g in groups
        ]
    except (KeyError, AttributeError):
        raise OutsideSegmentationError(
            "a frame names no segment or no position", "export it with its plane positions"
        ) from None


def _macro(group: Dataset, shared: Dataset, keyword: str) -> Dataset:
    found: Dataset = (group if keyword in group else shared)[keyword].value[0]
    return found


def _geometry(dataset: Dataset, frames: list[_Frame]) -> VolumeGeometry:
    """The smallest grid that holds all frames; their even distance is the smallest gap that occurs."""
    shared = dataset.SharedFunctionalGroupsSequence[0]
    first = dataset.PerFrameFunctionalGroupsSequence[0]
    try:
        measures = _macro(first, shared, "PixelMeasuresSequence")
        orientation = _macro(first, shared, "PlaneOrientationSequence").ImageOrientationPatient
    except KeyError:
        raise OutsideSegmentationError("it states no orientation or spacing", "export it with both") from None
    row, column = np.array(orientation, dtype=np.float64).reshape(2, 3)
    normal = np.cross(row, column)
    heights = np.unique(np.round([frame.position_mm @ normal for frame in frames], 3))
    step = _step_mm(heights, measures)
    lowest = min(frames, key=lambda frame: float(frame.position_mm @ normal)).position_mm
    matrix = np.eye(4)
    down, right = (float(mm) for mm in measures.PixelSpacing)
    matrix[:3, :3] = np.stack([normal * step, column * down, row * right], axis=1)
    matrix[:3, 3] = lowest
    count = round(float(heights[-1] - heights[0]) / step) + 1
    try:
        return VolumeGeometry(
            matrix, (count, int(dataset.Rows), int(dataset.Columns)), str(dataset.get("FrameOfReferenceUID", ""))
        )
    except GeometryError as error:
        raise OutsideSegmentationError(str(error), "export it again") from error


def _step_mm(heights_mm: FloatArray, measures: Dataset) -> float:
    """Between slices: as stated where the frames lie on that grid (slices may be left out), else the smallest gap that occurs."""
    gaps = np.diff(heights_mm)
    gaps = gaps[gaps > _LARGEST_MM]
    stated = float(measures.get("SpacingBetweenSlices") or measures.get("SliceThickness") or 0.0)
    if not gaps.size:
        return stated or 1.0
    if stated > _LARGEST_MM and np.abs(gaps - np.round(gaps / stated) * stated).max() <= _LARGEST_MM / 2.0:
        return float(gaps.min() / np.round(gaps.min() / stated))
    return float(gaps.min())


def _planes(dataset: Dataset, frames: list[_Frame], geometry: VolumeGeometry) -> Iterator[_Plane]:
    index = geometry.indices(np.array([frame.position_mm for frame in frames]))
    rows = np.round(index[:, 0]).astype(int)
    whole = np.stack([rows, np.zeros_like(rows), np.zeros_like(rows)], axis=1)
    off_mm = float(np.abs((index - whole) * geometry.spacing_mm).max())
    if off_mm > _LARGEST_MM:
        raise OutsideSegmentationError(
            f"its frames lie up to {off_mm:.2f} mm off an even grid (limit {_LARGEST_MM} mm)", "export it on one grid"
        )
    yield from _matched(frames, rows.tolist(), _pixels(dataset))


def _matched(frames: list[_Frame], rows: list[int], pixels: Iterator[AnyArray]) -> Iterator[_Plane]:
    """Frame by frame, so that a file of many segments is never in memory unpacked."""
    held = 0
    for held, plane in enumerate(pixels, start=1):
        if held <= len(frames):
            yield frames[held - 1], rows[held - 1], plane
    if held != len(frames):
        raise OutsideSegmentationError(
            f"it describes {len(frames)} frames and holds {held}", "export it again from the system that made it"
        )


def _pixels(dataset: Dataset) -> Iterator[AnyArray]:
    try:
        yield from iter_pixels(dataset)
    except (ValueError, AttributeError, RuntimeError, NotImplementedError) as why:
        raise OutsideSegmentationError("its voxels cannot be decoded", "export it uncompressed") from why


def _of_masks(
    dataset: Dataset, geometry: VolumeGeometry, planes: Iterator[_Plane], by_name: ByName
) -> tuple[tuple[BroughtSegment, ...], list[tuple[int, str]]]:
    least = (
        _HALF * float(dataset.get("MaximumFractionalValue", 1)) if dataset.SegmentationType == "FRACTIONAL" else _HALF
    )
    by_segment: dict[int, list[tuple[int, npt.NDArray[np.uint8]]]] = {}
    for frame, row, plane in planes:
        by_segment.setdefault(frame.segment, []).append((row, np.packbits(plane >= least, axis=-1)))
    known = {int(one.SegmentNumber) for one in dataset.SegmentSequence}
    missing = sorted(set(by_segment) - known)
    if missing:
        raise OutsideSegmentationError(
            f"frames name segments {', '.join(map(str, missing))} that it does not describe", "export it again"
        )

    def mask_of(number: int) -> BoolArray:
        whole = np.zeros(geometry.shape, dtype=bool)
        for row, packed in by_segment.get(number, ()):
            whole[row] |= np.unpackbits(packed, axis=-1, count=geometry.shape[2]).astype(bool)
        return whole

    return _segments(dataset, mask_of, by_name)


def _of_label_map(
    dataset: Dataset, geometry: VolumeGeometry, planes: Iterator[_Plane], by_name: ByName
) -> tuple[tuple[BroughtSegment, ...], list[tuple[int, str]]]:
    labels: npt.NDArray[np.uint16] = np.zeros(geometry.shape, dtype=np.uint16)
    for _, row, plane in planes:
        labels[row] = plane
    return _segments(dataset, lambda number: labels == number, by_name)


def _segments(
    dataset: Dataset, mask_of: Callable[[int], BoolArray], by_name: ByName
) -> tuple[tuple[BroughtSegment, ...], list[tuple[int, str]]]:
    found: list[BroughtSegment] = []
    empty: list[tuple[int, str]] = []
    for number, label, meaning, why in _described(dataset, by_name):
        if number == 0:
            continue
        segment = segment_of(number, label, mask_of(number), meaning, why)
        if segment is None:
            empty.append((number, label))
        else:
            found.append(segment)
    return tuple(found), empty


def _described(dataset: Dataset, by_name: ByName) -> Iterator[tuple[int, str, Meaning | None, str]]:
    for one in dataset.SegmentSequence:
        number, label = int(one.SegmentNumber), str(one.get("SegmentLabel", "")) or "without a label"
        by_code, named = coded_meaning(one), by_name(label)
        if by_code is not None and named is not None and _contradict(by_code, named):
            yield (
                number,
                label,
                None,
                "its codes and its label name different sides or levels; correct it at its source",
            )
        else:
            yield number, label, _more_said(by_code, named), ""


def _contradict(by_code: Meaning, named: Meaning) -> bool:
    if not isinstance(by_code, LabelEntry) or not isinstance(named, LabelEntry):
        return False
    sides = {by_code.side, named.side} - {None}
    levels = {by_code.level, named.level} - {None}
    return len(sides) > 1 or len(levels) > 1


def _more_said(by_code: Meaning | None, named: Meaning | None) -> Meaning | None:
    """The codes' meaning, with a side or level that only the label says; the label's where codes say nothing."""
    if by_code is None:
        return named
    if not isinstance(by_code, LabelEntry) or not isinstance(named, LabelEntry):
        return by_code
    if by_code.structure is not named.structure:
        return by_code
    return LabelEntry(
        by_code.structure, by_code.part or named.part, by_code.level or named.level, by_code.side or named.side,
        by_code.confidence,
    )  # fmt: skip


def _name(dataset: Dataset) -> str:
    """The algorithm's name, or the maker's; never a description, which may hold a name."""
    for one in dataset.SegmentSequence:
        if one.get("SegmentAlgorithmName"):
            return str(one.SegmentAlgorithmName)
    return str(dataset.get("ManufacturerModelName") or dataset.get("Manufacturer") or "DICOM segmentation")


def _version(dataset: Dataset) -> str:
    found = dataset.get("SoftwareVersions", "")
    return str(found[0] if isinstance(found, pydicom.multival.MultiValue) else found)


def _series(dataset: Dataset) -> str:
    series = dataset.get("ReferencedSeriesSequence")
    return str(series[0].SeriesInstanceUID) if series else ""
