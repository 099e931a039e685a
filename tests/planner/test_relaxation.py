"""What would open a path: the smallest change, planned for real in blocks of tissue with a known gap."""

from dataclasses import replace

import numpy as np

from planner.plan import TargetPlan
from planner.planning import Setting
from planner.planning import planned as plan_of
from planner.procedure import Approach, Needle, Procedure, StructureRole
from planner.relaxation import RESERVE_STEP_MM, Asked, Relaxations, relaxations
from planner.structures import Role, Side, Structure
from tests.planner.blocks import SKIN_Y_MM, Ball, block, grid, procedure, target_at

STRAIGHT = Approach("straight", (-8.0, 8.0), (-8.0, 8.0), 0.0, 0.0, "a test")
GAP_MM = 6.0


def walls(gap_mm: float = GAP_MM) -> list[Ball]:
    """Two rows of vessel, left and right of the straight path, ``gap_mm`` apart for 30 mm."""
    radius = 12.0
    offset = gap_mm / 2 + radius
    return [Ball((side * offset, 20.0, z), radius) for side in (-1, 1) for z in (-24.0, -12.0, 0.0, 12.0, 24.0)]


def planned(balls: list[Ball], chosen: Procedure, side: Side = Side.LEFT, *, is_rehearsal: bool = False) -> TargetPlan:
    anatomy = block(balls, grid(2.0), uncertainty_mm=0.0)
    target = replace(target_at(np.zeros((1, 3))), side=side)
    return plan_of(Setting(anatomy, anatomy.labels, chosen, is_rehearsal), target).plan


def asked_for(balls: list[Ball], chosen: Procedure) -> tuple[Asked, Relaxations]:
    def plans(procedure: Procedure, side: Side, *, is_rehearsal: bool) -> TargetPlan:
        return planned(balls, procedure, side, is_rehearsal=is_rehearsal)

    asked = Asked(chosen, Side.LEFT, False, planned(balls, chosen))
    return asked, relaxations(asked, plans)


def with_reserve(reserve_mm: float) -> Procedure:
    base = procedure(STRAIGHT)
    role = StructureRole(Role.FORBIDDEN, reserve_mm, "a test")
    return replace(base, roles={**base.roles, Structure.ARTERY: role})


def test_the_smallest_reserve_that_opens_the_gap_is_found_and_planned() -> None:
    asked, found = asked_for(walls(), with_reserve(4.0))
    assert not asked.plan.trajectories
    assert found.binding == "artery"
    opening = next(o for o in found.openings if "reserve" in o.change.words)
    left = 4.0 - opening.change.amount
    clearance = min(c.clearance_mm for c in opening.plan.trajectories[0].clearances)
    assert left <= clearance
    assert not planned(walls(), with_reserve(left + RESERVE_STEP_MM)).trajectories


def test_nothing_is_applied_and_every_opening_says_so() -> None:
    asked, found = asked_for(walls(), with_reserve(4.0))
    assert not asked.plan.trajectories
    assert asked.procedure.roles[Structure.ARTERY].reserve_mm == 4.0
    assert found.openings
    assert all(str(opening).endswith("Not applied.") for opening in found.openings)
    assert found.sentences[0].startswith("No safe path; binding: artery. Refused: ")


def test_where_the_way_is_blocked_from_the_front_a_wider_window_opens_one() -> None:
    lid = [Ball((0.0, 24.0, 0.0), 7.0, Structure.BONE)]
    asked, found = asked_for(lid, procedure(STRAIGHT))
    assert not asked.plan.trajectories
    (width,) = [o.change.amount for o in found.openings if "window" in o.change.words]
    past_the_ball = np.degrees(np.arcsin(7.0 / 24.0)) - 8.0
    assert past_the_ball <= width <= past_the_ball + 10.0  # a step of 5 degrees, voxels of 2 mm


def test_a_needle_that_is_too_short_is_answered_with_a_longer_one() -> None:
    short = replace(procedure(STRAIGHT), needles=(Needle(22, 0.73, SKIN_Y_MM, "Quincke"),))
    _, found = asked_for([], short)
    assert any("longer needle" in opening.change.words for opening in found.openings)


def test_what_opens_nothing_is_listed() -> None:
    shell = [Ball((0.0, 30.0, 0.0), 29.0, Structure.BONE)]
    _, found = asked_for(shell, procedure(STRAIGHT))
    assert found.openings == ()
    assert found.binding == "bone"
    assert "Nothing that was tried opens a path." in found.sentences
    assert any("other side" in words for words in found.tried)


def test_an_open_gap_needs_no_relaxation() -> None:
    assert planned(walls(), with_reserve(1.0)).trajectories


def test_where_the_image_shows_no_skin_a_larger_field_is_asked_for_and_nothing_is_planned() -> None:
    asked, _ = asked_for(walls(), with_reserve(4.0))
    counts = {"approach window": 900, "skin outside image": 80, "clearance: bone": 20}
    small = replace(asked, plan=replace(asked.plan, rejected=counts))

    def plans(procedure: Procedure, side: Side, *, is_rehearsal: bool) -> TargetPlan:
        raise AssertionError((procedure, side, is_rehearsal))

    found = relaxations(small, plans)
    assert found.sentences[1] == "Most directions leave through the image's edge: reconstruct a larger field of view."
