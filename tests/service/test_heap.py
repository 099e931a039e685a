"""Freed memory stays with a process that segments, and no other C library is disturbed."""

import platform
import subprocess
import sys

from service.heap import keep_freed_memory

_PROGRAM = """
import ctypes
from service.heap import keep_freed_memory

def resident_mib():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

taken = {asked} and keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
before = resident_mib()
block = libc.malloc(80 * 2**20)
ctypes.memset(block, 1, 80 * 2**20)
libc.free(block)
print(taken, resident_mib() - before)
"""


def left_mib(*, asked: bool) -> tuple[bool, float]:
    """Whether the C library took the wish, and what of 80 MiB it still holds after they were freed."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(asked=asked)], check=True, stdout=subprocess.PIPE, text=True
    )
    taken, mib = done.stdout.split()
    return taken == "True", float(mib)


def test_a_large_block_that_was_freed_stays_where_glibc_was_told():
    taken, mib = left_mib(asked=True)
    assert taken == (platform.libc_ver()[0] == "glibc")
    assert mib > 70.0 or not taken


def test_it_goes_back_where_nobody_asked():
    assert left_mib(asked=False)[1] < 4.0


def test_a_library_without_mallopt_is_left_alone():
    assert not keep_freed_memory(object())
