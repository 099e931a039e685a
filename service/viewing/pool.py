"""Workers: one process for each open case, one more kept warm, all gone when their case is closed.

In: jobs. Out: the port and secret of a page on loopback. A worker that dies takes only its own case along.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from service.errors import JobDiedError
from service.viewing.job import Job

_START_LIMIT_S = 90.0
_END_LIMIT_S = 5.0
_FRUGAL = {"MALLOC_ARENA_MAX": "2"}
"""glibc gives every thread memory of its own, up to eight parts for each core; a page's threads take turns."""

_AGAIN_AFTER_S = 60.0
"""After a warm process that ended by itself: this machine may have no graphics, and would start one after the other."""


@dataclass(slots=True, eq=False)
class Worker:
    """One process; it ends when its standard input closes."""

    process: asyncio.subprocess.Process
    secret: str
    port: int = 0
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.returncode is None

    async def open(self, job: Job) -> None:
        """Hand the case over and wait for its port."""
        async with self._asking:
            self.port = int((await self._said(asdict(replace(job, secret=self.secret)), "port"))["port"])

    async def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """One question about the open case, one answer."""
        async with self._asking:
            answer: dict[str, Any] = (await self._said(question, "answer"))["answer"]
            return answer

    async def _said(self, line: dict[str, Any], key: str) -> dict[str, Any]:
        """What comes back for a line; whatever else a library prints is passed over."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(ConnectionError):  # a process that died says so below, by saying nothing
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
            await self.process.stdin.drain()
        while True:
            heard = await asyncio.wait_for(self.process.stdout.readline(), _START_LIMIT_S)
            if not heard:
                raise JobDiedError(await self.process.wait())
            with contextlib.suppress(ValueError):
                found = json.loads(heard)
                if isinstance(found, dict) and key in found:
                    return found

    async def close(self) -> None:
        """End the process, gently first."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), _END_LIMIT_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


class Pool:
    """Starts workers; one waits, its libraries loaded, for the next case."""

    def __init__(self) -> None:
        self._warm: Worker | None = None
        self._not_before_s = 0.0

    async def take(self) -> Worker:
        """The warm worker, or a new one; the next is warmed up by ``warm``."""
        worker, self._warm = self._warm, None
        return worker if worker is not None and worker.is_alive else await _start()

    async def warm(self) -> None:
        """Have one ready."""
        if self._warm is not None and not self._warm.is_alive:
            self._warm, self._not_before_s = None, time.monotonic() + _AGAIN_AFTER_S
        if self._warm is None and time.monotonic() >= self._not_before_s:
            self._warm = await _start()

    async def close(self) -> None:
        """End the one that waits."""
        if self._warm is not None:
            await self._warm.close()
            self._warm = None


async def _start() -> Worker:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "service.viewing.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **_FRUGAL},
    )
    return Worker(process, secrets.token_hex(32))
