"""One C-STORE request to its status: durable and recorded before success, quarantined with the reason otherwise.

In: what the request says, then its data set piece by piece. Out: a status (PS3.4 B.2.3), a file (``landing.py``) and one
``Received`` or ``Refused`` fact.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

from dicom_io.errors import DicomIoError
from dicom_io.file_meta import file_start
from dicom_io.instance_uids import instance_uids
from dicom_io.landing import Arrival, Landing, data_set
from dicom_io.part import Part
from dicom_io.refusals import CANNOT_UNDERSTAND, DATA_SET_DOES_NOT_MATCH, OUT_OF_RESOURCES, SUCCESS, RefusalError
from dicom_io.scan import UNREADABLE

_logger = logging.getLogger(__name__)


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


class NotKeptError(DicomIoError):
    """A file that a server sent and that is no whole DICOM object."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"a file that was sent cannot be kept: {reason}; look at the sending side")


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """What comes before a data set (PS3.7 9.3.1.1): what it is said to be, how it is encoded, who sends it."""

    sop_class_uid: str
    sop_uid: str
    transfer_syntax: str
    sender: str


@dataclass(frozen=True, slots=True)
class Storing:
    """What a C-STORE needs: where files lie, what must stay free, and who is told."""

    landing: Landing
    reserve_bytes: int
    largest_object_bytes: int
    on_stored: Callable[[Received], None]
    on_refused: Callable[[Refused], None]

    def status(self, event: Any) -> int:  # noqa: ANN401  pynetdicom's event has no types
        """One request that pynetdicom has put together, to its status."""
        request = event.request
        incoming = Incoming(
            self,
            StoreRequest(
                str(request.AffectedSOPClassUID),
                str(request.AffectedSOPInstanceUID),
                str(event.context.transfer_syntax),
                str(event.assoc.requestor.ae_title).strip(),
            ),
        )
        incoming.add(request.DataSet.getbuffer())
        return incoming.finish()

    def keep(self, file: bytes, sender: str) -> Received:
        """Keep a whole DICOM file that came another way than C-STORE; raises what would have been a status."""
        try:
            transfer_syntax = str(
                read_partial(BytesIO(file), stop_when=_at_once).file_meta.get("TransferSyntaxUID", "")
            )
        except UNREADABLE as error:
            raise NotKeptError(type(error).__name__) from error
        body = data_set(file)
        part = self.landing.begin(file[: len(file) - len(body)])
        part.add(body)
        try:
            received = self.landed(part, transfer_syntax, sender)
        except RefusalError as refusal:
            part.drop()
            raise NotKeptError(refusal.reason) from refusal
        self.on_stored(received)
        return received

    def require_space(self, coming_bytes: int) -> None:
        """Refuse what would use the reserve."""
        free, needed = self.landing.free_bytes(), coming_bytes + self.reserve_bytes
        if free < needed:
            raise RefusalError(OUT_OF_RESOURCES, f"disk has {free >> 20} MiB left, {needed >> 20} MiB are needed")

    def landed(self, part: Part, transfer_syntax: str, sender: str, said: tuple[str, str] | None = None) -> Received:
        """A whole file in its place; refused where its UIDs are none, or not what was ``said`` of class and instance."""
        uids = instance_uids(bytes(part.head), part.path, transfer_syntax, self.largest_object_bytes)
        if said is not None and said != (uids.sop_class_uid, uids.sop_uid):
            raise RefusalError(DATA_SET_DOES_NOT_MATCH, "SOP class or instance differs between request and data set")
        landed = self.landing.settle(part, uids.series_uid, uids.sop_uid)
        return Received(
            uids.study_uid, uids.series_uid, uids.sop_class_uid, uids.sop_uid,
            landed.path, sender, landed.sha256, landed.arrival,
        )  # fmt: skip

    def record(self, received: Received) -> None:
        """The callback may fail in any way of its own; the file stays, and the sender is asked to send again."""
        try:
            self.on_stored(received)
        except Exception as error:
            raise RefusalError(OUT_OF_RESOURCES, f"not recorded: {type(error).__name__}") from error


class Incoming:
    """One data set on its way to the disk. Nothing that goes wrong is raised: it is the status at the end."""

    def __init__(self, storing: Storing, request: StoreRequest) -> None:
        self._storing = storing
        self._request = request
        self._part: Part | None = None
        self._refusal: RefusalError | None = None
        self.size_bytes = 0

    def add(self, piece: bytes | memoryview) -> None:
        """More of the data set; once refused, the rest is let pass."""
        self.size_bytes += len(piece)
        if self._refusal is None:
            self._refusal = self._tried(lambda: self._write(piece))

    def finish(self) -> int:
        """The data set is whole: its status, once it is on disk and recorded, or is not taken."""
        if self._refusal is None:
            self._refusal = self._tried(self._keep)
        return SUCCESS if self._refusal is None else self._refuse(self._refusal)

    def drop(self) -> None:
        """The association ended before the data set did."""
        if self._part is not None:
            self._part.drop()

    def _tried(self, step: Callable[[], None]) -> RefusalError | None:
        """The network's edge: nothing raised in one instance may reach the sender's study."""
        try:
            step()
        except RefusalError as refusal:
            return refusal
        except OSError as error:
            return RefusalError(OUT_OF_RESOURCES, f"not written: {error.strerror}")
        except Exception as error:  # noqa: BLE001
            return RefusalError(CANNOT_UNDERSTAND, type(error).__name__)
        return None

    def _write(self, piece: bytes | memoryview) -> None:
        self._storing.require_space(len(piece))
        if self._part is None:
            told = self._request
            self._part = self._storing.landing.begin(file_start(told.sop_class_uid, told.sop_uid, told.transfer_syntax))
        self._part.add(piece)

    def _keep(self) -> None:
        if self._part is None:
            raise RefusalError(CANNOT_UNDERSTAND, "the data set is empty")
        told = self._request
        said = (told.sop_class_uid, told.sop_uid)
        self._storing.record(self._storing.landed(self._part, told.transfer_syntax, told.sender, said))

    def _refuse(self, refusal: RefusalError) -> int:
        _logger.warning("instance refused with %#06x: %s", refusal.status, refusal.reason)
        try:
            if self._part is not None and refusal.status != OUT_OF_RESOURCES:
                self._storing.landing.quarantine(self._part, f"{refusal.status:#06x} {refusal.reason}")
            self._storing.on_refused(Refused(refusal.status, refusal.reason, self._request.sender))
        except Exception as error:  # noqa: BLE001
            _logger.error("a refused instance could not be kept: %s", type(error).__name__)  # noqa: TRY400
        self.drop()
        return refusal.status


def _at_once(_tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return True
