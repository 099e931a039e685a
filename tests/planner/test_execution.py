"""Probabilities of contact against closed forms: a wall, a tube, a row of bounds; control scans against every choice."""

from itertools import combinations, pairwise
from math import erf, sqrt

import numpy as np
import pytest

from planner.clearance import Surface
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.hand.contact import BEYOND_STEP_MM, Draws, Leg, Shaft, bound_of, leg_sigmas_mm, touched_on
from planner.hand.control_scans import MOST_CHECKPOINTS, SAMPLES, WORTH_A_SCAN, best_chain, risk_of
from planner.hand.execution import (
    EXECUTIONS,
    FREEHAND,
    LASER,
    ROBOT,
    Execution,
    contact_at_most,
    free_tube,
    measured_by_site,
    missed,
)
from planner.hand.probability import below, normal_below, of_mean
from planner.obstacles import Obstacle
from planner.plan import Risk
from planner.structures import Structure
from planner.sweep.fields import Lattice
from planner.sweep.kept import Kept, Layer

CAP_MM = 14.0
LENGTH_MM = 80.0
GRID = VolumeGeometry.from_spacing((41, 60, 41), (1.0, 2.0, 1.0), (-20.0, -10.0, -20.0))
"""x and z from -20.5 to 20.5, y from -11 to 109; the path runs along y from 90 to 10."""


def shaft_among(
    mask: BoolArray, uncertainty_mm: float = 0.0, radius_mm: float = 0.0, structure: Structure = Structure.BONE
) -> Shaft:
    """A path along y past one obstacle."""
    obstacle = Obstacle("wall", structure, np.array([1], np.uint16), uncertainty_mm, 0.0)
    corners = GRID.points_mm(np.array([[0, 0, 0], GRID.shape]))
    lattices = [Lattice.around(GRID, corners, 0.0, step) for step in (0.5, 1.0)]
    near, far = (Layer(lattice, CAP_MM, {0: lattice.distance_mm(mask, CAP_MM)}) for lattice in lattices)
    entry, tip = np.array([0.0, 90.0, 0.0]), np.array([0.0, 90.0 - LENGTH_MM, 0.0])
    return Shaft(entry, tip, radius_mm, (obstacle,), Kept(near, far, (Surface(GRID, np.empty((0, 3))),)))


def centres() -> FloatArray:
    return GRID.points_mm(np.stack(np.meshgrid(*map(np.arange, GRID.shape), indexing="ij"), axis=-1))


def wall_from(x_mm: float) -> BoolArray:
    """Everything to the left of a plane; the planes of GRID lie at half millimetres."""
    return np.asarray(centres()[..., 0] > x_mm)


def drawn(shaft: Shaft, execution: Execution, leg: Leg, seed: int = 0, count: int = 4000) -> float:
    draws = Draws.of(np.random.default_rng(seed), count)
    return float(touched_on(shaft, execution, [0], draws, leg).mean())


def phi(x: float) -> float:
    return 0.5 * (1 + erf(x / sqrt(2)))


@pytest.mark.parametrize("execution", [FREEHAND, LASER, ROBOT])
@pytest.mark.parametrize(("wall_mm", "radius_mm"), [(2.5, 0.0), (4.5, 0.5)])
def test_a_wall_beside_the_path_is_touched_as_often_as_the_closed_form(
    execution: Execution, wall_mm: float, radius_mm: float
) -> None:
    shaft, room = shaft_among(wall_from(wall_mm), radius_mm=radius_mm), wall_mm - radius_mm
    truth = 1 - phi(room / execution.skin_sigma_mm) * phi(room / execution.tip_sigma_mm)
    # the depth error turns the tip's end by a fiftieth of its offset, as much inwards as outwards
    assert drawn(shaft, execution, Leg(0.0, LENGTH_MM)) == pytest.approx(truth, abs=0.025)


def test_the_border_s_own_error_adds_to_the_hand_s() -> None:
    shaft = shaft_among(wall_from(4.5), uncertainty_mm=3.0)
    sigma = 3.0 / 1.96
    border = np.linspace(-6, 6, 2001) * sigma
    weight = np.exp(-0.5 * (border / sigma) ** 2)
    free = normal_below((4.5 - border) / LASER.skin_sigma_mm) * normal_below((4.5 - border) / LASER.tip_sigma_mm)
    truth = 1 - float((free * weight).sum() / weight.sum())
    assert drawn(shaft, LASER, Leg(0.0, LENGTH_MM)) == pytest.approx(truth, abs=0.02)


def test_needles_that_are_not_looked_up_would_not_have_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    shaft, leg = shaft_among(wall_from(6.5), uncertainty_mm=2.0), Leg(0.0, LENGTH_MM)
    draws = Draws.of(np.random.default_rng(3), 500)
    some = touched_on(shaft, FREEHAND, [0], draws, leg)
    monkeypatch.setattr("planner.hand.contact.SURELY_SIGMAS", 1e3)
    every = touched_on(shaft, FREEHAND, [0], draws, leg)
    assert (some >= every - 1e-6).all()
    assert (some - every).max() < 1e-5


def test_a_free_tube_is_left_as_often_as_the_closed_form() -> None:
    x, _, z = np.moveaxis(centres(), -1, 0)
    shaft = shaft_among(np.asarray(np.hypot(x, z) > 4.0))
    inside, around = (free_tube(r, FREEHAND.skin_sigma_mm, FREEHAND.tip_sigma_mm) for r in (4.0, 4.0 - sqrt(0.5)))
    # a voxel's corner lies up to half a diagonal nearer than its centre
    assert inside - 0.02 < drawn(shaft, FREEHAND, Leg(0.0, LENGTH_MM)) < around + 0.02


def test_something_behind_the_tip_is_reached_by_the_depth_error_alone() -> None:
    behind = np.asarray(centres()[..., 1] < 8.0)
    room_mm = 3.0  # from the tip at y 10 to the voxel face at y 7
    nearer, exact = (1 - phi(r / FREEHAND.depth_sigma_mm) for r in (room_mm - BEYOND_STEP_MM, room_mm))
    assert exact - 0.01 < drawn(shaft_among(behind), FREEHAND, Leg(0.0, LENGTH_MM)) < nearer + 0.01


def test_a_miss_is_the_tail_of_a_two_dimensional_normal() -> None:
    offsets = np.random.default_rng(1).standard_normal((200_000, 2)) * 2.8
    counted = float((np.hypot(*offsets.T) > 2.7).mean())
    assert missed(2.7, 2.8) == pytest.approx(counted, abs=0.004)
    assert np.hypot(*offsets.T).mean() == pytest.approx(3.5, abs=0.02)  # the published mean of freehand
    assert missed(6.8, 2.8) == pytest.approx(0.05, abs=0.003)  # and its R95


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_is_never_below_what_is_drawn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centre = np.array([rng.uniform(3, 12), rng.uniform(0, 90), rng.uniform(3, 12)])
    ball = np.asarray(np.linalg.norm(centres() - centre, axis=-1) < rng.uniform(2, 6))
    shaft = shaft_among(ball, uncertainty_mm=rng.uniform(0, 3))
    for execution in EXECUTIONS.values():
        # the bound knows no depth error beyond what lies straight ahead
        assert bound_of(shaft, execution, 0) >= drawn(shaft, execution, Leg(0.0, LENGTH_MM), count=1500) - 0.01


def test_the_bound_falls_with_room() -> None:
    sigmas = np.full(50, 2.0)
    bounds = [contact_at_most(np.full(50, room), sigmas, 1.0) for room in (0.0, 4.0, 8.0, 16.0)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[0] == 1.0
    assert bounds[-1] < 1e-5


def test_after_a_control_scan_the_error_is_what_is_left_to_go() -> None:
    shaft = shaft_among(wall_from(4.5))
    start, end = leg_sigmas_mm(shaft, FREEHAND, 60.0)
    assert start == FREEHAND.seen_sigma_mm
    assert end == pytest.approx(np.hypot(FREEHAND.tip_sigma_mm * 0.25, FREEHAND.seen_sigma_mm))


def risk(mask: BoolArray, execution: Execution, seed: int = 0) -> Risk:
    return risk_of(shaft_among(mask, radius_mm=0.4), execution, 3.0, np.random.default_rng(seed))


def test_control_scans_take_contact_away_and_each_is_worth_it() -> None:
    narrow = risk(wall_from(2.5), FREEHAND)
    assert 0 < len(narrow.checkpoints_mm) <= MOST_CHECKPOINTS
    assert list(narrow.checkpoints_mm) == sorted(narrow.checkpoints_mm)
    assert narrow.first_checkpoint_mm == narrow.checkpoints_mm[0]
    assert narrow.any_contact.value - narrow.with_checkpoints.value >= WORTH_A_SCAN / 2
    assert narrow.missed_with_checkpoints.value < narrow.target_missed.value


def test_bone_is_left_out_of_what_must_not_be_touched_and_anything_else_is_not() -> None:
    wall = wall_from(2.5)
    bone, artery = (
        risk_of(shaft_among(wall, radius_mm=0.4, structure=one), FREEHAND, 3.0, np.random.default_rng(0))
        for one in (Structure.BONE, Structure.ARTERY)
    )
    assert bone.beside_bone == bone.beside_bone_with_checkpoints == below(1e-4)
    assert artery.beside_bone == artery.any_contact == bone.any_contact
    assert artery.beside_bone_with_checkpoints == artery.with_checkpoints
    assert artery.contact_with("wall") == artery.any_contact
    assert artery.contact_with("nothing of that name") is None


def test_a_site_s_own_sigma_scales_what_the_hand_does_and_says_so() -> None:
    own = measured_by_site(FREEHAND, FREEHAND.tip_sigma_mm / 2)
    assert (own.skin_sigma_mm, own.angle_sigma_deg) == (FREEHAND.skin_sigma_mm / 2, FREEHAND.angle_sigma_deg / 2)
    assert (own.depth_sigma_mm, own.seen_sigma_mm) == (FREEHAND.depth_sigma_mm, FREEHAND.seen_sigma_mm)
    assert "the site's own value" in own.source
    assert risk(wall_from(2.5), own).any_contact.value < risk(wall_from(2.5), FREEHAND).any_contact.value


def test_where_nothing_is_near_no_scan_is_advised_and_nothing_is_drawn() -> None:
    far = risk(wall_from(18.5), ROBOT)
    assert far.checkpoints_mm == ()
    assert far.any_contact == below(1e-4)


def test_the_same_seed_gives_the_same_risk_and_another_one_nearly() -> None:
    first, again, other = (risk(wall_from(4.5), FREEHAND, seed) for seed in (0, 0, 1))
    assert first == again
    assert first.any_contact.low < other.any_contact.value < first.any_contact.high
    assert first.any_contact.n == SAMPLES


def test_the_best_chain_is_the_best_of_all_chains() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        free = np.triu(rng.uniform(0.2, 0.99, (7, 7)), 1)
        inner = [c for count in range(MOST_CHECKPOINTS + 1) for c in combinations(range(1, 6), count)]
        worth = {c: np.prod([free[a, b] for a, b in pairwise((0, *c, 6))]) for c in inner}
        best = {count: max(v for c, v in worth.items() if len(c) == count) for count in range(MOST_CHECKPOINTS + 1)}
        chain = best_chain(free)[1:-1]
        assert worth[chain] == pytest.approx(best[len(chain)])
        for count in range(len(chain) + 1, MOST_CHECKPOINTS + 1):
            assert best[count] - worth[chain] < WORTH_A_SCAN * (count - len(chain)) + 1e-12


def test_intervals_hold_the_truth_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(5)
    held = [
        of_mean(share, 400).low <= truth <= of_mean(share, 400).high
        for truth in (0.01, 0.1, 0.5)
        for share in rng.binomial(400, truth, 600) / 400
    ]
    assert np.mean(held) > 0.93
