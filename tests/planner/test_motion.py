"""Rigid motions, against closed forms."""

import numpy as np
import pytest

from planner.errors import GeometryError
from planner.motion import RigidMotion

POINTS = np.array([[0.0, 0.0, 0.0], [40.0, 0.0, 5.0], [0.0, 30.0, -7.0], [3.0, -9.0, 60.0]])
MOTION = RigidMotion.about([10.0, -5.0, 30.0], [20.0, -8.0, 35.0], [4.0, 2.0, -9.0])


def test_a_quarter_turn_about_the_cranial_axis_brings_left_to_posterior():
    turned = RigidMotion.about([0, 0, 0], [0, 0, 90], [0, 0, 0]).of([1.0, 0.0, 0.0])
    np.testing.assert_allclose(turned, [0.0, 1.0, 0.0], atol=1e-12)


def test_a_motion_leaves_distances_and_its_centre_moves_by_its_shift():
    moved = MOTION.of(POINTS)
    np.testing.assert_allclose(
        np.linalg.norm(moved[1:] - moved[0], axis=1), np.linalg.norm(POINTS[1:] - POINTS[0], axis=1)
    )
    np.testing.assert_allclose(MOTION.of([10.0, -5.0, 30.0]), [14.0, -3.0, 21.0])


def test_there_and_back_is_nowhere():
    np.testing.assert_allclose(MOTION.then(MOTION.inverse).of(POINTS), POINTS, atol=1e-9)


def test_a_motion_is_found_from_the_points_that_it_moved():
    found = RigidMotion.between(POINTS, MOTION.of(POINTS))
    np.testing.assert_allclose(found.rotation, MOTION.rotation, atol=1e-9)
    np.testing.assert_allclose(found.shift_mm, MOTION.shift_mm, atol=1e-9)


def test_a_mirror_image_is_never_fitted_by_a_mirror():
    assert np.linalg.det(RigidMotion.between(POINTS, POINTS * [-1.0, 1.0, 1.0]).rotation) == pytest.approx(1.0)


@pytest.mark.parametrize("points", [POINTS[:2], np.outer(np.arange(5.0), [1.0, 2.0, 3.0])])
def test_points_on_one_line_leave_a_turn_open(points: np.ndarray):
    with pytest.raises(GeometryError, match="leave a turn open"):
        RigidMotion.between(points, points)


def test_a_shear_and_a_mirror_are_no_motions():
    for matrix in (np.diag([1.0, 1.0, -1.0]), np.eye(3) + np.eye(3, k=1)):
        with pytest.raises(GeometryError, match="orthonormal"):
            RigidMotion(matrix, np.zeros(3))
