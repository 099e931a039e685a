"""What leaves for the PACS, and what never does. The compute is answered at once; everything else is the real service."""

from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

from service.arrivals import Arrivals
from service.audit import AuditTrail
from service.case_job import CaseOutcome
from service.errors import ComputeAwayError, JobDiedError, JobRefusedError
from service.rows import CaseState, ExportState
from service.server import Service
from service.settings import Settings
from service.store import Store
from service.written_object import WrittenObject
from tests.dicom_io.builders import Grid, write_series

SERIES, STUDY = "1.2.826.0.1.1", "1.2.9"
NOW_S = 1000.0
PACS = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": 104}
ORDER = {
    "name": "order",
    "action": "plan",
    "match": {"study_uid": STUDY, "patient_id": "R-1"},
    "procedure": "prt",
    "root": "L4",
    "side": "left",
}
PLANNED = CaseOutcome("prt L4 left: 3 paths", is_planned=True, objects=(WrittenObject(Path("/r.dcm"), "1.9"),))
SEGMENTED = CaseOutcome("segmented", is_planned=False, objects=())


class Answers(Executor):
    """Another way to compute, as the interface allows: one answer to every case, or (None) whenever the test says."""

    def __init__(self, answer: CaseOutcome | Exception | None) -> None:
        self.answer = answer
        self.jobs = []
        self.futures: list[Future[CaseOutcome]] = []

    def submit(self, _fn, /, job):
        self.jobs.append(job)
        future = Future()
        self.futures.append(future)
        if isinstance(self.answer, Exception):
            future.set_exception(self.answer)
        elif self.answer is not None:
            future.set_result(self.answer)
        return future


class Hospital:
    """A service that has received one series of the order's study."""

    def __init__(self, folder: Path, answer: CaseOutcome | Exception | None, **settings: object) -> None:
        self.store = Store(folder / "rows.db")
        arrivals = Arrivals(folder / "received", self.store)
        write_series(arrivals.folder_of(SERIES), Grid(count=4), series_uid=SERIES, edit=_of_study)
        arrivals.reconcile(NOW_S)
        self.pool = Answers(answer)
        chosen = Settings.model_validate(
            {"storage": {"folder": folder}, "inbox": {"quiet_seconds": 1.0}, "destinations": [PACS], **settings}
        )
        self.service = Service(chosen, self.store, AuditTrail(folder / "audit.jsonl"), arrivals, self.pool)

    def settle(self):
        for step in range(4):
            self.service.tick(NOW_S + 2.0 + step)
        return self.store.case(1)


def _of_study(_: int, image) -> None:
    image.StudyInstanceUID = STUDY


@pytest.fixture
def hospital(tmp_path):
    opened = []

    def build(answer=PLANNED, **settings) -> Hospital:  # noqa: ANN003
        opened.append(Hospital(tmp_path, answer, **settings))
        return opened[-1]

    yield build
    for one in opened:
        one.store.close()


def test_by_default_a_plan_waits_for_a_signature_and_nothing_leaves(hospital):
    place = hospital(rules=[ORDER])
    case = place.settle()
    assert case.state is CaseState.PLANNED
    assert "waits for a signature" in case.reason
    assert place.store.exports(1) == []


def test_without_a_rule_a_series_is_segmented_and_waits_for_a_target(hospital):
    place = hospital(SEGMENTED, publish="drafts")
    case = place.settle()
    assert case.state is CaseState.WAITING
    assert "no target chosen" in case.reason
    assert place.pool.jobs[0].request is None
    assert place.store.exports(1) == []


def test_a_rule_for_another_patient_plans_nothing(hospital):
    other = {**ORDER, "match": {"study_uid": STUDY, "patient_id": "R-2"}}
    place = hospital(SEGMENTED, rules=[other], publish="drafts")
    assert "no target chosen" in place.settle().reason
    assert place.pool.jobs[0].request is None


def test_the_job_is_what_the_rule_says(hospital):
    place = hospital(rules=[ORDER])
    place.settle()
    (job,) = place.pool.jobs
    assert str(job.request) == "prt L4 left"
    assert job.series_uid == SERIES


def test_drafts_leave_where_the_site_says_so_and_the_case_is_published_when_all_arrived(hospital):
    place = hospital(rules=[ORDER], publish="drafts")
    assert place.settle().state is CaseState.PLANNED
    (export,) = place.store.exports(1)
    assert (export.sop_instance_uid, export.destination) == ("1.9", "pacs")
    place.service.sent(frozenset({1}), NOW_S + 9)
    assert place.store.case(1).state is CaseState.PLANNED, "not all have arrived"
    place.store.update_export(export.number, ExportState.SENT, NOW_S, "")
    place.service.sent(frozenset({1}), NOW_S + 9)
    assert place.store.case(1).state is CaseState.PUBLISHED


def test_drafts_without_a_destination_say_so(hospital):
    case = hospital(rules=[ORDER], publish="drafts", destinations=[]).settle()
    assert case.state is CaseState.PLANNED
    assert "no destination" in case.reason


def test_a_dead_process_fails_its_case_with_the_reason(hospital):
    case = hospital(JobDiedError(-9), rules=[ORDER]).settle()
    assert case.state is CaseState.FAILED
    assert "exit code -9" in case.reason


def test_without_anybody_to_compute_a_case_waits_and_it_costs_no_try(hospital):
    place = hospital(ComputeAwayError("the scheduler has no workers"), rules=[ORDER])
    case = place.settle()
    assert (case.state, case.tries) == (CaseState.READY, 0)
    assert "the case waits" in case.reason
    assert len(place.pool.jobs) == 1, "asked again only after a pause"


def test_a_kill_after_the_last_object_was_confirmed_leaves_no_case_unpublished(hospital):
    place = hospital(rules=[ORDER], publish="drafts")
    place.settle()
    (export,) = place.store.exports(1)
    place.store.update_export(export.number, ExportState.SENT, NOW_S, "")
    place.service.start(NOW_S + 20)
    assert place.store.case(1).state is CaseState.PUBLISHED


def test_a_refusal_waits_for_a_person_with_its_sentence(hospital):
    case = hospital(JobRefusedError("L4 root is not in this scan"), rules=[ORDER]).settle()
    assert (case.state, case.reason) == (CaseState.WAITING, "L4 root is not in this scan")


def test_a_result_that_comes_after_a_late_slice_is_not_published(hospital, tmp_path):
    place = hospital(None, rules=[ORDER], publish="drafts")
    assert place.settle().state is CaseState.RUNNING
    write_series(
        tmp_path / "received" / "series" / SERIES, Grid(count=1), series_uid=SERIES, edit=_of_study, name="late-{}.dcm"
    )
    Arrivals(tmp_path / "received", place.store).reconcile(NOW_S + 9.0)
    place.pool.futures[0].set_result(PLANNED)
    place.service.tick(NOW_S + 9.1)
    assert place.store.case(1).state is CaseState.STALE
    assert place.store.exports(1) == []
