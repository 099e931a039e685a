"""Each hard limit in its own unit: refusal next to success."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.costs import WEIGHTS, costs, weighted
from planner.obstacles import find_obstacles
from planner.planning import approach_for, needle_groups
from planner.procedures import PROCEDURES
from planner.rules import FIXED, first_broken, hard_limits
from planner.rules.air_outside_skin import AirOutsideSkin
from planner.rules.approach_window import ApproachWindow
from planner.rules.arterial_quadrant import ArterialQuadrant
from planner.rules.keeps_clear import KeepsClear
from planner.rules.needle_reaches import NeedleReaches
from planner.rules.same_side import SameSide
from planner.rules.skin_in_image import SkinInImage
from planner.rules.through_opening import ThroughOpening
from planner.situation import Candidates, Feasible, Situation
from planner.structures import Side
from planner.sweep.fan import Exit
from planner.target import Opening
from planner.targets import TargetRequest, find_targets
from planner.trajectories import Trajectories

PRT = PROCEDURES["prt"]


@pytest.fixture(scope="module")
def situation(anatomy: Anatomy) -> Situation:
    (target,) = find_targets(anatomy, PRT, TargetRequest(Side.LEFT, root="L3"))
    obstacles = find_obstacles(anatomy, anatomy.labels, PRT, target.between, target.side)
    midline = np.array([[1.0, 90.0, -100.0], [3.0, 90.0, 100.0]])
    approach, needles = approach_for(PRT, target), needle_groups(PRT)[0]
    return Situation(target, PRT, approach, needles, obstacles, midline, False, anatomy, anatomy.labels)


def from_angles(situation: Situation, angles_deg: list[tuple[float, float]], length_mm: float = 80.0) -> Candidates:
    """Paths to the reference tip, by obliquity to the left and tilt."""
    oblique, tilt = np.radians(np.array(angles_deg)).T
    out = np.stack([np.sin(oblique) * np.cos(tilt), np.cos(oblique) * np.cos(tilt), -np.sin(tilt)], axis=1)
    tips = np.repeat(situation.target.point_mm[None], len(out), axis=0)
    n = len(out)
    paths = Trajectories(tips + length_mm * out, tips)
    return Candidates(situation, paths, np.zeros(n, int), np.zeros(n, int), np.full(n, 2.0), np.zeros(n, int))


def test_the_window_answers_in_degrees(situation: Situation) -> None:
    margins = ApproachWindow().margin(from_angles(situation, [(40, 0), (12, 0), (5, 0), (40, 33), (-40, 0)]))
    assert margins == pytest.approx([30, 2, -5, -3, -50])


def test_on_the_right_the_window_is_mirrored(situation: Situation) -> None:
    right = replace(situation, target=replace(situation.target, side=Side.RIGHT))
    assert ApproachWindow().margin(from_angles(right, [(-40, 0), (40, 0)])) == pytest.approx([30, -50])


@pytest.mark.parametrize(("length_mm", "spare_mm"), [(80.0, 60.0), (139.0, 1.0), (145.0, -5.0)])
def test_the_needle_keeps_its_hub_outside(situation: Situation, length_mm: float, spare_mm: float) -> None:
    assert NeedleReaches().margin(from_angles(situation, [(40, 0)], length_mm)) == pytest.approx([spare_mm])


def test_skin_and_air_are_refused_by_the_kind_of_exit(situation: Situation) -> None:
    kinds = np.array([Exit.SKIN, Exit.NO_AIR, Exit.IMAGE_EDGE, Exit.BEYOND_REACH])
    candidates = replace(from_angles(situation, [(40, 0)] * 4), kinds=kinds)
    assert (SkinInImage().margin(candidates) < 0).tolist() == [False, False, True, False]
    assert (AirOutsideSkin().margin(candidates) < 0).tolist() == [False, True, False, False]


def test_an_entry_across_the_midline_is_refused_by_millimetres(situation: Situation) -> None:
    candidates = from_angles(situation, [(0, 0), (-40, 0)])
    x, z = candidates.paths.entries_mm[:, 0], candidates.paths.entries_mm[:, 2]
    assert SameSide().margin(candidates) == pytest.approx(x - (2.0 + z / 100))
    nowhere = replace(situation, midline_mm=np.empty((0, 3)))
    assert SameSide().margin(replace(candidates, situation=nowhere)).tolist() == [np.inf, np.inf]


def test_a_path_goes_through_its_target_s_opening_or_misses_it_by_millimetres(situation: Situation) -> None:
    outward = np.array([0.0, 1.0, 0.0])
    opening = Opening(situation.target.point_mm + 20.0 * outward, outward, 5.0)
    through = replace(situation, target=replace(situation.target, opening=opening))
    candidates = from_angles(through, [(0, 0), (10, 0), (0, -10), (40, 0)])
    aside = 20.0 * np.tan(np.radians([0.0, 10.0, 10.0, 40.0]))
    assert ThroughOpening().margin(candidates) == pytest.approx(5.0 - aside)
    from_inside = replace(through, target=replace(situation.target, opening=replace(opening, outward=-outward)))
    assert (ThroughOpening().margin(replace(candidates, situation=from_inside)) == -np.inf).all()
    assert (ThroughOpening().margin(replace(candidates, situation=situation)) == np.inf).all()


def test_a_tip_in_the_antero_superior_quadrant_is_refused_above_l4(situation: Situation) -> None:
    frame = situation.target.frame
    tips = frame.lps(np.array([[2.0, -3.0, 4.0], [2.0, 3.0, 4.0], [2.0, -3.0, -4.0]]))
    elsewhere = replace(situation, target=replace(situation.target, tips_mm=tips))
    candidates = replace(from_angles(elsewhere, [(40, 0)] * 3), tips=np.arange(3))
    assert ArterialQuadrant().margin(candidates) == pytest.approx(np.array([-3.0, 3.0, 4.0]) - situation.radius_mm)


def test_an_obstacle_refuses_only_where_it_binds(situation: Situation) -> None:
    candidates = replace(
        from_angles(situation, [(40, 0)] * 2), spare_mm=np.array([-1.0, 2.0]), binding=np.array([1, 0])
    )
    assert KeepsClear(1, "canal").margin(candidates).tolist() == [-1.0, np.inf]
    assert KeepsClear(1, "canal").name == "clearance: canal"


def test_the_order_of_rules_never_changes_what_is_kept(situation: Situation) -> None:
    rng = np.random.default_rng(0)
    angles = rng.uniform([-20, -50], [90, 50], (300, 2)).tolist()
    candidates = replace(from_angles(situation, angles), spare_mm=rng.normal(size=300), kinds=rng.integers(0, 4, 300))
    rules = hard_limits(situation.obstacles)
    kept = first_broken(candidates, rules) == len(rules)
    assert (kept == (first_broken(candidates, rules[::-1]) == len(rules))).all()
    assert 0 < kept.sum() < 300


def test_names_are_counted_apart(situation: Situation) -> None:
    names = [rule.name for rule in hard_limits(situation.obstacles)]
    assert len(set(names)) == len(names) == len(FIXED) + len(situation.obstacles)


def test_costs_are_in_their_own_units_and_weighted_openly(situation: Situation) -> None:
    feasible = Feasible(from_angles(situation, [(45.0, 6.0)]), np.array([1.4]))
    named = dict(zip([cost.name for cost, _ in WEIGHTS], costs(feasible)[0], strict=True))
    assert named == pytest.approx(
        {
            "room_lacking_mm": 1.5,
            "tolerance_lacking_deg": 2.0,
            "tip_from_reference_mm": 0.0,
            "tilt_from_preferred_deg": 6.0,
            "obliquity_from_preferred_deg": 5.0,
            "length_mm": 80.0,
        }
    )
    by_hand = sum(weight * named[cost.name] for cost, weight in WEIGHTS)
    assert weighted(costs(feasible))[0] == pytest.approx(by_hand)
