"""What a site and this patient's skin change in a plan."""

from dataclasses import replace

import numpy as np

from planner.costs import WEIGHTS, costs, price, weights_of
from planner.hand.execution import LASER
from planner.keep_outs import Ball as SkinBall
from planner.plan import PlannedTrajectory
from planner.planning import Setting, plan_prepared, prepare
from planner.rules import FIXED, hard_limits, site_limits
from planner.search import screen, sweep
from planner.site import PLAIN, Bore, Site, Table
from tests.planner.blocks import block, grid, procedure, random_balls, situation_in, target_at

COARSE = grid(2.0)


def paths(site: Site) -> tuple[PlannedTrajectory, ...]:
    anatomy = block(random_balls(3), COARSE)
    setting = Setting(anatomy, anatomy.labels, procedure(), False, site)
    return plan_prepared(prepare(setting, target_at())).plan.trajectories


def test_no_path_enters_through_a_scar_where_the_best_one_did() -> None:
    best = paths(PLAIN)[0]
    scar = SkinBall("scar", best.entry_mm, 12.0)
    around = paths(Site(keep_outs=(scar,), keep_out_reserve_mm=3.0))
    assert around
    assert all(np.linalg.norm(path.entry_mm - best.entry_mm) >= 15.0 for path in around)
    assert around[0].cost >= best.cost - 0.05


def test_a_gantry_that_tilts_little_keeps_needles_in_its_plane() -> None:
    assert all(abs(path.tilt_deg) <= 3.0 for path in paths(Site(most_tilt_deg=3.0)))


def test_limits_of_a_site_are_listed_apart_and_can_be_left_out() -> None:
    full = Site(most_tilt_deg=30.0, bore=Bore(0, 0, 350), table=Table(-100))
    assert [rule.name for rule in site_limits(full)] == ["gantry tilt", "gantry bore", "table reach"]
    without = replace(full, left_out=frozenset({"table reach", "entry across the midline"}))
    names = [rule.name for rule in hard_limits((), without)]
    assert "table reach" not in names
    assert "entry across the midline" not in names
    assert len(names) == len(FIXED) - 1 + 2


def test_a_site_weighs_costs_its_own_way() -> None:
    site = Site(weights={"length_mm": 3.0}, left_out=frozenset({"room_lacking_mm"}))
    own = dict(zip([cost.name for cost, _ in WEIGHTS], weights_of(site).tolist(), strict=True))
    usual = {cost.name: weight for cost, weight in WEIGHTS}
    assert own == usual | {"length_mm": 3.0, "room_lacking_mm": 0.0}


def test_a_price_is_the_site_s() -> None:
    situation = situation_in(block(random_balls(3), COARSE))
    setting = Setting(situation.anatomy, situation.labels, situation.procedure, False, Site(weights={"length_mm": 3.0}))
    ready = prepare(setting, situation.target)
    feasible = screen(ready.situations[0], sweep(ready.situations[0], ready.reach, ready.faces)).feasible
    usual = costs(feasible) @ weights_of(PLAIN)
    longer = feasible.candidates.paths.lengths_mm
    weight = next(weight for cost, weight in WEIGHTS if cost.name == "length_mm")
    assert np.allclose(price(feasible), usual + (3.0 - weight) * longer)


def test_paths_forgive_a_shift_of_the_entry_as_their_angle_says() -> None:
    for path in paths(PLAIN):
        assert path.entry_tolerance_mm is not None
        at_least = path.length_mm * np.sin(np.radians(path.tolerance_deg)) * 0.8
        assert path.entry_tolerance_mm >= at_least - 1.5


def test_guidance_is_the_site_s() -> None:
    assert Site(guidance=LASER).guidance.tip_sigma_mm < PLAIN.guidance.tip_sigma_mm
