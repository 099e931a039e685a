"""One process per case, behind the interface of ``concurrent.futures``.

In: a function and its arguments (both must pickle). Out: a Future. A crash, a memory or a time limit ends one case and
no other. Beyond one machine another ``Executor`` takes this one's place.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, ParamSpec, TypeVar, cast

from dicom_io.errors import DicomIoError
from planner.errors import PlannerError
from service.errors import JobDiedError, JobFailedError, JobRefusedError, JobTimeLimitError, ServiceError

_P = ParamSpec("_P")
_T = TypeVar("_T")
_STOP_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one case may take."""

    time_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class _Refusal:
    sentence: str


@dataclass(frozen=True, slots=True)
class _Failure:
    kind: str


class ProcessPerCase(Executor):
    """Runs each call in a fresh process, at most ``workers`` at once."""

    def __init__(self, workers: int, limits: Limits) -> None:
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="case")
        self._limits = limits
        self._children: set[multiprocessing.process.BaseProcess] = set()
        self._guard = threading.Lock()

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """A future for ``fn(*args, **kwargs)`` in a process of its own."""
        return self._threads.submit(self._run, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's
        """Take no more; with ``cancel_futures``, stop the running processes too."""
        self._threads.shutdown(wait=False, cancel_futures=cancel_futures)
        if cancel_futures:
            with self._guard:
                children = list(self._children)
            for child in children:
                child.kill()
        self._threads.shutdown(wait=wait)

    def _run(self, fn: Callable[..., _T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _T:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_answer, args=(theirs, self._limits.memory_bytes, fn, args, kwargs))
        with self._guard:
            child.start()
            self._children.add(child)
        theirs.close()
        try:
            return cast("_T", self._result(ours, child))
        finally:
            _stop(child)
            ours.close()
            with self._guard:
                self._children.discard(child)

    def _result(self, ours: Connection, child: multiprocessing.process.BaseProcess) -> object:
        if not ours.poll(self._limits.time_s):
            raise JobTimeLimitError(self._limits.time_s)
        try:
            answer: object = ours.recv()
        except EOFError:
            child.join(_STOP_WAIT_S)
            raise JobDiedError(child.exitcode) from None
        if isinstance(answer, _Failure):
            raise JobFailedError(answer.kind)
        if isinstance(answer, _Refusal):
            raise JobRefusedError(answer.sentence)
        return answer


def _stop(child: multiprocessing.process.BaseProcess) -> None:
    child.join(0.5)
    if child.is_alive():
        child.kill()
        child.join(_STOP_WAIT_S)


def _end_with_parent() -> None:
    """A service that was killed must not leave a case behind that writes beside its successor's."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _answer(
    theirs: Connection, memory_bytes: int, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """In the child: the call's result, or why there is none. Only our own sentences are free of patient data."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    threading.Thread(target=_end_with_parent, name="watch parent", daemon=True).start()
    try:
        answer = fn(*args, **kwargs)
    except (PlannerError, DicomIoError, ServiceError) as error:
        answer = _Refusal(str(error))
    except Exception as error:  # noqa: BLE001 - the worker's edge: whatever it was ends this case alone
        answer = _Failure(type(error).__name__)
    theirs.send(answer)
    theirs.close()
