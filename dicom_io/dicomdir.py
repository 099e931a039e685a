"""What the DICOMDIR of a CD lists, to be checked against the files that are really there.

In: a DICOMDIR file (PS3.3 F). Out: the SOP Instance UIDs of each series' images. Files are never looked for by it:
names on CDs are often changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

_NEXT = "OffsetOfTheNextDirectoryRecord"
_BELOW = "OffsetOfReferencedLowerLevelDirectoryEntity"


def listed_images(path: Path) -> dict[str, frozenset[str]]:
    """SOP Instance UIDs by Series Instance UID; a series whose chain of records is broken is left out."""
    records = pydicom.dcmread(path).get("DirectoryRecordSequence") or []
    by_offset = {int(record.seq_item_tell): record for record in records}
    series = [record for record in records if record.get("DirectoryRecordType") == "SERIES"]
    found = {str(one.get("SeriesInstanceUID", "")): frozenset(_images(one, by_offset)) for one in series}
    return {uid: images for uid, images in found.items() if uid and images}


def _images(series: Dataset, by_offset: dict[int, Dataset]) -> Iterator[str]:
    """The chain of records below a series; each record is visited once, chains may be broken or circular."""
    unseen = dict(by_offset)
    record = unseen.pop(int(series.get(_BELOW) or 0), None)
    while record is not None:
        if record.get("DirectoryRecordType") == "IMAGE":
            yield str(record.get("ReferencedSOPInstanceUIDInFile", ""))
        record = unseen.pop(int(record.get(_NEXT) or 0), None)
