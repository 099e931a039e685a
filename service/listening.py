"""The receiver of ``dicom_io`` as the settings want it, and who hears what it tells.

In: settings, the service, the audit trail. Out: a running receiver, and answers to storage commitment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dicom_io.commitment import CommitmentReport
from dicom_io.receive import Listeners, Received, Receiver, Refused
from dicom_io.receive import ReceiverSettings as Listening
from dicom_io.tls import OwnCertificate, acceptor_context
from service.audit import AuditEvent, AuditTrail
from service.commitment import Commitments
from service.errors import SettingsError
from service.image_rows import as_row
from service.logs import Log
from service.server import Service
from service.settings import Settings

_BYTES_PER_GB = 10**9
_BYTES_PER_MB = 10**6
_LOG = Log("listening")


@contextmanager
def receiving(
    settings: Settings,
    folder: Path,
    service: Service,
    audit: AuditTrail,
    commitments: Commitments,
    on_commitment: Callable[[CommitmentReport], None] = lambda _: None,
) -> Iterator[Receiver]:
    """A receiver that runs inside the block."""

    def stored(image: Received) -> None:
        service.received(as_row(image), time.time())

    def refused(image: Refused) -> None:
        service.refused()
        audit.record(AuditEvent.SECURITY_ALERT, time.time(), status=f"{image.status:#06x}", reason=image.reason)

    listeners = Listeners(stored, refused, lambda request: commitments.take(request, time.time()), on_commitment)
    with Receiver(listening(settings, folder), listeners) as receiver:
        _LOG.info("listening", host=settings.receiver.host, port=receiver.port, ae_title=settings.receiver.ae_title)
        yield receiver


def listening(settings: Settings, folder: Path) -> Listening:
    """The receiver's own settings; images go to ``folder/received``."""
    told = settings.receiver
    if not told.allowed_calling_ae_titles:
        raise SettingsError("nobody may send: name the senders in receiver.allowed_calling_ae_titles")
    own = None if told.tls is None else OwnCertificate(told.tls.certificate, told.tls.private_key)
    return Listening(
        ae_title=told.ae_title,
        calling_ae_titles=frozenset(told.allowed_calling_ae_titles),
        folder=folder / "received",
        host=told.host,
        port=told.port,
        networks=told.networks,
        tls=acceptor_context(own, told.tls.authority) if own and told.tls else None,
        certificates=told.tls.senders if told.tls else {},
        reserve_bytes=int(settings.storage.disk_reserve_gb * _BYTES_PER_GB),
        largest_object_bytes=told.largest_object_mb * _BYTES_PER_MB,
    )
