"""A second process that writes DICOM objects while this one plans and draws: both cores of a small machine are used.

In: a piece of work, a function with its arguments, that pickles. Out: the call that waits for its answer. What the second
process cannot do, for whatever reason, this one does itself and meets the same refusal. It ends with this one: it reads
from a pipe, and an empty pipe is its end.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any, TypeAlias

Work: TypeAlias = Callable[[], Any]
Begin: TypeAlias = Callable[[Work], Work]
"""Begins a piece of work, and gives the call that waits for its answer."""

_PROGRAM = "from service.scribe import serve; serve()"


def when_asked(work: Work) -> Work:
    """Nobody beside: the work is done when its answer is asked for."""
    return work


@contextmanager
def scribe() -> Iterator[Begin]:
    """A second process, ready to write from now on; gone when this is left."""
    with (
        subprocess.Popen(  # noqa: S603 - our own interpreter, a constant program
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback may hold a name; the same error is met here
            bufsize=0,
        ) as process,
        ThreadPoolExecutor(1, thread_name_prefix="scribe") as pool,
    ):
        try:
            yield lambda work: pool.submit(_answer, process, work).result
        finally:
            process.kill()


def _answer(process: subprocess.Popen[bytes], work: Work) -> Any:  # noqa: ANN401 - whatever the work gives
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with open(process.stdin.fileno(), "wb", closefd=False) as out:
            pickle.dump(work, out, protocol=pickle.HIGHEST_PROTOCOL)
        return pickle.load(_whole(process.stdout))  # noqa: S301 - from our own child
    except (OSError, EOFError, TypeError, AttributeError, pickle.PickleError):
        process.kill()  # half a message may lie in its pipe
        return work()


def _whole(pipe: IO[bytes]) -> IO[bytes]:
    return open(pipe.fileno(), "rb", closefd=False)


def serve() -> None:
    """In the second process: work after work until the pipe ends."""
    import dicom_io.publish  # noqa: F401, PLC0415 - loaded while the first process still segments

    answers = sys.stdout.buffer
    while True:
        try:
            work = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
        except EOFError:
            return
        pickle.dump(work(), answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()
