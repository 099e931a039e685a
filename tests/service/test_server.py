"""Cases move by themselves, never further than a rule or the site allows."""

import json
import time
from dataclasses import replace

import pytest

from dicom_io.worklist import Code, WorklistItem
from service.arrivals import Arrivals
from service.audit import AuditTrail
from service.jobs import Limits, ProcessPerCase
from service.rows import CaseState
from service.server import Service
from service.settings import OrderCode, Settings
from service.store import Store
from tests.dicom_io.builders import Grid, write_series

SERIES, STUDY = "1.2.826.0.1.1", "1.2.9"
START_S, QUIET_S = 1000.0, 10.0


class Hospital:
    """A service on a folder of received images, moved by hand through time."""

    def __init__(self, folder, **settings: object) -> None:
        self.settings = Settings.model_validate(
            {"storage": {"folder": folder}, "inbox": {"quiet_seconds": QUIET_S, "patience_seconds": 50.0}, **settings}
        )
        self.folder = folder
        self.store = Store(folder / "rows.db")
        self.arrivals = Arrivals(folder / "received", self.store)
        self.pool = ProcessPerCase(1, Limits(60.0, 4 << 30))
        self.service = Service(self.settings, self.store, AuditTrail(folder / "audit.jsonl"), self.arrivals, self.pool)

    def receive(self, **series: object) -> None:
        write_series(self.arrivals.folder_of(SERIES), series_uid=SERIES, edit=_of_study, **series)
        self.arrivals.reconcile(START_S)

    def case(self, number: int = 1):
        return self.store.case(number)

    def tick_until(self, *states: CaseState, now_s: float = START_S + QUIET_S):
        end = time.monotonic() + 60
        while self.case().state not in states:
            assert time.monotonic() < end, f"still {self.case().state}: {self.case().reason}"
            self.service.tick(now_s)
            time.sleep(0.02)
        return self.case()


def _of_study(_: int, image) -> None:
    image.StudyInstanceUID = STUDY


@pytest.fixture
def hospital(tmp_path):
    opened = []

    def build(**settings: object) -> Hospital:
        opened.append(Hospital(tmp_path, **settings))
        return opened[-1]

    yield build
    for one in opened:
        one.service.stop(START_S)
        one.store.close()


def test_a_series_is_left_alone_until_it_is_quiet(hospital):
    place = hospital()
    place.receive()
    place.service.tick(START_S + QUIET_S - 0.1)
    assert place.case().state is CaseState.RECEIVING


def test_a_gap_waits_for_its_slice_then_for_a_person(hospital):
    place = hospital()
    place.receive(grid=Grid(count=6), name="{:03}.dcm")
    sorted(place.arrivals.folder_of(SERIES).iterdir())[3].unlink()
    place.service.tick(START_S + QUIET_S)
    assert place.case().state is CaseState.RECEIVING
    case = place.tick_until(CaseState.WAITING, now_s=START_S + 60.0)
    assert "missing" in case.reason


def test_what_cannot_be_segmented_waits_with_the_reason(hospital):
    place = hospital()
    place.receive()
    case = place.tick_until(CaseState.WAITING, CaseState.FAILED)
    assert case.state is CaseState.WAITING
    assert [line.state for line in place.store.history(1)] == [
        CaseState.RECEIVING,
        CaseState.READY,
        CaseState.RUNNING,
        CaseState.WAITING,
    ]


def test_a_rule_can_ignore_a_series(hospital):
    place = hospital(rules=[{"name": "not ours", "action": "ignore", "match": {"modality": "CT"}}])
    place.receive()
    assert "not ours" in place.tick_until(CaseState.IGNORED, CaseState.WAITING).reason


def test_an_image_that_comes_while_a_case_runs_makes_it_stale(hospital):
    place = hospital()
    place.receive(grid=Grid(count=6))
    place.tick_until(CaseState.RUNNING)
    write_series(
        place.arrivals.folder_of(SERIES), Grid(count=7), series_uid=SERIES, edit=_of_study, name="late-{:03}.dcm"
    )
    place.arrivals.reconcile(START_S + 20.0)
    assert place.case(1).state is CaseState.STALE
    assert place.case(2).state is CaseState.RECEIVING
    while place.service._running:
        place.service.tick(START_S + 21.0)
    assert place.case(1).state is CaseState.STALE


def test_a_restart_takes_up_what_was_running(hospital):
    place = hospital()
    place.receive()
    place.tick_until(CaseState.RUNNING)
    place.service.stop(START_S)
    again = hospital()
    again.service.start(START_S + 30.0)
    assert again.case().state is CaseState.READY
    assert "restarted" in again.case().reason


def test_an_mr_waits_for_the_stacks_of_its_study_that_still_arrive(hospital):
    place = hospital(rules=[{"name": "all", "action": "segment", "match": {"modality": "MR"}}])
    place.receive(modality="MR")
    other = "1.2.826.0.1.2"
    write_series(place.arrivals.folder_of(other), series_uid=other, modality="MR", edit=_of_study, series_number=4)
    place.arrivals.reconcile(START_S + QUIET_S / 2)
    for later_s in (0.0, 1.0, QUIET_S / 2 - 0.1):
        place.service.tick(START_S + QUIET_S + later_s)
        assert place.case(1).state is CaseState.READY
    place.tick_until(CaseState.WAITING, CaseState.FAILED, now_s=START_S + 2 * QUIET_S)
    assert place.case(2).state is not CaseState.RECEIVING


@pytest.mark.parametrize(("own", "settings"), [("CT", {}), ("MR", {"segmentation": {"other_stacks": False}})])
def test_nothing_else_waits_for_its_study(hospital, own, settings):
    place = hospital(rules=[{"name": "all", "action": "segment", "match": {}}], **settings)
    place.receive(modality=own)
    other = "1.2.826.0.1.2"
    write_series(place.arrivals.folder_of(other), series_uid=other, modality="MR", edit=_of_study, series_number=4)
    place.arrivals.reconcile(START_S + QUIET_S / 2)
    place.service.tick(START_S + QUIET_S)
    assert place.case(1).state is CaseState.RUNNING


def test_the_audit_trail_is_whole_and_names_no_patient(hospital, tmp_path):
    place = hospital()
    place.service.start(START_S)
    place.receive()
    place.tick_until(CaseState.WAITING, CaseState.FAILED)
    assert AuditTrail(tmp_path / "audit.jsonl").broken_line() is None
    text = (tmp_path / "audit.jsonl").read_text()
    assert "R-1" not in text
    assert "Ramp" not in text
    assert {json.loads(line)["event"] for line in text.splitlines()} >= {"application start", "case changed"}


def test_an_order_that_comes_after_its_series_makes_the_waiting_case_ready(hospital):
    place = hospital()
    place.receive()
    place.store.move(1, CaseState.WAITING, "no target chosen; segmented", START_S)
    codes = (Code("PRT-L4", "99SITE"), Code("7771000", "SCT"))
    item = WorklistItem("A7", STUDY, "R-1", "", "", "", "", "", "CT", "", "", "", codes)
    items = [replace(item, patient_id="R-2")]
    place.arrivals.orders._ask = lambda: items
    place.arrivals.orders._codes = (OrderCode(code="PRT-L4", scheme="99SITE", procedure="prt", root="L4"),)
    place.arrivals.orders.refresh()
    place.service.tick(START_S + 1)
    assert place.case().state is CaseState.WAITING, "another patient's order"
    items.append(item)
    place.arrivals.orders.refresh()
    place.service.tick(START_S + 2)
    assert place.case().state is CaseState.RUNNING
    assert place.case().reason == "ordered: prt L4 left"
