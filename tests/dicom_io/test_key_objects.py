"""The key object selection opens the right slices and pictures first."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.ko import KeyObjectSelectionDocument

from dicom_io.documents import source_images
from dicom_io.key_slices import key_slices, nearest_slice, slice_words
from dicom_io.pictures import PictureNameError
from dicom_io.publish import Document, plan_documents
from dicom_io.series import ImageSeries, read_series
from tests.dicom_io import plans
from tests.dicom_io.ct_files import write_ct_series
from tests.dicom_io.judges import complaints, report_text
from tests.dicom_io.label_maps import blocks
from tests.dicom_io.test_pictures import AXIAL, THREE_D


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> ImageSeries:
    folder = tmp_path_factory.mktemp("ct")
    write_ct_series(folder)
    return read_series(folder)


def documents_of(series: ImageSeries) -> tuple[Document, ...]:
    plan = plans.plan()
    return plan_documents(plan, blocks(series.volume.geometry), [AXIAL, THREE_D], series.source, plans.case(plan))


@pytest.fixture(scope="module")
def documents(series: ImageSeries) -> tuple[Document, ...]:
    return documents_of(series)


def read(document: Document) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(document.file))


def test_a_case_has_report_segmentation_pictures_and_key_objects(documents: tuple[Document, ...]) -> None:
    assert [document.name for document in documents] == [
        "report.dcm", "segmentation.dcm", "key-axial.dcm", "key-3d.dcm", "key-objects.dcm",
    ]  # fmt: skip


def test_all_objects_of_a_case_are_the_same_in_every_run(series: ImageSeries, documents: tuple[Document, ...]) -> None:
    assert documents_of(series) == documents


def test_names_of_instances_differ_and_series_hold_one_kind(documents: tuple[Document, ...]) -> None:
    headers = [read(document) for document in documents]
    assert len({header.SOPInstanceUID for header in headers}) == len(headers)
    assert len({(header.SeriesInstanceUID, header.Modality, header.SeriesNumber) for header in headers}) == 4
    assert len({header.StudyInstanceUID for header in headers}) == 1


def test_the_selection_names_report_pictures_and_key_slices(
    series: ImageSeries, documents: tuple[Document, ...]
) -> None:
    selection = KeyObjectSelectionDocument.from_dataset(read(documents[-1]))
    named = {item.referenced_sop_instance_uid for item in selection.content.get_references()}
    slices = key_slices(plans.plan(), source_images(series.source))
    chosen = {series.source.instances[k].sop_instance_uid for k in slices}
    pictures = {documents[k].sop_instance_uid for k in (0, 2, 3)}
    assert named == chosen | pictures


def test_two_pictures_of_one_name_are_refused(series: ImageSeries) -> None:
    plan = plans.plan()
    with pytest.raises(PictureNameError, match="'axial' is taken"):
        plan_documents(plan, blocks(series.volume.geometry), [AXIAL, AXIAL], series.source, plans.case(plan))


@pytest.mark.servers
def test_dciodvfy_finds_nothing_and_dsrdump_reads_the_draft(documents: tuple[Document, ...], tmp_path: Path) -> None:
    path = documents[-1].save(tmp_path)
    assert complaints(path) == []
    assert "DRAFT - NOT RELEASED, REHEARSAL. L4 root, foramen L4/L5, left" in report_text(path)


def test_saving_leaves_one_whole_file(documents: tuple[Document, ...], tmp_path: Path) -> None:
    saved = documents[0].save(tmp_path)
    assert saved.read_bytes() == documents[0].file
    assert list(tmp_path.iterdir()) == [saved]


@pytest.mark.parametrize(("z_mm", "k"), [(-20.0, 0), (-18.8, 0), (-18.7, 1), (37.5, 23), (900.0, 23)])
def test_the_nearest_slice_is_found_along_the_normal(series: ImageSeries, z_mm: float, k: int) -> None:
    assert nearest_slice(np.array([5.0, -90.0, z_mm]), source_images(series.source)) == k


def test_a_slice_is_named_as_on_the_console(series: ImageSeries) -> None:
    assert slice_words(source_images(series.source).original[3]) == "series 4, image 4, slice location -12.5 mm"
