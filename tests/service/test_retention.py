"""What is published goes when its time has come; what is not never does."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from service.arrivals import Arrivals
from service.outlook import look
from service.retention import keep_house, make_room, purge, purgeable
from service.rows import CaseState, ExportState
from service.settings import Settings
from service.store import NewExport, Store, address_of
from service.viewing.keeping import KEPT
from tests.dicom_io.builders import Grid, write_series

DAY_S = 24 * 3600.0


class Archive:
    """A storage folder with series in any state."""

    def __init__(self, folder: Path, **retention: object) -> None:
        told = {"storage": {"folder": folder}, "retention": {"make_room_below_gb": 0.0, **retention}}
        self.settings = Settings.model_validate(told)
        folder.mkdir(exist_ok=True)
        self.store = Store(address_of(self.settings))
        self.arrivals = Arrivals(folder / "received", self.store)
        self.results = folder / "results"

    def case(self, number: int, state: CaseState, at_s: float = 0.0) -> int:
        uid = f"1.2.{number}"
        write_series(self.arrivals.folder_of(uid), Grid(count=2), series_uid=uid)
        self.arrivals.reconcile(at_s)
        case = next(case for case in self.store.cases() if case.series_instance_uid == uid)
        kept = self.results / str(number) / KEPT
        kept.mkdir(parents=True)
        (kept / "volume.npy").write_bytes(b"x")
        (kept.parent / "report.dcm").write_bytes(b"x")
        self.store.remember_folder(case.number, str(kept.parent))
        self.store.move(case.number, state, "", at_s)
        return case.number

    def images(self, number: int) -> int:
        return len(list(self.arrivals.folder_of(f"1.2.{number}").glob("*.dcm")))


@pytest.fixture
def archive(tmp_path):
    opened = []

    def build(**retention: object) -> Archive:
        opened.append(Archive(tmp_path / "storage", **retention))
        return opened[-1]

    yield build
    for one in opened:
        one.store.close()


def test_images_of_a_published_case_go_after_their_days_and_its_results_stay(archive):
    place = archive(images_days=30)
    number = place.case(1, CaseState.PUBLISHED)
    keep_house(place.store, place.settings, 29 * DAY_S)
    assert place.images(1) == 2
    keep_house(place.store, place.settings, 31 * DAY_S)
    assert place.images(1) == 0
    assert place.store.instances("1.2.1") == []
    assert not (place.results / "1" / KEPT).exists()
    assert (place.results / "1" / "report.dcm").exists()
    assert place.store.history(number)[-1].reason == "images were purged"
    assert place.store.case(number).state is CaseState.PUBLISHED


@pytest.mark.parametrize("state", sorted(set(CaseState) - {CaseState.PUBLISHED, CaseState.IGNORED, CaseState.STALE}))
def test_what_is_not_published_is_never_purged(archive, state):
    place = archive(images_days=1, results_days=1, make_room_below_gb=1e9)
    place.case(1, state)
    keep_house(place.store, place.settings, 1e6 * DAY_S)
    assert place.images(1) == 2
    assert (place.results / "1" / "report.dcm").exists()


@pytest.mark.parametrize("state", [ExportState.PENDING, ExportState.UNCONFIRMED, ExportState.DEAD])
def test_a_case_with_anything_left_to_send_is_kept(archive, state):
    place = archive(images_days=1, results_days=1, make_room_below_gb=1e9)
    number = place.case(1, CaseState.PUBLISHED)
    place.store.add_exports(number, [NewExport("/r.dcm", "1.9", "pacs")], 0.0)
    place.store.update_export(place.store.exports(number)[0].number, state, 0.0, "")
    keep_house(place.store, place.settings, 1e6 * DAY_S)
    assert place.images(1) == 2


def test_results_go_where_the_site_says_after_how_long(archive):
    place = archive(results_days=100)
    number = place.case(1, CaseState.PUBLISHED)
    due = purgeable(place.store, place.settings, 101 * DAY_S)
    purge(place.store, place.settings, due, 101 * DAY_S)
    assert not (place.results / "1").exists()
    assert place.store.case(number).results_purged_at_s == 101 * DAY_S


def test_short_of_space_the_oldest_published_go_first(archive, monkeypatch):
    place = archive(make_room_below_gb=5.0)
    for number, at_s in ((1, 300.0), (2, 100.0), (3, 200.0)):
        place.case(number, CaseState.PUBLISHED, at_s)
    free = iter([4e9, 4e9, 6e9])
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=next(free)))
    assert make_room(place.store, place.settings, 400.0) == 2
    assert [place.images(number) for number in (1, 2, 3)] == [2, 0, 0]


def test_purging_makes_no_new_case_and_a_resend_does(archive):
    place = archive(images_days=1)
    place.case(1, CaseState.PUBLISHED)
    keep_house(place.store, place.settings, 2 * DAY_S)
    assert place.arrivals.reconcile(2 * DAY_S) == (0, 0)
    assert len(place.store.cases()) == 1
    write_series(place.arrivals.folder_of("1.2.1"), Grid(count=2), series_uid="1.2.1")
    place.arrivals.reconcile(3 * DAY_S)
    assert [case.revision for case in place.store.cases()] == [1, 2]


def test_a_look_counts_and_dates(archive, tmp_path):
    place = archive()
    ready = place.case(1, CaseState.READY, 100.0)
    planned = place.case(2, CaseState.PLANNED, 150.0)
    place.store.add_exports(planned, [NewExport("/r.dcm", "1.9", "pacs")], 150.0)
    seen = look(place.store, tmp_path, 200.0)
    assert (seen.cases[CaseState.READY], seen.in_line, seen.unsent, seen.dead) == (1, 1, 1, 0)
    assert (seen.oldest_ready_s, seen.oldest_export_s) == (100.0, 50.0)
    assert place.store.case(ready).number == ready
