"""Re-planning from what is kept gives the plan that a fresh start gives."""

from dataclasses import replace

import numpy as np
import pytest

from planner.errors import NoTipError
from planner.plan import TargetPlan
from planner.planning import Setting, plan_prepared, prepare
from planner.prepared import Prepared
from planner.situation import Situation
from tests.planner.blocks import block, faces_of, grid, procedure, random_balls, situation_in, target_at

COARSE = grid(2.0)


def prepared(situation: Situation) -> Prepared:
    return Prepared.of((situation,), faces_of(situation))


def assert_same_plan(one: TargetPlan, other: TargetPlan) -> None:
    assert one.rejected == other.rejected
    assert len(one.trajectories) == len(other.trajectories)
    for path, again in zip(one.trajectories, other.trajectories, strict=True):
        assert path.entry_mm.tobytes() == again.entry_mm.tobytes()
        assert path.costs == again.costs
        assert [c.clearance_mm for c in path.clearances] == [c.clearance_mm for c in again.clearances]


@pytest.mark.parametrize("seed", range(3))
def test_a_target_that_moves_is_planned_as_if_it_had_always_been_there(seed: int) -> None:
    anatomy = block(random_balls(seed), COARSE)
    start = prepared(situation_in(anatomy))
    tips = np.round(np.random.default_rng(seed).uniform(-4, 4, (1, 3)), 6)
    moved = start.moved(tips)
    assert moved.kept is start.kept
    assert_same_plan(plan_prepared(moved).plan, plan_prepared(prepared(situation_in(anatomy, target_at(tips)))).plan)


@pytest.mark.parametrize("seed", range(3))
def test_another_margin_is_planned_as_if_it_had_always_been_asked_for(seed: int) -> None:
    situation = situation_in(block(random_balls(seed), COARSE))
    start = prepared(situation)
    rng = np.random.default_rng(seed)
    obstacles = tuple(replace(o, reserve_mm=float(rng.uniform(0, 3.0))) for o in situation.obstacles)
    changed = start.with_obstacles(obstacles)
    assert changed.kept is start.kept
    fresh = prepared(replace(situation, obstacles=obstacles))
    assert_same_plan(plan_prepared(changed).plan, plan_prepared(fresh).plan)


def test_a_target_without_a_place_for_the_tip_is_refused_by_its_name() -> None:
    situation = situation_in(block(random_balls(0), COARSE))
    nowhere = replace(target_at(), tips_mm=np.empty((0, 3)), rejected_tips={"tip: bone": 12})
    with pytest.raises(NoTipError, match=r"no place for a tip at L4 root.*left out: tip: bone 12"):
        prepared(replace(situation, target=nowhere))
    with pytest.raises(NoTipError, match="no place for a tip"):
        prepared(situation).moved(np.empty((0, 3)))
    anatomy = situation.anatomy
    with pytest.raises(NoTipError, match="no place for a tip"):
        prepare(Setting(anatomy, anatomy.labels, procedure(), False), nowhere)


def test_what_lies_beyond_the_kept_fields_is_made_anew() -> None:
    situation = situation_in(block(random_balls(0), COARSE))
    start = prepared(situation)
    assert start.moved(np.array([[14.0, 0.0, 0.0]])).kept is not start.kept
    wide = tuple(replace(o, reserve_mm=9.0) for o in situation.obstacles)
    assert start.with_obstacles(wide).kept is not start.kept
