"""One case's death is nobody else's."""

import operator
import os
import time

import pytest

from planner.structures import Side
from service.errors import JobDiedError, JobFailedError, JobRefusedError, JobTimeLimitError
from service.jobs import Limits, ProcessPerCase

GENEROUS = Limits(time_s=60.0, memory_bytes=8 << 30)


def test_a_call_is_answered_from_another_process():
    with ProcessPerCase(1, GENEROUS) as pool:
        assert pool.submit(operator.mul, 2, 21).result() == 42


def test_a_crash_ends_one_case_and_no_other():
    with ProcessPerCase(2, GENEROUS) as pool:
        died, fine = pool.submit(os.abort), pool.submit(operator.mul, 2, 1)
        with pytest.raises(JobDiedError):
            died.result()
        assert fine.result() == 2
        assert pool.submit(operator.mul, 2, 4).result() == 8


def test_a_case_beyond_its_time_is_stopped():
    with ProcessPerCase(1, Limits(time_s=1.5, memory_bytes=8 << 30)) as pool:
        start = time.monotonic()
        with pytest.raises(JobTimeLimitError, match=r"1\.5 s"):
            pool.submit(time.sleep, 60).result()
        assert time.monotonic() - start < 10


def test_a_case_beyond_its_memory_fails_alone():
    with ProcessPerCase(1, Limits(time_s=60.0, memory_bytes=600 << 20)) as pool:
        assert len(pool.submit(bytearray, 50 << 20).result()) == 50 << 20
        with pytest.raises(JobFailedError, match="MemoryError"):
            pool.submit(bytearray, 1000 << 20).result()


def test_a_refusal_keeps_its_sentence():
    with ProcessPerCase(1, GENEROUS) as pool, pytest.raises(JobRefusedError, match="valid: left, right"):
        pool.submit(Side.parse, "L").result()


def test_an_unknown_errors_text_may_hold_patient_data_and_is_dropped():
    with ProcessPerCase(1, GENEROUS) as pool:
        error = pool.submit(int, "DOE^JANE").exception()
    assert isinstance(error, JobFailedError)
    assert "ValueError" in str(error)
    assert "JANE" not in str(error)


def test_shutdown_with_cancel_stops_what_runs():
    pool = ProcessPerCase(1, GENEROUS)
    future = pool.submit(time.sleep, 60)
    while not pool._children:
        time.sleep(0.01)
    pool.shutdown(cancel_futures=True)
    assert isinstance(future.exception(), JobDiedError)
