"""Processor time and memory of a process that is not ours, from /proc; which process listens on a port."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_LISTENS = "0A"
"""TCP_LISTEN in /proc/net/tcp."""


class Meter:
    """Processor time and memory of one process and of its children that have ended."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._begin_s = self._cpu_s()

    def cpu_ms(self, images: int) -> float:
        """For each of so many images, since the beginning."""
        return (self._cpu_s() - self._begin_s) * 1000 / images

    def memory_mb(self) -> float:
        """Largest so far."""
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

    def _cpu_s(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def listening_on(port: int) -> int:
    """The process of ours that listens on a port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next(line[9] for line in lines if line[1].endswith(f":{port:04X}") and line[3] == _LISTENS)
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(link.readlink()) == f"socket:[{inode}]":
                return int(link.parts[2])
    raise LookupError(port)
