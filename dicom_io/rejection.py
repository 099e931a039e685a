"""Rejection notes: Key Object Selections that take images back (IHE Imaging Object Change Management, PS3.16 CID 7011).

In: the folder of one received series. Out: its notes: why, and which images of which series. Other folders cost one header.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage

from dicom_io.scan import UNREADABLE

_SCHEME = "DCM"
_REASONS = {
    "113001": "Rejected for Quality Reasons",
    "113037": "Rejected for Patient Safety Reasons",
    "113038": "Incorrect Modality Worklist Entry",
}
"""Document titles that take images back. 113039, Data Retention Policy Expired, says nothing against the images."""


@dataclass(frozen=True, slots=True)
class RejectionNote:
    """SOP Instance UIDs by Series Instance UID, and why they are taken back."""

    reason: str
    images: Mapping[str, frozenset[str]]


def rejection_notes(folder: Path) -> tuple[RejectionNote, ...]:
    """Every note in the folder of one series; a series holds one kind of objects, so its first file tells."""
    files = sorted(folder.glob("*.dcm")) if folder.is_dir() else []
    if not files or _header(files[0]).get("SOPClassUID") != KeyObjectSelectionDocumentStorage:
        return ()
    return tuple(note for one in files if (note := _note(_header(one))) is not None)


def _header(path: Path) -> Dataset:
    try:
        return pydicom.dcmread(path, stop_before_pixels=True)
    except UNREADABLE:
        return Dataset()


def _note(document: Dataset) -> RejectionNote | None:
    try:
        (title,) = document.ConceptNameCodeSequence
        if title.CodingSchemeDesignator != _SCHEME or title.CodeValue not in _REASONS:
            return None
        images: dict[str, frozenset[str]] = {}
        for study in document.CurrentRequestedProcedureEvidenceSequence:
            for series in study.ReferencedSeriesSequence:
                uids = frozenset(str(one.ReferencedSOPInstanceUID) for one in series.ReferencedSOPSequence)
                images[str(series.SeriesInstanceUID)] = images.get(str(series.SeriesInstanceUID), frozenset()) | uids
    except UNREADABLE:
        return None
    return RejectionNote(_REASONS[title.CodeValue], images)
