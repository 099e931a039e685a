"""One association to a PACS as we want it: no lost answers, no Nagle delay, no identifiers in logs.

In: a destination and the presentation contexts to offer. Out: an open pynetdicom association, released at the end, or
the reason why there is none. Nothing here holds patient data.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, TypeAlias

from pynetdicom import AE, _config, evt
from pynetdicom.transport import AssociationSocket

from dicom_io.errors import DicomIoError

_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
_config.STORE_SEND_CHUNKED_DATASET = True
"""Files are sent as they are on disk, never decoded and encoded again."""

Association: TypeAlias = Any
"""A pynetdicom association; the library brings no types."""

Context: TypeAlias = tuple[str, str]
"""SOP Class UID and Transfer Syntax UID."""

Choice: TypeAlias = tuple[str, list[str]]
"""SOP Class UID and the Transfer Syntax UIDs among which the other side chooses."""

Role: TypeAlias = Any
"""A role selection item, as ``pynetdicom.build_role`` makes it."""

Handler: TypeAlias = tuple[Any, Any]
"""pynetdicom's event and the function that answers it."""

LARGEST_CONTEXT_COUNT = 128
"""Presentation contexts of one association (PS3.8 9.3.2.2: odd numbers from 1 to 255)."""


class AeTitleError(DicomIoError):
    """A name no node can have (PS3.5 6.2, AE)."""

    def __init__(self, title: str) -> None:
        super().__init__(f"AE title {title!r} is not allowed: 1 to 16 ASCII characters, no backslash, not only spaces")


@dataclass(frozen=True, slots=True)
class Destination:
    """A DICOM node to send to. Timeouts are seconds; ``tries`` bounds how often one call sends again."""

    host: str
    port: int
    called_ae: str
    calling_ae: str = "NEEDLEPLAN"
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 60.0
    tries: int = 3
    largest_pdu_bytes: int = 131_072
    tls: SSLContext | None = None

    def __post_init__(self) -> None:
        for title in (self.called_ae, self.calling_ae):
            if not re.fullmatch(r"[ -\[\]-~]{1,16}", title) or not title.strip():
                raise AeTitleError(title)

    @property
    def words(self) -> str:
        """How a person finds it: *TESTPACS at 127.0.0.1:4242*."""
        return f"{self.called_ae} at {self.host}:{self.port}"


class NotConnectedError(DicomIoError):
    """No association with the destination."""

    def __init__(self, destination: Destination, reason: str, advice: str) -> None:
        super().__init__(f"no association with {destination.words}: {reason}; {advice}")


class NotOfferedError(DicomIoError):
    """The destination accepts none of the offered kinds of objects."""

    def __init__(self, destination: Destination, count: int) -> None:
        super().__init__(
            f"{destination.words} accepts none of the {count} offered presentation contexts; "
            "allow these SOP classes and transfer syntaxes there"
        )


@contextmanager
def associated(
    destination: Destination,
    contexts: Sequence[Context | Choice],
    *,
    roles: Sequence[Role] = (),
    handlers: Sequence[Handler] = (),
) -> Iterator[Association]:
    """An open association that offers each context with its transfer syntax or syntaxes; released or gone at the end.

    ``roles`` are offered where we are the provider (PS3.7 D.3.3.4); ``handlers`` hear what the other side asks then.
    """
    entity = AE(ae_title=destination.calling_ae)
    entity.connection_timeout = destination.connect_timeout_s
    entity.acse_timeout = destination.connect_timeout_s
    entity.dimse_timeout = destination.answer_timeout_s
    entity.network_timeout = destination.answer_timeout_s
    for sop_class, transfer_syntax in contexts:
        entity.add_requested_context(sop_class, transfer_syntax)
    association = entity.associate(
        destination.host,
        destination.port,
        ae_title=destination.called_ae,
        max_pdu=destination.largest_pdu_bytes,
        ext_neg=list(roles),
        evt_handlers=[(evt.EVT_CONN_OPEN, _without_delay), *handlers],
        tls_args=(destination.tls, destination.host) if destination.tls else None,
    )
    if not association.is_established:
        raise _refusal(association, destination, len(contexts))
    association._reactor_checkpoint = Gate(association)  # noqa: SLF001 - the race is in private code
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


class Gate:
    """Stands in for the event with which pynetdicom 3.0.4 pauses its reactor, without its race.

    There a sender clears the event and looks at a flag; a reactor that has just passed the event still runs, takes the
    answer off the queue as a request it cannot serve, and the sender waits for its timeout. Here ``clear`` returns
    only when the reactor stands in ``wait``, or will never come: nobody but the sender reads the queue until ``set``.
    """

    def __init__(self, association: Association) -> None:
        self._association = association
        self._condition = threading.Condition()
        self._is_open = True
        self._is_parked = False

    def clear(self) -> None:
        """Close the gate, and return when the reactor stands before it."""
        with self._condition:
            self._is_open = False
            while not self._is_parked and self._comes_by():
                self._condition.wait(timeout=0.05)

    def set(self) -> None:
        """Open the gate."""
        with self._condition:
            self._is_open = True
            self._condition.notify_all()

    def wait(self) -> bool:
        """Stand here while the gate is closed; called by the reactor."""
        with self._condition:
            self._is_parked = not self._is_open
            self._condition.notify_all()
            while not self._is_open:
                self._condition.wait()
            self._is_parked = False
        return True

    def _comes_by(self) -> bool:
        association = self._association
        is_itself = threading.current_thread() is association
        return association.is_alive() and not association._kill and not is_itself  # noqa: SLF001 - as above


def _closed(wrapped: AssociationSocket) -> None:
    """Close in any case: pynetdicom 3.0.4 leaves a socket open whose peer refused or went first."""
    if wrapped.socket is not None:
        with suppress(OSError):
            wrapped.socket.shutdown(socket.SHUT_RDWR)
        wrapped.socket.close()


AssociationSocket._shutdown_socket = _closed  # noqa: SLF001 - a retry every few seconds must not use up descriptors


def _without_delay(event: evt.Event) -> None:
    """Without TCP_NODELAY each answer waits for the other side's delayed acknowledgement, 40 ms."""
    wrapped = event.assoc.dul.socket
    if wrapped is not None and wrapped.socket is not None:
        wrapped.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _refusal(association: Association, destination: Destination, offered: int) -> DicomIoError:
    if association.rejected_contexts and not association.accepted_contexts:
        return NotOfferedError(destination, offered)
    if association.is_rejected:
        return NotConnectedError(
            destination,
            "rejected",
            "check both AE titles, and that the PACS knows this node and has a free association",
        )
    if association.is_aborted:
        return NotConnectedError(destination, "aborted", "check host and port, and that the PACS runs")
    return NotConnectedError(destination, "no answer", "check host and port, and that the PACS runs")
