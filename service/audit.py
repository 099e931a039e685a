"""The audit trail: one JSON line per event, appended, each holding the hash of the one before.

In: what happened, to which case. Out: lines that cannot be changed or removed without breaking the chain.
Event names follow the audit messages of PS3.15 A.5.3. No patient data: cases are numbers.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

_FIRST = "0" * 64
_LONGEST_LINE_BYTES = 65536
"""A line holds a few short facts; so much of the file's end surely holds the last one whole."""


class AuditEvent(StrEnum):
    """What is recorded (PS3.15 A.5.3)."""

    APPLICATION_START = "application start"
    APPLICATION_STOP = "application stop"
    INSTANCES_RECEIVED = "instances transferred: received"
    INSTANCES_SENT = "instances transferred: sent"
    IMPORTED = "import"
    QUERIED = "query"
    FETCHED = "instances transferred: fetched"
    JOINED = "patient record: earlier scan joined by hand"
    VOLUME_CHOSEN = "patient record: volume of a series chosen by hand"
    PURGED = "images purged"
    CASE_CHANGED = "case changed"
    SECURITY_ALERT = "security alert"
    USER_AUTHENTICATED = "user authentication: login"
    CASE_OPENED = "patient record: opened"
    PLAN_SIGNED = "patient record: plan signed"


class AuditTrail:
    """An append-only file of hash-chained lines."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def record(self, event: AuditEvent, at_s: float, **facts: str | float) -> None:
        """Append one line, durably; ``facts`` must hold no patient data."""
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            line = {"event": str(event), "at_s": at_s, **facts, "before": _hash_of_last(_tail(file))}
            file.write(json.dumps(line, sort_keys=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def broken_line(self) -> int | None:
        """Number of the first line, from 1, that does not continue the one before; None: the chain is whole."""
        if not self._path.exists():
            return None
        before = _FIRST
        for number, line in enumerate(self._path.read_bytes().splitlines(keepends=True), start=1):
            if _before(line) != before:
                return number
            before = _hash(line)
        return None


def _tail(file: BinaryIO) -> list[bytes]:
    """The last lines; the first of them may be cut."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LONGEST_LINE_BYTES))
    return file.readlines()


def _hash_of_last(lines: list[bytes]) -> str:
    return _hash(lines[-1]) if lines else _FIRST


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _before(line: bytes) -> str | None:
    try:
        value = json.loads(line).get("before")
    except (json.JSONDecodeError, AttributeError):
        return None
    return value if isinstance(value, str) else None
