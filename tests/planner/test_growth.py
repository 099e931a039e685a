"""Margins that grow below the skin: in closed form, in the sweep and in the exact measurement alike."""

from dataclasses import replace

import numpy as np
import pytest

from planner.clearance import Surface
from planner.geometry import VolumeGeometry
from planner.measure import clearances_of
from planner.obstacles import ROOM_MM
from planner.planning import plan_prepared
from planner.prepared import Prepared
from planner.search import Sweep, sweep
from planner.site import Site
from planner.situation import Situation
from planner.sweep.fan import Exit
from tests.planner.blocks import Ball, block, faces_of, grid, random_balls, situation_in

COARSE = grid(2.0)
GROWTH = 0.04


def prepared(seed: int, growth: float = GROWTH) -> Prepared:
    situation = situation_in(block(random_balls(seed), COARSE))
    return Prepared.of((replace(situation, site=Site(margin_growth=growth)),), faces_of(situation))


def swept(one: Prepared) -> Sweep:
    return sweep(one.situations[0], one.reach, one.faces)


def may_be_paths(one: Prepared, found: Sweep) -> list[int]:
    wanted = np.concatenate([face.wanted.reshape(-1) for face in one.faces])
    return np.flatnonzero(wanted & (found.kinds == Exit.SKIN)).tolist()


def least_spare_mm(situation: Situation, one: Prepared, found: Sweep, index: int) -> float:
    tip = situation.target.tips_mm[found.tips[index]]
    entry = tip + found.depth_mm[index] * found.outward[index]
    rows = clearances_of(situation, one.reach.surfaces, entry, tip)
    return min(row.spare_mm for _, row in rows) + situation.radius_mm


@pytest.mark.parametrize("growth", [0.0, 0.02, 0.1])
def test_beside_a_wall_the_deepest_point_leaves_least(growth: float) -> None:
    wall = np.argwhere(np.ones((40, 1, 40), bool)) + np.array([0, 8, 0])
    surface = Surface(VolumeGeometry.from_spacing((40, 40, 40), (1, 1, 1)), wall.astype(float))
    closest = surface.closest(np.array([20.0, 2, 30]), np.array([20.0, 2, 6]), growth)
    assert closest is not None
    assert closest.distance_mm == pytest.approx(5.5)
    assert closest.along_mm == pytest.approx(24.0 if growth else 0.0, abs=0.3)


def test_nearness_and_depth_are_weighed() -> None:
    voxel = np.array([[20.0, 8, 16]])  # k, j, i
    surface = Surface(VolumeGeometry.from_spacing((40, 40, 40), (1, 1, 1)), voxel)
    start, end = np.array([20.0, 2, 30]), np.array([20.0, 2, 2])
    plain, grown = surface.closest(start, end), surface.closest(start, end, 0.5)
    assert plain is not None
    assert grown is not None
    assert grown.along_mm > plain.along_mm
    every = np.linspace(0, 28, 2801)
    gaps = np.maximum(np.abs(start + every[:, None] / 28 * (end - start) - voxel[0, ::-1]) - 0.5, 0)
    truth = (np.linalg.norm(gaps, axis=1) - 0.5 * every).min()
    assert grown.distance_mm - 0.5 * grown.along_mm == pytest.approx(truth, abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_the_sweep_agrees_with_the_exact_measurement_of_grown_margins(seed: int) -> None:
    one = prepared(seed)
    found, situation = swept(one), one.situations[0]
    chosen = np.random.default_rng(seed).choice(may_be_paths(one, found), 60, replace=False).tolist()
    for index in chosen:
        exact = least_spare_mm(situation, one, found, index)
        if -1.0 < exact < 4.0:
            assert exact <= found.room_mm[index] + found.slack_mm[index] + 0.21
            assert exact >= found.room_mm[index] - 2.0


@pytest.mark.parametrize("seed", range(3))
def test_growth_never_makes_room_and_takes_no_more_than_it_says(seed: int) -> None:
    plain, grown = prepared(seed, 0.0), prepared(seed)
    before, after = swept(plain), swept(grown)
    paths = may_be_paths(plain, before)
    less = (before.room_mm - after.room_mm)[paths]
    assert less.min() >= -1e-9
    assert less.max() <= GROWTH * before.depth_mm[paths].max() + 0.1 + 1e-9
    assert less.max() > 0.5


def test_where_nothing_is_near_growth_takes_nothing_that_counts() -> None:
    situation = situation_in(block([Ball((0.0, -15.0, 0.0), 2.0)], COARSE))
    one = Prepared.of((replace(situation, site=Site(margin_growth=GROWTH)),), faces_of(situation))
    found = swept(one)
    assert found.room_mm[may_be_paths(one, found)].min() >= ROOM_MM - 0.1


def test_a_path_reports_the_margin_at_its_depth() -> None:
    one = prepared(0)
    margins = {obstacle.structure: obstacle.margin_mm for obstacle in one.situations[0].obstacles}
    for path in plan_prepared(one).plan.trajectories:
        for row in path.clearances:
            assert row.margin_mm == pytest.approx(margins[row.structure] + GROWTH * row.depth_mm)
            assert row.spare_mm >= 0


def test_without_growth_nothing_changes() -> None:
    one = prepared(1, 0.0)
    plain = situation_in(block(random_balls(1), COARSE))
    again = Prepared.of((plain,), faces_of(plain))
    assert swept(one).room_mm.tobytes() == swept(again).room_mm.tobytes()
