"""One C-STORE request to its status: durable and recorded before success, quarantined with the reason otherwise.

In: pynetdicom's event. Out: a status (PS3.4 B.2.3), a file (``landing.py``) and one ``Received`` or ``Refused`` fact.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_io.errors import DicomIoError
from dicom_io.file_meta import file_start
from dicom_io.landing import Arrival, Landing, data_set, is_uid
from dicom_io.scan import UNREADABLE

_logger = logging.getLogger(__name__)

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
"""C-STORE status codes (PS3.4 B.2.3)."""

_LAST_IDENTIFYING_TAG = Tag(0x0020, 0x000E)
_UID_TAGS = {
    "SOPClassUID": Tag(0x0008, 0x0016),
    "SOPInstanceUID": Tag(0x0008, 0x0018),
    "StudyInstanceUID": Tag(0x0020, 0x000D),
    "SeriesInstanceUID": _LAST_IDENTIFYING_TAG,
}
_INFLATE_STEP_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Received:
    """One instance on disk. May be told again for a ``REPEATED`` one: whoever records it must record it once."""

    study_uid: str
    series_uid: str
    sop_class_uid: str
    sop_uid: str
    path: Path
    calling_ae_title: str
    sha256: str
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Refused:
    """One instance, or with ``NOT_AUTHORIZED`` a whole association, that was refused; no patient data in the reason."""

    status: int
    reason: str
    calling_ae_title: str


class _RefusalError(Exception):
    """Ends the handling of one instance with a status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class NotKeptError(DicomIoError):
    """A file that a server sent and that is no whole DICOM object."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"a file that was sent cannot be kept: {reason}; look at the sending side")


@dataclass(frozen=True, slots=True)
class _Identity:
    sop_class_uid: str
    sop_uid: str
    study_uid: str
    series_uid: str


@dataclass(frozen=True, slots=True)
class Storing:
    """What a C-STORE needs: where files lie, what must stay free, and who is told."""

    landing: Landing
    reserve_bytes: int
    largest_object_bytes: int
    on_stored: Callable[[Received], None]
    on_refused: Callable[[Refused], None]

    def status(self, event: Any) -> int:  # noqa: ANN401  pynetdicom's event has no types
        """One request to its status. The network's edge: nothing raised here may reach the sender's study."""
        sender = str(event.assoc.requestor.ae_title).strip()
        content = b""
        try:
            self._require_space(event)
            content = _file(event)
            self._record(self._place(event, content, sender))
        except _RefusalError as refusal:
            return self._refuse(refusal, content, sender)
        except OSError as error:
            return self._refuse(_RefusalError(OUT_OF_RESOURCES, f"not written: {error.strerror}"), content, sender)
        except Exception as error:  # noqa: BLE001
            return self._refuse(_RefusalError(CANNOT_UNDERSTAND, type(error).__name__), content, sender)
        return SUCCESS

    def _record(self, received: Received) -> None:
        """The callback may fail in any way of its own; the file stays, and the sender is asked to send again."""
        try:
            self.on_stored(received)
        except Exception as error:
            raise _RefusalError(OUT_OF_RESOURCES, f"not recorded: {type(error).__name__}") from error

    def _require_space(self, event: Any) -> None:  # noqa: ANN401
        needed = len(event.request.DataSet.getbuffer()) + self.reserve_bytes
        free = self.landing.free_bytes()
        if free < needed:
            raise _RefusalError(OUT_OF_RESOURCES, f"disk has {free >> 20} MiB left, {needed >> 20} MiB are needed")

    def _place(self, event: Any, content: bytes, sender: str) -> Received:  # noqa: ANN401
        identity = self._identity(content, event.context.transfer_syntax)
        request = event.request
        if (str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)) != (
            identity.sop_class_uid,
            identity.sop_uid,
        ):
            raise _RefusalError(DATA_SET_DOES_NOT_MATCH, "SOP class or instance differs between request and data set")
        return self._landed(content, identity, sender)

    def keep(self, file: bytes, sender: str) -> Received:
        """Keep a whole DICOM file that came another way than C-STORE; raises what would have been a status."""
        try:
            transfer_syntax = str(
                read_partial(BytesIO(file), stop_when=_at_once).file_meta.get("TransferSyntaxUID", "")
            )
        except UNREADABLE as error:
            raise NotKeptError(type(error).__name__) from error
        try:
            received = self._landed(file, self._identity(file, transfer_syntax), sender)
        except _RefusalError as refusal:
            raise NotKeptError(refusal.reason) from refusal
        self.on_stored(received)
        return received

    def _landed(self, content: bytes, identity: _Identity, sender: str) -> Received:
        landed = self.landing.place(content, identity.series_uid, identity.sop_uid)
        return Received(
            identity.study_uid,
            identity.series_uid,
            identity.sop_class_uid,
            identity.sop_uid,
            landed.path,
            sender,
            landed.sha256,
            landed.arrival,
        )

    def _identity(self, content: bytes, transfer_syntax: str) -> _Identity:
        if transfer_syntax == DeflatedExplicitVRLittleEndian:
            return _identity(BytesIO(self._inflated_start(data_set(content))), is_bare=True)
        return _identity(BytesIO(content), is_bare=False)

    def _inflated_start(self, deflated: bytes) -> bytes:
        """The first MiB of a deflated data set, after all of it was inflated piece by piece and found small enough."""
        inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        start, total, rest = b"", 0, deflated
        while rest and not inflater.eof:
            piece = inflater.decompress(rest, _INFLATE_STEP_BYTES)
            rest, total, start = inflater.unconsumed_tail, total + len(piece), start or piece
            if total > self.largest_object_bytes:
                raise _RefusalError(
                    CANNOT_UNDERSTAND, f"inflates to more than {self.largest_object_bytes >> 20} MiB, the limit"
                )
        return start

    def _refuse(self, refusal: _RefusalError, content: bytes, sender: str) -> int:
        _logger.warning("instance refused with %#06x: %s", refusal.status, refusal.reason)
        try:
            if content and refusal.status != OUT_OF_RESOURCES:
                self.landing.quarantine(content, f"{refusal.status:#06x} {refusal.reason}")
            self.on_refused(Refused(refusal.status, refusal.reason, sender))
        except Exception as error:  # noqa: BLE001
            _logger.error("a refused instance could not be kept: %s", type(error).__name__)  # noqa: TRY400
        return refusal.status


def _file(event: Any) -> bytes:  # noqa: ANN401
    """The data set as it came, with the start that makes it a file."""
    request = event.request
    start = file_start(
        str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID), str(event.context.transfer_syntax)
    )
    return start + bytes(request.DataSet.getbuffer())


def _at_once(_tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return True


def _identity(content: BytesIO, *, is_bare: bool) -> _Identity:
    """The UIDs of a file, or of a bare data set (whose encoding is told by its first bytes), read without pixels."""

    def is_past_uids(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return bool(tag > _LAST_IDENTIFYING_TAG)

    tags: list[BaseTag | int] = list(_UID_TAGS.values())
    try:
        header = read_partial(content, stop_when=is_past_uids, specific_tags=tags, force=is_bare)
        uids = [str(header.get(keyword) or "") for keyword in _UID_TAGS]
    except UNREADABLE as error:
        raise _RefusalError(CANNOT_UNDERSTAND, f"data set cannot be read: {type(error).__name__}") from error
    for keyword, uid in zip(_UID_TAGS, uids, strict=True):
        if not is_uid(uid):
            raise _RefusalError(CANNOT_UNDERSTAND, f"{keyword} is {'not a UID' if uid else 'absent'}")
    sop_class_uid, sop_uid, study_uid, series_uid = uids
    return _Identity(sop_class_uid, sop_uid, study_uid, series_uid)
