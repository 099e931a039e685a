"""Cases beyond one machine: Dask workers, behind the interface of ``concurrent.futures``.

In: the address of a scheduler, cases. Out: Futures. Each case's images travel once, from the service to the worker that
computes it; there the case runs in a process of its own with the same limits as here. A worker that dies is Dask's
business until its case is lost with it; then the case is sent to another.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from distributed import Client, Security
from distributed import Future as DaskFuture
from distributed.comm import CommClosedError
from distributed.scheduler import KilledWorker

from service.case_job import CaseJob, CaseOutcome
from service.errors import (
    ComputeAwayError,
    JobDiedError,
    JobFailedError,
    JobRefusedError,
    JobTimeLimitError,
    ServiceError,
)
from service.jobs import Limits, ProcessPerCase
from service.logs import Log
from service.parcel import Brought, Parcel, bring, packed, put_down, unpacked
from service.settings import DestinationTls

_LOG = Log("dask")
_CONNECT_S = 10.0
_LOOK_S = 0.2
_GRACE_S = 60.0
"""Beyond the case's own limit, for the way there and back."""

_MOST_SENDINGS = 5
"""A case whose workers die one after the other is not sent for ever. Assumed."""

_LOST = (CancelledError, CommClosedError, KilledWorker, OSError)
"""What Dask says when a worker took its task along."""


@dataclass(frozen=True, slots=True)
class Scheduler:
    """Where the workers are found."""

    address: str
    tls: DestinationTls | None = None

    def connect(self) -> Client:
        """A client; nobody there is an answer, not a crash."""
        try:
            return Client(self.address, timeout=_CONNECT_S, security=_security(self.tls), set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise ComputeAwayError(type(error).__name__) from None


@dataclass(frozen=True, slots=True)
class _Told:
    """What a worker answers in place of an exception: those of ours cannot all travel."""

    kind: str
    words: str = ""
    exit_code: int | None = None
    brought: Brought | None = None


class DaskCases(Executor):
    """Runs cases on Dask workers, at most ``workers`` at once."""

    def __init__(self, scheduler: Scheduler, workers: int, limits: Limits) -> None:
        self._scheduler = scheduler
        self._limits = limits
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="dask case")
        self._connecting = threading.Lock()
        self._client: Client | None = None
        self._busy: Counter[str] = Counter()
        self._choosing = threading.Lock()
        self._stopping = threading.Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - Executor's
        """A future for ``fn(job)``, run on a worker; a ``CaseJob`` is all that can travel."""
        (job,) = args
        return self._threads.submit(self._run, fn, job, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's
        """Take no more; with ``cancel_futures``, let go of the running cases too."""
        if cancel_futures:
            self._stopping.set()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        if self._client is not None:
            self._client.close(timeout=5)

    def _run(self, fn: Callable[[CaseJob], CaseOutcome], job: CaseJob) -> CaseOutcome:
        parcel = packed(job)
        for sending in range(_MOST_SENDINGS):
            try:
                with self._worker() as (client, worker):
                    return _heard(self._sent(client, worker, fn, parcel), job, self._limits)
            except _LOST as error:
                _LOG.warning("a worker is lost with its case", sending=sending + 1, kind=type(error).__name__)
        raise JobDiedError(None)

    def _sent(self, client: Client, worker: str, fn: Callable[[CaseJob], CaseOutcome], parcel: Parcel) -> _Told:
        there = client.scatter(parcel, workers=[worker], direct=True, hash=False)
        told = client.submit(_work_there, fn, there, self._limits, pure=False, retries=0)
        end_s = time.monotonic() + self._limits.time_s + _GRACE_S
        while not told.done():
            if self._stopping.wait(_LOOK_S):
                told.cancel()
                raise JobDiedError(None)
            if time.monotonic() > end_s:
                told.cancel()
                raise JobTimeLimitError(self._limits.time_s)
            _require_there(client, worker, told)
        answer: _Told = told.result()
        return answer

    @contextmanager
    def _worker(self) -> Iterator[tuple[Client, str]]:
        """The worker with the fewest of our cases."""
        client = self._connected()
        with self._choosing:
            known = list(client.nthreads())
            if not known:
                raise ComputeAwayError("the scheduler has no workers")
            worker = min(known, key=lambda one: self._busy[one])
            self._busy[worker] += 1
        try:
            yield client, worker
        finally:
            with self._choosing:
                self._busy[worker] -= 1

    def _connected(self) -> Client:
        with self._connecting:
            if self._client is None or self._client.status != "running":
                if self._client is not None:
                    with suppress(*_LOST, TimeoutError):
                        self._client.close(timeout=1)
                self._client = self._scheduler.connect()
            return self._client


def _require_there(client: Client, worker: str, told: DaskFuture) -> None:
    """A worker that died took the images along: Dask would wait for them for ever."""
    if client.status != "running":
        raise CommClosedError
    if worker not in client.nthreads() and not told.done():
        told.cancel()
        raise CancelledError


def _work_there(fn: Callable[[CaseJob], CaseOutcome], parcel: Parcel, limits: Limits) -> _Told:
    """On the worker: the case in a process of its own, its results as bytes."""
    try:
        with unpacked(parcel) as job, ProcessPerCase(1, limits) as pool:
            return _Told("done", brought=bring(pool.submit(fn, job).result(), job.out))
    except JobDiedError as death:
        return _Told("died", exit_code=death.exit_code)
    except JobTimeLimitError:
        return _Told("late")
    except JobFailedError as failure:
        return _Told("failed", failure.kind)
    except ServiceError as refusal:
        return _Told("refused", str(refusal))


def _heard(told: _Told, job: CaseJob, limits: Limits) -> CaseOutcome:
    if told.brought is not None:
        return put_down(told.brought, job.out)
    if told.kind == "refused":
        raise JobRefusedError(told.words)
    if told.kind == "failed":
        raise JobFailedError(told.words)
    if told.kind == "late":
        raise JobTimeLimitError(limits.time_s)
    raise JobDiedError(told.exit_code)


def _security(tls: DestinationTls | None) -> Security | None:
    if tls is None:
        return None
    return Security(
        require_encryption=True,
        tls_ca_file=str(tls.authority),
        tls_client_cert=str(tls.certificate),
        tls_client_key=str(tls.private_key),
    )
