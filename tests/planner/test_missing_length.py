"""None long enough: the millimetres that are missing, in a block whose skin lies at a known depth."""

from dataclasses import replace

import numpy as np
import pytest

from planner.costs import WEIGHTS
from planner.missing_length import for_shortest, missing_length
from planner.plan import TargetPlan
from planner.planning import Setting
from planner.planning import planned as plan_of
from planner.procedure import Approach, Needle, Procedure
from planner.relaxation import Asked
from planner.site import PLAIN
from planner.structures import Side
from tests.planner.blocks import SKIN_Y_MM, Ball, block, grid, procedure, target_at

STRAIGHT = Approach("straight", (-20.0, 20.0), (-20.0, 20.0), 0.0, 0.0, "a test")
SHORTEST = for_shortest(PLAIN, tuple(cost.name for cost, _ in WEIGHTS))


def with_stock(*lengths_mm: float) -> Procedure:
    return replace(procedure(STRAIGHT), needles=tuple(Needle(22, 0.72, one, "Chiba") for one in lengths_mm))


def planned(chosen: Procedure, balls: list[Ball]) -> TargetPlan:
    anatomy = block(balls, grid(2.0), uncertainty_mm=0.0)
    return plan_of(Setting(anatomy, anatomy.labels, chosen, False, SHORTEST), target_at(np.zeros((1, 3)))).plan


def said(chosen: Procedure, balls: list[Ball]) -> tuple[str, ...]:
    def shortest(procedure: Procedure, side: Side, *, is_rehearsal: bool) -> TargetPlan:
        assert (side, is_rehearsal) == (Side.LEFT, False)
        return planned(procedure, balls)

    return missing_length(Asked(chosen, Side.LEFT, False, planned(chosen, balls)), shortest)


def test_the_missing_millimetres_are_those_from_stock_to_skin_and_hub() -> None:
    chosen = with_stock(30.0, SKIN_Y_MM - 10.0)
    (sentence,) = said(chosen, [])
    assert f"longest stock needle {SKIN_Y_MM - 10:g} mm" in sentence
    path = float(sentence.split("needs ")[1].split(" mm")[0])
    assert path == pytest.approx(SKIN_Y_MM, abs=1.5)  # a rim of voxels is the skin
    missing = float(sentence.rsplit(": ", 1)[1].split(" mm missing")[0])
    assert missing == pytest.approx(path + chosen.hub_reserve_mm - (SKIN_Y_MM - 10.0), abs=1.0)


def test_a_needle_longer_by_what_is_missing_opens_the_path_and_a_shorter_one_does_not() -> None:
    chosen = with_stock(SKIN_Y_MM - 10.0)
    missing = float(said(chosen, [])[0].rsplit(": ", 1)[1].split(" mm missing")[0])
    assert planned(with_stock(SKIN_Y_MM - 10.0 + missing + 1.0), []).trajectories
    assert not planned(with_stock(SKIN_Y_MM - 10.0 + missing - 1.0), []).trajectories


def test_a_way_round_an_obstacle_needs_more() -> None:
    stock = with_stock(SKIN_Y_MM - 10.0)
    plain, round_about = (
        float(said(stock, b)[0].split("needs ")[1].split(" mm")[0]) for b in ([], [Ball((0, 30, 0), 8.0)])
    )
    assert round_about > plain


def test_where_the_stock_reaches_nothing_is_said() -> None:
    assert said(with_stock(200.0), []) == ()
