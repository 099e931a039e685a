"""The sheet as a DICOM object: the same page, of the same patient, and as far as the plan is."""

from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import EncapsulatedPDFStorage

from dicom_io.documents import source_images
from dicom_io.encapsulated import write_sheet
from dicom_io.key_slices import key_slices
from dicom_io.publish import sheet_document
from dicom_io.series import ImageSeries, read_series
from planner.plan import PlanState
from tests.dicom_io import plans
from tests.dicom_io.ct_files import write_ct_series
from tests.dicom_io.judges import complaints
from tests.dicom_io.test_documents import IDENTITIES, assert_same_identity
from tests.servers import run

ODD = b"%PDF-1.4\n%%EOF\n"
assert len(ODD) % 2, "a value of DICOM has an even length"


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> ImageSeries:
    folder = tmp_path_factory.mktemp("ct")
    write_ct_series(folder, **IDENTITIES["japanese"])
    return read_series(folder)


def written(series: ImageSeries, state: PlanState = PlanState.DRAFT) -> pydicom.Dataset:
    plan = plans.plan(state=state)
    return pydicom.dcmread(BytesIO(write_sheet(ODD, plan, series.source, plans.case(plan))))


def test_the_page_comes_back_byte_for_byte(series: ImageSeries) -> None:
    sheet = written(series)
    assert sheet.SOPClassUID == EncapsulatedPDFStorage
    assert sheet.EncapsulatedDocument[: sheet.EncapsulatedDocumentLength] == ODD
    assert (sheet.MIMETypeOfEncapsulatedDocument, sheet.BurnedInAnnotation) == ("application/pdf", "YES")


def test_it_belongs_to_the_source_and_names_its_slices(series: ImageSeries) -> None:
    sheet = written(series)
    assert_same_identity(sheet, pydicom.dcmread(series.source.instances[0].path))
    chosen = {
        series.source.instances[k].sop_instance_uid for k in key_slices(plans.plan(), source_images(series.source))
    }
    assert {item.ReferencedSOPInstanceUID for item in sheet.SourceInstanceSequence} == chosen


@pytest.mark.parametrize(
    ("state", "flag", "words"),
    [
        (PlanState.DRAFT, "UNVERIFIED", "Needle plan sheet, DRAFT - NOT RELEASED, REHEARSAL"),
        (PlanState.RELEASED, "VERIFIED", "Needle plan sheet, RELEASED, REHEARSAL"),
    ],
)
def test_it_says_how_far_the_plan_is(series: ImageSeries, state: PlanState, flag: str, words: str) -> None:
    sheet = written(series, state)
    assert (sheet.VerificationFlag, sheet.SeriesDescription) == (flag, words)
    assert sheet.DocumentTitle == f"{words}. L4 root, foramen L4/L5, left"


def test_the_same_case_gives_the_same_bytes(series: ImageSeries) -> None:
    plan = plans.plan()
    first, again = (sheet_document(ODD, plan, series.source, plans.case(plan)) for _ in range(2))
    assert first == again


@pytest.mark.servers
@pytest.mark.parametrize("wishes", IDENTITIES.values(), ids=IDENTITIES.keys())
def test_dciodvfy_has_no_complaint(wishes: dict[str, object], tmp_path: Path) -> None:
    source = read_series(write_ct_series(tmp_path, slices=12, **wishes)[0].parent).source  # type: ignore[arg-type]
    plan = plans.plan()
    document = sheet_document(ODD, plan, source, plans.case(plan))
    assert document.name == "sheet.dcm"
    assert complaints(document.save(tmp_path)) == []


@pytest.mark.servers
def test_dcmtk_takes_the_page_out_again(series: ImageSeries, tmp_path: Path) -> None:
    plan = plans.plan()
    path = sheet_document(ODD, plan, series.source, plans.case(plan)).save(tmp_path)
    assert run("dcm2pdf", path, tmp_path / "out.pdf").returncode == 0
    assert (tmp_path / "out.pdf").read_bytes()[: len(ODD)] == ODD
