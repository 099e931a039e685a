import numpy as np
import pytest

from planner.anatomy.spine_frame import SpineFrame

Z = np.linspace(0, 200, 201)


def curved_frame(rotation_deg: float = 0.0) -> SpineFrame:
    return SpineFrame.along(np.stack([10 * np.sin(Z / 60), 20 * np.cos(Z / 80), Z], axis=1), rotation_deg)


@pytest.mark.parametrize("rotation_deg", [0.0, 15.0, -30.0])
def test_to_the_spine_and_back(rotation_deg):
    suv = np.random.default_rng(3).uniform([5, -50, -50], [195, 50, 50], (300, 3))
    frame = curved_frame(rotation_deg)
    assert frame.from_lps(frame.to_lps(suv)) == pytest.approx(suv, abs=0.05)


def test_left_and_anterior_are_the_patients():
    _, left, anterior, cranial = curved_frame().at(100.0)
    assert left[0] > 0.9
    assert anterior[1] < -0.9
    assert cranial[2] > 0.9


def test_positive_rotation_turns_anterior_to_the_left():
    _, _, anterior, _ = curved_frame(rotation_deg=20.0).at(100.0)
    assert anterior[0] == pytest.approx(np.sin(np.radians(20)), abs=0.02)


def test_directions_are_orthonormal():
    _, left, anterior, cranial = curved_frame(rotation_deg=10.0).at(np.linspace(0, 190, 50))
    axes = np.stack([left, anterior, cranial], axis=-1)
    assert np.swapaxes(axes, -1, -2) @ axes == pytest.approx(np.broadcast_to(np.eye(3), axes.shape), abs=2e-3)


def test_a_line_that_wavers_still_has_planes_that_do_not_cross_in_the_bodies():
    wavering = np.stack([0.0 * Z, 20 * np.cos(Z / 80) + 1.5 * np.sin(Z / 5), Z], axis=1)
    suv = np.random.default_rng(4).uniform([15, -30, -40], [185, 30, 45], (300, 3))
    calm, hasty = (SpineFrame.along(wavering, calm_mm=mm) for mm in (12.0, 0.0))
    assert calm.from_lps(calm.to_lps(suv)) == pytest.approx(suv, abs=0.05)
    assert np.abs(hasty.from_lps(hasty.to_lps(suv)) - suv).max() > 10.0
