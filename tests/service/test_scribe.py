"""The second process: it gives what this one would, its failures are met here, and it never outlives us."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial

import pytest

from service.scribe import scribe, when_asked

ABANDONED = """
import os
from service.scribe import scribe
with scribe() as begin:
    print(begin(os.getpid)(), flush=True)
    os._exit(1)
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - a line of the kernel's
        return stat.read().split()[2] != "Z"


def test_work_is_done_in_another_process_in_the_order_it_was_begun():
    with scribe() as begin:
        asked = [begin(partial(divmod, n, 3)) for n in (7, 8, 9)]
        assert begin(os.getpid)() != os.getpid()
        assert [one() for one in asked] == [(2, 1), (2, 2), (3, 0)]


def test_what_the_other_process_cannot_do_is_done_here_and_refused_here():
    with scribe() as begin:
        refused, after = begin(partial(int, "no number")), begin(partial(int, "5"))
        with pytest.raises(ValueError, match="no number"):
            refused()
        assert after() == 5


def test_work_that_cannot_travel_is_done_here():
    with scribe() as begin:
        assert begin(lambda: 3)() == 3
        assert begin(os.getpid)() == os.getpid()


def test_the_other_process_ends_when_it_is_left():
    with scribe() as begin:
        pid = begin(os.getpid)()
        assert is_running(pid)
    assert not is_running(pid)


def test_the_other_process_ends_with_one_that_was_killed():
    told = subprocess.run([sys.executable, "-c", ABANDONED], capture_output=True, text=True, check=False)
    pid, end_s = int(told.stdout), time.monotonic() + 20.0
    while is_running(pid) and time.monotonic() < end_s:
        time.sleep(0.05)
    assert not is_running(pid)


def test_without_another_process_work_waits_until_it_is_asked_for():
    done = []
    answer = when_asked(partial(done.append, 1))
    assert not done
    answer()
    assert done == [1]
