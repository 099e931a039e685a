"""The page for the department, beside the receiver: one front in a thread of its own, the worklist from the service's rows.

In: settings, the storage folder, the store, the audit trail. Out: a web server until the service stops.
"""

from __future__ import annotations

import asyncio
import ssl
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from service.audit import AuditEvent, AuditTrail
from service.errors import MissingPartError, SettingsError
from service.logs import Log
from service.progress import begun, stages
from service.rows import CaseState
from service.settings import Destination, ViewerSettings
from service.store import Store
from service.viewing.exports import OutboxExports
from service.viewing.keeping import KEPT
from service.viewing.users import INSTALL, users_path
from service.viewing.worklist import Running

if TYPE_CHECKING:
    from service.viewing.front import Front

_LOG = Log("viewing")
_LAST_FILE = "anatomy.json"
"""Written once more when everything else of a case is."""

_LOOKED_BACK = 9
"""Cases whose times tell how long the next one takes."""

_START_LIMIT_S, _STOP_LIMIT_S = 30.0, 30.0


@contextmanager
def viewing(
    settings: ViewerSettings,
    storage: Path,
    store: Store,
    audit: AuditTrail,
    destinations: Sequence[Destination] = (),
    site_file: Path | None = None,
) -> Iterator[None]:
    """Serve the page while the service runs; nothing where it is not enabled. What is signed goes to the destinations.

    Plans that are made on the page are made with the site's own values, as the service's are.
    """
    if not settings.enabled:
        yield
        return
    server = _Server(_front(settings, storage, store, audit, destinations, site_file), settings)
    server.start()
    try:
        yield
    finally:
        server.stop()


def kept_cases(store: Store) -> list[Path]:
    """Folders of every case that was segmented and is not stale."""
    cases = (case for case in store.cases() if case.folder and case.state is not CaseState.STALE)
    return [Path(case.folder) / KEPT for case in cases]


def running_cases(store: Store, now_s: float) -> list[Running]:
    """Cases that are computed now, with the stage that their process told last, and about how long it takes to their plan."""
    told = [(case.number, *stages(Path(case.folder))) for case in store.cases(CaseState.RUNNING)]
    before = _latest(store) if told else []
    return [
        Running(number, stage, max(0.0, now_s - since_s), left_s(stage, now_s - since_s, before))
        for number, stage, since_s in told
    ]


def left_s(stage: str, for_s: float, finished: Sequence[Path]) -> float | None:
    """What is usually left from the beginning of a stage to a case's last file, less what has gone by."""
    lasted = [
        (folder / _LAST_FILE).stat().st_mtime - begun(folder)[stage]
        for folder in finished
        if stage in begun(folder) and (folder / _LAST_FILE).is_file()
    ]
    return None if not lasted else max(0.0, statistics.median(lasted) - for_s)


def _latest(store: Store) -> list[Path]:
    """Folders of the cases that were planned last."""
    return [Path(case.folder) for case in store.cases(CaseState.PLANNED)[-_LOOKED_BACK:]]


def _front(
    settings: ViewerSettings,
    storage: Path,
    store: Store,
    audit: AuditTrail,
    destinations: Sequence[Destination],
    site_file: Path | None,
) -> Front:
    try:
        from service.viewing.answers import FrontSettings  # noqa: PLC0415 - an extra
        from service.viewing.front import Front  # noqa: PLC0415 - an extra
        from service.viewing.people import UsersFile  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingPartError(f"the package {error.name}", "the viewer", INSTALL) from error

    def record(event: AuditEvent, **facts: str) -> None:
        audit.record(event, time.time(), **facts)

    door = FrontSettings(
        idle_s=60 * settings.idle_minutes,
        language=settings.language,
        is_secure=settings.certificate is not None,
        organization=settings.organization,
        site_file=str(site_file or ""),
    )
    exports = OutboxExports(store, destinations)
    people = UsersFile(users_path(storage))
    return Front(people, lambda: kept_cases(store), door, record, exports, lambda: running_cases(store, time.time()))


class _Server:
    """An event loop in a thread."""

    def __init__(self, front: Front, settings: ViewerSettings) -> None:
        self._front, self._settings = front, settings
        self._loop = asyncio.new_event_loop()
        self._started, self._stopping = threading.Event(), asyncio.Event()
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name="viewing", daemon=True)

    def start(self) -> None:
        """Listen, or say why not."""
        self._thread.start()
        self._started.wait(_START_LIMIT_S)
        if self._fault:
            raise SettingsError(f"the viewer cannot listen on port {self._settings.port}: {self._fault}")

    def stop(self) -> None:
        """Close every page, then the door."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_LIMIT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        from aiohttp import web  # noqa: PLC0415 - an extra

        runner = web.AppRunner(self._front.application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(
                runner, self._settings.host, self._settings.port, ssl_context=_tls(self._settings)
            ).start()
            _LOG.info("page offered", host=self._settings.host, port=runner.addresses[0][1])
            self._started.set()
            await self._stopping.wait()
        except (OSError, ssl.SSLError) as error:
            self._fault = error.strerror or type(error).__name__
            self._started.set()
        finally:
            await runner.cleanup()


def _tls(settings: ViewerSettings) -> ssl.SSLContext | None:
    if settings.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.certificate, settings.private_key)
    return context
