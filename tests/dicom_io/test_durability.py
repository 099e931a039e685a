"""What was answered with success is on disk: after kill -9 at random points, on a full disk, with many senders at once."""

import hashlib
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from dicom_io.association import Destination
from dicom_io.landing import Arrival, Landing, data_set
from dicom_io.send import Outcome, SendResult, send_files
from tests.conftest import PROJECT
from tests.dicom_io.builders import Grid, write_series
from tests.dicom_io.receivers import Inbox, listening, send
from tests.servers import run, wait_until

pytestmark = pytest.mark.servers

SLICES = 400
SERIES = "1.2.826.0.1.9"


def digest(path: Path) -> str:
    return hashlib.sha256(data_set(path.read_bytes())).hexdigest()


def kept_in(folder: Path) -> dict[str, str]:
    """Hash of each kept instance by its SOP Instance UID."""
    return {path.stem: digest(path) for path in (folder / "series" / SERIES).glob("*.dcm")}


def arrived(folder: Path) -> int:
    lying = folder / "series" / SERIES
    return sum(1 for _ in lying.iterdir()) if lying.is_dir() else 0


def answered(output: str) -> list[Path]:
    """The files that storescu was told success for."""
    answers = re.findall(r"Sending file: (\S+).*?(?=Sending file|\Z)", output, re.DOTALL)
    parts = re.split(r"Sending file: \S+", output)[1:]
    return [Path(file) for file, part in zip(answers, parts, strict=True) if "Response (Success)" in part]


@contextmanager
def receiver_process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    program = [sys.executable, str(Path(__file__).with_name("receiver_process.py")), str(folder)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as receiver:
        assert receiver.stdout is not None
        try:
            yield receiver, int(receiver.stdout.readline())
        finally:
            receiver.kill()


def send_until_killed(folder: Path, paths: list[Path], after: int) -> list[Path]:
    """Send all; the receiver is killed once ``after`` more files lie there. What was answered with success."""
    wanted = arrived(folder) + after
    output: list[str] = []
    with receiver_process(folder) as (receiver, port):
        sender = threading.Thread(target=lambda: output.append(send(port, *paths, options=("-v",)).stderr))
        sender.start()
        end = time.monotonic() + 30
        while arrived(folder) < wanted and sender.is_alive() and time.monotonic() < end:
            time.sleep(0.0005)
        receiver.kill()
        sender.join()
    return answered(output[0])


def kill_at(tmp_path: Path, points: int, seed: int) -> None:
    """A 400-slice send, killed at random points, each time on an empty folder; at the end sent to its end."""
    paths = write_series(tmp_path / "sent", Grid(count=SLICES, rows=8, columns=8), series_uid=SERIES)
    sent = {path: digest(path) for path in paths}
    rng = random.Random(seed)  # noqa: S311 - where to kill
    cut_short = 0
    for point in range(points):
        folder = tmp_path / f"in{point}"
        told = send_until_killed(folder, paths, rng.randrange(SLICES))
        kept = set(kept_in(folder).values())
        assert {sent[path] for path in told} <= kept, f"point {point}: answered, and not on disk"
        assert kept <= set(sent.values()), f"point {point}: a file that nobody sent"
        cut_short += len(told) < SLICES
    assert cut_short > points / 2
    inbox = Inbox()
    with listening(folder, inbox) as again:
        assert send(again.port, *paths).returncode == 0
    assert sorted(kept_in(folder).values()) == sorted(sent.values())
    assert sum(one.arrival is Arrival.REPEATED for one in inbox.stored) == len(kept)
    assert not list((folder / "tmp").iterdir())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kill_9_at_ten_points_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    kill_at(tmp_path, 10, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_kill_9_at_fifty_points_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    kill_at(tmp_path, 50, seed=2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield folder
    run("umount", folder)


@pytest.mark.parametrize("reserve_bytes", [0, 500_000], ids=["no reserve", "a reserve"])
def test_a_full_disk_is_answered_and_left_whole_and_recovers(
    tmp_path: Path, small_disk: Path, reserve_bytes: int
) -> None:
    """Images of 128 kB on 2 MB; without a reserve it is the write that fails."""
    paths = write_series(tmp_path / "sent", Grid(count=24, rows=256, columns=256), series_uid=SERIES)
    sent = {digest(path) for path in paths}
    inbox, folder = Inbox(), small_disk / "in"
    with listening(folder, inbox, reserve_bytes=reserve_bytes) as receiver:
        first = send(receiver.port, *paths, options=("-v", "-nh"))
        stored = {one.sha256 for one in inbox.stored}
        assert 3 < len(stored) < 16
        assert first.stderr.count("Refused: OutOfResources") == 24 - len(stored)
        assert {one.status for one in inbox.refused} == {0xA700}
        assert set(kept_in(folder).values()) == stored
        assert not list((folder / "tmp").iterdir())
        assert run("mount", "-o", "remount,size=20m", small_disk).returncode == 0
        assert send(receiver.port, *paths, options=("-nh",)).returncode == 0
    assert set(kept_in(folder).values()) == sent


def test_a_write_that_fails_leaves_no_part_behind(small_disk: Path) -> None:
    landing = Landing(small_disk / "in")
    with pytest.raises(OSError, match="No space left"):
        landing.place(bytes(3_000_000), SERIES, "1.2.3")
    assert not [path for path in small_disk.rglob("*") if path.is_file()]


def rounds(tmp_path: Path, count: int, images: int) -> None:
    """Four senders of ours at once, again and again: every image has an answer, and is there once."""
    series = [write_series(tmp_path / f"sent{n}", Grid(count=images, rows=8, columns=8)) for n in range(4)]
    for number in range(count):
        inbox, folder = Inbox(), tmp_path / f"in{number}"
        with listening(folder, inbox) as receiver:
            node = Destination("127.0.0.1", receiver.port, "NEEDLEPLAN", "SCANNER", tries=1, answer_timeout_s=30)

            def send_all(paths: list[Path], node: Destination = node) -> tuple[SendResult, ...]:
                return send_files(paths, node)

            with ThreadPoolExecutor(4) as pool:
                results = [one for some in pool.map(send_all, series) for one in some]
            wait_until(lambda: len(inbox.stored) == 4 * images, what="a record of each image")  # noqa: B023
        assert {one.outcome for one in results} == {Outcome.DONE}, f"round {number}"
        assert len(list(folder.glob("series/*/*.dcm"))) == 4 * images


def test_four_senders_at_once_lose_no_response(tmp_path: Path) -> None:
    rounds(tmp_path, count=2, images=40)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_forty_rounds_of_four_senders_lose_no_response(tmp_path: Path) -> None:
    rounds(tmp_path, count=40, images=100)
