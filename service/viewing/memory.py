"""Memory that a computation is done with, given back to the machine: one process stays open for each case.

In: nothing. Out: nothing; where the C library cannot do it, nothing happens.
"""

from __future__ import annotations

import ctypes


def give_back_memory() -> None:
    """Glibc keeps what was freed for the next request (malloc_trim(3)); distance maps free hundreds of megabytes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
