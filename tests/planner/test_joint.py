"""Two roots in one sitting: their needles go together, and one puncture serves both where it can."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from planner.anatomy.model import Anatomy, Lie
from planner.joint import SAFETY_GIVEN
from planner.plan import Plan, PlannedTrajectory
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.search import distinct
from planner.sitting.several import BETWEEN_MM, SHARED_MM, Needles, gap_mm
from planner.structures import PatientPosition, Side
from planner.targets import TargetRequest, find_all_targets, find_targets
from planner.trajectories import Trajectories

PRT = PROCEDURES["prt"]


def sitting(anatomy: Anatomy, *asked: tuple[str, Side]) -> Plan:
    targets = tuple(t for root, side in asked for t in find_targets(anatomy, PRT, TargetRequest(side, root=root)))
    prone = PatientPosition.HFP
    return plan_trajectories(anatomy, targets, PRT, reconcile(prone, Lie(prone.pose, 1.0, "a test")), {})


@pytest.fixture(scope="module")
def three(anatomy: Anatomy) -> Plan:
    return sitting(anatomy, ("L3", Side.LEFT), ("L4", Side.LEFT), ("L4", Side.RIGHT))


def chosen(plan: Plan) -> list[PlannedTrajectory]:
    return [target.trajectories[rank - 1] for target, rank in zip(plan.targets, plan.together, strict=True)]


def as_needles(path: PlannedTrajectory) -> Needles:
    one = Trajectories(path.entry_mm[None], path.target_mm[None])
    return Needles(one, np.array([path.needle.length_mm]), np.array([path.needle.radius_mm]), np.zeros(1), np.zeros(1))


@pytest.mark.slow
def test_no_needle_touches_another_unless_they_share_a_puncture(three: Plan) -> None:
    paths = chosen(three)
    assert len(paths) == 3
    for one, other in combinations(paths, 2):
        shares = np.linalg.norm(one.entry_mm - other.entry_mm) <= SHARED_MM
        assert shares or gap_mm(as_needles(one), as_needles(other))[0, 0] >= BETWEEN_MM


@pytest.mark.slow
def test_the_order_of_placing_names_every_target_and_its_rule(three: Plan) -> None:
    first = three.placing[0]
    assert first.startswith("Place ")
    assert all(target.words in first for target in three.targets)
    assert "the deepest first" in first


@pytest.mark.slow
def test_ranks_stay_in_order_of_cost(three: Plan) -> None:
    for target in three.targets:
        assert [path.rank for path in target.trajectories] == list(range(1, len(target.trajectories) + 1))
        costs = [path.cost for path in target.trajectories]
        assert costs == sorted(costs)


@pytest.mark.slow
def test_a_target_without_path_leaves_the_others_together(anatomy: Anatomy) -> None:
    facet, prone = PROCEDURES["facet"], PatientPosition.HFP
    asked = [TargetRequest(side, level="L4/L5") for side in Side]
    left, right = find_all_targets(anatomy, facet, asked)
    nowhere = replace(
        find_targets(anatomy, facet, TargetRequest(Side.LEFT, level="L5/S1"))[0],
        tips_mm=np.empty((0, 3)),
        rejected_tips={"tip: bone": 17},
    )
    scan = reconcile(prone, Lie(prone.pose, 1.0, "a test"))
    plan = plan_trajectories(anatomy, (left, nowhere, right), facet, scan, {})
    assert [bool(rank) for rank in plan.together] == [True, False, True]
    assert not plan.targets[1].trajectories
    assert left.words in plan.placing[0]
    assert right.words in plan.placing[0]
    assert nowhere.words not in plan.placing[0]


@pytest.mark.slow
def test_one_target_needs_no_placing(anatomy: Anatomy) -> None:
    alone = sitting(anatomy, ("L4", Side.LEFT))
    assert alone.placing == ()
    assert alone.together == ()


@pytest.fixture(scope="module")
def joints(anatomy: Anatomy) -> Plan:
    """Two neighbouring joints on both sides."""
    facet = PROCEDURES["facet"]
    asked = [TargetRequest(side, level=level) for level in ("L4/L5", "L5/S1") for side in Side]
    prone = PatientPosition.HFP
    scan = reconcile(prone, Lie(prone.pose, 1.0, "a test"))
    return plan_trajectories(anatomy, find_all_targets(anatomy, facet, asked), facet, scan, {})


@pytest.mark.slow
def test_two_neighbouring_joints_on_both_sides_share_a_puncture_on_each_side(joints: Plan) -> None:
    upper_left, upper_right, lower_left, lower_right = chosen(joints)
    for upper, lower in ((upper_left, lower_left), (upper_right, lower_right)):
        assert np.linalg.norm(upper.entry_mm - lower.entry_mm) <= SHARED_MM
    said = [sentence for sentence in joints.placing if "share one puncture" in sentence]
    assert len(said) == 2
    assert all(("left" in one) != ("right" in one) for one in said)


@pytest.mark.slow
def test_alternatives_stay_different_whatever_was_looked_at_for_sharing(joints: Plan, three: Plan) -> None:
    for plan in (joints, three):
        for target, rank in zip(plan.targets, plan.together, strict=True):
            others = [as_needles(path).paths for path in target.trajectories if path.rank != rank]
            assert all(distinct(one, other) for one, other in combinations(others, 2))


@pytest.mark.slow
def test_a_shared_puncture_costs_no_room(joints: Plan) -> None:
    for target, path in zip(joints.targets, chosen(joints), strict=True):
        assert all(row.spare_mm >= 0 for row in path.clearances)
        best = target.trajectories[0].costs["room_lacking_mm"]
        assert path.costs["room_lacking_mm"] <= best + SAFETY_GIVEN + 1e-9
