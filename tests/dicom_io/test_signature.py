"""Only a person releases a plan, with no gate open, and the report says who, when and after which draft."""

from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pydicom
import pytest

from dicom_io.publish import plan_documents
from dicom_io.report import write_report
from dicom_io.report_reader import read_report
from dicom_io.series import SeriesSource, read_series
from dicom_io.signature import OpenGateError, ReportReference, Signature, SignedDraftError
from planner.plan import Plan, PlanState
from tests.dicom_io import plans
from tests.dicom_io.ct_files import ct_source, write_ct_series
from tests.dicom_io.judges import complaints, report_text
from tests.dicom_io.label_maps import blocks
from tests.dicom_io.test_pictures import AXIAL

DRAFT_READ = ReportReference("1.2.3", "1.2.3.4", "1.2.3.4.5")
SIGNATURE = Signature("Müller^Eva", "Interventional radiology", datetime(2024, 5, 6, 13, 0, 1), DRAFT_READ)  # noqa: DTZ001


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SeriesSource:
    return ct_source(tmp_path_factory.mktemp("ct"))


def released() -> Plan:
    return replace(plans.plan(state=PlanState.RELEASED), release_blockers=(), is_rehearsal=False)


def signed(source: SeriesSource, folder: Path) -> Path:
    path = folder / "signed.dcm"
    path.write_bytes(write_report(released(), source, plans.case(released()), SIGNATURE))
    return path


def test_a_signed_report_is_verified_final_and_no_draft(source: SeriesSource, tmp_path: Path) -> None:
    report = read_report(signed(source, tmp_path))
    assert (report.is_verified, report.is_final, report.is_draft) == (True, True, False)


def test_it_names_the_person_the_moment_and_the_draft_that_was_read(source: SeriesSource, tmp_path: Path) -> None:
    report = pydicom.dcmread(signed(source, tmp_path))
    observer = report.VerifyingObserverSequence[0]
    assert observer.VerifyingObserverName == "Muller^Eva"
    assert observer.VerificationDateTime == "20240506130001"
    series = report.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == DRAFT_READ.sop_instance_uid


def test_a_signed_report_is_the_same_in_every_run(source: SeriesSource, tmp_path: Path) -> None:
    again = write_report(released(), source, plans.case(released()), SIGNATURE)
    assert signed(source, tmp_path).read_bytes() == again


@pytest.mark.servers
def test_dciodvfy_finds_nothing_and_dsrdump_says_verified(source: SeriesSource, tmp_path: Path) -> None:
    path = signed(source, tmp_path)
    assert complaints(path) == []
    assert "VERIFIED" in report_text(path)
    assert "NOT RELEASED" not in report_text(path)


def test_an_open_gate_takes_no_signature(source: SeriesSource) -> None:
    gated = replace(released(), release_blockers=("scan again prone",))
    with pytest.raises(OpenGateError, match="1 things keep this plan from release: scan again prone"):
        write_report(gated, source, plans.case(gated), SIGNATURE)


def test_a_missing_patient_id_is_an_open_gate(tmp_path: Path) -> None:
    nobody = ct_source(tmp_path, patient_id="")
    with pytest.raises(OpenGateError, match="no Patient ID"):
        write_report(released(), nobody, plans.case(released()), SIGNATURE)


def test_a_draft_takes_no_signature(source: SeriesSource) -> None:
    draft = replace(plans.plan(), release_blockers=())
    with pytest.raises(SignedDraftError, match="is a draft"):
        write_report(draft, source, plans.case(draft), SIGNATURE)


def test_no_object_of_a_released_plan_says_draft(tmp_path: Path) -> None:
    write_ct_series(tmp_path)
    series = read_series(tmp_path)
    labels, case = blocks(series.volume.geometry), plans.case(released())
    for document in plan_documents(released(), labels, [AXIAL], series.source, case, SIGNATURE):
        assert b"DRAFT" not in document.file


def test_the_draft_in_a_file_can_be_named(source: SeriesSource, tmp_path: Path) -> None:
    path = tmp_path / "draft.dcm"
    path.write_bytes(write_report(plans.plan(), source, plans.case(plans.plan())))
    draft = pydicom.dcmread(BytesIO(path.read_bytes()))
    named = ReportReference.of(path)
    assert named == ReportReference(draft.StudyInstanceUID, draft.SeriesInstanceUID, draft.SOPInstanceUID)


def test_the_persons_name_stays_out_of_what_is_printed() -> None:
    assert "Eva" not in repr(SIGNATURE)
