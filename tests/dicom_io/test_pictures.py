"""Pictures come back pixel by pixel, name their source, and say that they are drafts."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_io.pictures import Picture, PictureError, PictureNameError, write_picture
from dicom_io.series import SeriesSource
from tests.dicom_io import plans
from tests.dicom_io.ct_files import ct_source
from tests.dicom_io.judges import complaints

RGB = np.random.default_rng(7).integers(0, 256, (48, 64, 3), dtype=np.uint8)
AXIAL = Picture("axial", "Axial, L4 root, foramen L4/L5, left", RGB, ("L", "P"), (12, 13))
OBLIQUE = Picture("needle-plane", "Needle plane, L4 root, foramen L4/L5, left", RGB, ("LA", "FP"), (12,))
THREE_D = Picture("3d", "View from behind", RGB)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SeriesSource:
    return ct_source(tmp_path_factory.mktemp("ct"))


def file(picture: Picture, source: SeriesSource) -> bytes:
    plan = plans.plan()
    return write_picture(picture, 1, plan, source, plans.case(plan))


def header(picture: Picture, source: SeriesSource) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(file(picture, source)))


def test_pixels_come_back(source: SeriesSource) -> None:
    np.testing.assert_array_equal(header(AXIAL, source).pixel_array, RGB)


def test_a_picture_says_draft_rehearsal_and_that_text_is_burned_in(source: SeriesSource) -> None:
    found = header(AXIAL, source)
    assert found.BurnedInAnnotation == "YES"
    assert found.ImageComments == "DRAFT - NOT RELEASED, REHEARSAL. Axial, L4 root, foramen L4/L5, left"
    assert found.SeriesDescription == "Needle plan pictures, DRAFT - NOT RELEASED, REHEARSAL"
    assert (found.ConversionType, found.ImageType) == ("WSD", ["DERIVED", "SECONDARY"])
    assert found.Laterality in {"", None}


def test_a_picture_names_the_slices_it_shows(source: SeriesSource) -> None:
    named = [item.ReferencedSOPInstanceUID for item in header(AXIAL, source).SourceImageSequence]
    assert named == [source.instances[k].sop_instance_uid for k in (12, 13)]


def test_rows_and_columns_have_letters_only_where_the_view_has_axes(source: SeriesSource) -> None:
    assert list(header(AXIAL, source).PatientOrientation) == ["L", "P"]
    assert list(header(OBLIQUE, source).PatientOrientation) == ["LA", "FP"]
    assert not header(THREE_D, source).PatientOrientation


@pytest.mark.servers
@pytest.mark.parametrize("picture", [AXIAL, OBLIQUE, THREE_D], ids=["axial", "oblique", "3d"])
def test_dciodvfy_finds_nothing(picture: Picture, source: SeriesSource, tmp_path: Path) -> None:
    path = tmp_path / "picture.dcm"
    path.write_bytes(file(picture, source))
    assert complaints(path) == []


def test_the_same_case_gives_the_same_bytes_and_each_picture_its_own_uid(source: SeriesSource) -> None:
    assert file(AXIAL, source) == file(AXIAL, source)
    assert header(AXIAL, source).SOPInstanceUID != header(THREE_D, source).SOPInstanceUID
    assert header(AXIAL, source).SeriesInstanceUID == header(THREE_D, source).SeriesInstanceUID


def test_a_picture_of_lossy_images_says_that_they_were(source: SeriesSource, tmp_path: Path) -> None:
    lossy = ct_source(tmp_path, lossy_ratio=8.5)
    found = header(AXIAL, lossy)
    assert (found.LossyImageCompression, found.LossyImageCompressionRatio) == ("01", 8.5)
    assert "LossyImageCompression" not in header(AXIAL, source)


@pytest.mark.parametrize("pixels", [RGB[..., 0], RGB.astype(np.float32), RGB[..., :2]], ids=["grey", "float", "two"])
def test_what_is_no_rgb_picture_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(PictureError, match="draw it as RGB"):
        Picture("axial", "Axial", pixels)


@pytest.mark.parametrize("name", ["", "../secret", "Needle plane", "-a"])
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(PictureNameError, match="small letters"):
        Picture(name, "Axial", RGB)
