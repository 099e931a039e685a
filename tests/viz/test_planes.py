"""A coin on the patient's left side must be where the letter L is, however the patient lies."""

import numpy as np
import pytest

from planner.geometry import VolumeGeometry
from planner.structures import PatientPosition, Pose
from planner.volume import LabelMap, Volume
from viz.palette import BONE_WINDOW
from viz.planes import Plane, axial, coronal, direction_letters, needle_plane, sagittal
from viz.slices import slice_picture

GRID = VolumeGeometry.from_spacing((20, 60, 80), (2.0, 2.0, 2.0), (-79.0, -59.0, -19.0))
COIN_MM = np.array([60.0, 0.0, 0.0])
MIDDLE_MM = np.zeros(3)


def body_with_coin_on_the_left() -> Volume:
    voxels = np.full(GRID.shape, 40, dtype=np.int16)
    k, j, i = np.rint(GRID.indices(COIN_MM)).astype(int)
    voxels[k - 2 : k + 3, j - 2 : j + 3, i - 2 : i + 3] = 3000
    return Volume(GRID, voxels)


def coin_edge(plane: Plane) -> str:
    labels = LabelMap(GRID, np.zeros(GRID.shape, dtype=np.uint16))
    picture = slice_picture(body_with_coin_on_the_left(), labels, plane, BONE_WINDOW, pixel_mm=1.0)
    rows, columns = np.nonzero(picture[..., 0] > 250)
    across, down = columns.mean() - picture.shape[1] / 2, rows.mean() - picture.shape[0] / 2
    left, right, top, bottom = plane.letters
    if abs(across) > abs(down):
        return right if across > 0 else left
    return bottom if down > 0 else top


@pytest.mark.parametrize("position", list(PatientPosition))
def test_coin_on_the_left_is_at_the_letter_l(position):
    assert coin_edge(axial(MIDDLE_MM, position.pose, 150.0)) == "L"


@pytest.mark.parametrize(
    ("pose", "top", "left"),
    [
        (Pose.SUPINE, "A", "R"),
        (Pose.PRONE, "P", "L"),
        (Pose.LEFT_SIDE, "R", "P"),
        (Pose.RIGHT_SIDE, "L", "A"),
    ],
)
def test_axial_is_as_at_the_console(pose, top, left):
    letters = axial(MIDDLE_MM, pose, 150.0).letters
    assert (letters[2], letters[0]) == (top, left)


@pytest.mark.parametrize("pose", list(Pose))
def test_axial_is_seen_from_the_feet_and_never_mirrored(pose):
    assert axial(MIDDLE_MM, pose, 150.0).toward_viewer == pytest.approx([0, 0, -1])


def test_sagittal_and_coronal_have_the_head_up():
    assert sagittal(MIDDLE_MM, 100.0).letters == ("A", "P", "H", "F")
    assert coronal(MIDDLE_MM, 100.0).letters == ("R", "L", "H", "F")


def test_needle_lies_in_the_needle_plane():
    entry, target = np.array([70.0, 90.0, 20.0]), np.array([20.0, 10.0, 0.0])
    plane = needle_plane(entry, target, 150.0)
    assert plane.in_plane_mm(np.stack([entry, target]))[:, 2] == pytest.approx([0, 0], abs=1e-9)
    assert plane.in_plane_mm(entry)[0] > plane.in_plane_mm(target)[0]


def test_oblique_edges_carry_composite_letters():
    assert direction_letters(np.array([0.8, 0.6, 0.0])) == "LP"
    assert direction_letters(np.array([0.99, 0.14, 0.0])) == "L"
