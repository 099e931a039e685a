"""A disk that fills up, or a database that goes away, ends no service: the look fails, is said, and goes on where it was."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from service.rows import CaseState
from service.serving import looked
from service.store import Store
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


def let_in(address: str, *, is_open: bool) -> None:
    """Open a database, or close it and end every connection, as a restart of PostgreSQL does."""
    server, _, name = address.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as administrator:
        administrator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(is_open).lower()}".encode())
        if not is_open:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            administrator.execute(ended, (name,))


@pytest.mark.servers
def test_a_database_that_goes_away_and_comes_back_loses_no_case(tmp_path, postgresql):
    place = Hospital(tmp_path)
    place.store.close()
    place.store = Store(postgresql)
    place.arrivals = replace(place.arrivals, store=place.store)
    place.service._store, place.service._incoming = place.store, place.arrivals
    place.receive()
    let_in(postgresql, is_open=False)
    assert not looked(place.service, NOW_S)
    let_in(postgresql, is_open=True)
    assert place.tick_until(CaseState.WAITING, CaseState.FAILED, now_s=NOW_S + 1.0).state is CaseState.WAITING
    place.service.stop(NOW_S)
    place.store.close()
