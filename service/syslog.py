"""The audit trail sent to the hospital's audit record repository: DICOM audit messages by syslog (PS3.15 A.6, A.7; RFC 5424).

In: ``audit.jsonl`` and an address. Out: every line once it is written, in order, as one message. What was sent is kept in a
file: a restart forgets nothing, a repository that is away is told later. Syslog has no answers: a connection's lines count as
heard when the repository has closed it after us; what was cut off is sent again, so a line may come twice, and none is lost.
By UDP nothing is known. No patient data: see ``audit_message.py``.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dicom_io.errors import DicomIoError
from service.audit import AuditEvent
from service.audit_message import message
from service.files import write_text
from service.last_word import say
from service.logs import Log
from service.nodes import context_of
from service.settings import Settings, host_and_port

_LOG = Log("syslog")
_FACILITY, _NOTICE, _WARNING = 10, 5, 4
"""Security and authorization; normal but significant; warning (RFC 5424 6.2.1, PS3.15 A.6)."""

_KIND = "DICOM+RFC3881"
_BOM = "\ufeff"
"""MSG-UTF8 of RFC 5424 6.4 begins with it."""

_TIMEOUT_S = 10.0
_LINES_AT_ONCE = 500
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 300.0


@dataclass(frozen=True, slots=True)
class Repository:
    """Where audit messages go: ``tls`` (RFC 5425), ``tcp`` with the same framing (RFC 6587) or ``udp`` (RFC 5426)."""

    way: str
    host: str
    port: int
    context: Callable[[], ssl.SSLContext] | None = None
    """Made anew for each connection: certificates are renewed without a restart."""

    def send(self, messages: list[bytes]) -> None:
        """All of them; raises where they may not have arrived."""
        if self.way == "udp":
            self._send_datagrams(messages)
            return
        with socket.create_connection((self.host, self.port), _TIMEOUT_S) as plain:
            framed = b"".join(b"%d %b" % (len(one), one) for one in messages)
            if self.context is None:
                _tell(plain, framed)
                return
            say(plain, self.context(), self.host, framed)

    def _send_datagrams(self, messages: list[bytes]) -> None:
        (family, *_, address), *_ = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)
        with socket.socket(family, socket.SOCK_DGRAM) as plain:
            for one in messages:
                plain.sendto(one, address)


@dataclass(slots=True)
class AuditExport:
    """Sends one trail to one repository."""

    trail: Path
    repository: Repository
    cursor: Path
    _due_at_s: float = field(default=0.0, init=False)
    _pause_s: float = field(default=_FIRST_PAUSE_S, init=False)

    def send_due(self, now_s: float) -> int:
        """Send what is new; how many messages."""
        if now_s < self._due_at_s or not self.trail.exists():
            return 0
        start = int(self.cursor.read_text()) if self.cursor.exists() else 0
        lines, end = _lines_after(self.trail, start)
        if end == start:
            return 0
        sent = [one for one in map(_syslog, lines) if one]
        try:
            self.repository.send(sent)
        except (OSError, DicomIoError) as error:
            self._postpone(now_s, type(error).__name__)
            return 0
        self.cursor.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_text(self.cursor, str(end))
        self._pause_s = _FIRST_PAUSE_S
        return len(sent)

    def _postpone(self, now_s: float, why: str) -> None:
        _LOG.warning("the audit repository was not reached", why=why, retry_in_s=self._pause_s)
        self._due_at_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)


def _tell(plain: socket.socket, framed: bytes) -> None:
    plain.sendall(framed)
    plain.shutdown(socket.SHUT_WR)
    while plain.recv(4096):
        pass  # the other side has read all there was when it closes too; a reset raises


def _lines_after(trail: Path, start: int) -> tuple[list[bytes], int]:
    """Whole lines from a byte on, not too many, and the byte behind them."""
    lines: list[bytes] = []
    with trail.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n") or len(lines) == _LINES_AT_ONCE:
                break
            lines.append(line)
    return lines, start + sum(map(len, lines))


def _syslog(line: bytes) -> bytes:
    """One line as a syslog message; empty where it is none of ours, which ``needleplan audit check`` then finds."""
    try:
        told = json.loads(line)
        xml = message(told)
        at = datetime.fromtimestamp(told["at_s"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, KeyError, TypeError):
        _LOG.error("a line of the audit trail cannot be sent")
        return b""
    severity = _WARNING if told["event"] == AuditEvent.SECURITY_ALERT else _NOTICE
    head = f"<{8 * _FACILITY + severity}>1 {at} {_host()} needleplan {os.getpid()} {_KIND} - "
    return f'{head}{_BOM}<?xml version="1.0" encoding="UTF-8"?>{xml}'.encode()


def _host() -> str:
    """HOSTNAME: printable ASCII without spaces, at most 255 (RFC 5424 6)."""
    return "".join(_printable(socket.gethostname()))[:255] or "-"


def _printable(name: str) -> Iterator[str]:
    return (sign for sign in name if "!" <= sign <= "~")


def audit_exports(settings: Settings, folder: Path) -> list[AuditExport]:
    """The one that the settings name, or none."""
    told = settings.audit
    if told.repository is None:
        return []
    way, _, address = told.repository.partition("://")
    context = None if told.tls is None else partial(context_of, told.tls)
    repository = Repository(way, *host_and_port(address), context)
    return [AuditExport(folder / "audit.jsonl", repository, folder / "notified" / "audit-sent.txt")]
