"""Enhanced multi-frame CT and MR (PS3.3 A.38, A.36, C.7.6.16): each frame as the header a single-frame image would have.

In: the header of one multi-frame object. Out: one flat header per frame, in the order of the frames; geometry, rescaling
and frame type come from the shared and the frame's own functional groups. Every check of single images then holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from dicom_io.attributes import integer, values

SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"

_FLAT = {
    "PlanePositionSequence": {"ImagePositionPatient": "ImagePositionPatient"},
    "PlaneOrientationSequence": {"ImageOrientationPatient": "ImageOrientationPatient"},
    "PixelMeasuresSequence": {"PixelSpacing": "PixelSpacing", "SliceThickness": "SliceThickness"},
    "PixelValueTransformationSequence": {
        "RescaleSlope": "RescaleSlope",
        "RescaleIntercept": "RescaleIntercept",
        "RescaleType": "RescaleType",
    },
    "CTImageFrameTypeSequence": {"FrameType": "ImageType"},
    "MRImageFrameTypeSequence": {"FrameType": "ImageType"},
    "FrameContentSequence": {
        "FrameAcquisitionNumber": "AcquisitionNumber",
        "TemporalPositionIndex": "TemporalPositionIndex",
        "StackID": "StackID",
    },
    "MREchoSequence": {"EffectiveEchoTime": "EchoTime"},
}
"""Functional group -> its attributes, and what a single-frame image calls them (PS3.3 C.7.6.16.2, C.8.15.3)."""

_FROM_FUNCTIONAL_GROUPS_ALONE = frozenset(
    {"ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept"}
)
"""At the top level of an enhanced image these have no meaning; one that is found there is not trusted."""

LARGEST_FRAMES = 20_000
"""Frames of one object; a whole-body CT has some 4,000."""


def frame_headers(header: Dataset) -> list[Dataset]:
    """One flat header for each frame; empty where frames and functional groups do not agree in number."""
    frames = integer(header, "NumberOfFrames") or 0
    groups = header.get(PER_FRAME) or ()
    if not 0 < frames <= LARGEST_FRAMES or len(groups) != frames:
        return []
    shared = next(iter(header.get(SHARED) or ()), Dataset())
    common = _common(header)
    return [_flat(common, shared, own, number) for number, own in enumerate(groups, start=1)]


def _common(header: Dataset) -> Dataset:
    left_out = {SHARED, PER_FRAME, "NumberOfFrames", *_FROM_FUNCTIONAL_GROUPS_ALONE}
    common = Dataset()
    common.update({element.tag: element for element in header if element.keyword not in left_out})
    if hasattr(header, "file_meta"):
        common.file_meta = header.file_meta
    return common


def _flat(common: Dataset, shared: Dataset, own: Dataset, number: int) -> Dataset:
    """The frame's own groups stand before the shared ones; a group is in one of the two (PS3.3 C.7.6.16.1.1)."""
    flat = Dataset()
    flat.update(common)
    if hasattr(common, "file_meta"):
        flat.file_meta = common.file_meta
    for keyword, value in (*_said(shared), *_said(own)):
        flat.pop(keyword, None)
        setattr(flat, keyword, value)
    flat.pop("InstanceNumber", None)
    flat.InstanceNumber = number
    return flat


def _said(groups: Dataset) -> Iterator[tuple[str, object]]:
    for sequence, names in _FLAT.items():
        for group in groups.get(sequence) or ():
            for keyword, plain in names.items():
                if values(group, keyword):
                    yield plain, group[keyword].value
