"""The upper layer (PS3.8) of one association that we accept, without pynetdicom's polling.

In: a connected socket. Out: PDUs read whole and within a time, none larger than told; fragments of messages go straight to
``messages.py``, everything else to pynetdicom's state machine. A thread that waits for bytes waits in the kernel; the one
that answers C-ECHO and the like is woken when there is something to answer.
"""

from __future__ import annotations

import queue
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pynetdicom.dul import DULServiceProvider
from pynetdicom.fsm import StateMachine
from pynetdicom.transport import AssociationSocket

from dicom_io.tls_connection import TlsConnection

LARGEST_PDU_BYTES = 2**20
"""We offer 128 KB for data; an association request with all contexts and encodings needs about 300 KB."""

_HEADER_BYTES, _VALUE_HEADER_BYTES = 6, 6
"""Of a PDU (type, reserved, length) and of a presentation data value (length, context, control): PS3.8 9.3.5."""

_P_DATA = 0x04
_DATA_TRANSFER = "Sta6"
_TRANSPORT_CLOSING = "Sta13"
"""States of PS3.8 9.2."""

_IDLE_AFTER_S = 0.5
_IDLE_LOOK_MS, _BUSY_LOOK_MS = 20, 2
"""So often the reading thread looks whether somebody wants to send; images are answered by itself, without a look."""

_NO_SOCKET_LOOK_S = 0.005
_NOTHING_TO_ANSWER_S = 0.25


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a peer may take: for its association request, and for each whole PDU behind it."""

    greeting_s: float
    pdu_s: float


class UpperLayer(DULServiceProvider):  # type: ignore[misc]
    """Reads what the peer sends, and sends what we answer."""

    def __init__(self, association: Any, pace: Pace) -> None:  # noqa: ANN401
        super().__init__(association)
        self.to_user_queue = Telling(pace)
        self.state_machine = Contained(self)
        self._room = bytearray()

    def run_reactor(self) -> None:
        """Until the association ends; nothing half received stays."""
        try:
            super().run_reactor()
        finally:
            self.assoc.dimse.drop()

    def _read_pdu_data(self) -> None:
        """One PDU; of a running transfer all that come, without a turn through the state machine for each."""
        while self.state_machine.current_state == _DATA_TRANSFER:
            if not self._read_fragments():
                return
            self._idle_timer.restart()
            if self._is_wanted_elsewhere() or not self.socket.ready:
                return
        super()._read_pdu_data()

    def _read_fragments(self) -> bool:
        """One P-DATA-TF; False where it was another PDU, which the state machine then has, or none."""
        try:
            header = self.socket.recv(_HEADER_BYTES)
            if len(header) < _HEADER_BYTES or header[0] != _P_DATA:
                self.socket.unread(header)
                super()._read_pdu_data()
                return False
            content = self._content(int.from_bytes(header[2:], "big"))
        except OSError:
            self.event_queue.put("Evt17")
            return False
        self._take(content)
        return True

    def _is_wanted_elsewhere(self) -> bool:
        return self._kill_thread or not self.event_queue.empty() or not self.to_provider_queue.empty()

    def _content(self, size_bytes: int) -> memoryview:
        """A PDU's content, in a room that the next one uses again."""
        if size_bytes > LARGEST_PDU_BYTES:
            raise ConnectionError("PDU too large")
        if len(self._room) < size_bytes:
            self._room = bytearray(size_bytes)
        content = memoryview(self._room)[:size_bytes]
        if self.socket.fill(content) < size_bytes:
            raise ConnectionError("PDU cut short")
        return content

    def _take(self, content: memoryview) -> None:
        """A P-DATA-TF's content. The network's edge: a broken one ends this association alone."""
        try:
            for context_id, control, value in _values(content):
                self.assoc.dimse.take(context_id, control, value)
        except Exception:  # noqa: BLE001
            self.event_queue.put("Evt19")


def _values(content: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Context, control header and fragment of each presentation data value (PS3.8 9.3.5.1)."""
    at = 0
    while at < len(content):
        end = at + 4 + int.from_bytes(content[at : at + 4], "big")
        if end < at + _VALUE_HEADER_BYTES or end > len(content):
            raise ConnectionError("fragment cut short")
        yield content[at + 4], content[at + 5], content[at + _VALUE_HEADER_BYTES : end]
        at = end


class GuardedSocket(AssociationSocket):  # type: ignore[misc]
    """Reads a PDU whole, within a time."""

    def __init__(self, association: Any, connection: socket.socket | TlsConnection, patience: Patience) -> None:  # noqa: ANN401
        self._patience = patience
        self._since_s = time.monotonic()
        self._put_back = b""
        self._allowed_s = 0.0
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        super().__init__(association, client_socket=connection)

    @property
    def ready(self) -> bool:
        """Whether there is something to read; waits for it a little."""
        upper: Any = self.assoc.dul
        if self.socket is None or not self._is_connected:
            upper._run_loop_delay = _NO_SOCKET_LOOK_S  # noqa: SLF001
            return False
        upper._run_loop_delay = 0.0  # noqa: SLF001  we wait here
        if isinstance(self.socket, TlsConnection) and self.socket.pending():
            return True
        found = bool(self._poll.poll(self._look_ms(upper)))
        if found:
            self._since_s = time.monotonic()
        return found

    def _look_ms(self, upper: Any) -> int:  # noqa: ANN401
        if upper.state_machine.current_state == _TRANSPORT_CLOSING:
            return 0
        return _IDLE_LOOK_MS if time.monotonic() - self._since_s > _IDLE_AFTER_S else _BUSY_LOOK_MS

    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly so many bytes, or fewer where the peer has gone."""
        if nr_bytes > LARGEST_PDU_BYTES:
            raise ConnectionError("PDU too large")
        if self._put_back:
            content, self._put_back = bytearray(self._put_back), b""
            return content
        content = bytearray(nr_bytes)
        return content[: self.fill(memoryview(content))]

    def unread(self, header: bytearray) -> None:
        """Give back what was read last; the next ``recv`` finds it."""
        self._put_back = bytes(header)

    def fill(self, room: memoryview) -> int:
        """Read until the room is full; how many bytes came before the peer went."""
        if self.socket is None:
            raise ConnectionError("closed")
        limit_s = self._patience.pdu_s if self.assoc.is_established else self._patience.greeting_s
        end_s, got = time.monotonic() + limit_s, 0
        self._allow(limit_s)
        while got < len(room):
            count = self.socket.recv_into(room[got:])
            if not count:
                break
            got += count
            if got < len(room):
                self._allow(end_s - time.monotonic())
        return got

    def _allow(self, left_s: float) -> None:
        """How long the next read may take, to a tenth: each change is a call into the kernel."""
        if left_s <= 0.0:
            raise TimeoutError
        if not 0.9 * self._allowed_s <= left_s <= self._allowed_s:
            self._allowed_s = left_s
            self.socket.settimeout(left_s)


class Contained(StateMachine):  # type: ignore[misc]
    """The state machine of PS3.8 9.2; an event that its state does not know ends the association, not its thread."""

    def do_action(self, event: str) -> None:
        """One event. The network's edge: whatever goes wrong closes this connection alone."""
        try:
            super().do_action(event)
        except Exception:  # noqa: BLE001
            association = self.dul.assoc
            self.dul.socket.close()
            association.is_aborted, association.is_established = True, False
            association._kill = self.dul._kill_thread = True  # noqa: SLF001  as pynetdicom ends a broken one


class Pace:
    """Stands in for the event before which pynetdicom's acceptor waits in each turn: it turns when it has to."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._something = threading.Event()

    def tell(self) -> None:
        """There is something to answer."""
        self._something.set()

    def wait(self) -> bool:
        """Wait while a sender of ours holds the reactor, and where nothing is to be answered."""
        self._something.wait(_NOTHING_TO_ANSWER_S)
        self._something.clear()
        return self._open.wait()

    def set(self) -> None:
        """Let the reactor go on."""
        self._open.set()
        self._something.set()

    def clear(self) -> None:
        """Hold the reactor."""
        self._open.clear()

    def is_set(self) -> bool:
        """Whether the reactor goes on."""
        return self._open.is_set()


class Telling(queue.Queue[Any]):
    """A queue whose reader is told."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ANN401, FBT001, FBT002
        """One more, and its reader knows."""
        super().put(item, block, timeout)
        self._pace.tell()
