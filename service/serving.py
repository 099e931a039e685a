"""``needleplan serve``: the parts of the service started, kept going, and stopped in order.

In: settings. Out: a running service until SIGTERM or SIGINT. The receiver has threads of its own, exports have one, the
main thread looks after the cases; whatever a stop cuts short is taken up at the next start.
"""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from service.arrivals import Arrivals
from service.audit import AuditTrail
from service.background import exports, hearing, upkeep
from service.chores import doing
from service.commitment import Commitments
from service.compute import executor
from service.listening import receiving
from service.logs import Log, start_logging
from service.metrics import Meters, health, offered
from service.nodes import node_titled
from service.order_book import OrderBook
from service.outbox import Outbox
from service.outlook import Outlook, look
from service.sending import Sender
from service.server import Service
from service.settings import Settings
from service.store import Store, address_of
from service.upkeep import owned
from service.viewing.department import viewing

_LOOK_EVERY_S = 0.2
_PAUSE_S = 5.0
_BYTES_PER_GB = 10**9
_LOG = Log("serving")


def serve(settings: Settings) -> None:
    """Run until told to stop by SIGTERM or SIGINT."""
    start_logging(sys.stderr)
    if settings.jobs.site_file is not None:
        _refuse_now(settings.jobs.site_file)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    run(settings, stopping)


def _refuse_now(site_file: Path) -> None:
    """A site file that cannot be read is refused at the start, not at the first case."""
    from service.site_file import read_site  # noqa: PLC0415 - with the planner's rules, which the service does without

    read_site(site_file)


def run(settings: Settings, stopping: threading.Event) -> None:
    """Run until ``stopping`` is set."""
    folder = settings.storage.folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with owned(folder):
        store = Store(address_of(settings))
        try:
            _run(settings, folder, store, stopping)
        finally:
            store.close()


def _run(settings: Settings, folder: Path, store: Store, stopping: threading.Event) -> None:
    audit = AuditTrail(folder / "audit.jsonl")
    orders = OrderBook.of(settings)
    arrivals = Arrivals(folder / "received", store, orders)
    meters = Meters()
    service = Service(settings, store, audit, arrivals, executor(settings.jobs), meters)
    found, lost = arrivals.reconcile(time.time())
    _LOG.info("rows and files agree", rows_added=found, rows_dropped=lost)
    service.start(time.time())
    commitments = Commitments(folder / "commitment", store, partial(node_titled, settings))
    sender = Sender(settings.receiver.ae_title, settings.outbox.answer_seconds)
    outbox = Outbox(store, settings.destinations, settings.outbox, sender, random.SystemRandom())
    look_now = partial(_look, store, folder)
    reserve_bytes = int(settings.storage.disk_reserve_gb * _BYTES_PER_GB)
    heard = [time.monotonic()]
    with (
        offered(
            settings.metrics, meters, look_now, lambda: health(look_now, time.monotonic() - heard[0], reserve_bytes)
        ),
        doing([*upkeep(settings, folder, store, audit), *exports(outbox, service, commitments)], stopping),
        receiving(settings, folder, service, audit, commitments, hearing(outbox, service)),
        _ordering(settings, orders, stopping),
        viewing(settings.viewer, folder, store, audit, settings.destinations, settings.jobs.site_file),
    ):
        while not stopping.wait(_LOOK_EVERY_S):
            if looked(service, time.time()):
                heard[0] = time.monotonic()
            else:
                stopping.wait(_PAUSE_S)
    service.stop(time.time())


def looked(service: Service, now_s: float) -> bool:
    """One look; a full disk or a database that is away ends no service: images are still answered, health says so.

    What the look had begun is a row whose lease runs out, and is given out again.
    """
    try:
        service.tick(now_s)
    except (OSError, SQLAlchemyError) as error:
        _LOG.error("a look failed; it is tried again", kind=type(error).__name__, retry_in_s=_PAUSE_S)
        return False
    return True


def _look(store: Store, folder: Path) -> Outlook:
    return look(store, folder, time.time())


@contextmanager
def _ordering(settings: Settings, orders: OrderBook, stopping: threading.Event) -> Iterator[None]:
    """A thread of its own: a slow worklist must not keep cases waiting."""
    if settings.worklist is not None:
        every_s = settings.worklist.refresh_seconds
        threading.Thread(target=orders.keep_fresh, args=(every_s, stopping), name="worklist", daemon=True).start()
    yield
