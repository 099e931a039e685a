"""Levels are chosen together: evenly, by their worth, and none where there is nothing."""

import numpy as np

from planner.anatomy.discs import chosen_together, relative_opening


def bumps(length: int, places: list[int], height: float = 1.0, width: float = 4.0) -> np.ndarray:
    rows = np.arange(length)
    return sum((height * np.exp(-((rows - p) ** 2) / (2 * width**2)) for p in places), np.full(length, -0.6))


def test_even_bumps_are_all_chosen():
    assert chosen_together(bumps(200, [20, 54, 88, 122, 156, 190])) == (20, 54, 88, 122, 156, 190)


def test_a_weak_bump_between_strong_ones_is_still_chosen():
    worth = bumps(150, [20, 88, 122]) + 0.75 * np.exp(-((np.arange(150) - 54) ** 2) / 32.0)
    assert chosen_together(worth) == (20, 54, 88, 122)


def test_a_stray_bump_half_way_is_not_chosen():
    worth = bumps(150, [20, 54, 88, 122]) + 0.9 * np.exp(-((np.arange(150) - 71) ** 2) / 8.0)
    assert chosen_together(worth) == (20, 54, 88, 122)


def test_the_chain_ends_where_the_spine_does():
    assert chosen_together(bumps(250, [20, 54, 88])) == (20, 54, 88)


def test_one_bump_alone_is_one_level():
    assert chosen_together(bumps(60, [30], height=1.5)) == (30,)


def test_nothing_worth_gives_nothing():
    assert chosen_together(np.full(100, -1.0)) == ()


def test_distances_far_from_the_expected_cost():
    worth = bumps(120, [20, 42, 54, 88])
    assert chosen_together(worth, np.full(120, 34.0)) == (20, 54, 88)


def test_opening_is_relative_to_its_neighbourhood():
    rows = np.arange(200)
    opening = 0.3 + 0.2 * (rows > 100) + 0.15 * np.cos(rows * 2 * np.pi / 30)
    relative = relative_opening(opening)
    assert relative[[30, 60, 150, 180]].min() > 0.95
    assert relative[[45, 75, 135, 165]].max() < 0.05


def test_one_wide_foramen_is_one_level():
    rows = np.arange(160)
    opening = ((rows % 36) < 24).astype(float)
    chosen = chosen_together(1.5 * opening - 0.75, opening=opening)
    assert np.diff(chosen).min() > 25
