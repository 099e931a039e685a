"""A C-STORE receiver whose success answer means: on disk, for good, and recorded.

In: associations from named senders. Out: files (``landing.py``) and one ``Received`` fact per instance, handed to a
callback that records it durably before the sender hears success. Closed by default: only named AE titles, only on the
loopback address. Pixels are never decoded here, identifiers never logged.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag
from pynetdicom import AE, _config, evt
from pynetdicom.transport import ThreadedAssociationServer

from dicom_io.contexts import storage_contexts
from dicom_io.errors import ReceiverError
from dicom_io.landing import Arrival, Landing, is_uid
from dicom_io.scan import UNREADABLE

_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
_config.LOG_HANDLER_LEVEL = "none"

_logger = logging.getLogger(__name__)

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
"""C-STORE status codes (PS3.4 B.2.3)."""

NOT_AUTHORIZED = 0x0124
"""Told to ``on_refused`` for an association that was rejected (PS3.7 C.4)."""

_LAST_IDENTIFYING_TAG = Tag(0x0020, 0x000E)
_UID_TAGS = {
    "SOPClassUID": Tag(0x0008, 0x0016),
    "SOPInstanceUID": Tag(0x0008, 0x0018),
    "StudyInstanceUID": Tag(0x0020, 0x000D),
    "SeriesInstanceUID": _LAST_IDENTIFYING_TAG,
}


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """Who may send what to where.

    ``calling_ae_titles`` must name every sender. ``networks`` (``10.1.0.0/16``) limits the addresses; empty means any
    that can reach ``host``. ``reserve_bytes`` of disk are never used. 128 KB per PDU and 100 associations: measured and
    assumed; idle sockets hold one association each until ``acse_timeout_s``.
    """

    ae_title: str
    calling_ae_titles: frozenset[str]
    folder: Path
    host: str = "127.0.0.1"
    port: int = 11112
    networks: tuple[str, ...] = ()
    reserve_bytes: int = 2 * 2**30
    largest_associations: int = 100
    acse_timeout_s: float = 8.0
    dimse_timeout_s: float = 60.0
    network_timeout_s: float = 60.0
    pdu_bytes: int = 128 * 1024


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


@dataclass(frozen=True, slots=True)
class _Identity:
    sop_class_uid: str
    sop_uid: str
    study_uid: str
    series_uid: str


class Receiver:
    """The running receiver: a context manager, or ``start()`` and ``stop()``."""

    def __init__(
        self,
        settings: ReceiverSettings,
        on_stored: Callable[[Received], None],
        on_refused: Callable[[Refused], None] = lambda _: None,
    ) -> None:
        if not settings.calling_ae_titles:
            raise ReceiverError("no calling AE title is named", "name every sender that may store here")
        self._settings = settings
        self._on_stored = on_stored
        self._on_refused = on_refused
        self._landing = Landing(settings.folder)
        self._server: Any = None

    @property
    def port(self) -> int:
        """The port that is listened on; of use where the settings say 0, any free one."""
        return int(self._server.server_address[1]) if self._server else self._settings.port

    def start(self) -> Self:
        """Listen, in threads of its own."""
        entity = _application_entity(self._settings)
        try:
            self._server = entity.make_server(
                (self._settings.host, self._settings.port),
                evt_handlers=[(evt.EVT_C_STORE, self._store), (evt.EVT_REJECTED, self._rejected)],
                server_class=_Server,
            )
        except OSError as error:
            where = f"port {self._settings.port} cannot be listened on ({error.strerror})"
            raise ReceiverError(where, "choose another port, or stop the program that holds it") from error
        self._server.networks = tuple(ipaddress.ip_network(network) for network in self._settings.networks)
        entity._servers.append(self._server)  # noqa: SLF001  as AE.start_server does
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="receiver", daemon=True).start()
        return self

    def stop(self, grace_s: float = 5.0) -> None:
        """Take no new association, let running ones end within ``grace_s``, then abort them."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        end = time.monotonic() + grace_s
        while server.active_associations and time.monotonic() < end:
            time.sleep(0.02)
        for association in server.active_associations:
            association.abort()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _store(self, event: Any) -> int:  # noqa: ANN401  pynetdicom's event has no types
        """One C-STORE request to its status. The network's edge: nothing raised here may reach the sender's study."""
        sender = str(event.assoc.requestor.ae_title).strip()
        content = b""
        try:
            self._require_space(event)
            content = event.encoded_dataset()
            self._record(self._place(event, content, sender))
        except _RefusalError as refusal:
            return self._refuse(refusal, content, sender)
        except OSError as error:
            return self._refuse(_RefusalError(OUT_OF_RESOURCES, f"not written: {error.strerror}"), content, sender)
        except Exception as error:  # noqa: BLE001
            return self._refuse(_RefusalError(CANNOT_UNDERSTAND, type(error).__name__), content, sender)
        return SUCCESS

    def _rejected(self, event: Any) -> None:  # noqa: ANN401
        """One association that pynetdicom turned away, told as a fact; PS3.8 9.3.4 lists the grounds."""
        request = event.assoc.requestor.primitive
        calling, called = str(request.calling_ae_title).strip(), str(request.called_ae_title).strip()
        if called != self._settings.ae_title:
            ground = "the called AE title is not ours"
        elif calling not in self._settings.calling_ae_titles:
            ground = "the calling AE title is not named in the settings"
        else:
            ground = f"more than {self._settings.largest_associations} associations at once"
        _logger.warning("association rejected: %s", ground)
        self._on_refused(Refused(NOT_AUTHORIZED, f"association rejected: {ground}", calling))

    def _record(self, received: Received) -> None:
        """The callback may fail in any way of its own; the file stays, and the sender is asked to send again."""
        try:
            self._on_stored(received)
        except Exception as error:
            raise _RefusalError(OUT_OF_RESOURCES, f"not recorded: {type(error).__name__}") from error

    def _require_space(self, event: Any) -> None:  # noqa: ANN401
        needed = len(event.request.DataSet.getvalue()) + self._settings.reserve_bytes
        free = self._landing.free_bytes()
        if free < needed:
            raise _RefusalError(OUT_OF_RESOURCES, f"disk has {free >> 20} MiB left, {needed >> 20} MiB are needed")

    def _place(self, event: Any, content: bytes, sender: str) -> Received:  # noqa: ANN401
        identity = _identity(content)
        request = event.request
        if (str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)) != (
            identity.sop_class_uid,
            identity.sop_uid,
        ):
            raise _RefusalError(DATA_SET_DOES_NOT_MATCH, "SOP class or instance differs between request and data set")
        landed = self._landing.place(content, identity.series_uid, identity.sop_uid)
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

    def _refuse(self, refusal: _RefusalError, content: bytes, sender: str) -> int:
        _logger.warning("instance refused with %#06x: %s", refusal.status, refusal.reason)
        try:
            if content and refusal.status != OUT_OF_RESOURCES:
                self._landing.quarantine(content, f"{refusal.status:#06x} {refusal.reason}")
            self._on_refused(Refused(refusal.status, refusal.reason, sender))
        except Exception as error:  # noqa: BLE001
            _logger.error("a refused instance could not be kept: %s", type(error).__name__)  # noqa: TRY400
        return refusal.status


class _Server(ThreadedAssociationServer):  # type: ignore[misc]
    """pynetdicom's server without Nagle's delay, with a longer queue, and deaf to other networks."""

    daemon_threads = True
    request_queue_size = 100
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection, with TCP_NODELAY: answers of a few bytes must not wait 40 ms."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401, ARG002
        """Whether the sender's address lies in a named network; closed at once if not."""
        sender = ipaddress.ip_address(client_address[0])
        return bool(not self.networks or any(sender in network for network in self.networks))


def _application_entity(settings: ReceiverSettings) -> Any:  # noqa: ANN401
    entity = AE(ae_title=settings.ae_title)
    entity.require_called_aet = True
    entity.require_calling_aet = sorted(settings.calling_ae_titles)
    entity.maximum_associations = settings.largest_associations
    entity.maximum_pdu_size = settings.pdu_bytes
    entity.acse_timeout = settings.acse_timeout_s
    entity.dimse_timeout = settings.dimse_timeout_s
    entity.network_timeout = settings.network_timeout_s
    entity.supported_contexts = storage_contexts()
    return entity


def _identity(content: bytes) -> _Identity:
    """The UIDs of a data set, read without its pixels."""

    def is_past_uids(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return bool(tag > _LAST_IDENTIFYING_TAG)

    try:
        header = read_partial(BytesIO(content), stop_when=is_past_uids, specific_tags=list(_UID_TAGS.values()))
        uids = [str(header.get(keyword) or "") for keyword in _UID_TAGS]
    except UNREADABLE as error:
        raise _RefusalError(CANNOT_UNDERSTAND, f"data set cannot be read: {type(error).__name__}") from error
    for keyword, uid in zip(_UID_TAGS, uids, strict=True):
        if not is_uid(uid):
            raise _RefusalError(CANNOT_UNDERSTAND, f"{keyword} is {'not a UID' if uid else 'absent'}")
    sop_class_uid, sop_uid, study_uid, series_uid = uids
    return _Identity(sop_class_uid, sop_uid, study_uid, series_uid)
