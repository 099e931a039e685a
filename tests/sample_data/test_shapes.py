"""Signed distances are exact: never steeper than 1 mm per mm, and their foot lies on the surface."""

import numpy as np
import pytest

from planner.geometry import frozen
from sample_data.shapes import (
    Ball,
    Frame,
    RoundCone,
    RoundedBox,
    RoundedColumn,
    polygon_distance,
    tube,
    turn_about,
    union_distance,
)
from sample_data.vertebrae import body_outline

_PROFILE = frozen([(-60, -10), (-1.2, -10), (-3.5, 0), (-1.2, 10), (-60, 10)])
_FRAME = Frame(frozen([3.0, -2.0, 5.0]), turn_about(0, 25.0) @ turn_about(2, 40.0))

EXACT = {
    "ball": (Ball(frozen([1.0, 2.0, 3.0]), 7.0),),
    "round cone": (RoundCone(frozen([0.0, 0.0, -8.0]), frozen([4.0, 3.0, 9.0]), 6.0, 2.5),),
    "rounded box": (RoundedBox(_FRAME, (5.0, 9.0, 7.0), 2.0),),
    "waisted column": (RoundedColumn(_FRAME, body_outline(46.0, 33.0), 5.0, _PROFILE, 1.2),),
    "tube": tube([[0, 0, -20], [3, 0, -8], [0, 5, 4], [-4, 5, 18]], [4.0, 5.0, 3.0, 3.5]),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_distance_outside_is_exact(name):
    rng = np.random.default_rng(5)
    points = rng.uniform(-45, 45, (3, 4000))
    distance = union_distance(EXACT[name], points)
    step = 1e-4
    slope = np.stack(
        [(union_distance(EXACT[name], points + step * np.eye(3)[:, [axis]]) - distance) / step for axis in range(3)]
    )
    steepness = np.linalg.norm(slope, axis=0)
    outside = distance > 0.01
    assert steepness.max() < 1 + 1e-3
    smooth = outside & (steepness > 0.999)  # not on a crease between two nearest points
    assert smooth.sum() > 0.97 * outside.sum()
    feet = points - distance * slope
    assert np.abs(union_distance(EXACT[name], feet)[smooth]).max() < 0.02


@pytest.mark.parametrize("name", EXACT)
def test_a_box_of_bounds_holds_the_shape(name):
    points = np.random.default_rng(6).uniform(-45, 45, (3, 20000))
    for shape in EXACT[name]:
        inside = points[:, shape.distance_mm(points) < 0]
        assert (inside >= shape.bounds_mm[0][:, None]).all()
        assert (inside <= shape.bounds_mm[1][:, None]).all()


def test_a_polygon_is_negative_inside_and_knows_its_edges():
    square = frozen([(0, 0), (4, 0), (4, 4), (0, 4)])
    x, y = np.array([2.0, 5.0, 7.0, 0.5]), np.array([2.0, 2.0, 8.0, 3.0])
    assert polygon_distance(x, y, square) == pytest.approx([-2.0, 1.0, 5.0, -0.5])
