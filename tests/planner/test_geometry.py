import numpy as np
import pytest

from planner.errors import GeometryError
from planner.geometry import AxisOrder, VolumeGeometry, obliquity_deg, tilt_deg

SHAPE = (5, 7, 9)


def oblique_geometry(turn_deg: float) -> VolumeGeometry:
    turn = np.radians(turn_deg)
    axes = np.array([[0, np.sin(turn), np.cos(turn)], [0, np.cos(turn), -np.sin(turn)], [1, 0, 0]])
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.array([3.0, 0.8, 0.7])
    matrix[:3, 3] = (-120.0, -80.0, 400.0)
    return VolumeGeometry(matrix, SHAPE)


def test_points_and_indices_are_inverse():
    indices = np.random.default_rng(1).uniform(-5, 15, (100, 3))
    geometry = oblique_geometry(turn_deg=20)
    assert geometry.indices(geometry.points_mm(indices)) == pytest.approx(indices, abs=1e-9)


def test_spacing_is_in_array_order():
    assert oblique_geometry(turn_deg=20).spacing_mm == pytest.approx([3.0, 0.8, 0.7])


def test_sheared_axes_are_refused_with_their_cosine():
    matrix = np.eye(4)
    matrix[0, 1] = 0.05
    with pytest.raises(GeometryError, match="right angles"):
        VolumeGeometry(matrix, SHAPE)


def test_matrix_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        oblique_geometry(turn_deg=0).lps_from_index[0, 0] = 1


@pytest.mark.parametrize("flips", list(np.ndindex(2, 2, 2)))
@pytest.mark.parametrize("permutation", [(0, 1, 2), (1, 2, 0), (2, 1, 0), (0, 2, 1)])
def test_reordering_axes_keeps_every_voxel_in_place(flips, permutation):
    geometry = VolumeGeometry.from_spacing(SHAPE, (3.0, 0.8, 0.7), (10.0, 20.0, 30.0))
    array = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    scrambled = AxisOrder(permutation, tuple(bool(f) for f in flips))
    stored, stored_geometry = scrambled.apply(array), scrambled.apply_to_geometry(geometry)

    order = AxisOrder.to_patient_axes(stored_geometry)
    assert np.array_equal(order.apply(stored), array)
    assert order.apply_to_geometry(stored_geometry).matches(geometry)
    assert np.array_equal(order.undo(order.apply(stored)), stored)


def test_entry_on_the_left_is_a_positive_obliquity():
    target, entry = np.zeros(3), np.array([40.0, 60.0, 0.0])
    assert obliquity_deg(target - entry) == pytest.approx(np.degrees(np.arctan2(40, 60)))


def test_straight_from_anterior_is_180_degrees():
    assert abs(obliquity_deg([0.0, 1.0, 0.0])) == pytest.approx(180)


def test_aiming_cranially_is_a_positive_tilt():
    assert tilt_deg([0.0, -1.0, 0.5]) > 0


def test_a_point_on_the_outer_voxel_face_is_inside():
    geometry = VolumeGeometry.from_spacing(SHAPE, (1.0, 1.0, 1.0))
    assert geometry.contains([-0.5, 0.0, 0.0])
    assert not geometry.contains([-0.51, 0.0, 0.0])
