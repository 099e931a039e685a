"""Who comes in, and how much one of them may take: addresses, TLS, bytes and seconds, before anything is understood.

In: TCP connections. Out: pynetdicom associations that cannot hold the receiver up: a PDU must come whole within a time,
no PDU and no message may be larger than told (``upper_layer.py``, ``messages.py``). Nothing of what was sent is logged.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from dicom_io.messages import Messages
from dicom_io.storing import Storing
from dicom_io.tls import proven_names
from dicom_io.tls_connection import TlsConnection
from dicom_io.upper_layer import GuardedSocket, Pace, Patience, UpperLayer

logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
"""Its texts may quote what a peer sent; what matters is told through ``on_refused``."""


@dataclass(frozen=True, slots=True)
class Doorway:
    """What every connection must keep to; ``tls`` None is plain TCP."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    tls: ssl.SSLContext | None
    largest_connections: int
    largest_message_bytes: int
    patience: Patience
    """Also for the TLS handshake."""
    storing: Storing
    on_refused: Callable[[str], None]

    def lets_in(self, address: str) -> bool:
        """Whether the address lies in a named network; any does where none is named."""
        sender = ipaddress.ip_address(address)
        mapped = getattr(sender, "ipv4_mapped", None)
        return not self.networks or any((mapped or sender) in network for network in self.networks)


class Server(ThreadedAssociationServer):  # type: ignore[misc]
    """pynetdicom's server without Nagle's delay, with a longer queue, behind a doorway."""

    daemon_threads = True
    request_queue_size = 250

    def __init__(self, entity: Any, doorway: Doorway, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        self.doorway = doorway
        self.handshakes = threading.BoundedSemaphore(doorway.largest_connections)
        super().__init__(entity, *arguments, request_handler=_Handler, **options)

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection, with TCP_NODELAY: answers of a few bytes must not wait 40 ms."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401, ARG002
        """Whether the sender may speak at all; closed at once if not."""
        if not self.doorway.lets_in(client_address[0]):
            self.doorway.on_refused("the address lies in no named network")
            return False
        if len(self.active_associations) >= self.doorway.largest_connections:
            self.doorway.on_refused(f"{self.doorway.largest_connections} connections are open")
            return False
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002
        """Nothing of a failed connection is printed."""
        self.doorway.on_refused("a connection failed before its association")


class _Handler(RequestHandler):  # type: ignore[misc]
    """One connection, in a thread of its own: the handshake of one never keeps another waiting."""

    request: Any

    def handle(self) -> None:
        doorway: Doorway = self.server.doorway
        self.request.settimeout(doorway.patience.greeting_s)
        if doorway.tls is not None and not self._shake_hands(doorway.tls):
            doorway.on_refused("no TLS handshake, or no certificate of the named authority")
            self.server.shutdown_request(self.request)
            return
        super().handle()

    def _shake_hands(self, tls: ssl.SSLContext) -> bool:
        if not self.server.handshakes.acquire(blocking=False):
            return False
        try:
            self.request = TlsConnection(self.request, tls)
        except (OSError, ValueError):
            return False
        finally:
            self.server.handshakes.release()
        return True

    def _create_association(self) -> Any:  # noqa: ANN401
        doorway: Doorway = self.server.doorway
        association, pace = super()._create_association(), Pace()
        greeting_s, idle_s = association.acse_timeout, association.network_timeout
        association.dul = UpperLayer(association, pace)
        association.acse_timeout, association.network_timeout = greeting_s, idle_s  # the upper layer holds their timers
        association.dul.socket = GuardedSocket(association, self.request, doorway.patience)
        association.dimse = Messages(association, doorway.storing, doorway.largest_message_bytes, pace)
        association._reactor_checkpoint = pace  # noqa: SLF001  the one place where the reactor waits
        return association


def names_of(association: Any) -> frozenset[str]:  # noqa: ANN401
    """What the association's peer has proven by its certificate; nothing without TLS."""
    connection = association.dul.socket.socket if association.dul.socket else None
    return proven_names(connection) if isinstance(connection, TlsConnection) else frozenset()
