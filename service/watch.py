"""Seconds per stage: the clock that the planner does not have.

In: names of stages, held open while they run. Out: seconds per name, and a call at the start of each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _nobody(_stage: str) -> None:
    return None


class Stopwatch:
    """A ``StageWatch`` that remembers; stages inside stages are counted in both."""

    def __init__(self, on_start: Callable[[str], None] = _nobody) -> None:
        self._on_start = on_start
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time what happens inside."""
        self._on_start(stage)
        start_s = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + time.perf_counter() - start_s

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds per stage so far, in order of first start."""
        return dict(self._seconds)
