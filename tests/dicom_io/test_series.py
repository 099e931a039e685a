"""A series is read to where it lies; what is doubtful about it is said. What is refused: ``test_series_refused.py``."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_io import errors
from dicom_io.series import ImageSeries, derived_frame_of_reference_uid, find_series, read_series, source_headers
from planner.structures import PatientPosition
from planner.volume import Modality
from tests.dicom_io.builders import CORONAL, ORIENTATIONS, Grid, ramp, set_values, write_series

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
