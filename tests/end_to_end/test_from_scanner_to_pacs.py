"""A real CT series sent by DCMTK to a running service; its plan fetched from a running Orthanc and judged by others."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_io.report_reader import read_report
from tests.servers import Orthanc, a_free_port, is_listening, process, run, wait_until
from tests.site_settings import Order, SiteSettings

pytestmark = [pytest.mark.realdata, pytest.mark.servers, pytest.mark.slow]

PLAN_AT, SIDE = "@60", "left"
LONGEST_S = 400.0
"""From the last image to the report in the PACS, on a busy machine."""


@dataclass(frozen=True)
class Delivered:
    """What a running service made of one series: its own files, and those that Orthanc gives back."""

    results: Path
    fetched: dict[str, list[Path]]
    """By modality."""
    log: str
    audit: str

    def one(self, modality: str) -> Path:
        (path,) = self.fetched[modality]
        return path


@pytest.fixture(scope="module")
def delivered(real_data, orthanc_server, tmp_path_factory) -> Delivered:
    folder = tmp_path_factory.mktemp("service")
    series = real_data / "abdomen_ct" / "series"
    orthanc_server.empty()
    port = a_free_port()
    image = pydicom.dcmread(next(series.iterdir()), stop_before_pixels=True)
    site = SiteSettings(port, folder / "storage", orthanc_server)
    settings = site.write(folder / "needleplan.toml", image, Order(f'level = "{PLAN_AT}"', SIDE))
    log = folder / "serve.log"
    with process(log, Path(sys.executable).parent / "needleplan", "serve", "--settings", settings) as service:
        wait_until(lambda: service.poll() is not None or is_listening(port), what="the service's start")
        sent = run("storescu", "-aet", "CT1", "-aec", "NEEDLEPLAN", "+sd", "+r", "127.0.0.1", port, series)
        assert sent.returncode == 0, sent.stderr + log.read_text()
        wait_until(
            lambda: service.poll() is not None or '"published"' in log.read_text() or '"failed"' in log.read_text(),
            timeout_s=LONGEST_S,
            what="the plan's arrival in the PACS",
        )
        service.send_signal(signal.SIGTERM)
        end = time.monotonic()
        assert service.wait(timeout=20) == 0, log.read_text()
        assert time.monotonic() - end < 15
    audit = (folder / "storage" / "audit.jsonl").read_text()
    return Delivered(folder / "storage" / "results" / "000001", _fetch(orthanc_server, folder), log.read_text(), audit)


def _fetch(pacs: Orthanc, folder: Path) -> dict[str, list[Path]]:
    fetched: dict[str, list[Path]] = {}
    for number, instance in enumerate(pacs.instances()):
        path = folder / f"fetched-{number}.dcm"
        path.write_bytes(pacs.file(instance))
        fetched.setdefault(pydicom.dcmread(path, stop_before_pixels=True).Modality, []).append(path)
    return fetched


def test_the_pacs_holds_each_object_once(delivered):
    assert {modality: len(files) for modality, files in delivered.fetched.items()} == {
        "SR": 1,
        "SEG": 1,
        "OT": 4,
        "KO": 1,
        "DOC": 1,
    }


def test_dsrdump_reads_the_report(delivered):
    answer = run("dsrdump", delivered.one("SR"))
    assert answer.returncode == 0, answer.stderr
    assert "DRAFT" in answer.stdout


def test_dciodvfy_finds_no_error_in_any_object(delivered):
    for modality, files in delivered.fetched.items():
        for file in files:
            complaints = [line for line in run("dciodvfy", file).stderr.splitlines() if line.startswith("Error")]
            assert complaints == [], f"{modality}: {complaints}"


def test_the_report_from_the_pacs_holds_the_plans_geometry(delivered):
    plan = json.loads((delivered.results / "plan.json").read_text())
    report = read_report(delivered.one("SR"))
    (planned,), (reported,) = plan["targets"], report.targets
    assert reported.words == planned["words"]
    assert len(reported.trajectories) == len(planned["trajectories"]) > 0
    for ours, theirs in zip(planned["trajectories"], reported.trajectories, strict=True):
        assert np.abs(np.array(ours["entry_mm"]) - theirs.entry_mm).max() <= 1e-4
        assert np.abs(np.array(ours["target_mm"]) - theirs.target_mm).max() <= 1e-4


def test_the_plan_is_a_draft_and_a_rehearsal_for_the_side_that_was_ordered(delivered):
    plan = json.loads((delivered.results / "plan.json").read_text())
    assert plan["state_words"] == "DRAFT - NOT RELEASED"
    assert plan["is_rehearsal"]
    assert not plan["is_releasable"]
    assert any("Patient ID" in blocker for blocker in plan["release_blockers"])
    assert [target["side"] for target in plan["targets"]] == [SIDE]


def test_the_objects_belong_to_the_study_that_was_sent(delivered, real_data):
    source = pydicom.dcmread(next((real_data / "abdomen_ct" / "series").iterdir()), stop_before_pixels=True)
    for files in delivered.fetched.values():
        for file in files:
            header = pydicom.dcmread(file, stop_before_pixels=True)
            assert header.StudyInstanceUID == source.StudyInstanceUID
            assert header.PatientName == source.PatientName


def test_log_and_audit_trail_hold_no_patient_data(delivered, real_data):
    source = pydicom.dcmread(next((real_data / "abdomen_ct" / "series").iterdir()), stop_before_pixels=True)
    for secret in (str(source.PatientName), str(source.get("PatientBirthDate", "")), str(source.StudyInstanceUID)):
        if secret.strip():
            assert secret not in delivered.log
            assert secret not in delivered.audit
