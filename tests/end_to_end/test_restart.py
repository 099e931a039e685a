"""A service killed in the middle of a case finishes it after its restart, and each result is in the PACS once."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pydicom
import pytest

from service.audit import AuditTrail
from service.demo import sample_series
from service.rows import CaseState
from service.store import Store
from tests.servers import a_free_port, is_listening, process, run, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.slow]

LONGEST_S = 400.0
"""On a busy machine; the case itself takes half a minute."""

SETTINGS = """
publish = "drafts"
receiver = {{ port = {port}, allowed_calling_ae_titles = ["CT1"] }}
storage = {{ folder = "{folder}", disk_reserve_gb = 0.5 }}
inbox = {{ quiet_seconds = 1.0 }}
outbox = {{ first_retry_seconds = 0.5 }}

[[destinations]]
name = "pacs"
ae_title = "{pacs.ae_title}"
host = "{pacs.host}"
port = {pacs.dicom_port}

[[rules]]
name = "the order of this study"
action = "plan"
match = {{ study_uid = "{study_uid}", patient_id = "{patient_id}" }}
procedure = "prt"
root = "L4"
side = "left"
"""


def states(log: Path) -> list[str]:
    """The states that the service's log tells, in order."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line["state"] for line in lines if line["event"] == "case changed"]


def test_a_case_cut_short_by_a_kill_is_finished_after_the_restart_and_sent_once(orthanc, tmp_path):
    image = pydicom.dcmread(next(sample_series().glob("*.dcm")), stop_before_pixels=True)
    port, storage = a_free_port(), tmp_path / "storage"
    settings = tmp_path / "needleplan.toml"
    settings.write_text(
        SETTINGS.format(
            port=port, folder=storage, pacs=orthanc, study_uid=image.StudyInstanceUID, patient_id=image.PatientID
        )
    )
    serve = (Path(sys.executable).parent / "needleplan", "serve", "--settings", settings)

    log = tmp_path / "first.log"
    with process(log, *serve) as first:
        wait_until(lambda: is_listening(port), what="the first start")
        sent = run("storescu", "-aet", "CT1", "-aec", "NEEDLEPLAN", "-xt", "+sd", "127.0.0.1", port, sample_series())
        assert sent.returncode == 0, sent.stderr
        wait_until(lambda: "running" in states(log), timeout_s=60, what="the case's start")
        first.kill()
        first.wait()

    log = tmp_path / "second.log"
    with process(log, *serve) as second:
        wait_until(
            lambda: second.poll() is not None or {"published", "failed", "waiting"} & set(states(log)),
            timeout_s=LONGEST_S,
            what="the case's end",
        )
        assert states(log)[-3:] == ["running", "planned", "published"], log.read_text()

    kinds = Counter(series["MainDicomTags"]["Modality"] for series in orthanc.get("/series?expand"))
    assert kinds == {"SR": 1, "SEG": 1, "OT": 1, "KO": 1}
    assert len(orthanc.instances()) == 7
    store = Store(storage / "needleplan.db")
    assert [case.state for case in store.cases()] == [CaseState.PUBLISHED]
    assert "the service was restarted" in [line.reason for line in store.history(1)]
    store.close()
    assert AuditTrail(storage / "audit.jsonl").broken_line() is None
