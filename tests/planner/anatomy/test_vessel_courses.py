"""The usual course of the vena cava as a prior: where it is cheap to run, and where it must go on unseen."""

import numpy as np
import pytest

from planner.anatomy.tubes import Track, TrackGrid
from planner.anatomy.vessel_courses import CavaPlace, cava_course
from planner.anatomy.vessel_tracks import low_fork

Z_MM = np.arange(-140.0, 101.0, 20.0)


def grid() -> TrackGrid:
    n = len(Z_MM)
    hu = np.zeros((n, 60, 60), dtype=np.float32)
    left, front = np.tile([1.0, 0.0], (n, 1)), np.tile([0.0, -1.0], (n, 1))
    return TrackGrid(hu, Z_MM, np.zeros((n, 2)), left, front, -60.0, 0.0, 2.0)


def test_the_cava_runs_to_the_right_and_forward_towards_the_atrium():
    u, v = cava_course(Z_MM)
    assert (u < 0.0).all()
    assert v[-1] - v[0] > 20.0


@pytest.mark.parametrize("row", range(len(Z_MM)))
def test_the_usual_place_is_the_cheapest_at_every_height(row: int):
    penalty = CavaPlace(0.0).penalty(grid())[row]
    v, u = np.unravel_index(penalty.argmin(), penalty.shape)
    usual_u, usual_v = cava_course(Z_MM[row])
    assert abs(grid().u_mm[u] - usual_u) <= 1.0
    assert abs(grid().v_mm[v] - usual_v) <= 1.0


def test_less_must_be_seen_between_renal_veins_and_atrium_than_elsewhere():
    thresholds = CavaPlace(0.0).thresholds(grid())
    assert thresholds[Z_MM == 0.0] < thresholds[0]
    assert thresholds[-1] == thresholds[0]


def test_without_a_named_level_every_height_is_alike():
    place = CavaPlace(None)
    assert np.ptp(place.penalty(grid()), axis=0).max() == 0.0
    assert np.ptp(place.thresholds(grid())) == 0.0


@pytest.mark.parametrize(("turns_at", "expected"), [(20, 16), (0, 0)])
def test_a_trunk_that_stays_wide_below_its_usual_end_goes_on_to_where_it_leaves_its_line(turns_at: int, expected: int):
    """Usual end at slice 40; below ``turns_at`` it runs 2 mm aside per slice, 8 mm off after four; where it never does it is kept whole."""
    u_mm = -12.0 - 2.0 * np.maximum(turns_at - np.arange(80.0), 0.0)
    trunk = Track(0, np.full(80, 54.0), u_mm, np.full(80, 9.0), np.full(80, 0.8))
    rows = np.arange(8, 72)
    assert abs(low_fork(trunk, 40, rows, np.ones(len(rows))) - expected) <= 1


def test_a_trunk_that_tapers_below_its_usual_end_ends_there():
    trunk = Track(0, np.full(80, 54.0), np.full(80, -12.0), np.full(80, 9.0), np.full(80, 0.8))
    rows = np.arange(8, 72)
    assert low_fork(trunk, 40, rows, np.where(rows == 30, 0.8, 1.0)) == 30
