"""What a sweep says for sure, and what is shown, against the slow reference: no such path breaks a limit."""

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray, unit
from planner.obstacles import ordered, with_roots
from planner.planning import Setting, plan_prepared, prepare
from planner.procedure import Approach
from planner.procedures import PROCEDURES
from planner.search import screen, sweep
from planner.situation import Situation
from planner.structures import Side
from planner.sweep.fan import Swept, faces_for
from planner.sweep.fields import Lattice
from planner.sweep.least import slack_mm, sweep_least
from planner.targets import TargetRequest, find_targets
from tests.planner.reference import STEP_MM, Solid, reference_mm

PRT = PROCEDURES["prt"]
REACH_MM = 15.0
"""Beyond every limit."""

STATED_BOUND_MM = 0.125
"""Of ``clearance.py``."""

MARGIN_MM, DEPTH_MM = 1.5, 45.0
ALL_AROUND = Approach("all around", (-180.0, 180.0), (-40.0, 40.0), 40.0, 0.0, "a test")


def assert_bounded(anatomy: Solid, count: int, seed: int) -> None:
    """Paths out of the sweep: those that pass by their bound keep the margin, those that fail by it break the margin."""
    rng = np.random.default_rng(seed)
    lattice = Lattice.around(anatomy.grid, anatomy.grid.corners_mm, 0.0, 0.75)
    distances = lattice.distance_mm(anatomy.mask, 10.0)
    swept, tip = Swept.of(lattice, distances), free_tip(anatomy, rng)
    passed, failed = 0, 0
    for face in faces_for(ALL_AROUND, Side.LEFT, anatomy.grid.axes, step=1 / 32):
        ends = np.zeros(()), DEPTH_MM / face.norms
        least = sweep_least(np.array(10.0, dtype=np.float32), swept, face, tip, ends)
        above, below = slack_mm(lattice, face)
        rows, columns = np.nonzero(face.wanted)
        some = rng.choice(len(rows), count // 4, replace=False)
        rows, columns = rows[some], columns[some]
        tips = np.broadcast_to(tip, (len(rows), 3))
        outward = unit(face.lps[rows, columns])
        truth = reference_mm(anatomy, tips, tip + DEPTH_MM * outward, np.full(len(rows), MARGIN_MM + 1.0))
        passes = least[rows, columns] - below[rows, columns] >= MARGIN_MM
        fails = least[rows, columns] + above < MARGIN_MM
        assert (truth[passes] >= MARGIN_MM - 1e-6).all()
        assert (truth[fails] <= MARGIN_MM + STEP_MM / 2).all()
        passed += int(passes.sum())
        failed += int(fails.sum())
    assert passed > 0
    assert failed > 0


def free_tip(anatomy: Solid, rng: np.random.Generator) -> FloatArray:
    """A point behind the middle that is nearer than 8 mm to the structure, and not nearer than 3."""
    last = np.array(anatomy.grid.shape) - 1
    points = anatomy.grid.points_mm(rng.uniform([0.35, 0.6, 0.3] * last, [0.65, 0.9, 0.7] * last, (60, 3)))
    away = reference_mm(anatomy, points, points + 1e-3, np.full(60, 8.0))
    found: FloatArray = points[np.flatnonzero((away > 3.0) & (away < 8.0))[0]]
    return found


def test_in_a_phantom_no_path_that_passes_the_sweep_breaks_a_limit(painted_bone: Solid) -> None:
    assert_bounded(painted_bone, 120, seed=3)


@pytest.mark.realdata
def test_in_a_patient_no_path_that_passes_the_sweep_breaks_a_limit(scanned_bone: Solid) -> None:
    assert_bounded(scanned_bone, 120, seed=4)


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("seed", range(4))
def test_in_a_patient_no_path_out_of_a_thousand_that_passes_breaks_a_limit(scanned_bone: Solid, seed: int) -> None:
    assert_bounded(scanned_bone, 1000, seed=30 + seed)


def assert_certified(anatomy: Anatomy, root: str, count: int, seed: int) -> None:
    """Directions that the screening certifies, and every path that is shown, keep every obstacle's limit by the reference."""
    target = find_targets(anatomy, PRT, TargetRequest(Side.LEFT, root=root))[0]
    ready = prepare(Setting(anatomy, with_roots(anatomy), PRT, True), target)
    situation = ready.situations[0]
    swept = sweep(situation, ready.reach, ready.faces)
    certified = np.flatnonzero(screen(situation, swept).certified)
    assert len(certified) > count
    chosen = np.random.default_rng(seed).choice(certified, count, replace=False)
    tips = target.tips_mm[swept.tips[chosen]]
    assert least_spare_mm(situation, tips + swept.depth_mm[chosen, None] * swept.outward[chosen], tips) >= -1e-6
    shown = plan_prepared(ready)
    assert shown.searched is not None
    assert shown.plan.trajectories
    for path in shown.plan.trajectories:
        exact = least_spare_mm(shown.searched.situation, path.entry_mm[None], path.target_mm[None])
        assert exact >= -STATED_BOUND_MM


def least_spare_mm(situation: Situation, entries_mm: FloatArray, tips_mm: FloatArray) -> float:
    """What the reference leaves at least beyond a limit, of all paths and all obstacles; not told apart above 0."""
    labels, radius, least = situation.labels, situation.radius_mm, 0.0
    lengths = np.linalg.norm(tips_mm - entries_mm, axis=1, keepdims=True)
    for obstacle in situation.obstacles:
        solid = Solid.of(labels, obstacle, np.concatenate([entries_mm, tips_mm]), REACH_MM)
        change = tips_mm + (entries_mm - tips_mm) * np.minimum(obstacle.tip_zone_mm / lengths, 1.0)
        limits = [(entries_mm, change, obstacle.margin_mm + radius)]
        if obstacle.tip_zone_mm:
            limits.append((change, tips_mm, radius))
        for starts, ends, limit in limits:
            found = reference_mm(solid, starts, ends, np.full(len(starts), limit))
            least = min(least, float(found.min()) - limit)
    return least


def test_in_a_phantom_no_certified_path_and_none_that_is_shown_breaks_a_limit(anatomy: Anatomy) -> None:
    assert_certified(ordered(anatomy), "L4", 100, seed=5)


@pytest.mark.slow
@pytest.mark.realdata
def test_in_a_patient_no_certified_path_and_none_that_is_shown_breaks_a_limit(scanned: Anatomy) -> None:
    assert_certified(scanned, "L2", 1000, seed=6)
