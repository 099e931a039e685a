"""A receiver whose success answer means: on disk, for good, and recorded (C-STORE, C-ECHO, storage commitment).

In: associations from named senders. Out: files (``landing.py``) and one ``Received`` fact per instance, handed to a
callback that records it durably before the sender hears success. Closed by default: only named AE titles, only on the
loopback address; with TLS each AE title is bound to a certificate. Pixels are never decoded here, identifiers never
logged.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

from pynetdicom import AE, _config, evt

from dicom_io.commitment import CommitmentReport, CommitmentRequest, answer_request, receive_report
from dicom_io.contexts import receiver_contexts
from dicom_io.doorway import Doorway, Server, names_of
from dicom_io.errors import ReceiverError
from dicom_io.landing import Landing
from dicom_io.storing import Received, Refused, Storing
from dicom_io.upper_layer import Patience

_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
_config.LOG_HANDLER_LEVEL = "none"

_logger = logging.getLogger(__name__)

NOT_AUTHORIZED = 0x0124
"""Told to ``on_refused`` for an association that was rejected (PS3.7 C.4)."""

_CALLING_AE_TITLE_NOT_RECOGNIZED = (0x01, 0x01, 0x03)
"""Rejected for good, by the service user, for this reason (PS3.8 9.3.4)."""

__all__ = ["NOT_AUTHORIZED", "Listeners", "Received", "Receiver", "ReceiverSettings", "Refused"]


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """Who may send what to where.

    ``calling_ae_titles`` must name every sender. ``networks`` (``10.1.0.0/16``) limits the addresses; empty means any
    that can reach ``host``. With ``tls``, ``certificates`` says for each AE title which name or fingerprint its
    certificate must prove; an AE title without one is turned away. ``reserve_bytes`` of disk are never used. 128 KB
    per PDU is measured; the number of connections and the largest object (an enhanced CT of 2,000 frames) are assumed.
    """

    ae_title: str
    calling_ae_titles: frozenset[str]
    folder: Path
    host: str = "127.0.0.1"
    port: int = 11112
    networks: tuple[str, ...] = ()
    tls: SSLContext | None = None
    certificates: Mapping[str, str] = field(default_factory=dict)
    reserve_bytes: int = 2 * 2**30
    largest_associations: int = 256
    largest_object_bytes: int = 2**30
    acse_timeout_s: float = 8.0
    dimse_timeout_s: float = 60.0
    network_timeout_s: float = 60.0
    pdu_bytes: int = 128 * 1024


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told what the receiver hears.

    ``on_stored`` must have recorded the instance durably when it returns. ``takes_commitment`` says whether the request
    can be answered later (``commitment.report_to``); ``on_commitment`` hears the answers to our own requests.
    """

    on_stored: Callable[[Received], None]
    on_refused: Callable[[Refused], None] = lambda _: None
    takes_commitment: Callable[[CommitmentRequest], bool] = lambda _: False
    on_commitment: Callable[[CommitmentReport], None] = lambda _: None


class Receiver:
    """The running receiver: a context manager, or ``start()`` and ``stop()``."""

    def __init__(
        self,
        settings: ReceiverSettings,
        on_stored: Callable[[Received], None] | Listeners,
        on_refused: Callable[[Refused], None] = lambda _: None,
    ) -> None:
        if not settings.calling_ae_titles:
            raise ReceiverError("no calling AE title is named", "name every sender that may store here")
        self._settings = settings
        self._told = on_stored if isinstance(on_stored, Listeners) else Listeners(on_stored, on_refused)
        self._storing = Storing(
            Landing(settings.folder),
            settings.reserve_bytes,
            settings.largest_object_bytes,
            self._told.on_stored,
            self._told.on_refused,
        )
        self._server: Any = None

    @property
    def port(self) -> int:
        """The port that is listened on; of use where the settings say 0, any free one."""
        return int(self._server.server_address[1]) if self._server else self._settings.port

    def start(self) -> Self:
        """Listen, in threads of its own."""
        entity = _application_entity(self._settings)
        address = (self._settings.host, self._settings.port)
        try:
            self._server = Server(
                entity, self._doorway(), address, self._settings.ae_title, entity.supported_contexts,
                evt_handlers=self._handlers(),
            )  # fmt: skip
        except OSError as error:
            where = f"port {self._settings.port} cannot be listened on ({error.strerror})"
            raise ReceiverError(where, "choose another port, or stop the program that holds it") from error
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

    def _doorway(self) -> Doorway:
        settings = self._settings
        return Doorway(
            networks=tuple(ipaddress.ip_network(network) for network in settings.networks),
            tls=settings.tls,
            largest_connections=settings.largest_associations,
            largest_message_bytes=settings.largest_object_bytes,
            patience=Patience(settings.acse_timeout_s, settings.network_timeout_s),
            storing=self._storing,
            on_refused=lambda reason: self._turned_away(reason, ""),
        )

    def _handlers(self) -> list[Any]:
        return [
            (evt.EVT_C_STORE, self._storing.status),
            (evt.EVT_N_ACTION, lambda event: answer_request(event, self._told.takes_commitment)),
            (evt.EVT_N_EVENT_REPORT, lambda event: receive_report(event, self._told.on_commitment)),
            (evt.EVT_REQUESTED, self._require_certificate),
            (evt.EVT_REJECTED, self._rejected),
        ]

    def _require_certificate(self, event: Any) -> None:  # noqa: ANN401  pynetdicom's event has no types
        """With TLS, reject an AE title that the peer's certificate does not prove; before anything is negotiated."""
        if self._settings.tls is None:
            return
        association = event.assoc
        title = str(association.requestor.primitive.calling_ae_title).strip()
        if self._settings.certificates.get(title) in names_of(association):
            return
        association.acse.send_reject(*_CALLING_AE_TITLE_NOT_RECOGNIZED)
        association.is_rejected = True
        association.kill()
        self._turned_away("the certificate does not prove the calling AE title", title)

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
        self._turned_away(ground, calling)

    def _turned_away(self, ground: str, calling: str) -> None:
        _logger.warning("association rejected: %s", ground)
        self._told.on_refused(Refused(NOT_AUTHORIZED, f"association rejected: {ground}", calling))


def _application_entity(settings: ReceiverSettings) -> Any:  # noqa: ANN401
    entity = AE(ae_title=settings.ae_title)
    entity.require_called_aet = True
    entity.require_calling_aet = sorted(settings.calling_ae_titles)
    entity.maximum_associations = settings.largest_associations
    entity.maximum_pdu_size = settings.pdu_bytes
    entity.acse_timeout = settings.acse_timeout_s
    entity.dimse_timeout = settings.dimse_timeout_s
    entity.network_timeout = settings.network_timeout_s
    entity.supported_contexts = receiver_contexts()
    return entity
