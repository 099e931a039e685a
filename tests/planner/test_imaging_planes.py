"""Two planes hold the needle whole and stand square to each other, as near to axial and sagittal as it allows."""

import numpy as np
import pytest

from planner.geometry import unit
from planner.imaging_planes import planes_along


@pytest.mark.parametrize("seed", range(20))
def test_both_planes_hold_the_needle_and_are_square_to_each_other(seed: int):
    rng = np.random.default_rng(seed)
    entry, target = rng.uniform(-80.0, 80.0, (2, 3))
    planes = planes_along(entry, target)
    for plane in planes:
        assert abs(plane.normal @ unit(target - entry)) < 1e-9
        assert np.allclose(plane.center_mm, (entry + target) / 2.0)
        assert plane.row @ plane.column == pytest.approx(0.0, abs=1e-9)
        assert np.linalg.norm(plane.row) == pytest.approx(1.0)
    assert planes[0].normal @ planes[1].normal == pytest.approx(0.0, abs=1e-9)


def test_a_needle_in_the_axial_plane_is_shown_by_an_axial_slice_and_an_oblique_one():
    entry, target = np.array([60.0, 80.0, -20.0]), np.array([20.0, 40.0, -20.0])
    axial, oblique = planes_along(entry, target)
    assert axial.words == "axial"
    assert np.allclose(axial.row, [1.0, 0.0, 0.0])
    assert np.allclose(axial.column, [0.0, 1.0, 0.0])
    assert oblique.words in {"sagittal, 45 degrees to coronal", "coronal, 45 degrees to sagittal"}
    assert np.allclose(oblique.column, [0.0, 0.0, -1.0])


def test_a_tilted_needle_tilts_the_axial_slice_by_as_much():
    axial, sagittal = planes_along(np.array([0.0, 80.0, -20.0]), np.array([0.0, 40.0, -20.0 + 40.0 * np.tan(0.2)]))
    assert axial.words == "axial, 11 degrees to coronal"
    assert sagittal.words == "sagittal"
