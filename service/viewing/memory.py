"""Memory that a computation is done with, given back to the machine: one process stays open for each case.

In: nothing, or arrays that are mapped from files. Out: nothing; where the C library cannot do it, nothing happens.
"""

from __future__ import annotations

import ctypes
import mmap

import numpy as np

from planner.geometry import AnyArray


def give_back_memory() -> None:
    """Glibc keeps what was freed for the next request (malloc_trim(3)); distance maps free hundreds of megabytes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def let_go(*arrays: AnyArray) -> None:
    """Mapped files stay in the machine's own cache, for everybody; this process takes pages up again where it looks (madvise(2))."""
    for array in arrays:
        kept = _mapping_of(array)
        if kept is not None and hasattr(mmap, "MADV_DONTNEED"):
            kept.madvise(mmap.MADV_DONTNEED)


def _mapping_of(array: AnyArray) -> mmap.mmap | None:
    """What an array is a view of, where that is a file that is mapped for reading alone."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, mmap.mmap) and memoryview(base).readonly else None
