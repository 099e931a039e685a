"""What keeps a series from being read: each refusal names the attribute, the value and the limit, in mm where it is a length."""

import re
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_io import errors
from dicom_io.series import read_series
from tests.dicom_io.builders import CORONAL, Grid, edit_file, set_values, write_series


def refusal(folder: Path) -> str:
    with pytest.raises(errors.DicomIoError) as raised:
        read_series(folder)
    said = str(raised.value)
    assert str(folder) not in said
    assert "Test" not in said
    assert not re.search(r"\d+\.\d+\.\d+\.\d+", said), "a UID"
    return f"{type(raised.value).__name__}: {said}"


def move(path: Path, *, by_mm: tuple[float, float, float]) -> None:
    def change(image: Dataset) -> None:
        image.ImagePositionPatient = list(np.array(image.ImagePositionPatient, dtype=float) + by_mm)

    edit_file(path, change)


def test_a_missing_slice_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path)[4].unlink()
    assert re.match(r"MissingSliceError: 1 slices .* after image 4: a gap of 5.000 mm .* 2.500 mm", refusal(tmp_path))


def test_two_holes_are_counted(tmp_path: Path) -> None:
    paths = write_series(tmp_path, Grid(count=20))
    for k in (4, 5, 11):
        paths[k].unlink()
    assert refusal(tmp_path).startswith("MissingSliceError: 3 slices")


def test_two_images_at_one_position_are_refused(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    move(paths[5], by_mm=(0, 0, 2.5))
    assert re.match(r"DuplicatePositionError: 1 images .* image 7 \(0.000 mm", refusal(tmp_path))


def test_two_phases_in_one_series_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, series_uid="1.2.3", edit=same_frame)
    write_series(tmp_path, series_uid="1.2.3", edit=same_frame, name="late{}")
    assert refusal(tmp_path).startswith("DuplicatePositionError: 10 images")


def same_frame(_: int, image: Dataset) -> None:
    image.FrameOfReferenceUID = "1.2.3.1"
    image.StudyInstanceUID = "1.2.3.2"


def test_other_pixels_under_one_uid_are_refused(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    (tmp_path / "copy").write_bytes(paths[3].read_bytes()[:-2] + b"\1\1")
    assert refusal(tmp_path).startswith("DuplicatePositionError")


@pytest.mark.parametrize("off_mm", [0.25, 0.6])
def test_uneven_spacing_is_refused_in_mm(tmp_path: Path, off_mm: float) -> None:
    move(write_series(tmp_path)[5], by_mm=(0, 0, off_mm))
    assert re.match(
        rf"UnevenSpacingError: .* image 6 .*gaps {2.5 - off_mm:.3f} to {2.5 + off_mm:.3f}", refusal(tmp_path)
    )


def test_positions_rounded_to_a_tenth_are_accepted(tmp_path: Path) -> None:
    def round_position(_: int, image: Dataset) -> None:
        image.ImagePositionPatient = [f"{float(value):.1f}" for value in image.ImagePositionPatient]

    write_series(tmp_path, Grid(count=40, spacing_mm=(0.625, 0.8, 0.7)), edit=round_position)
    np.testing.assert_allclose(read_series(tmp_path).volume.geometry.spacing_mm[0], 0.625, atol=1e-3)


def test_two_orientations_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, series_uid="1.2.3", edit=same_frame)
    write_series(tmp_path, Grid(count=3, orientation=CORONAL, rows=20), series_uid="1.2.3", edit=same_frame, name="c{}")
    assert re.match(r"TwoOrientationsError: .* 90.00 degrees", refusal(tmp_path))


def test_one_slice_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, Grid(count=1))
    assert refusal(tmp_path).startswith("OneSliceError")


def test_no_pixel_data_is_refused(tmp_path: Path) -> None:
    edit_file(write_series(tmp_path)[3], lambda image: delattr(image, "PixelData"))
    assert refusal(tmp_path).startswith("NoPixelDataError: image 4")


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"])
def test_no_position_is_refused(tmp_path: Path, keyword: str) -> None:
    edit_file(write_series(tmp_path)[3], lambda image: delattr(image, keyword))
    assert refusal(tmp_path).startswith("NoPositionError: 1 of 10 images")


def test_a_position_of_two_numbers_is_none(tmp_path: Path) -> None:
    edit_file(write_series(tmp_path)[3], lambda image: setattr(image, "ImagePositionPatient", [1, 2]))
    assert refusal(tmp_path).startswith("NoPositionError: 1 of 10 images")


def test_different_rows_are_refused(tmp_path: Path) -> None:
    edit_file(write_series(tmp_path)[3], lambda image: set_values(image, np.zeros((18, 24))))
    assert "18 x 24 in image 4, 20 x 24 in the first" in refusal(tmp_path)


def test_different_pixel_spacing_is_refused(tmp_path: Path) -> None:
    edit_file(write_series(tmp_path)[3], lambda image: setattr(image, "PixelSpacing", [0.82, 0.7]))
    assert "0.82 x 0.7 mm in image 4" in refusal(tmp_path)


def test_truncated_pixel_data_are_refused(tmp_path: Path) -> None:
    path = write_series(tmp_path)[3]
    path.write_bytes(path.read_bytes()[:-100])
    assert re.match(r"TruncatedPixelDataError: .* image 4 .*\(860 of 960 bytes\)", refusal(tmp_path))


@pytest.mark.parametrize("orientation", [[1, 0, 0, 0.2, 1, 0], [0, 0, 0, 0, 1, 0], [2, 0, 0, 0, 2, 0]])
def test_axes_that_are_no_right_angle_are_refused(tmp_path: Path, orientation: list[float]) -> None:
    write_series(tmp_path, edit=lambda _, image: setattr(image, "ImageOrientationPatient", orientation))
    assert refusal(tmp_path).startswith("AxesError")


@pytest.mark.parametrize(
    ("keyword", "value", "name"),
    [
        ("PatientID", "other", "Patient ID"),
        ("PatientName", "Other", "Patient's Name"),
        ("FrameOfReferenceUID", "1.2.3", "Frame of Reference UID"),
        ("StudyInstanceUID", "1.2.3", "Study Instance UID"),
        ("PatientPosition", "FFS", "Patient Position"),
    ],
)
def test_a_series_of_two_patients_or_frames_is_refused(tmp_path: Path, keyword: str, value: str, name: str) -> None:
    edit_file(write_series(tmp_path)[3], lambda image: setattr(image, keyword, value))
    assert refusal(tmp_path).startswith(f"MixedSeriesError: images of one series disagree on {name}")


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
def test_ct_without_rescale_is_refused(tmp_path: Path, keyword: str) -> None:
    edit_file(write_series(tmp_path)[3], lambda image: delattr(image, keyword))
    assert refusal(tmp_path).startswith("ValuesError: Rescale")


def test_ct_in_another_unit_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, edit=lambda _, image: setattr(image, "RescaleType", "MGML"))
    assert "Rescale Type is MGML" in refusal(tmp_path)


def test_an_enhanced_image_without_functional_groups_is_refused_clearly(tmp_path: Path) -> None:
    def enhance(_: int, image: Dataset) -> None:
        image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
        image.NumberOfFrames = 40

    write_series(tmp_path, Grid(count=1), edit=enhance)
    assert "1 x enhanced image whose frames and functional groups differ in number" in refusal(tmp_path)


def test_a_sideways_shift_that_is_no_tilt_is_refused(tmp_path: Path) -> None:
    move(write_series(tmp_path)[5], by_mm=(0.8, 0, 0))
    assert re.match(r"ShearError: .* image 6 lies 0\.\d+ mm beside", refusal(tmp_path))


# --- the real series ----------------------------------------------------------------------------------------------
