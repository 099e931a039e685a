"""The same work on several things at once, in threads: the arrays' own code runs side by side.

In: a function without side effects and what to call it with. Out: the answers in the order of the things, whatever was ready
first: the same bytes as one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")

WORKERS = 2
"""Cores that a small machine has; more would hold more intermediate arrays at once."""


def side_by_side(work: Callable[[Thing], Answer], things: Iterable[Thing]) -> list[Answer]:
    """``work`` of each thing, in order.

    >>> side_by_side(abs, [-3, 2, -1])
    [3, 2, 1]
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, things))
