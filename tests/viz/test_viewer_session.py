"""What a person did to a case: steps, undo, and a signature that any edit drops."""

from dataclasses import replace

import pytest

from planner.plan import Plan
from viz.subject import Subject
from viz.viewer.session import Judged, Session, Signature, along


@pytest.fixture
def plan(subject: Subject) -> Plan:
    target = subject.plan.targets[0]
    paths = tuple(replace(subject.path, rank=rank, tolerance_deg=float(rank)) for rank in (1, 2, 3))
    return replace(subject.plan, targets=(replace(target, trajectories=paths),))


def by_hand(session: Session) -> Session:
    return session.edit(Judged(replace(session.now.path, rank=0), is_tolerance_known=False))


def test_a_case_opens_on_its_best_path(plan: Plan):
    assert Session.opened(plan).now.path.rank == 1


def test_next_and_previous_go_round(plan: Plan):
    session = Session.opened(plan)
    assert session.step_path(1).now.path.rank == 2
    assert session.step_path(-1).now.path.rank == 3


def test_undo_and_redo_bring_back_what_was(plan: Plan):
    first = Session.opened(plan)
    edited = by_hand(first)
    assert edited.now.path_index is None
    assert edited.undo().now is first.now
    assert edited.undo().redo().now is edited.now


def test_an_edit_forgets_what_was_undone(plan: Plan):
    assert by_hand(by_hand(Session.opened(plan)).undo()).future == ()


@pytest.mark.parametrize("change", [by_hand, lambda s: s.choose(2), lambda s: s.with_paths(s.now.plan), Session.undo])
def test_every_change_drops_the_signature(plan: Plan, change):
    signed = Session.opened(plan).choose(1).signed(Signature("Roe^Jane", "2026-01-01T12:00", "00"))
    assert signed.signature is not None
    assert change(signed).signature is None


def test_a_new_plan_keeps_the_path_drawn_by_hand(plan: Plan):
    edited = by_hand(Session.opened(plan))
    assert edited.with_paths(plan).now.judged is edited.now.judged
    assert Session.opened(plan).with_paths(plan).now.path_index == 0


def test_a_plan_without_a_path_opens_all_the_same(plan: Plan):
    empty = replace(plan, targets=(replace(plan.targets[0], trajectories=()),))
    session = Session.opened(empty)
    assert session.now.path is None
    assert session.step_path(1) is session


def test_a_depth_lies_on_the_path(plan: Plan):
    path = Session.opened(plan).now.path
    assert along(path, 0.0) == pytest.approx(path.entry_mm)
    assert along(path, path.length_mm) == pytest.approx(path.target_mm)
    assert along(path, path.length_mm + 9) == pytest.approx(path.target_mm)
