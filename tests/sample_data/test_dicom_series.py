"""The written series says where every voxel lies, is valid, and is the same every time."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name the whole field uses

import sample_data
from planner.structures import PatientPosition, Pose, Structure
from sample_data.__main__ import main
from sample_data.dicom_series import Encoding, SeriesOptions, write_dicom_series
from sample_data.parameters import SMALL, PhantomParameters
from sample_data.phantom import make_phantom

SCAN = PhantomParameters(spacing_mm=(8.0, 5.0, 4.0), field_of_view_mm=(160, 270, 380), noise_hu=8.0)


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(SCAN)


def voxels_and_points(paths):
    """(n, 3) LPS points of all voxel centres of a series, by PS3.3 C.7.6.2.1.1, and their HU."""
    points, values = [], []
    for dataset in map(pydicom.dcmread, paths):
        right, down = np.reshape(dataset.ImageOrientationPatient, (2, 3)).astype(float)
        row_mm, column_mm = map(float, dataset.PixelSpacing)
        rows, columns = np.mgrid[: dataset.Rows, : dataset.Columns]
        place = np.array(dataset.ImagePositionPatient, dtype=float)
        points.append(place + columns[..., None] * column_mm * right + rows[..., None] * row_mm * down)
        values.append(dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept))
    return np.stack(points).reshape(-1, 3), np.stack(values).ravel()


@pytest.mark.parametrize("position", PatientPosition)
def test_every_voxel_keeps_its_place_in_every_patient_position(phantom, tmp_path, position):
    paths = write_dicom_series(phantom, tmp_path, SeriesOptions(position))
    points, hu = voxels_and_points(paths)
    assert np.array_equal(phantom.volume.nearest(points), hu)
    assert pydicom.dcmread(paths[0]).PatientPosition == position


@pytest.mark.parametrize(
    ("position", "orientation"),
    [
        ("HFS", [1, 0, 0, 0, 1, 0]),
        ("HFP", [-1, 0, 0, 0, -1, 0]),
        ("FFS", [-1, 0, 0, 0, 1, 0]),
        ("FFP", [1, 0, 0, 0, -1, 0]),
        ("HFDL", [0, -1, 0, 1, 0, 0]),
        ("HFDR", [0, 1, 0, -1, 0, 0]),
    ],
)
def test_the_ceiling_is_up_on_the_console(phantom, tmp_path, position, orientation):
    path = write_dicom_series(phantom, tmp_path, SeriesOptions(PatientPosition(position)))[0]
    assert list(pydicom.dcmread(path).ImageOrientationPatient) == orientation


def test_without_options_the_position_is_the_phantoms(tmp_path):
    supine = make_phantom(replace(SCAN, pose=Pose.SUPINE, spacing_mm=(40.0, 20.0, 20.0)))
    assert pydicom.dcmread(write_dicom_series(supine, tmp_path)[0]).PatientPosition == "HFS"


def test_an_oblique_scan_keeps_its_place_too(tmp_path):
    turned = make_phantom(replace(SCAN, turn_deg=(12.0, 5.0, 20.0), spacing_mm=(16.0, 8.0, 8.0)))
    points, hu = voxels_and_points(write_dicom_series(turned, tmp_path))
    assert np.array_equal(turned.volume.nearest(points), hu)


@pytest.mark.parametrize("encoding", [Encoding.IMPLICIT, Encoding.RLE, Encoding.JPEG_LS])
def test_every_encoding_is_lossless(phantom, tmp_path, encoding):
    plain = write_dicom_series(phantom, tmp_path / "plain", SeriesOptions())
    coded = write_dicom_series(phantom, tmp_path / "coded", SeriesOptions(encoding=encoding, extension=""))
    assert coded[0].suffix == ""
    for a, b in zip(plain[::5], coded[::5], strict=True):
        assert pydicom.dcmread(b).file_meta.TransferSyntaxUID == encoding.uid
        assert np.array_equal(pydicom.dcmread(a).pixel_array, pydicom.dcmread(b).pixel_array)


def test_the_same_phantom_gives_the_same_bytes(phantom, tmp_path):
    first = write_dicom_series(phantom, tmp_path / "a")
    again = write_dicom_series(make_phantom(SCAN), tmp_path / "b")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]


def test_uids_tell_series_apart_and_keep_the_study(phantom, tmp_path):
    plain = pydicom.dcmread(write_dicom_series(phantom, tmp_path / "a", SeriesOptions())[0])
    other = pydicom.dcmread(write_dicom_series(phantom, tmp_path / "b", SeriesOptions(series_number=3))[0])
    assert plain.StudyInstanceUID == other.StudyInstanceUID
    assert plain.FrameOfReferenceUID == other.FrameOfReferenceUID
    assert plain.SeriesInstanceUID != other.SeriesInstanceUID
    assert plain.SOPInstanceUID != other.SOPInstanceUID


def test_gantry_tilt_is_a_constant_shear(phantom, tmp_path):
    paths = write_dicom_series(phantom, tmp_path, SeriesOptions(PatientPosition.HFP, tilt_deg=10.0))
    datasets = [pydicom.dcmread(path) for path in paths]
    places = np.array([d.ImagePositionPatient for d in datasets], dtype=float)
    right, down = np.reshape(datasets[0].ImageOrientationPatient, (2, 3)).astype(float)
    steps = np.diff(places, axis=0)
    assert np.ptp(steps, axis=0).max() < 1e-6
    cosine = abs(steps[0] @ np.cross(right, down)) / np.linalg.norm(steps[0])
    assert np.degrees(np.arccos(cosine)) == pytest.approx(10.0, abs=1e-3)
    points, hu = voxels_and_points(paths)
    inside = phantom.signed_distance_mm(Structure.VERTEBRA, points[::7]) < -4
    assert hu[::7][inside].mean() > 100


def test_position_and_frame_of_reference_can_be_left_out(phantom, tmp_path):
    options = SeriesOptions(with_position=False, with_frame_of_reference=False)
    dataset = pydicom.dcmread(write_dicom_series(phantom, tmp_path, options)[0])
    assert "PatientPosition" not in dataset
    assert "FrameOfReferenceUID" not in dataset


@pytest.mark.parametrize("encoding", [Encoding.EXPLICIT, Encoding.JPEG_LS, Encoding.RLE])
def test_dciodvfy_finds_no_error(phantom, tmp_path, encoding):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed; apt-get install dicom3tools")
    paths = write_dicom_series(phantom, tmp_path, SeriesOptions(PatientPosition.HFP, encoding))
    judged = subprocess.run(["dciodvfy", paths[3]], capture_output=True, text=True, check=False)
    assert "Error" not in judged.stderr + judged.stdout


def test_the_command_writes_series_and_truth(tmp_path, capsys):
    assert main([str(tmp_path), "--spacing-mm", "20", "10", "10", "--lumbar-count", "4", "--pose", "supine"]) == 0
    assert "slices in" in capsys.readouterr().out
    assert len(list((tmp_path / "series").glob("*.dcm"))) == 16
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert [row["name"] for row in truth["levels"]][:3] == ["S1", "L4", "L3"]
    image = sitk.ReadImage(str(tmp_path / "truth.nii.gz"))
    center = next(row["body_center_mm"] for row in truth["levels"] if row["name"] == "L4")
    value = image[image.TransformPhysicalPointToIndex(center)]
    assert truth["labels"][str(value)] == {"structure": "vertebra", "part": "body", "level": "L4", "side": None}


def test_the_shipped_series_is_what_its_command_makes():
    paths = sorted((Path(sample_data.__file__).parent / "small").glob("CT*.dcm"))
    points, hu = voxels_and_points(paths)
    made = make_phantom(SMALL).volume
    difference = np.abs(made.nearest(points) - hu)
    assert difference.max() <= 1  # the last bit of a float may round otherwise on another processor
    assert sum(path.stat().st_size for path in paths) < 5e6
