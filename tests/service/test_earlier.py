"""An earlier plan stands beside a new one only where it is surely the same patient's, or a person says so."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from dicom_io.report import write_report
from dicom_io.series import SeriesSource, read_series
from service.earlier import BY_HAND, BY_IDENTITY, named_by_hand, signed_before
from service.errors import RequestError
from service.opening import OpenSeries
from service.series_facts import SeriesFacts
from tests.dicom_io import plans
from tests.dicom_io.ct_files import write_ct_series
from tests.dicom_io.test_signature import SIGNATURE, released

ISSUER = "HOSPITAL"


def opened(folder: Path, issuer: str = ISSUER, **who: str) -> OpenSeries:
    folder.mkdir(parents=True)
    for path in write_ct_series(folder, **who):
        image = pydicom.dcmread(path)
        image.IssuerOfPatientID = issuer
        image.save_as(path)
    series = read_series(folder)
    return OpenSeries(series.volume, SeriesFacts.of(series))


def source_of(series: OpenSeries) -> SeriesSource:
    assert series.facts.source is not None
    return series.facts.source


def signed_case(results: Path, number: int, series: OpenSeries) -> Path:
    folder = results / f"{number:06d}" / "signed" / "1"
    folder.mkdir(parents=True)
    plan = released()
    report = write_report(plan, source_of(series), plans.case(plan), SIGNATURE)
    (folder / "report.dcm").write_bytes(report)
    return folder


def test_what_a_person_joined_is_shown_and_says_so_and_never_against_the_identity(tmp_path: Path) -> None:
    """Without an issuer nothing is proven; another Patient ID contradicts."""
    series = opened(tmp_path / "now", issuer="")
    signed_case(tmp_path / "results", 1, series)
    asked = (tmp_path / "results", series, tmp_path / "results" / "000002")
    assert signed_before(*asked) == ()
    assert [one.joined_by for one in signed_before(*asked, frozenset({"000001"}))] == [BY_HAND]
    assert signed_before(*asked, frozenset({"000009"})) == ()
    other = opened(tmp_path / "other", issuer="", patient_id="ID-2")
    assert signed_before(tmp_path / "results", other, tmp_path / "results" / "000002", frozenset({"000001"})) == ()


@pytest.fixture
def series(tmp_path: Path) -> OpenSeries:
    return opened(tmp_path / "now")


def test_a_signed_plan_of_the_same_patient_is_found_with_its_path(series: OpenSeries, tmp_path: Path) -> None:
    signed_case(tmp_path / "results", 1, series)
    (found,) = signed_before(tmp_path / "results", series, tmp_path / "results" / "000002")
    assert (found.state_words, found.joined_by) == ("RELEASED", BY_IDENTITY)
    (target,) = found.targets
    assert target.words == "L4 root, foramen L4/L5, left"
    assert target.needle == "22 G x 90 mm Quincke"
    assert target.sentence.startswith("Passes 0.8 mm dorsal to the left L4 root")


def test_the_case_at_hand_is_no_earlier_plan_of_itself(series: OpenSeries, tmp_path: Path) -> None:
    signed_case(tmp_path / "results", 1, series)
    assert signed_before(tmp_path / "results", series, tmp_path / "results" / "000001") == ()


@pytest.mark.parametrize(("issuer", "who"), [("OTHER", {}), (ISSUER, {"patient_id": "SOMEBODY-ELSE"})])
def test_another_identity_is_never_joined(series: OpenSeries, tmp_path: Path, issuer: str, who: dict[str, str]) -> None:
    other = opened(tmp_path / "before", issuer, **who)
    folder = signed_case(tmp_path / "results", 1, other)
    assert signed_before(tmp_path / "results", series, tmp_path / "new") == ()
    with pytest.raises(RequestError, match="another patient") as refused:
        named_by_hand(folder, series)
    assert "SOMEBODY" not in str(refused.value)


def test_an_identity_with_a_gap_is_joined_by_hand_only(tmp_path: Path) -> None:
    series = opened(tmp_path / "without issuer", issuer="")
    folder = signed_case(tmp_path / "results", 1, series)
    assert signed_before(tmp_path / "results", series, tmp_path / "new") == ()
    assert named_by_hand(folder, series).joined_by == BY_HAND
    assert named_by_hand(folder / "report.dcm", series).joined_by == BY_HAND


def test_a_draft_is_not_found_by_itself(series: OpenSeries, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "000001" / "signed" / "1"
    folder.mkdir(parents=True)
    plan = plans.plan()
    (folder / "report.dcm").write_bytes(write_report(plan, source_of(series), plans.case(plan)))
    assert signed_before(tmp_path / "results", series, tmp_path / "new") == ()
    assert named_by_hand(folder, series).state_words == "DRAFT - NOT RELEASED"


def test_a_service_without_results_has_nothing_earlier(series: OpenSeries, tmp_path: Path) -> None:
    assert signed_before(tmp_path / "nowhere", series, tmp_path / "new") == ()


@pytest.mark.parametrize("name", ["nothing", "notes.txt"])
def test_what_is_no_report_is_refused(series: OpenSeries, tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("not ours")
    with pytest.raises(RequestError, match=r"give report\.dcm"):
        named_by_hand(tmp_path / name, series)
