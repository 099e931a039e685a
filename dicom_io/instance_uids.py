"""The UIDs of an instance that has just come, however it is encoded; what is no UID is refused.

In: its first bytes, the file that holds it, its transfer syntax. Out: four UIDs, or a refusal. Pixels are never read.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_io.header_uids import HeaderUids, header_uids
from dicom_io.landing import data_set_start, is_uid
from dicom_io.refusals import CANNOT_UNDERSTAND, RefusalError
from dicom_io.scan import UNREADABLE

_LAST_IDENTIFYING_TAG = Tag(0x0020, 0x000E)
_UID_TAGS = {
    "SOPClassUID": Tag(0x0008, 0x0016),
    "SOPInstanceUID": Tag(0x0008, 0x0018),
    "StudyInstanceUID": Tag(0x0020, 0x000D),
    "SeriesInstanceUID": _LAST_IDENTIFYING_TAG,
}
_INFLATE_STEP_BYTES = 2**20


def instance_uids(head: bytes, path: Path, transfer_syntax: str, largest_bytes: int) -> HeaderUids:
    """A quick look at the first bytes is enough for nearly all; else the file is read up to its UIDs.

    A deflated data set is inflated piece by piece, and refused beyond ``largest_bytes``.
    """
    quick = header_uids(head, transfer_syntax)
    if quick is not None and all(map(is_uid, (quick.sop_class_uid, quick.sop_uid, quick.study_uid, quick.series_uid))):
        return quick
    with path.open("rb") as file:
        if transfer_syntax == DeflatedExplicitVRLittleEndian:
            file.seek(data_set_start(file))
            return _read(BytesIO(_inflated_start(file, largest_bytes)), is_bare=True)
        return _read(file, is_bare=False)


def _read(content: BinaryIO, *, is_bare: bool) -> HeaderUids:
    """The UIDs of a file, or of a bare data set (whose encoding is told by its first bytes)."""

    def is_past_uids(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return bool(tag > _LAST_IDENTIFYING_TAG)

    tags: list[BaseTag | int] = list(_UID_TAGS.values())
    try:
        header = read_partial(content, stop_when=is_past_uids, specific_tags=tags, force=is_bare)
        uids = [str(header.get(keyword) or "") for keyword in _UID_TAGS]
    except UNREADABLE as error:
        raise RefusalError(CANNOT_UNDERSTAND, f"data set cannot be read: {type(error).__name__}") from error
    for keyword, uid in zip(_UID_TAGS, uids, strict=True):
        if not is_uid(uid):
            raise RefusalError(CANNOT_UNDERSTAND, f"{keyword} is {'not a UID' if uid else 'absent'}")
    return HeaderUids(*uids)


def _inflated_start(deflated: BinaryIO, largest_bytes: int) -> bytes:
    """The first MiB of a deflated data set, after all of it was inflated piece by piece and found small enough."""
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    start, total = b"", 0
    rest = deflated.read(_INFLATE_STEP_BYTES)
    while rest and not inflater.eof:
        piece = inflater.decompress(rest, _INFLATE_STEP_BYTES)
        total, start = total + len(piece), start or piece
        if total > largest_bytes:
            raise RefusalError(CANNOT_UNDERSTAND, f"inflates to more than {largest_bytes >> 20} MiB, the limit")
        rest = inflater.unconsumed_tail or deflated.read(_INFLATE_STEP_BYTES)
    return start
