"""A label map as a DICOM Segmentation (PS3.3 A.51), BINARY: one segment per structure, level and side; and back.

In: labels on the source's own grid (or, after a gantry tilt, on the resampled one) and the case. Out: bytes of a file.
BINARY because LABELMAP is rejected by Orthanc 1.10 and DCMTK 3.6.7. Frames without a voxel are left out; frames keep
the source's rows and columns, because viewers lay them over the slices. Skin, body and muscle are left out (``LEFT_OUT``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from highdicom.content import PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence
from highdicom.seg import Segmentation
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from dicom_io.documents import SourceImages, equipment, finished, source_images
from dicom_io.errors import DicomIoError
from dicom_io.identity import DicomCase
from dicom_io.segments import description, entry_of, grouped
from dicom_io.series import SeriesSource
from planner.errors import FrameMismatchError
from planner.geometry import AnyArray, FloatArray, VolumeGeometry
from planner.volume import LabelEntry, LabelMap

_DS_DECIMALS = 6
"""Positions and directions fit the 16 characters of a DS."""


class EmptySegmentationError(DicomIoError):
    """Nothing to write."""

    def __init__(self) -> None:
        super().__init__("the label map holds no structure beside skin, body and muscle; nothing is written")


class UnnamedLabelError(DicomIoError):
    """Voxels of which nobody says what they are."""

    def __init__(self, values: list[int]) -> None:
        super().__init__(
            f"label values {', '.join(map(str, values))} have no entry that says what they are; add the entries"
        )


class SegmentationFormatError(DicomIoError):
    """A segmentation that cannot be read as labels."""

    def __init__(self, found: str, advice: str) -> None:
        super().__init__(f"the segmentation cannot be read: {found}; {advice}")


def write_segmentation(labels: LabelMap, source: SeriesSource, case: DicomCase) -> bytes:
    """The labels as a Segmentation that refers to the source's slices."""
    _require_frame(labels.geometry, source.frame_of_reference_uid)
    images = source_images(source)
    entries, pixels = _segments(labels)
    segmentation = Segmentation(
        source_images=list(images.objects),
        pixel_array=pixels,
        segmentation_type="BINARY",
        segment_descriptions=[
            description(number, entry, source.series_instance_uid, case) for number, entry in enumerate(entries, 1)
        ],
        series_instance_uid=case.uid_for("segmentation series"),
        series_number=case.series_numbers.segmentation,
        sop_instance_uid=case.uid_for("segmentation"),
        instance_number=1,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        content_label="NEEDLEPLAN",
        content_description="Structures near the needle, found by software, not verified",
        series_description="Needle plan anatomy, NOT VERIFIED",
        omit_empty_frames=True,
        **_planes(labels.geometry, images),
        **equipment(case),
    )
    _name_dimensions(segmentation, case)
    return finished(segmentation, images, case)


def read_segmentation(path: Path, geometry: VolumeGeometry | None = None) -> LabelMap:
    """Labels of a segmentation of ours, one value per segment.

    Parameters
    ----------
    geometry : the grid to lay them on, usually the source volume's; None: the smallest grid that holds all frames.
    """
    dataset = pydicom.dcmread(path)
    _require_binary(dataset)
    frames = _frames(dataset)
    grid = geometry or _own_grid(dataset, frames)
    _require_frame(grid, str(dataset.FrameOfReferenceUID))
    labels = np.zeros(grid.shape, dtype=np.uint16)
    first = _first_indices(dataset, frames, grid)
    for (number, _), (k, j, i), mask in zip(frames, first, iter_pixels(dataset), strict=True):
        rows, columns = mask.shape
        labels[k, j : j + rows, i : i + columns][mask.astype(bool)] = number
    return LabelMap(grid, labels, _entries(dataset))


def _segments(labels: LabelMap) -> tuple[list[LabelEntry], AnyArray]:
    """Entries in segment order and (k, j, i) segment numbers, from 1."""
    is_present = np.zeros(np.iinfo(np.uint16).max + 1, dtype=bool)
    for plane in labels.labels:  # one at a time: indexing makes 64-bit copies
        is_present[plane] = True
    is_present[0] = False
    nameless = sorted(set(np.flatnonzero(is_present).tolist()) - set(labels.entries))
    if nameless:
        raise UnnamedLabelError(nameless)
    groups = grouped({value: entry for value, entry in labels.entries.items() if is_present[value]})
    if not groups:
        raise EmptySegmentationError
    kind = np.uint8 if len(groups) < 256 else np.uint16
    number_of = np.zeros(len(is_present), dtype=kind)
    for number, values in enumerate(groups.values(), 1):
        number_of[list(values)] = number
    return list(groups), number_of[labels.labels]


def _planes(geometry: VolumeGeometry, images: SourceImages) -> dict[str, Any]:
    """Nothing where frames lie on the source's slices; explicit planes where the tilt was resampled, or for frames."""
    if images.objects is images.faceless and _is_source_grid(geometry, images):
        return {}
    spacing = np.round(geometry.spacing_mm, _DS_DECIMALS + 2)
    first_voxels = np.round(geometry.points_mm([(k, 0, 0) for k in range(geometry.shape[0])]), _DS_DECIMALS)
    return {
        "pixel_measures": PixelMeasuresSequence(spacing[1:].tolist(), float(spacing[0]), float(spacing[0])),
        "plane_orientation": PlaneOrientationSequence(
            "PATIENT", np.round(np.r_[geometry.axes[:, 2], geometry.axes[:, 1]], _DS_DECIMALS + 4).tolist()
        ),
        "plane_positions": [PlanePositionSequence("PATIENT", point.tolist()) for point in first_voxels],
    }


def _is_source_grid(geometry: VolumeGeometry, images: SourceImages) -> bool:
    """First and last voxel of every slice lie where the images say."""
    header = images.faceless[0]
    if geometry.shape != (len(images.faceless), header.Rows, header.Columns):
        return False
    row, column = np.array(header.ImageOrientationPatient, dtype=float).reshape(2, 3)
    down_mm, right_mm = (float(spacing) for spacing in header.PixelSpacing)
    diagonal = column * down_mm * (header.Rows - 1) + row * right_mm * (header.Columns - 1)
    first = np.array([one.ImagePositionPatient for one in images.faceless], dtype=float)
    slices = range(geometry.shape[0])
    ours = geometry.points_mm([[(k, 0, 0), (k, header.Rows - 1, header.Columns - 1)] for k in slices])
    return bool(np.abs(ours - np.stack([first, first + diagonal], axis=1)).max() <= _LARGEST_OFF_SLICE_MM)


_LARGEST_OFF_SLICE_MM = 0.2
"""What the reader lets a corner lie off the even grid (``stack.LARGEST_CORNER_MM``)."""


def _require_frame(geometry: VolumeGeometry, frame_of_reference_uid: str) -> None:
    if geometry.frame_of_reference_uid and geometry.frame_of_reference_uid != frame_of_reference_uid:
        raise FrameMismatchError(geometry.frame_of_reference_uid, frame_of_reference_uid)


def _name_dimensions(segmentation: Dataset, case: DicomCase) -> None:
    """Dimension Organization UID (0020,9164) from the case; the library draws a random one."""
    uid = case.uid_for("segmentation dimensions")
    for item in (*segmentation.DimensionOrganizationSequence, *segmentation.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid


def _require_binary(dataset: Dataset) -> None:
    if dataset.get("SOPClassUID") != SegmentationStorage:
        raise SegmentationFormatError(
            "it is no Segmentation (1.2.840.10008.5.1.4.1.1.66.4)", "give a Segmentation file"
        )
    if dataset.SegmentationType != "BINARY":
        raise SegmentationFormatError(f"its type is {dataset.SegmentationType}", "export it as BINARY")


def _entries(dataset: Dataset) -> dict[int, LabelEntry]:
    found: dict[int, LabelEntry | None] = {int(s.SegmentNumber): entry_of(s) for s in dataset.SegmentSequence}
    unknown = [number for number, entry in found.items() if entry is None]
    if unknown:
        raise SegmentationFormatError(
            f"segments {', '.join(map(str, unknown))} have codes that are not known here",
            "only segmentations written by needleplan are read in this version",
        )
    return {number: entry for number, entry in found.items() if entry is not None}


def _frames(dataset: Dataset) -> list[tuple[int, FloatArray]]:
    """Segment number and position of the first voxel of each frame, in file order."""
    shared = dataset.SharedFunctionalGroupsSequence[0]
    return [
        (
            int(_macro(group, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber),
            np.array(_macro(group, shared, "PlanePositionSequence").ImagePositionPatient, dtype=float),
        )
        for group in dataset.PerFrameFunctionalGroupsSequence
    ]


def _macro(group: Dataset, shared: Dataset, keyword: str) -> Dataset:
    """A functional group macro of one frame; what all frames share stands once (PS3.3 C.7.6.16)."""
    found: Dataset = (group if keyword in group else shared)[keyword].value[0]
    return found


def _own_grid(dataset: Dataset, frames: list[tuple[int, FloatArray]]) -> VolumeGeometry:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    measures = shared.PixelMeasuresSequence[0]
    row, column = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    normal = np.cross(row, column)
    positions = np.array([position for _, position in frames])
    heights = np.unique(np.round(positions @ normal, 4))
    step = float(
        measures.get("SpacingBetweenSlices")
        or (np.diff(heights).min() if len(heights) > 1 else measures.SliceThickness)
    )
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack(
        [normal * step, column * float(measures.PixelSpacing[0]), row * float(measures.PixelSpacing[1])], axis=1
    )
    matrix[:3, 3] = positions[np.argmin(positions @ normal)]
    count = round(float(heights[-1] - heights[0]) / step) + 1
    return VolumeGeometry(matrix, (count, int(dataset.Rows), int(dataset.Columns)), str(dataset.FrameOfReferenceUID))


def _first_indices(
    dataset: Dataset, frames: list[tuple[int, FloatArray]], grid: VolumeGeometry
) -> npt.NDArray[np.intp]:
    """(frames, 3) index of each frame's first voxel; refused where frames do not lie on the grid."""
    own = _own_grid(dataset, frames)
    indices = grid.indices(np.array([position for _, position in frames]))
    whole = np.round(indices).astype(np.intp)
    off_mm = np.abs((indices - whole) * grid.spacing_mm).max()
    turned = np.abs(own.lps_from_index[:3, 1:3] - grid.lps_from_index[:3, 1:3]).max() * max(grid.shape[1:])
    last = whole + np.array([0, int(dataset.Rows) - 1, int(dataset.Columns) - 1])
    if (
        off_mm > _LARGEST_OFF_SLICE_MM
        or turned > _LARGEST_OFF_SLICE_MM
        or (whole < 0).any()
        or (last >= grid.shape).any()
    ):
        raise SegmentationFormatError(
            f"its frames lie {off_mm:.3f} mm off the wanted grid, {turned:.3f} mm at the corner (limit {_LARGEST_OFF_SLICE_MM} mm), "
            "or outside it",
            "read it with the volume it was made on",
        )
    return whole
