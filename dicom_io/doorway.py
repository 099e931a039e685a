"""Who comes in, and how much one of them may take: addresses, TLS, bytes and seconds, before anything is understood.

In: TCP connections. Out: pynetdicom associations that cannot hold the receiver up: a PDU must come whole within a time,
no PDU and no message may be larger than told, idle ones are looked at seldom. Nothing of what was sent is logged.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.fsm import StateMachine
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from dicom_io.tls import proven_names

logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
"""Its texts may quote what a peer sent; what matters is told through ``on_refused``."""

LARGEST_PDU_BYTES = 2**20
"""We offer 128 KB for data; an association request with all contexts and encodings needs about 300 KB."""

_LARGEST_QUEUE = 8
"""Requests waiting for an answer; a peer without an asynchronous window sends one at a time (PS3.7 D.3.3.3)."""

_IDLE_AFTER_S = 0.5
_IDLE_LOOK_S = 0.02
_BUSY_LOOK_S = 0.001
"""pynetdicom polls: two threads of each association wake up so often. Two hundred idle ones would eat a core."""


@dataclass(frozen=True, slots=True)
class Doorway:
    """What every connection must keep to; ``tls`` None is plain TCP."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    tls: ssl.SSLContext | None
    largest_connections: int
    largest_message_bytes: int
    greeting_s: float
    """From connection to association request, and for the TLS handshake."""
    pdu_s: float
    """For one whole PDU of an association."""
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
        self.request.settimeout(doorway.greeting_s)
        if doorway.tls is not None and not self._shake_hands(doorway.tls):
            doorway.on_refused("no TLS handshake, or no certificate of the named authority")
            self.server.shutdown_request(self.request)
            return
        super().handle()

    def _shake_hands(self, tls: ssl.SSLContext) -> bool:
        if not self.server.handshakes.acquire(blocking=False):
            return False
        try:
            self.request = tls.wrap_socket(self.request, server_side=True)
        except (OSError, ValueError):
            return False
        finally:
            self.server.handshakes.release()
        return True

    def _create_association(self) -> Any:  # noqa: ANN401
        doorway: Doorway = self.server.doorway
        association = super()._create_association()
        association.dul.socket = GuardedSocket(association, self.request, doorway)
        association.dimse = BoundedMessages(association, doorway.largest_message_bytes)
        association._reactor_checkpoint = Pace(association)  # noqa: SLF001  the one place where the reactor waits
        association.dul.state_machine = Contained(association)
        return association


class GuardedSocket(AssociationSocket):  # type: ignore[misc]
    """Reads a PDU whole, within a time, and none larger than told."""

    def __init__(self, association: Any, connection: socket.socket, doorway: Doorway) -> None:  # noqa: ANN401
        self._doorway = doorway
        self._since_s = time.monotonic()
        association.dul.event_queue.queue.clear()  # the socket that this one replaces has told of the connection
        super().__init__(association, client_socket=connection)

    @property
    def ready(self) -> bool:
        """Whether there is something to read; looked for seldom where nothing came for a while."""
        found = bool(super().ready)
        now_s = time.monotonic()
        if found:
            self._since_s = now_s
        idle = now_s - self._since_s > _IDLE_AFTER_S
        self.assoc.dul._run_loop_delay = _IDLE_LOOK_S if idle else _BUSY_LOOK_S  # noqa: SLF001
        return found

    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly so many bytes, or fewer where the peer has gone."""
        if nr_bytes > LARGEST_PDU_BYTES or self.socket is None:
            raise ConnectionError("PDU too large")
        end_s = time.monotonic() + (self._doorway.pdu_s if self.assoc.is_established else self._doorway.greeting_s)
        content, got = bytearray(nr_bytes), 0
        with memoryview(content) as view:
            while got < nr_bytes:
                self.socket.settimeout(max(end_s - time.monotonic(), 0.001))
                count = self.socket.recv_into(view[got:])
                if not count:
                    return content[:got]
                got += count
        self.socket.settimeout(self._doorway.pdu_s)  # for what is sent next
        return content


class Contained(StateMachine):  # type: ignore[misc]
    """The state machine of PS3.8 9.2; an event that its state does not know ends the association, not its thread."""

    def __init__(self, association: Any) -> None:  # noqa: ANN401
        super().__init__(association.dul)

    def do_action(self, event: str) -> None:
        """One event. The network's edge: whatever goes wrong closes this connection alone."""
        try:
            super().do_action(event)
        except Exception:  # noqa: BLE001
            association = self.dul.assoc
            self.dul.socket.close()
            association.is_aborted, association.is_established = True, False
            association._kill = self.dul._kill_thread = True  # noqa: SLF001  as pynetdicom ends a broken one


class BoundedMessages(DIMSEServiceProvider):  # type: ignore[misc]
    """Puts messages together from PDUs, up to a size and a number; beyond, the association ends (PS3.8 9.3.8)."""

    def __init__(self, association: Any, largest_bytes: int) -> None:  # noqa: ANN401
        super().__init__(association)
        self._largest_bytes = largest_bytes

    def receive_primitive(self, primitive: Any) -> None:  # noqa: ANN401
        """One P-DATA indication. The network's edge: what cannot be understood ends this association alone."""
        try:
            if self._is_too_much(primitive):
                self.dul.socket.close()
            else:
                super().receive_primitive(primitive)
        except Exception:  # noqa: BLE001
            self.dul.event_queue.put("Evt19")

    def _is_too_much(self, primitive: Any) -> bool:  # noqa: ANN401
        held = 0
        if self.message is not None:
            held = self.message.data_set.tell() + self.message.encoded_command_set.tell()
        coming = sum(len(content) for _, content in primitive.presentation_data_value_list)
        return held + coming > self._largest_bytes or self.msg_queue.qsize() > _LARGEST_QUEUE


class Pace:
    """Stands in for the event before which pynetdicom's acceptor waits in each turn: an idle one turns seldom."""

    def __init__(self, association: Any) -> None:  # noqa: ANN401
        self._association = association
        self._open = threading.Event()
        self._open.set()

    def wait(self) -> bool:
        """Wait while a sender of ours holds the reactor, and a little where nothing happens."""
        delay_s = self._association.dul._run_loop_delay  # noqa: SLF001
        if delay_s > _BUSY_LOOK_S:
            time.sleep(delay_s)
        return self._open.wait()

    def set(self) -> None:
        """Let the reactor go on."""
        self._open.set()

    def clear(self) -> None:
        """Hold the reactor."""
        self._open.clear()

    def is_set(self) -> bool:
        """Whether the reactor goes on."""
        return self._open.is_set()


def names_of(association: Any) -> frozenset[str]:  # noqa: ANN401
    """What the association's peer has proven by its certificate; nothing without TLS."""
    connection = association.dul.socket.socket if association.dul.socket else None
    return proven_names(connection) if isinstance(connection, ssl.SSLSocket) else frozenset()
