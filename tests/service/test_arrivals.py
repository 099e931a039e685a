"""Rows and files agree after any stop, and rules see what the images say."""

import pytest
from sqlalchemy import event

from service.arrivals import NO_TAGS, Arrivals
from service.routing import SeriesTags
from service.rows import CaseState
from service.store import NewInstance, Store
from tests.dicom_io.builders import Grid, write_series

SERIES = "1.2.826.0.1.1"


def described(_: int, image) -> None:
    image.BodyPartExamined, image.SeriesDescription = "LSPINE", "Planning"
    image.RequestedProcedureDescription, image.StudyInstanceUID = "PRT", "1.2.9"


@pytest.fixture
def arrivals(tmp_path):
    store = Store(tmp_path / "rows.db")
    found = Arrivals(tmp_path / "received", store)
    write_series(found.folder_of(SERIES), Grid(count=4), series_uid=SERIES, edit=described)
    yield found
    store.close()


def test_files_without_a_row_get_one_and_become_a_case(arrivals):
    assert arrivals.reconcile(50.0) == (4, 0)
    (case,) = arrivals.store.cases()
    assert (case.state, case.series_instance_uid, case.study_instance_uid) == (CaseState.RECEIVING, SERIES, "1.2.9")
    assert arrivals.reconcile(60.0) == (0, 0)


def test_image_rows_that_a_power_cut_took_come_back_and_all_other_rows_are_synced(arrivals):
    """Decision 0019: SQLite's synchronous is 1 (NORMAL) where an image is noted, 2 (FULL) in every other transaction."""
    levels = []

    def note(**told: object) -> None:
        if str(told["statement"]).startswith(("INSERT INTO instances", "UPDATE cases")):
            levels.append(told["conn"].connection.driver_connection.execute("PRAGMA synchronous").fetchone()[0])

    event.listen(arrivals.store.engine, "before_cursor_execute", note, named=True)
    for number in (1, 2):
        arrivals.store.add_instance(NewInstance(str(number), "1.2", "1", f"/{number}", "0", "CT1"), 1.0)
    arrivals.store.move(1, CaseState.READY, "complete", 2.0)
    assert levels[-3:] == [1, 1, 2], "the second image's two statements, then the case's"
    assert 1 not in levels[:-3]


def test_a_conflict_whose_row_was_lost_is_shown_to_a_person_again(arrivals):
    write_series(arrivals.folder / "conflicts" / SERIES, Grid(count=1), series_uid=SERIES, edit=described)
    assert arrivals.reconcile(50.0) == (5, 0)
    (case,) = arrivals.store.cases()
    assert case.state is CaseState.WAITING
    assert "two different images" in case.reason


def test_rows_without_a_file_are_dropped(arrivals):
    arrivals.store.add_instance(NewInstance("1", SERIES, "1.2.9", "/gone.dcm", "0", "CT1"), 1.0)
    assert arrivals.reconcile(50.0) == (4, 1)
    assert "/gone.dcm" not in arrivals.store.all_paths()


def test_rules_see_what_the_images_say(arrivals):
    arrivals.reconcile(50.0)
    assert arrivals.tags_of(SERIES) == SeriesTags("CT", "LSPINE", "Planning", "PRT", "", "1.2.9", "A7", "R-1")


def test_the_sender_counts_where_one_sender_sent_all(arrivals):
    for number in (1, 2):
        arrivals.store.add_instance(NewInstance(str(number), SERIES, "1.2.9", f"/{number}", "0", "CT1"), 1.0)
    assert arrivals.tags_of(SERIES).calling_ae_title == "CT1"
    arrivals.store.add_instance(NewInstance("3", SERIES, "1.2.9", "/3", "0", "CT2"), 1.0)
    assert arrivals.tags_of(SERIES).calling_ae_title == ""


def test_a_series_without_images_says_nothing(arrivals):
    assert arrivals.tags_of("1.2.3") == NO_TAGS
