"""A constant shear is a gantry tilt: resampled exactly where measured, said in degrees and millimetres."""

import re
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_io import errors
from dicom_io.series import read_series
from dicom_io.tilt import shear_of, sheared
from tests.dicom_io.builders import ORIENTATIONS, Grid, ramp, write_series

TILTS_DEG = [-20.0, -7.5, 2.5, 12.0]


def tilted_grid(tilt_deg: float, count: int = 16) -> Grid:
    """Slices as a gantry tilted about the patient's left-right axis makes them: the table moves along z."""
    tilt = np.radians(tilt_deg)
    table_step_mm = 3.0
    return Grid(
        count=count,
        rows=30,
        spacing_mm=(table_step_mm * float(np.cos(tilt)), 0.8, 0.7),
        orientation=((1.0, 0.0, 0.0), (0.0, float(np.cos(tilt)), float(np.sin(tilt)))),
        shear_mm=(table_step_mm * float(np.sin(tilt)), 0.0),
    )


@pytest.mark.parametrize("tilt_deg", TILTS_DEG)
def test_every_measured_voxel_of_a_tilted_gantry_lies_where_the_closed_form_says(
    tmp_path: Path, tilt_deg: float
) -> None:
    grid = tilted_grid(tilt_deg)
    write_series(tmp_path, grid)
    volume = read_series(tmp_path).volume
    indices = np.stack(np.meshgrid(*map(np.arange, volume.geometry.shape), indexing="ij"), axis=-1)
    measured = volume.voxels != volume.padding_value
    points = volume.geometry.points_mm(indices)[measured]
    assert np.abs(volume.voxels[measured] - ramp(points)).max() <= 1.0 + 1e-6  # rounded twice: stored and resampled
    assert measured.sum() >= grid.count * (grid.rows - 1) * grid.columns


@pytest.mark.parametrize("tilt_deg", TILTS_DEG)
def test_the_tilt_is_said_in_degrees_and_mm(tmp_path: Path, tilt_deg: float) -> None:
    write_series(tmp_path, tilted_grid(tilt_deg))
    (note,) = read_series(tmp_path).notes
    shift_mm = 15 * 3.0 * abs(np.sin(np.radians(tilt_deg)))
    assert note.startswith(f"gantry tilt: slices are sheared by {abs(tilt_deg):.2f} degrees ({shift_mm:.1f} mm")


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_a_shear_along_both_axes_is_undone_in_any_orientation(tmp_path: Path, orientation) -> None:
    write_series(tmp_path, Grid(orientation=orientation, shear_mm=(0.37, -0.29)))
    volume = read_series(tmp_path).volume
    indices = np.stack(np.meshgrid(*map(np.arange, volume.geometry.shape), indexing="ij"), axis=-1)
    measured = volume.voxels != volume.padding_value
    assert np.abs(volume.voxels - ramp(volume.geometry.points_mm(indices)))[measured].max() <= 1.0 + 1e-6


def test_slice_k_keeps_its_plane(tmp_path: Path) -> None:
    write_series(tmp_path, tilted_grid(12.0))
    series = read_series(tmp_path)
    normal = series.volume.geometry.axes[:, 0]
    for k, one in enumerate(series.source.instances):
        assert abs((series.volume.geometry.points_mm([k, 0, 0]) - one.position_mm) @ normal) < 1e-6


def test_a_shear_that_never_reaches_a_tenth_of_a_mm_is_no_tilt(tmp_path: Path) -> None:
    write_series(tmp_path, Grid(shear_mm=(0.009, 0.0)))
    series = read_series(tmp_path)
    assert series.notes == ()
    assert series.volume.geometry.shape == (10, 20, 24)


def test_a_shear_that_grows_is_refused(tmp_path: Path) -> None:
    def bend(k: int, image: Dataset) -> None:
        x, y, z = map(float, image.ImagePositionPatient)
        image.ImagePositionPatient = [x, y + 0.05 * k * k, z]

    write_series(tmp_path, edit=bend)
    with pytest.raises(errors.ShearError, match=r"lies 0\.\d+ mm beside"):
        read_series(tmp_path)


def test_a_shear_no_gantry_makes_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, Grid(shear_mm=(2.5, 0.0)))
    with pytest.raises(errors.TiltError, match=re.escape("45.0 degrees (22.5 mm")):
        read_series(tmp_path)


def test_padding_is_not_mixed_into_tissue() -> None:
    image = np.full((6, 4), 50, dtype=np.int16)
    image[2] = -2000
    moved = sheared(image, image == -2000, np.array([0.5, 0.0]), (7, 4), -2000)
    assert set(np.unique(moved)) == {-2000, 50}
    assert moved[:, 0].tolist() == [-2000, 50, -2000, -2000, 50, 50, -2000]


def test_the_grid_grows_so_that_no_voxel_is_lost() -> None:
    shear = shear_of(5, (20, 20), np.array([-0.6, 0.25]))
    assert shear.plane == (23, 21)
    assert shear.first.tolist() == [-2.4, 0.0]
    assert shear.shifts.min() == 0.0
