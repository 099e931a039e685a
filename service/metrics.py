"""Health and metrics over HTTP: ``/health`` for a load balancer or a watchdog, ``/metrics`` for Prometheus.

In: a look at the store, and facts of this process. Out: text without patient data. Nothing is counted twice: states come
from the rows when they are asked for, so a restart changes no figure.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from service.errors import SettingsError
from service.logs import Log
from service.outlook import Outlook
from service.rows import CaseState, ExportState
from service.settings import MetricsSettings

_LOG = Log("metrics")
_SLOWEST_LOOK_S = 30.0
"""The main loop looks five times a second; silent for so long it hangs. Assumed."""

_CASE_SECONDS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600)


class Meters:
    """What this process has done since its start."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.images = Counter("needleplan_images_received", "Images that lie durably on disk", registry=self.registry)
        self.refused = Counter("needleplan_images_refused", "Images or senders refused", registry=self.registry)
        self.case_seconds = Histogram(
            "needleplan_case_seconds", "From given out to done", buckets=_CASE_SECONDS, registry=self.registry
        )


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the service does its work, and what is wrong where it does not."""

    faults: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Nothing is wrong."""
        return not self.faults


def health(look: Callable[[], Outlook], silent_s: float, reserve_bytes: int) -> Health:
    """Judge the database, the main loop and the disk; dead letters and failed cases are work for people, not faults."""
    faults = []
    try:
        free_bytes = look().free_bytes
    except (SQLAlchemyError, OSError) as error:
        return Health((f"the database or its disk does not answer ({type(error).__name__})",))
    if silent_s > _SLOWEST_LOOK_S:
        faults.append(f"the main loop has been silent for {silent_s:.0f} s")
    if free_bytes < reserve_bytes:
        faults.append("less space is free than the reserve; images are refused")
    return Health(tuple(faults))


class _Rows:
    """A collector that reads the rows when Prometheus asks."""

    def __init__(self, look: Callable[[], Outlook]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        seen = self._look()
        yield _by_state("needleplan_cases", "Cases by state", CaseState, seen.cases)
        yield _by_state("needleplan_exports", "Exports by state", ExportState, seen.exports)
        yield GaugeMetricFamily(
            "needleplan_oldest_ready_seconds", "Longest wait for a worker", value=seen.oldest_ready_s
        )
        yield GaugeMetricFamily(
            "needleplan_oldest_export_seconds", "Age of the oldest export on its way", value=seen.oldest_export_s
        )
        yield GaugeMetricFamily("needleplan_free_bytes", "Free space of the storage", value=seen.free_bytes)


def _by_state(name: str, words: str, states: Iterable[str], counts: object) -> Metric:
    family = GaugeMetricFamily(name, words, labels=["state"])
    for state in states:
        family.add_metric([str(state)], counts.get(state, 0))  # type: ignore[attr-defined]
    return family


@contextmanager
def offered(
    settings: MetricsSettings, meters: Meters, look: Callable[[], Outlook], judge: Callable[[], Health]
) -> Iterator[int]:
    """Answer on the settings' port while the block runs; the port, 0 where it is off."""
    if not settings.enabled:
        yield 0
        return
    meters.registry.register(_Rows(look))
    try:
        server = ThreadingHTTPServer((settings.host, settings.port), _handler(meters.registry, judge))
    except OSError as error:
        raise SettingsError(f"metrics.port {settings.port} cannot be listened on ({error.strerror})") from error
    threading.Thread(target=server.serve_forever, args=(0.2,), name="metrics", daemon=True).start()
    _LOG.info("metrics offered", host=settings.host, port=server.server_port)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _handler(registry: CollectorRegistry, judge: Callable[[], Health]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/health":
                found = judge()
                status = HTTPStatus.OK if found.is_well else HTTPStatus.SERVICE_UNAVAILABLE
                body = {"status": "well" if found.is_well else "unwell", "faults": found.faults}
                self._answer(status, "application/json", json.dumps(body).encode())
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads who asked."""

    return Handler
