"""Two scans are joined by hand where nothing contradicts; the word holds for later revisions and is in the audit trail."""

import json
from pathlib import Path

import pytest

from service.arrivals import Arrivals
from service.errors import RequestError
from service.joining import join
from service.settings import Settings
from service.store import NewInstance, Store, address_of
from tests.dicom_io.builders import Grid, write_series


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"storage": {"folder": tmp_path / "storage"}})


def two_cases(settings: Settings, **second: str) -> tuple[str, str]:
    """Cases 1 and 2 of two series; the second one's patient is changed as told."""
    store = Store(address_of(settings))
    arrivals = Arrivals(settings.storage.folder / "received", store)

    def edit(_: int, image) -> None:
        for keyword, value in second.items():
            setattr(image, keyword, value)

    for number, series in enumerate(("1.2.7", "1.2.8")):
        write_series(arrivals.folder_of(series), Grid(count=1), series_uid=series, edit=edit if number else None)
        case = store.add_instance(NewInstance(f"1.{number}", series, "1", f"/{number}", "0", "CT1"), 1.0)
        store.remember_folder(case.number, f"/results/00000{case.number}")
    store.close()
    return "1.2.7", "1.2.8"


def joined(settings: Settings, series: str) -> frozenset[str]:
    store = Store(address_of(settings))
    try:
        return store.joined_folders(series)
    finally:
        store.close()


def test_both_find_each_other_and_the_trail_says_who_said_so(settings: Settings) -> None:
    one, other = two_cases(settings, IssuerOfPatientID="")
    assert "joined by hand" in join(settings, 1, 2, "A. Weber")
    assert joined(settings, one) == {"/results/000002"}
    assert joined(settings, other) == {"/results/000001"}
    (line,) = map(json.loads, (settings.storage.folder / "audit.jsonl").read_text().splitlines())
    assert (line["case"], line["other"], line["user"]) == (1, 2, "A. Weber")


def test_a_later_revision_is_joined_too(settings: Settings) -> None:
    one, other = two_cases(settings, IssuerOfPatientID="")
    join(settings, 1, 2, "A. Weber")
    store = Store(address_of(settings))
    store.move(2, "ready", "complete", 2.0)
    late = store.add_instance(NewInstance("1.9", other, "1", "/9", "0", "CT1"), 3.0)
    store.remember_folder(late.number, "/results/000003")
    store.close()
    assert joined(settings, one) == {"/results/000002", "/results/000003"}


@pytest.mark.parametrize(
    ("second", "reason"),
    [({"PatientID": "R-2"}, "two patients"), ({"PatientBirthDate": "19010101"}, "two patients")],
    ids=["another ID", "another birth date"],
)
def test_what_contradicts_is_never_joined(settings: Settings, second: dict[str, str], reason: str) -> None:
    one, _ = two_cases(settings, **second)
    with pytest.raises(RequestError, match=reason):
        join(settings, 1, 2, "A. Weber")
    assert joined(settings, one) == frozenset()


@pytest.mark.parametrize(
    ("number", "said_by"), [(9, "A. Weber"), (1, "A. Weber"), (2, " ")], ids=["no case", "itself", "nobody"]
)
def test_a_join_needs_two_cases_and_a_name(settings: Settings, number: int, said_by: str) -> None:
    two_cases(settings)
    with pytest.raises(RequestError):
        join(settings, 1, number, said_by)
