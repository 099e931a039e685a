"""Rows outlive the process, and a late slice never changes a plan in silence."""

from dataclasses import replace

import pytest

from service.rows import CaseState, ExportState
from service.store import NewExport, NewInstance, Store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def store(request, tmp_path):
    opened = Store(tmp_path / "rows.db" if request.param == "sqlite" else request.getfixturevalue("postgresql"))
    yield opened
    opened.close()


def image(number: int, sha256: str = "") -> NewInstance:
    return NewInstance(f"1.2.{number}", "1.2", "1", f"/{number}{sha256}.dcm", sha256 or str(number), "CT1")


def test_images_of_one_series_make_one_case(store):
    first, second = store.add_instance(image(1), 10.0), store.add_instance(image(2), 11.0)
    assert first.number == second.number
    assert store.case(first.number).state is CaseState.RECEIVING
    assert store.case(first.number).last_image_at_s == 11.0
    assert [one.sop_instance_uid for one in store.instances("1.2")] == ["1.2.1", "1.2.2"]


def test_a_late_slice_makes_the_plan_stale_and_opens_the_next_revision(store):
    number = store.add_instance(image(1), 10.0).number
    store.move(number, CaseState.PLANNED, "3 paths", 20.0)
    late = store.add_instance(image(2), 30.0)
    assert late.revision == 2
    assert store.case(number).state is CaseState.STALE
    assert store.case(late.number).state is CaseState.RECEIVING
    assert [line.state for line in store.history(number)] == [CaseState.RECEIVING, CaseState.PLANNED, CaseState.STALE]


def test_the_same_bytes_again_are_no_new_work(store):
    number = store.add_instance(image(1), 10.0).number
    store.move(number, CaseState.PLANNED, "", 20.0)
    assert store.add_instance(image(1), 30.0).number == number
    assert store.case(number).state is CaseState.PLANNED


def test_two_images_under_one_name_are_kept_and_shown_to_a_person(store):
    number = store.add_instance(image(1), 10.0).number
    other = replace(image(1, "other"), is_conflict=True)
    assert store.add_instance(other, 11.0).number == number
    case = store.case(number)
    assert case.state is CaseState.WAITING
    assert "SOP Instance UID" in case.reason
    assert len(store.instances("1.2")) == 2


def test_a_conflict_after_planning_makes_the_plan_stale(store):
    number = store.add_instance(image(1), 10.0).number
    store.move(number, CaseState.PLANNED, "", 20.0)
    revised = store.add_instance(replace(image(1, "other"), is_conflict=True), 30.0)
    assert (store.case(number).state, store.case(revised.number).state) == (CaseState.STALE, CaseState.WAITING)


def test_stale_is_final(store):
    number = store.add_instance(image(1), 10.0).number
    store.move(number, CaseState.RUNNING, "", 20.0)
    store.add_instance(image(2), 30.0)
    assert not store.move(number, CaseState.PLANNED, "the job ended", 40.0)
    assert store.case(number).state is CaseState.STALE


def test_what_was_running_at_a_stop_is_ready_at_the_next_start(tmp_path):
    before = Store(tmp_path / "rows.db")
    number = before.add_instance(image(1), 10.0).number
    before.move(number, CaseState.RUNNING, "", 20.0)
    before.close()
    after = Store(tmp_path / "rows.db")
    assert after.recover(30.0) == 1
    assert after.case(number).state is CaseState.READY
    after.close()


def test_an_export_is_one_row_per_object_and_destination(store):
    number = store.add_instance(image(1), 10.0).number
    export = NewExport("/report.dcm", "1.9", "pacs")
    store.add_exports(number, [export, export], 20.0)
    store.add_exports(number, [export, NewExport("/report.dcm", "1.9", "archive")], 20.0)
    assert sorted(one.destination for one in store.exports(number)) == ["archive", "pacs"]


def test_an_export_is_due_when_its_time_has_come(store):
    number = store.add_instance(image(1), 10.0).number
    store.add_exports(number, [NewExport("/report.dcm", "1.9", "pacs")], 20.0)
    assert store.due_exports(19.9) == []
    (due,) = store.due_exports(20.0)
    store.update_export(due.number, ExportState.PENDING, 50.0, "refused")
    assert store.due_exports(49.0) == []
    assert store.due_exports(50.0)[0].attempts == 1
    store.update_export(due.number, ExportState.SENT, 50.0, "")
    assert store.due_exports(1e9) == []


def test_what_became_stale_is_not_sent_any_more(store):
    number = store.add_instance(image(1), 10.0).number
    store.move(number, CaseState.PLANNED, "", 20.0)
    store.add_exports(number, [NewExport("/report.dcm", "1.9", "pacs")], 20.0)
    store.add_instance(image(2), 30.0)
    assert store.due_exports(1e9) == []
