from dataclasses import replace

import numpy as np
import pytest

from viz.palette import BLACK, NEEDLE, TARGET
from viz.planes import Plane, axial
from viz.render import SIZE_PX, draw_pictures, draw_scene, draw_slice, key_planes
from viz.scene import plan_scene, seen_letters
from viz.subject import Caption, Picture

pytestmark = pytest.mark.graphics


def pixels_of(picture: Picture, colour: tuple[int, int, int], reach: int = 40) -> np.ndarray:
    """(n, 2) row and column of the pixels near a colour."""
    return np.argwhere(np.abs(picture.rgb.astype(int) - colour).max(axis=-1) <= reach)


def expected_pixel(plane: Plane, point_mm: np.ndarray) -> np.ndarray:
    right, up, _ = plane.in_plane_mm(point_mm)
    scale = SIZE_PX / plane.width_mm
    return np.array([SIZE_PX / 2 - up * scale, SIZE_PX / 2 + right * scale])


def test_needle_and_target_are_where_the_numbers_say(subject):
    for plane in key_planes(subject):
        picture = draw_slice(subject, plane)
        tip = expected_pixel(plane, subject.path.target_mm)
        ring = pixels_of(picture, TARGET)
        assert ring.mean(axis=0) == pytest.approx(tip, abs=3.0), plane.name


def test_needle_enters_on_the_left_of_a_prone_patient_seen_from_the_feet(subject):
    plane = axial(subject.path.target_mm, subject.plan.scan_position.pose, 220.0)
    shaft = pixels_of(draw_slice(subject, plane), NEEDLE)
    entry = expected_pixel(plane, subject.path.entry_mm)
    assert plane.letters[0] == "L"
    assert entry[1] < SIZE_PX / 2
    assert np.linalg.norm(shaft - entry, axis=1).min() < 8


def test_every_picture_carries_the_banner(subject):
    without = replace(subject, caption=Caption("", subject.caption.identity))
    for drawn, bare in zip(draw_pictures(subject), draw_pictures(without), strict=True):
        assert (drawn.rgb[:40] != bare.rgb[:40]).any(), drawn.name


def test_pictures_have_names_and_one_size(subject):
    pictures = draw_pictures(subject)
    assert [p.name for p in pictures] == ["axial", "needle-plane", "down-the-needle", "3d"]
    assert {p.rgb.shape for p in pictures} == {(SIZE_PX, SIZE_PX, 3)}


def test_same_subject_same_pixels(subject):
    assert np.array_equal(draw_scene(subject).rgb, draw_scene(subject).rgb)


def test_needle_is_seen_in_3d(subject):
    assert len(pixels_of(draw_scene(subject), NEEDLE, reach=60)) > 200


def test_outside_the_scan_a_slice_is_black(subject):
    far = replace(subject.path, target_mm=subject.path.target_mm + np.array([0.0, 0.0, 500.0]))
    picture = draw_slice(subject, axial(far.target_mm, subject.plan.scan_position.pose, 100.0))
    assert len(pixels_of(picture, BLACK, reach=5)) > 0.9 * SIZE_PX**2


def test_seen_from_behind_the_patients_right_is_on_the_right(subject):
    left, right, top, bottom = seen_letters(plan_scene(subject))
    assert ("L" in left, "R" in right, top[0], bottom[0]) == (True, True, "H", "F")
