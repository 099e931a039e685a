"""Every page that is open: whose, which case, in which process; started, kept, told about exports, closed.

In: cases and logins. Out: one process for each open page. Whoever comes second to a case reads only.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from dataclasses import dataclass

from service.errors import JobDiedError
from service.viewing.answers import FrontSettings
from service.viewing.exports import Exports
from service.viewing.job import Job
from service.viewing.people import Login, Logins
from service.viewing.pool import Pool, Worker
from service.viewing.worklist import Listed

ABANDONED_AFTER_S = 20.0
"""A case whose page is gone for so long is closed; a reload takes less."""

_FIRST_VISIT_S = 60.0
_LOOK_EVERY_S = 2.0


@dataclass(slots=True, eq=False)
class OpenedCase:
    """One page that is open: whose, which case, in which process."""

    case: Listed
    owner: str
    worker: Worker
    is_read_only: bool
    opening: asyncio.Task[None]
    sockets: int = 0
    left_at_s: float = 0.0
    export_state: str = ""

    async def is_open(self) -> bool:
        """Once the case is open, or its process has ended."""
        await asyncio.shield(self.opening)
        return self.worker.is_alive and self.worker.port > 0


class Pages:
    """All open pages by the secret part of their address."""

    def __init__(self, logins: Logins, exports: Exports) -> None:
        self._logins, self._exports, self._pool = logins, exports, Pool()
        self._open: dict[str, OpenedCase] = {}
        self._opening = asyncio.Lock()

    def all(self) -> list[OpenedCase]:
        """Whatever is open."""
        return list(self._open.values())

    def of(self, key: str, login: Login) -> OpenedCase | None:
        """The page at an address, for its owner alone."""
        one = self._open.get(key)
        return one if one is not None and one.owner == login.key else None

    async def start(self, case: Listed, login: Login, settings: FrontSettings) -> tuple[str, OpenedCase]:
        """One process for this person and case; a case that somebody changes is read only for the next.

        The address is there at once: a browser reads the page's scripts while the case is opened.
        """
        async with self._opening:
            for key, one in list(self._open.items()):
                if one.case.folder == case.folder and one.owner == login.key:
                    await self.close(key)
            is_held = any(one.case.folder == case.folder and not one.is_read_only for one in self.all())
            is_read_only = is_held or not login.role.may_plan
            worker = await self._pool.take()
            key, left_at_s = secrets.token_hex(16), time.time() + _FIRST_VISIT_S - ABANDONED_AFTER_S
            of_person = (is_read_only, login.person, login.form_token)
            of_site = (settings.site_file, settings.organization)
            job = Job(str(case.folder), worker.secret, settings.language, *of_person, *of_site)
            opening = asyncio.create_task(_hand_over(worker, job))
            opened = OpenedCase(case, login.key, worker, is_read_only, opening, left_at_s=left_at_s)
            self._open[key] = opened
        return key, opened

    async def keep(self) -> None:
        """Close what was left, lock who is idle, keep a worker warm, tell how far exports have come."""
        while True:
            await self._pool.warm()
            now = time.time()
            for key, one in list(self._open.items()):
                is_left = one.sockets == 0 and now - one.left_at_s > ABANDONED_AFTER_S
                if is_left or self._logins.is_idle(one.owner, now):
                    await self.close(key)
                else:
                    await self.tell_export(one)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def tell_export(self, one: OpenedCase) -> None:
        """How far the export of a case has come, where that is news."""
        await asyncio.to_thread(self._exports.withdraw_dropped, one.case.folder)
        state = await asyncio.to_thread(self._exports.state, one.case.folder)
        if state != one.export_state and one.worker.port and one.worker.is_alive:
            one.export_state = state
            with contextlib.suppress(JobDiedError, TimeoutError):
                await one.worker.ask({"ask": "exported", "state": state})

    async def close_of(self, login: Login) -> None:
        """Every page of a login that ends."""
        for key in [key for key, one in self._open.items() if one.owner == login.key]:
            await self.close(key)

    async def close(self, key: str) -> None:
        """End one page's process."""
        one = self._open.pop(key, None)
        if one is not None:
            await one.worker.close()
            await asyncio.to_thread(self._exports.withdraw_dropped, one.case.folder)

    async def close_all(self) -> None:
        """A stop ends every page at once; the server would wait for their sockets."""
        await asyncio.gather(*(self.close(key) for key in list(self._open)))

    async def end(self) -> None:
        """The warm worker goes too."""
        await self._pool.close()


async def _hand_over(worker: Worker, job: Job) -> None:
    """The case to its process; one that does not answer is ended, and its page says so."""
    try:
        await worker.open(job)
    except (JobDiedError, TimeoutError):
        await worker.close()
