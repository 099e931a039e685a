"""A disk that fills up ends no service: the look fails, is said, and goes on where it was once there is room."""

from contextlib import suppress
from pathlib import Path

import pytest

from service.rows import CaseState
from service.serving import looked
from tests.servers import run
from tests.service.test_server import QUIET_S, START_S, Hospital

NOW_S = START_S + QUIET_S


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield folder
    run("umount", folder)


def fill(ballast: Path) -> None:
    """Until not another byte goes on the disk."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_look_on_a_full_disk_fails_alone_and_the_next_one_goes_on(small_disk):
    place = Hospital(small_disk)
    place.receive()
    ballast = small_disk / "ballast"
    fill(ballast)
    assert not looked(place.service, NOW_S)
    ballast.unlink()
    assert looked(place.service, NOW_S + 1.0)
    reached = place.tick_until(CaseState.WAITING, CaseState.FAILED, now_s=NOW_S + 1.0)
    assert reached.state is CaseState.WAITING
    place.service.stop(NOW_S)
    place.store.close()
