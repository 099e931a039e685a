"""A service killed in the middle of a case finishes it after its restart, and each result is in the PACS once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest

from service.audit import AuditTrail
from service.demo import sample_series
from service.rows import CaseState, ExportState
from service.store import Store
from tests.servers import Orthanc, a_free_port, is_listening, process, run, wait_until
from tests.site_settings import Order, SiteSettings

pytestmark = [pytest.mark.servers, pytest.mark.slow]

LONGEST_S = 400.0
"""On a busy machine; the case itself takes half a minute."""


def states(log: Path) -> list[str]:
    """The states that the service's log tells, in order."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line["state"] for line in lines if line["event"] == "case changed"]


@dataclass
class Site:
    """A storage, its settings, and how the service is started on them."""

    storage: Path
    port: int
    command: tuple[object, ...]

    def receive(self) -> None:
        """Send the sample series."""
        wait_until(lambda: is_listening(self.port), timeout_s=60, what="the service's start")
        sent = run(
            "storescu", "-aet", "CT1", "-aec", "NEEDLEPLAN", "-xt", "+sd", "127.0.0.1", self.port, sample_series()
        )  # fmt: skip
        assert sent.returncode == 0, sent.stderr


@pytest.fixture
def site(orthanc, tmp_path) -> Site:
    image = pydicom.dcmread(next(sample_series().glob("*.dcm")), stop_before_pixels=True)
    port, storage = a_free_port(), tmp_path / "storage"
    settings = SiteSettings(port, storage, orthanc).write(tmp_path / "needleplan.toml", image, Order('root = "L4"'))
    return Site(storage, port, (Path(sys.executable).parent / "needleplan", "serve", "--settings", settings))


def planner_processes(service: int) -> list[int]:
    """The service's children that compute a case."""
    children = Path(f"/proc/{service}/task/{service}/children").read_text().split()
    threads = Path(f"/proc/{service}/task").glob("*/children")
    children += [child for thread in threads for child in thread.read_text().split()]
    names = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return sorted(child for child, name in names.items() if b"spawn_main" in name)


def the_end(service: subprocess.Popen[bytes], log: Path) -> list[str]:
    wait_until(
        lambda: service.poll() is not None or bool({"published", "failed", "waiting"} & set(states(log))),
        timeout_s=LONGEST_S,
        what="the case's end",
    )
    return states(log)


def require_each_result_once(orthanc: Orthanc, storage: Path, why_again: str) -> None:
    kinds = Counter(series["MainDicomTags"]["Modality"] for series in orthanc.get("/series?expand"))
    assert kinds == {"SR": 1, "SEG": 1, "OT": 1, "KO": 1, "DOC": 1}
    assert len(orthanc.instances()) == 8
    store = Store(storage / "needleplan.db")
    assert [case.state for case in store.cases()] == [CaseState.PUBLISHED]
    assert {export.state for export in store.exports(1)} == {ExportState.SENT}
    assert any(why_again in line.reason for line in store.history(1))
    store.close()
    assert AuditTrail(storage / "audit.jsonl").broken_line() is None


def test_a_case_cut_short_by_a_kill_is_taken_up_at_the_restart_and_sent_once(orthanc, site, tmp_path):
    log = tmp_path / "first.log"
    with process(log, *site.command) as first:
        site.receive()
        wait_until(lambda: "running" in states(log), timeout_s=60, what="the case's start")
        wait_until(lambda: bool(planner_processes(first.pid)), what="the planner's start")
        (planner,) = planner_processes(first.pid)
        first.kill()
        first.wait()
        wait_until(lambda: not Path(f"/proc/{planner}").exists(), what="the planner's end with its service")

    log = tmp_path / "second.log"
    restarted_s = time.monotonic()
    with process(log, *site.command) as second:
        wait_until(lambda: "running" in states(log), timeout_s=30, what="the case's second start")
        assert time.monotonic() - restarted_s < 30
        assert the_end(second, log)[-3:] == ["running", "planned", "published"], log.read_text()
    require_each_result_once(orthanc, site.storage, "the service was restarted")


def test_a_case_whose_planner_is_killed_is_given_out_again_and_sent_once(orthanc, site, tmp_path):
    log = tmp_path / "service.log"
    with process(log, *site.command) as service:
        site.receive()
        wait_until(lambda: bool(planner_processes(service.pid)), timeout_s=60, what="the planner's start")
        time.sleep(2.0)
        os.kill(planner_processes(service.pid)[0], signal.SIGKILL)
        wait_until(lambda: states(log).count("running") == 2, timeout_s=30, what="the case's second start")
        assert the_end(service, log)[-3:] == ["running", "planned", "published"], log.read_text()
    require_each_result_once(orthanc, site.storage, "exit code -9")
