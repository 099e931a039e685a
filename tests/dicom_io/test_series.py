"""A series is read to where it lies, or refused with the millimetres that make it doubtful."""

import re
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_io import errors
from dicom_io.series import ImageSeries, derived_frame_of_reference_uid, find_series, read_series, source_headers
from planner.structures import PatientPosition
from planner.volume import Modality
from tests.dicom_io.builders import CORONAL, ORIENTATIONS, Grid, edit_file, ramp, set_values, write_series

ROUNDED = 0.5 + 1e-6
"""A value is stored as a whole number."""


def largest_error(series: ImageSeries) -> float:
    """Largest difference between a voxel and the closed form at its place; padding left out."""
    volume = series.volume
    indices = np.stack(np.meshgrid(*map(np.arange, volume.geometry.shape), indexing="ij"), axis=-1)
    difference = np.abs(volume.voxels - ramp(volume.geometry.points_mm(indices)))
    if volume.padding_value is not None:
        difference = difference[volume.voxels != volume.padding_value]
    return float(difference.max())


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_every_voxel_lies_where_the_closed_form_says(tmp_path: Path, orientation, modality) -> None:
    grid = Grid(orientation=orientation)
    intercept = -1024.0 if modality == "CT" else 0.0
    write_series(tmp_path, grid, modality=modality, signed=modality == "MR", intercept=intercept)
    series = read_series(tmp_path)
    assert series.volume.modality == modality
    assert largest_error(series) <= ROUNDED
    np.testing.assert_allclose(series.volume.geometry.spacing_mm, grid.spacing_mm, atol=1e-6)


@pytest.mark.parametrize("position", list(PatientPosition))
def test_patient_position_is_read(tmp_path: Path, position: PatientPosition) -> None:
    write_series(tmp_path, edit=lambda _, image: setattr(image, "PatientPosition", str(position)))
    assert read_series(tmp_path).source.patient_position is position


def test_file_names_and_their_order_mean_nothing(tmp_path: Path) -> None:
    for k, path in enumerate(write_series(tmp_path)):
        path.rename(tmp_path / f"{(k * 7) % 10}")
    series = read_series(tmp_path)
    assert largest_error(series) <= ROUNDED
    assert [one.instance_number for one in series.source.instances] == list(range(1, 11))


def test_slice_k_of_the_volume_is_instance_k_of_the_source(tmp_path: Path) -> None:
    write_series(tmp_path, Grid(orientation=CORONAL))
    series = read_series(tmp_path)
    for k, one in enumerate(series.source.instances):
        np.testing.assert_allclose(series.volume.geometry.points_mm([k, 0, 0]), one.position_mm, atol=1e-6)


def test_one_file_stands_for_its_series(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    write_series(tmp_path, series_number=9, name="other{}")
    assert read_series(paths[4]).volume.geometry.shape == (10, 20, 24)


def test_signed_and_unsigned_pixels_give_the_same_values(tmp_path: Path) -> None:
    write_series(tmp_path / "u", signed=False)
    write_series(tmp_path / "s", signed=True, intercept=0.0)
    unsigned, signed = read_series(tmp_path / "u"), read_series(tmp_path / "s")
    np.testing.assert_array_equal(unsigned.volume.voxels, signed.volume.voxels)


def test_each_slice_has_its_own_rescale_slope(tmp_path: Path) -> None:
    grid = Grid()

    def rescale(k: int, image: Dataset) -> None:
        set_values(image, ramp(grid.points_mm(k)), slope=0.25 + 0.05 * k, intercept=-1000.0 - k)

    write_series(tmp_path, grid, edit=rescale)
    assert largest_error(read_series(tmp_path)) <= ROUNDED + 0.35


def test_mr_signal_keeps_one_scale_over_slices_of_different_slope(tmp_path: Path) -> None:
    grid = Grid()

    def rescale(k: int, image: Dataset) -> None:
        set_values(image, ramp(grid.points_mm(k)) + 500, slope=0.05 * (1 + k % 2), intercept=0.0)

    write_series(tmp_path, grid, modality="MR", edit=rescale)
    series = read_series(tmp_path)
    points = np.stack([grid.points_mm(k) for k in range(grid.count)])
    np.testing.assert_allclose(series.volume.voxels * 0.1, ramp(points) + 500, atol=0.1)
    assert any("slopes differ" in note for note in series.notes)


def test_declared_padding_is_told_apart_from_air(tmp_path: Path) -> None:
    def pad(_: int, image: Dataset) -> None:
        pixels = np.frombuffer(image.PixelData, "<i2").copy()
        pixels[:30] = -2000
        image.PixelData = pixels.tobytes()
        image.add_new("PixelPaddingValue", "SS", -2000)

    write_series(tmp_path, signed=True, intercept=-24.0, edit=pad)
    series = read_series(tmp_path)
    assert series.volume.padding_value == -2024
    assert np.count_nonzero(series.volume.voxels == -2024) == 300
    assert largest_error(series) <= ROUNDED


def test_padding_declared_inside_tissue_is_ignored_and_said(tmp_path: Path) -> None:
    write_series(tmp_path, signed=True, intercept=0.0, edit=lambda _, i: i.add_new("PixelPaddingValue", "SS", 0))
    series = read_series(tmp_path)
    assert series.volume.padding_value is None
    assert any("padding" in note and "0 HU" in note for note in series.notes)


def test_padding_is_found_where_a_ct_does_not_declare_it(tmp_path: Path) -> None:
    def pad(_: int, image: Dataset) -> None:
        pixels = np.frombuffer(image.PixelData, "<i2").reshape(20, 24).copy()
        pixels[[0, 0, -1, -1], [0, -1, 0, -1]] = -3024
        image.PixelData = pixels.tobytes()

    write_series(tmp_path, signed=True, intercept=0.0, edit=pad)
    assert read_series(tmp_path).volume.padding_value == -3024


def test_values_beyond_int16_are_cut_and_counted(tmp_path: Path) -> None:
    def metal(_: int, image: Dataset) -> None:
        pixels = np.frombuffer(image.PixelData, "<u2").copy()
        pixels[:3] = 65535
        image.PixelData = pixels.tobytes()

    write_series(tmp_path, edit=metal)
    series = read_series(tmp_path)
    assert series.volume.voxels.max() == 32767
    assert any(note.startswith("30 voxels were beyond") for note in series.notes)


def test_a_missing_frame_of_reference_is_derived_and_never_shared(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_series(tmp_path / name, edit=lambda _, image: delattr(image, "FrameOfReferenceUID"))
    a, again, b = (read_series(tmp_path / name) for name in ("a", "a", "b"))
    assert a.source.frame_of_reference_is_derived
    assert a.volume.geometry.frame_of_reference_uid == again.volume.geometry.frame_of_reference_uid
    assert a.volume.geometry.frame_of_reference_uid == derived_frame_of_reference_uid(a.source.series_instance_uid)
    assert a.volume.geometry.frame_of_reference_uid != b.volume.geometry.frame_of_reference_uid
    assert {h.FrameOfReferenceUID for h in source_headers(a.source)} == {a.source.frame_of_reference_uid}
    assert any("Frame of Reference" in note for note in a.notes)


def test_a_stored_frame_of_reference_is_kept(tmp_path: Path) -> None:
    write_series(tmp_path, edit=lambda _, image: setattr(image, "FrameOfReferenceUID", "1.2.3"))
    series = read_series(tmp_path)
    assert series.source.frame_of_reference_uid == "1.2.3"
    assert not series.source.frame_of_reference_is_derived


# --- which series -------------------------------------------------------------------------------------------------


def test_scouts_junk_and_other_objects_are_left_out_and_counted(tmp_path: Path) -> None:
    write_series(tmp_path / "deep" / "er")
    write_series(
        tmp_path,
        Grid(count=2),
        series_number=1,
        edit=lambda _, i: setattr(i, "ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]),
    )
    write_series(
        tmp_path / "sc", Grid(count=1), edit=lambda _, i: setattr(i, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.7")
    )
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM" + b"rest")
    (tmp_path / "README.txt").write_text("hello")
    (tmp_path / "broken").write_bytes(b"\0" * 128 + b"DICM" + b"\x08\x00\x05\x00CS\xff")
    series = read_series(tmp_path)
    assert series.source.series_number == 3
    said = " / ".join(series.notes)
    for part in ("2 x scout", "1 x not DICOM", "1 x DICOMDIR", "1 x not a CT or MR image"):
        assert part in said
    assert largest_error(series) <= ROUNDED


def test_several_volumes_are_a_question_with_facts(tmp_path: Path) -> None:
    write_series(tmp_path / "a", Grid(count=10), series_number=3)
    write_series(tmp_path / "b", Grid(count=6, spacing_mm=(5.0, 0.8, 0.7)), series_number=4)
    with pytest.raises(
        errors.SeveralSeriesError, match=r"series 3 .*10 images.*series 4 .*6 images.*x 5.00 mm"
    ) as raised:
        read_series(tmp_path)
    (uid,) = [uid for uid, facts in raised.value.choices if facts.startswith("series 4")]
    assert uid not in str(raised.value)
    series = read_series(tmp_path, uid)
    assert series.source.series_number == 4
    assert any("series 3" in note for note in series.notes)


def test_an_unknown_series_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path)
    with pytest.raises(errors.SeriesNotFoundError, match="series 3"):
        read_series(tmp_path, "1.2.3.4")


def test_a_smaller_series_that_is_no_volume_steps_back(tmp_path: Path) -> None:
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", Grid(count=1), series_number=1)
    series = read_series(tmp_path)
    assert series.source.series_number == 3
    assert any("series 1" in note and "1 slice" in note for note in series.notes)


def test_a_larger_series_that_is_refused_does_not_step_back(tmp_path: Path) -> None:
    write_series(tmp_path / "a", Grid(count=4), series_number=5)
    write_series(tmp_path / "b")[4].unlink()
    with pytest.raises(errors.SeveralSeriesError, match="1 slices are missing"):
        read_series(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.NoSeriesError, match="no file"):
        read_series(tmp_path)


def test_a_second_copy_of_an_image_is_left_out_and_said(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    (tmp_path / "copy of 3").write_bytes(paths[3].read_bytes())
    series = read_series(tmp_path)
    assert series.volume.geometry.shape[0] == 10
    assert "left out 1 x second copy of an image" in series.notes


def test_headers_alone_tell_which_series_make_a_volume(tmp_path: Path) -> None:
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", Grid(count=5))[2].unlink()
    found = find_series(tmp_path)
    assert [one.refusal is None for one in found] == [True, False]


# --- refusals -----------------------------------------------------------------------------------------------------


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


@pytest.mark.realdata
def test_the_real_abdomen_is_read_with_what_it_lacks_said(real_data: Path) -> None:
    series = read_series(real_data / "abdomen_ct" / "series")
    assert series.volume.geometry.shape == (119, 512, 512)
    assert series.volume.geometry.is_in_patient_axes
    np.testing.assert_allclose(series.volume.geometry.spacing_mm, (1.6, 0.743, 0.743), atol=1e-6)
    assert series.volume.modality is Modality.CT
    assert (series.volume.voxels.min(), series.volume.voxels.max()) == (-1024, 1023)
    assert series.source.patient_position is None
    assert series.source.frame_of_reference_is_derived
    assert len(series.notes) == 3


def test_no_record_shows_the_patient(tmp_path: Path) -> None:
    write_series(tmp_path)
    series = read_series(tmp_path)
    assert series.source.patient.name == "Test^Ramp"
    assert "Ramp" not in repr(series.source)
    assert "R-1" not in repr(series.source)
