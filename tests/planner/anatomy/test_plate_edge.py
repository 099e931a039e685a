"""The border of a thin bright plate seen through blur: profiles in closed form."""

from math import erf

import numpy as np
import pytest

from planner.anatomy.plate_edge import DEPTH_MM, border_inside
from planner.geometry import FloatArray

BEFORE_HU, MARROW_HU = 80.0, 150.0


def below(deviations: FloatArray) -> FloatArray:
    return 0.5 * (1.0 + np.vectorize(erf)(deviations / np.sqrt(2.0)))


def profile(
    depth_mm: FloatArray, border_mm: float, blur_mm: float, plate_hu: float, plate_mm: float = 0.6
) -> FloatArray:
    """A plate of ``plate_hu`` above its marrow, from the border on."""
    step = below((depth_mm - border_mm) / blur_mm)
    plate = step - below((depth_mm - border_mm - plate_mm) / blur_mm)
    return BEFORE_HU + (MARROW_HU - BEFORE_HU) * step + plate_hu * plate


def steepest_rise(blur_mm: float, plate_hu: float, plate_mm: float = 0.6) -> float:
    """Where a profile whose border is at 0 rises most."""
    fine = np.arange(-6.0, 3.0, 0.01)
    return float(fine[np.gradient(profile(fine, 0.0, blur_mm, plate_hu, plate_mm)).argmax()])


@pytest.mark.parametrize("blur_mm", [0.8, 1.0, 1.4, 2.0])
@pytest.mark.parametrize("plate_mm", [0.4, 0.6, 0.9])
def test_the_border_is_nearer_than_the_steepest_rise_and_never_passed(blur_mm, plate_mm):
    outside_mm = -steepest_rise(blur_mm, 800.0, plate_mm)
    seen = profile(DEPTH_MM, outside_mm, blur_mm, 800.0, plate_mm)
    moved_mm = border_inside(seen)
    assert outside_mm > 0.25
    assert 0.25 * outside_mm < moved_mm < outside_mm + 0.05


def test_the_less_the_blur_the_more_of_the_way_is_gone():
    shares = []
    for blur_mm in (0.8, 1.4, 2.4):
        outside_mm = -steepest_rise(blur_mm, 800.0)
        shares.append(border_inside(profile(DEPTH_MM, outside_mm, blur_mm, 800.0)) / outside_mm)
    assert shares == sorted(shares, reverse=True)


def test_a_step_without_a_plate_stays_where_it_rises_most():
    assert abs(border_inside(profile(DEPTH_MM, 0.0, 1.0, 0.0))) < 0.1


def test_no_rise_and_too_few_samples_move_nothing():
    assert border_inside(np.full(len(DEPTH_MM), 100.0)) == 0.0
    few = np.where(DEPTH_MM > 2.0, profile(DEPTH_MM, 0.6, 1.0, 800.0), np.nan)
    assert border_inside(few) == 0.0
