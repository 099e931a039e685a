"""Cases on Dask workers: the same answers as here, the images sent once, nothing lost with a worker."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.brought.site import Bringing
from service.case_job import CaseJob
from service.compute import executor
from service.errors import (
    ComputeAwayError,
    JobDiedError,
    JobRefusedError,
    JobTimeLimitError,
    SettingsError,
)
from service.jobs import ProcessPerCase
from service.parcel import Brought, OtherVersionError, Parcel, StrangeNameError, packed, put_down, unpacked
from service.settings import JobSettings, load_settings
from tests import dask_cases
from tests.servers import a_dask_worker, a_free_port, running_dask, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.slow]

LONGEST_S = 240.0
"""On a busy machine: a case's process loads its libraries first."""


def job(folder: Path, number: int = 1, megabytes: int = 1) -> CaseJob:
    images = folder / "images"
    images.mkdir(exist_ok=True)
    (images / "1.dcm").write_bytes(bytes(megabytes << 20))
    out = folder / "results" / f"{number:06d}"
    return CaseJob(images, "1.2", out, None, None, datetime(2026, 1, 1, tzinfo=UTC))


def settings(address: str, workers: int = 2, time_limit_s: float = LONGEST_S) -> JobSettings:
    return JobSettings(scheduler=address, workers=workers, time_limit_seconds=time_limit_s)


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    with running_dask(tmp_path_factory.mktemp("dask")) as running:
        yield running


def test_without_a_scheduler_cases_run_here():
    with executor(JobSettings()) as pool:
        assert isinstance(pool, ProcessPerCase)


def test_a_case_travels_with_its_images_and_its_results_lie_here(dask, tmp_path):
    one = job(tmp_path)
    with executor(settings(dask.address)) as pool:
        outcome = pool.submit(dask_cases.digest_of_images, one).result(timeout=LONGEST_S)
    assert outcome.words == hashlib.sha256(bytes(1 << 20)).hexdigest()
    (written,) = outcome.objects
    assert written.path == one.out / "signed" / "report.dcm"
    assert written.path.read_text() == outcome.words


def test_the_images_travel_once_and_not_through_the_scheduler(dask, tmp_path, monkeypatch):
    """Each trip from here is one pickling; a trip through the scheduler would show in its largest size in memory."""
    megabytes, sent = 200, []
    state_of = Parcel.__getstate__
    monkeypatch.setattr(Parcel, "__getstate__", lambda self: (sent.append(1), state_of(self))[1])
    before = _largest_memory_mb(dask.scheduler.pid)
    with executor(settings(dask.address)) as pool:
        pool.submit(dask_cases.digest_of_images, job(tmp_path, 2, megabytes)).result(timeout=LONGEST_S)
    assert len(sent) == 1
    assert _largest_memory_mb(dask.scheduler.pid) - before < megabytes / 4


def test_two_cases_run_on_two_workers_at_once(dask, tmp_path):
    with executor(settings(dask.address)) as pool:
        both = [pool.submit(dask_cases.slow, job(tmp_path, number)) for number in (1, 2)]
        places = {one.result(timeout=LONGEST_S).words for one in both}
    assert len(places) == 2


def test_a_refusal_keeps_its_sentence_and_a_crash_its_code(dask, tmp_path):
    with executor(settings(dask.address)) as pool:
        with pytest.raises(JobRefusedError, match="valid: left, right"):
            pool.submit(dask_cases.refuse, job(tmp_path)).result(timeout=LONGEST_S)
        with pytest.raises(JobDiedError) as death:
            pool.submit(dask_cases.crash, job(tmp_path)).result(timeout=LONGEST_S)
    assert death.value.exit_code == -6


def test_a_case_beyond_its_time_is_stopped_and_its_worker_goes_on(dask, tmp_path):
    with executor(settings(dask.address, time_limit_s=3.0)) as pool, pytest.raises(JobTimeLimitError):
        pool.submit(dask_cases.for_ever, job(tmp_path)).result(timeout=LONGEST_S)
    with executor(settings(dask.address)) as pool:
        assert pool.submit(dask_cases.digest_of_images, job(tmp_path, 2)).result(timeout=LONGEST_S).is_planned


def test_a_worker_killed_in_the_middle_loses_no_case(tmp_path):
    with running_dask(tmp_path / "dask") as dask, executor(settings(dask.address)) as pool:
        both = [pool.submit(dask_cases.slow, job(tmp_path, number)) for number in (1, 2)]
        wait_until(lambda: sorted(pool._busy.values()) == [1, 1], timeout_s=60, what="both cases' start")
        time.sleep(2.0)
        dask.workers[0].kill()
        places = [one.result(timeout=LONGEST_S).words for one in both]
    assert set(places) == {str(dask.workers[1].pid)}, "the other worker did both"


def test_without_workers_the_case_waits_for_one(tmp_path):
    with running_dask(tmp_path / "dask", workers=0) as dask, executor(settings(dask.address)) as pool:
        with pytest.raises(ComputeAwayError, match="no workers"):
            pool.submit(dask_cases.digest_of_images, job(tmp_path)).result(timeout=LONGEST_S)
        with a_dask_worker(dask, 0):
            assert pool.submit(dask_cases.digest_of_images, job(tmp_path)).result(timeout=LONGEST_S).is_planned


def test_nobody_at_the_address_is_said_so(tmp_path):
    with executor(settings(f"tcp://127.0.0.1:{a_free_port()}")) as pool, pytest.raises(ComputeAwayError):
        pool.submit(dask_cases.digest_of_images, job(tmp_path)).result(timeout=LONGEST_S)


def test_a_stop_lets_go_of_running_cases(dask, tmp_path):
    pool = executor(settings(dask.address, workers=1))
    future = pool.submit(dask_cases.slow, job(tmp_path))
    time.sleep(1.0)
    start_s = time.monotonic()
    pool.shutdown(wait=True, cancel_futures=True)
    assert isinstance(future.exception(), JobDiedError)
    assert time.monotonic() - start_s < 10


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "tls://dask.example:8786"])
def test_a_scheduler_beyond_this_machine_needs_tls_with_certificates(address):
    with pytest.raises(SettingsError, match="tls"):
        load_settings(None, {"NEEDLEPLAN_JOBS__SCHEDULER": address})


def _largest_memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def test_a_worker_of_another_version_is_refused(tmp_path):
    parcel = replace(packed(job(tmp_path)), version="0.0.1")
    with pytest.raises(OtherVersionError, match=r"0\.0\.1.*install the same"), unpacked(parcel):
        pass


def test_a_result_cannot_lie_outside_its_folder(tmp_path):
    one = job(tmp_path)
    outcome = dask_cases.digest_of_images(one)
    for name in ("../outside.dcm", "/outside.dcm"):
        brought = Brought(outcome, {name: b"x"})
        with pytest.raises(StrangeNameError):
            put_down(brought, one.out)


def test_received_segmentations_and_the_sites_values_travel_too(tmp_path):
    (tmp_path / "seg.dcm").write_bytes(b"segmentation")
    (tmp_path / "site.toml").write_text("[reserves]")
    bringing = Bringing(received=(tmp_path / "seg.dcm",))
    one = replace(job(tmp_path), bringing=bringing, site_file=tmp_path / "site.toml")
    with unpacked(packed(one)) as there:
        assert [path.read_bytes() for path in there.bringing.received] == [b"segmentation"]
        assert there.site_file.read_text() == "[reserves]"
        assert there.folder != one.folder
        scratch = there.folder.parent
    assert not scratch.exists()


def test_what_a_killed_worker_has_left_is_removed_by_the_next_case(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (left := tmp_path / f"needleplan-case-{2**22 + 1}-x").mkdir()
    (alive := tmp_path / f"needleplan-case-{os.getpid()}-x").mkdir()
    with unpacked(packed(job(tmp_path))):
        assert not left.exists(), "no process has a number above the kernel's largest"
        assert alive.exists()
