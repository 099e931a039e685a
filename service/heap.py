"""What a process that segments does with memory it has freed: it keeps it for the next array.

In: nothing, where such a process starts. Out: whether the C library took it. Decision 0026.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
"""Numbers of ``mallopt`` in glibc's ``malloc.h``."""

_KEPT_BYTES = 2**30
"""Freed memory at the heap's end that is not given back: as much as all masks of a large scan."""

_OWN_MAPPINGS = 0
"""Blocks that are mapped by themselves and given back when freed: none, a scan's masks of 80 MB come from the heap too."""

_ARENAS = 2
"""As many as threads that work side by side: each more would keep freed memory of its own."""


def keep_freed_memory(library: object | None = None) -> bool:
    """Tell the C library to keep what is freed; False where it is not glibc, and nothing has changed.

    ``library`` stands for the process's own C library where a test gives another.
    """
    mallopt = getattr(_own_library() if library is None else library, "mallopt", None)
    if mallopt is None:
        return False
    wishes = ((_MMAP_MAX, _OWN_MAPPINGS), (_TRIM_THRESHOLD, _KEPT_BYTES), (_ARENA_MAX, _ARENAS))
    taken = [bool(mallopt(number, value)) for number, value in wishes]
    return all(taken)


def _own_library() -> object:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):  # no such thing as the process's own library
        return object()
