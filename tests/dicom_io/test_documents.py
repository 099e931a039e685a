"""Every object belongs to the patient and study of its source, letter by letter, whatever the source holds."""

import logging
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_io.codes import PRIVATE_SCHEME
from dicom_io.documents import NoStudyError, plain, source_images
from dicom_io.identity import IDENTITY_KEYWORDS
from dicom_io.publish import plan_documents
from dicom_io.report import NO_PATIENT_ID, write_report
from dicom_io.report_reader import read_report
from dicom_io.segmentation import read_segmentation
from dicom_io.series import read_series
from dicom_io.signature import UnsignedReleaseError
from planner.plan import PlanState
from tests.dicom_io import plans
from tests.dicom_io.ct_files import Wish, write_ct_series
from tests.dicom_io.judges import complaints
from tests.dicom_io.label_maps import blocks
from tests.dicom_io.test_pictures import AXIAL

IDENTITIES: dict[str, dict[str, Wish]] = {
    "latin 1": {"name": "Müller^Jürgen^^Dr.", "character_set": "ISO_IR 100"},
    "utf-8": {"name": "Łukasz^Żółć=山田^太郎", "character_set": "ISO_IR 192"},
    "japanese": {"name": "Yamada^Tarou=山田^太郎=やまだ^たろう", "character_set": ("", "ISO 2022 IR 87")},
    "default repertoire": {"name": "Smith^John", "character_set": None},
    "name without caret": {"name": "Anonymous"},
    "no patient": {"name": "", "patient_id": ""},
    "type 2 attributes missing": {
        "omit": ("PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyTime")
    },
    "geometry facts missing": {"omit": ("SliceThickness", "FrameOfReferenceUID", "PatientPosition", "SliceLocation")},
}


@pytest.mark.servers
@pytest.mark.parametrize("wishes", IDENTITIES.values(), ids=IDENTITIES.keys())
def test_a_report_has_the_sources_identity_and_dciodvfy_accepts_it(wishes: dict[str, Wish], tmp_path: Path) -> None:
    source = read_series(write_ct_series(tmp_path, slices=12, **wishes)[0].parent).source
    plan = plans.plan()
    path = tmp_path / "report.dcm"
    path.write_bytes(write_report(plan, source, plans.case(plan)))
    assert_same_identity(pydicom.dcmread(path), pydicom.dcmread(source.instances[0].path))
    assert complaints(path) == []


def test_every_kind_of_object_has_the_sources_identity(tmp_path: Path) -> None:
    series = read_series(write_ct_series(tmp_path, **IDENTITIES["japanese"])[0].parent)
    source = pydicom.dcmread(series.source.instances[0].path)
    plan = plans.plan()
    for document in plan_documents(plan, blocks(series.volume.geometry), [AXIAL], series.source, plans.case(plan)):
        assert_same_identity(pydicom.dcmread(BytesIO(document.file)), source)


def assert_same_identity(made: pydicom.Dataset, source: pydicom.Dataset) -> None:
    for keyword in IDENTITY_KEYWORDS:
        assert (made.get(keyword) or None) == (source.get(keyword) or None), keyword


def test_a_sex_outside_the_standard_is_copied_not_refused(tmp_path: Path) -> None:
    for path in write_ct_series(tmp_path):
        header = pydicom.dcmread(path)
        header.PatientSex = "W"
        header.save_as(path)
    plan = plans.plan()
    report = write_report(plan, read_series(tmp_path).source, plans.case(plan))
    assert pydicom.dcmread(BytesIO(report)).PatientSex == "W"


def test_images_without_study_are_refused(tmp_path: Path) -> None:
    source = read_series(write_ct_series(tmp_path, omit=("StudyInstanceUID",))[0].parent).source
    with pytest.raises(NoStudyError, match="no Study Instance UID"):
        source_images(source)


def test_no_name_reaches_a_log_or_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    write_ct_series(tmp_path, name="Hidden^Secret", patient_id="HUSH-1")
    series = read_series(tmp_path)
    plan, released = plans.plan(), plans.plan(state=PlanState.RELEASED)
    plan_documents(plan, blocks(series.volume.geometry), [AXIAL], series.source, plans.case(plan))
    with pytest.raises(UnsignedReleaseError) as refusal:
        write_report(released, series.source, plans.case(released))
    for said in (caplog.text, str(refusal.value)):
        assert "Hidden" not in said
        assert "HUSH" not in said


def test_the_headers_given_to_libraries_hold_nobody_and_the_originals_stay_whole(tmp_path: Path) -> None:
    write_ct_series(tmp_path, name="Hidden^Secret", patient_id="HUSH-1")
    images = source_images(read_series(tmp_path).source)
    assert not images.faceless[0].PatientName
    assert not images.faceless[0].PatientID
    assert images.original[0].PatientName == "Hidden^Secret"


def test_every_object_declares_the_private_scheme_and_who_made_it(tmp_path: Path) -> None:
    write_ct_series(tmp_path)
    series = read_series(tmp_path)
    plan = plans.plan()
    for document in plan_documents(plan, blocks(series.volume.geometry), [AXIAL], series.source, plans.case(plan)):
        made = pydicom.dcmread(BytesIO(document.file))
        assert [item.CodingSchemeDesignator for item in made.CodingSchemeIdentificationSequence] == [PRIVATE_SCHEME]
        assert (made.Manufacturer, made.SoftwareVersions) == ("needleplan", "0.1.0")
        assert (made.ContentDate, made.ContentTime) == ("20240506", "123015")


@pytest.mark.parametrize(
    ("words", "spelled"),
    [
        ("L4/L5, 12 mm", "L4/L5, 12 mm"),
        ("\N{LESS-THAN OR EQUAL TO} 3 \N{GREEK SMALL LETTER SIGMA}", "at most 3 sigma"),
        ("22 G \N{MULTIPLICATION SIGN} 90 mm \N{EN DASH} Quincke", "22 G x 90 mm - Quincke"),
        ("naïve straße", "naive strasse"),
    ],
)
def test_our_own_words_are_plain_ascii(words: str, spelled: str) -> None:
    assert plain(words) == spelled


@pytest.mark.realdata
@pytest.mark.servers
def test_a_real_series_without_frame_of_reference_and_patient_id_gets_valid_objects(
    real_data: Path, tmp_path: Path
) -> None:
    series = read_series(real_data / "abdomen_ct" / "series")
    plan = plans.plan()
    labels = blocks(series.volume.geometry)
    for document in plan_documents(plan, labels, [AXIAL], series.source, plans.case(plan)):
        assert complaints(document.save(tmp_path)) == [], document.name
    assert NO_PATIENT_ID in read_report(tmp_path / "report.dcm").release_blockers
    back = read_segmentation(tmp_path / "segmentation.dcm", series.volume.geometry)
    assert np.count_nonzero(back.labels) == np.count_nonzero(labels.labels > 1)
