"""No path is lost and none invented: the search against brute force on random anatomies, and what must never help."""

from dataclasses import replace

import numpy as np
import pytest

from planner.geometry import BoolArray, FloatArray, unit
from planner.plan import TargetPlan
from planner.planning import Setting
from planner.planning import planned as plan_of
from planner.rules import first_broken, hard_limits
from planner.search import Sweep, sweep
from planner.situation import Candidates, Situation
from planner.sweep.fan import STEP, Exit, in_window
from planner.sweep.kept import reach_of
from planner.sweep.reach import QUANTUM_MM, Reach, entries_of
from planner.trajectories import Trajectories
from tests.planner.blocks import (
    SKIN_Y_MM,
    Ball,
    block,
    faces_of,
    grid,
    procedure,
    random_balls,
    situation_in,
    target_at,
)

LONGEST_MM = 141.0
COARSE = grid(2.5)


def in_block(seed: int, count: int = 20) -> Situation:
    return situation_in(block(random_balls(seed, count), COARSE, uncertainty_mm=0.3))


def swept(situation: Situation) -> tuple[Reach, Sweep]:
    faces, tips = faces_of(situation), situation.target.tips_mm
    entries = entries_of(situation.anatomy.surroundings, tips, faces, LONGEST_MM, table_is_air=False)
    reach = reach_of(situation.labels, situation.obstacles, tips, faces, entries)
    return reach, sweep(situation, reach, faces)


def rooms_mm(situation: Situation) -> FloatArray:
    """Of every direction that may be a path: inside the window, and out through skin."""
    found = swept(situation)[1]
    wanted = np.concatenate([face.wanted.reshape(-1) for face in found.faces])
    return np.where(wanted & (found.kinds == Exit.SKIN), found.room_mm, np.nan)


def planned(situation: Situation) -> TargetPlan:
    anatomy = situation.anatomy
    return plan_of(Setting(anatomy, anatomy.labels, situation.procedure, False), situation.target).plan


def random_outward(situation: Situation, count: int, seed: int) -> FloatArray:
    """Directions well inside the window; all meet the flat skin behind."""
    drawn = unit(np.random.default_rng(seed).normal(size=(count * 40, 3)) * [0.5, 0.2, 0.3] + [0.3, 1.0, 0.0])
    return drawn[in_window(drawn, situation.approach, situation.target.side) >= 1.0][:count]


def brute_force_mm(situation: Situation, outward: FloatArray, depth_mm: float) -> float:
    """Least room beyond margins and needle: every voxel as a box, every 0.1 mm of the path. Slow and obvious."""
    labels = situation.labels
    spacing = labels.geometry.spacing_mm
    along = np.arange(0.0, depth_mm, 0.1)[:, None] * outward
    points = labels.geometry.indices(along) * spacing
    least = np.inf
    for obstacle in situation.obstacles:
        boxes = np.argwhere(obstacle.mask(labels.labels)) * spacing
        reachable = (boxes >= points.min(axis=0) - 15.0).all(axis=1) & (boxes <= points.max(axis=0) + 15.0).all(axis=1)
        for some in np.array_split(boxes[reachable], 8):
            if len(some):
                gaps = np.maximum(np.abs(points[:, None] - some[None]) - spacing / 2, 0.0)
                distance = float(np.sqrt(np.einsum("abc,abc->ab", gaps, gaps).min()))
                least = min(least, distance - obstacle.margin_mm - situation.radius_mm)
    return least


@pytest.mark.parametrize("seed", range(3))
def test_every_path_that_is_free_by_more_than_the_resolution_is_kept(seed: int) -> None:
    situation = in_block(seed)
    _, found = swept(situation)
    kept = found.outward[found.room_mm - situation.radius_mm >= 0]
    for outward in random_outward(situation, 25, seed):
        depth = SKIN_Y_MM / outward[1] + COARSE.spacing_mm[1]
        resolution = found.slack_mm.max() + QUANTUM_MM + depth * STEP * np.sqrt(0.5)
        if brute_force_mm(situation, outward, depth) > resolution:
            assert np.degrees(np.arccos(np.clip((kept @ outward).max(), -1, 1))) < np.degrees(STEP)


@pytest.mark.parametrize("seed", range(3))
def test_a_path_is_found_where_brute_force_finds_one_and_every_one_found_is_one(seed: int) -> None:
    situation = in_block(seed, count=34)
    plan = planned(situation)
    free = [
        brute_force_mm(situation, outward, SKIN_Y_MM / outward[1] + COARSE.spacing_mm[1])
        for outward in random_outward(situation, 30, seed)
    ]
    assert plan.trajectories or max(free) <= swept(situation)[1].slack_mm.max()
    for path in plan.trajectories[:2]:
        outward = unit(path.entry_mm - path.target_mm)
        exact = brute_force_mm(situation, outward, path.length_mm)
        assert path.binding is not None
        assert exact >= -0.05
        assert path.binding.spare_mm == pytest.approx(exact, abs=0.13)


@pytest.mark.parametrize("seed", range(3))
def test_an_added_obstacle_never_makes_room(seed: int) -> None:
    balls = random_balls(seed, 16)
    rng = np.random.default_rng(seed)
    more = Ball((float(rng.uniform(-10, 30)), 25.0, float(rng.uniform(-12, 12))), 6.0)
    fewer, all_of_them = (situation_in(block(some, COARSE)) for some in (balls, [*balls, more]))
    after, before = rooms_mm(all_of_them), rooms_mm(fewer)
    assert np.nanmax(after - before) <= 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_an_added_obstacle_never_improves_the_best_path(seed: int) -> None:
    balls = random_balls(seed, 10)
    middle = planned(situation_in(block(balls, COARSE))).trajectories
    assert middle, "a seed without a path tests nothing: choose another"
    blocked = (middle[0].entry_mm + middle[0].target_mm) / 2
    more = Ball(tuple(blocked.tolist()), 5.0)
    after = planned(situation_in(block([*balls, more], COARSE))).trajectories
    assert not after or after[0].cost >= middle[0].cost - 0.05


@pytest.mark.parametrize("seed", range(3))
def test_a_larger_margin_never_adds_a_path(seed: int) -> None:
    situation = in_block(seed, count=30)
    wider = tuple(replace(o, reserve_mm=o.reserve_mm + 1.5) for o in situation.obstacles)
    before, after = (rooms_mm(replace(situation, obstacles=some)) for some in (situation.obstacles, wider))
    assert np.nanmax(after - before) <= 1e-9
    base = procedure()
    roles = {s: replace(r, reserve_mm=r.reserve_mm + 1.5) for s, r in base.roles.items()}
    tight = replace(situation, procedure=replace(base, roles=roles))
    assert planned(situation).trajectories or not planned(tight).trajectories


def random_candidates(situation: Situation, seed: int, count: int = 400) -> Candidates:
    rng = np.random.default_rng(seed)
    tips = np.zeros((count, 3))
    entries = rng.normal([20, 60, 0], [40, 50, 30], (count, 3))
    spare, binding = rng.normal(0.5, 1, count), rng.integers(0, len(situation.obstacles), count)
    return Candidates(
        situation, Trajectories(entries, tips), np.zeros(count, int), rng.integers(0, 4, count), spare, binding
    )


@pytest.mark.parametrize("seed", range(6))
def test_which_paths_survive_does_not_depend_on_the_order_of_rules(seed: int) -> None:
    situation = in_block(0)
    candidates, rules = random_candidates(situation, seed), hard_limits(situation.obstacles)
    rng = np.random.default_rng(seed)

    def survivors(order: list[int]) -> BoolArray:
        return np.asarray(first_broken(candidates, tuple(rules[i] for i in order)) == len(rules))

    usual = survivors(list(range(len(rules))))
    assert 0 < usual.sum() < len(usual)
    for _ in range(5):
        assert (survivors(rng.permutation(len(rules)).tolist()) == usual).all()


def test_several_tips_are_never_worse_than_one() -> None:
    anatomy = block(random_balls(2, 16), COARSE)
    tips = np.array([[0.0, 0, 0], [1.5, 0, 0], [0, 0, 1.5]])
    one, three = (planned(situation_in(anatomy, target_at(some))).trajectories for some in (tips[:1], tips))
    assert three[0].cost <= one[0].cost + 0.05
