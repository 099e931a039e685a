"""A plan judged, changed by hand, signed and sent: the page of a running service, Chromium before it, Orthanc behind it."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from dicom_io.report_reader import read_report
from service.viewing.people import UsersFile
from service.viewing.roles import Role
from tests.end_to_end.browsing import PASSWORD, Visit, visiting
from tests.servers import Orthanc, a_free_port, is_listening, process, run, wait_until
from tests.site_settings import Order, SiteSettings

pytestmark = [pytest.mark.graphics, pytest.mark.servers, pytest.mark.slow]

PROJECT = Path(__file__).resolve().parents[2]
SIGNER = "Lovelace^Ada"
PLANNED_WITHIN_S = 300.0
"""Segmentation and plan, on a busy machine."""


@dataclass(frozen=True)
class Clinic:
    """A running service with one planned case, and the PACS it may send to."""

    base: str
    storage: Path
    pacs: Orthanc


@pytest.fixture(scope="module")
def clinic(orthanc_server: Orthanc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    series, dicom_port, page_port = PROJECT / "sample_data" / "small", a_free_port(), a_free_port()
    header = pydicom.dcmread(next(series.glob("*.dcm")), stop_before_pixels=True)
    orthanc_server.empty()
    storage, log = folder / "storage", folder / "serve.log"
    site = SiteSettings(
        dicom_port,
        storage,
        orthanc_server,
        publish="on_signature",
        more=f"viewer = {{ enabled = true, port = {page_port} }}",
    )
    settings = site.write(folder / "needleplan.toml", header, Order('root = "L4"'))
    storage.mkdir()
    UsersFile(storage / "users.json").put("ada", Role.PLANNER, PASSWORD, SIGNER)
    with process(log, Path(sys.executable).parent / "needleplan", "serve", "--settings", settings) as service:
        wait_until(lambda: service.poll() is not None or is_listening(dicom_port), what="the service's start")
        sent = run("storescu", "-aet", "CT1", "-aec", "NEEDLEPLAN", "-xt", "+sd", "127.0.0.1", dicom_port, series)
        assert sent.returncode == 0, sent.stderr + log.read_text()
        wait_until(
            lambda: service.poll() is not None or '"planned"' in log.read_text() or '"failed"' in log.read_text(),
            timeout_s=PLANNED_WITHIN_S,
            what="the plan",
        )
        assert '"planned"' in log.read_text()
        yield Clinic(f"http://127.0.0.1:{page_port}", storage, orthanc_server)


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    with visiting(tmp_path) as one:
        yield one


def answer_everything(visit: Visit) -> None:
    """Each question as it closes its gate."""
    page = visit.page
    page.click("[data-test=language]")
    page.wait_for_function("document.querySelector('[data-test=banner]').innerText.includes('DRAFT')")
    said = {"indication stated": "yes", "lie still": "yes", "non-particulate": "yes"}
    page.click("[data-test=questions] summary")
    rows = page.locator("[data-test=questions] .question")
    for number in range(rows.count()):
        row = rows.nth(number)
        words = row.locator("span").inner_text()
        if row.locator("select").count():
            row.locator("select").select_option("SIR 2019" if "bleeding" in words else "expiration")
        elif row.locator("button").count() == 1:
            row.locator("button").click()
        elif row.locator("input").count():
            row.locator("input").fill("1.0" if "INR" in words else "220")
            row.locator("input").press("Enter")
        else:
            row.locator(f"[data-test={next((a for key, a in said.items() if key in words), 'no')}]").click()
        with contextlib.suppress(PlaywrightTimeoutError):  # some rows stay open until a later one is answered
            page.wait_for_selector(f"[data-test=question-{number}]:not(.open)", timeout=4000)
    page.wait_for_selector("[data-test=gates]", state="detached")


def sign(visit: Visit, password: str) -> None:
    page = visit.page
    page.click("[data-test=sign]")
    page.wait_for_selector("[data-test=sign-form]")
    ticks = page.locator("[data-test=sign-form] input[type=checkbox]")
    for number in range(ticks.count()):
        ticks.nth(number).check()
    page.fill("[data-test=sign-form] [name=password]", password)
    visit.shot("sign-sheet")
    page.click("[data-test=sign-now]")
    visit.await_pictures("tr.chosen")


def test_a_changed_plan_is_signed_and_found_in_the_pacs(visit: Visit, clinic: Clinic):
    page = visit.page
    visit.log_in(clinic.base)
    visit.open_first()
    visit.shot("opened")
    page.click("[data-test=sign]")
    page.wait_for_selector("[data-test=sign-blockers]")
    visit.shot("gates-are-open")
    assert page.locator("[data-test=sign-form]").count() == 0
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-test=sign-sheet]", state="detached")

    visit.drag(visit.entry_px(), (8, 0))
    page.wait_for_selector("[data-test=path--1].chosen")
    page.wait_for_function("!document.querySelector('tr.chosen').innerText.includes('...')")
    assert page.locator("[data-test=broken]").count() == 0
    answer_everything(visit)
    visit.shot("every-gate-closed")

    sign(visit, "not the password at all")
    assert "password is wrong" in page.inner_text("[role=alert]")
    assert page.locator("[data-test=signed]").count() == 0
    assert clinic.pacs.instances() == []

    sign(visit, PASSWORD)
    assert SIGNER in page.inner_text("[data-test=signed]")
    page.wait_for_function("document.querySelector('[data-test=export-state]')?.innerText.includes('PACS')")
    visit.shot("signed-and-sent")
    signed = written_report(clinic)
    the_report_is_signed(signed, clinic)

    page.keyboard.press("n")
    page.wait_for_selector("[data-test=path-0].chosen")
    assert page.locator("[data-test=signed]").count() == 0
    assert "DRAFT" in page.inner_text("[data-test=banner]")
    visit.shot("an-edit-drops-the-signature")
    trail = (clinic.storage / "audit.jsonl").read_text()
    assert '"patient record: opened"' in trail
    assert '"patient record: plan signed"' in trail
    assert SIGNER not in trail


def written_report(clinic: Clinic) -> Path:
    """The SR as Orthanc has it."""
    wait_until(lambda: len(clinic.pacs.instances("SR")) == 1, what="the report in the PACS")
    path = clinic.storage / "fetched.dcm"
    path.write_bytes(clinic.pacs.file(clinic.pacs.instances("SR")[0]))
    return path


def the_report_is_signed(path: Path, clinic: Clinic) -> None:
    header, report = pydicom.dcmread(path), read_report(path)
    draft = pydicom.dcmread(clinic.storage / "results" / "000001" / "report.dcm")
    assert header.VerificationFlag == "VERIFIED"
    assert header.PreliminaryFlag == "FINAL"
    assert str(header.VerifyingObserverSequence[0].VerifyingObserverName) == SIGNER
    predecessor = header.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert predecessor.ReferencedSOPInstanceUID == draft.SOPInstanceUID
    assert "RELEASED" in run("dsrdump", path).stdout
    plan = json.loads((clinic.storage / "results" / "000001" / "signed" / "1" / "plan.json").read_text())
    ((drawn,), (reported,)) = plan["targets"][0]["trajectories"], report.targets[0].trajectories
    planned = json.loads((clinic.storage / "results" / "000001" / "plan.json").read_text())["targets"][0]
    assert np.abs(np.array(drawn["entry_mm"]) - reported.entry_mm).max() <= 1e-4
    moved_mm = np.linalg.norm(np.array(drawn["entry_mm"]) - planned["trajectories"][0]["entry_mm"])
    assert moved_mm > 2.0
    assert any("Checklist answered by" in warning and "SIR 2019" in warning for warning in plan["warnings"])
    assert any("drawn by hand" in warning for warning in plan["warnings"])
    complaints = [line for line in run("dciodvfy", path).stderr.splitlines() if line.startswith("Error")]
    assert complaints == []
