"""Work that repeats beside the cases, each in a thread of its own: purging, telling others.

In: something to do and how often. Out: threads that end when the service stops. A chore that fails is logged and tried
again; it takes nothing else along.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.logs import Log

_LOG = Log("chores")
_END_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Chore:
    """What is done again and again."""

    name: str
    every_s: float
    do: Callable[[], object]


@contextmanager
def doing(chores: list[Chore], stopping: threading.Event) -> Iterator[None]:
    """Do all chores until ``stopping`` is set."""
    threads = [threading.Thread(target=_repeat, args=(one, stopping), name=one.name, daemon=True) for one in chores]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(_END_WAIT_S)


def _repeat(chore: Chore, stopping: threading.Event) -> None:
    while not stopping.wait(chore.every_s):
        try:
            chore.do()
        except Exception:  # noqa: BLE001 - a worker loop's edge
            _LOG.error("a chore failed", chore=chore.name)
