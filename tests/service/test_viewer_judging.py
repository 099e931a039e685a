"""Paths drawn by hand on a patient with known truth: judged as the planner judges its own, kept, opened again."""

import mmap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planner.anatomy.model import Surroundings
from planner.plan import Plan
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.prepared import Prepared
from planner.procedures import PROCEDURES
from planner.structures import PatientPosition, Side
from planner.targets import TargetRequest, find_targets
from planner.volume import Volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from service.opening import OpenSeries
from service.series_facts import SeriesFacts
from service.viewing.judging import JudgeOfTarget
from service.viewing.keeping import (
    KeptCase,
    KeptCaseError,
    KeptSession,
    keep,
    keep_plan,
    keep_session,
    open_kept,
    open_session,
    peek,
)
from service.viewing.planning import CasePlanning
from viz.viewer.desk import Desk
from viz.viewer.looks import AXIAL, NEEDLE, PANES, SCENE
from viz.viewer.opencase import OpenCase
from viz.viewer.pointer import Button, Pointer
from viz.viewer.ruler import Tool
from viz.viewer.session import Session

PRT = PROCEDURES["prt"]


@pytest.fixture(scope="module")
def case() -> KeptCase:
    phantom = make_phantom(
        PhantomParameters(
            spacing_mm=(1.6, 1.0, 1.0), field_of_view_mm=(130.0, 140.0, 300.0), center_mm=(0.0, 60.0, -40.0)
        )
    )
    anatomy = phantom.anatomy()
    scan = reconcile(PatientPosition.HFP, anatomy.lie)
    plan = plan_trajectories(anatomy, find_targets(anatomy, PRT, TargetRequest(Side.LEFT, root="L4")), PRT, scan, {})
    grid = anatomy.labels.geometry
    grey = np.where(anatomy.labels.labels > 0, 40, -1000).astype(np.int16)
    return KeptCase(OpenSeries(Volume(grid, grey), SeriesFacts(grid, None, ())), anatomy, plan)


@pytest.fixture(scope="module")
def judge(case: KeptCase) -> JudgeOfTarget:
    return JudgeOfTarget.of(case.anatomy, case.plan.targets[0], PRT, is_rehearsal=case.plan.is_rehearsal)


def test_the_planners_own_paths_are_judged_as_planned(case: KeptCase, judge: JudgeOfTarget):
    for path in case.plan.targets[0].trajectories:
        judged = judge(path.entry_mm, path.target_mm)
        assert judged.keeps_limits
        assert judged.path.entry_mm == pytest.approx(path.entry_mm, abs=0.06)
        for ours, planned in zip(judged.path.clearances, path.clearances, strict=True):
            assert ours.structure is planned.structure
            assert ours.clearance_mm == pytest.approx(planned.clearance_mm, abs=0.02)


@pytest.fixture(scope="module")
def planning(case: KeptCase) -> CasePlanning:
    return CasePlanning(case.series, case.anatomy)


@pytest.fixture(scope="module")
def prepared(case: KeptCase, planning: CasePlanning) -> Prepared:
    return planning.prepared_of(case.plan, 0)


def test_a_settled_path_forgives_as_much_as_planned(case: KeptCase, judge: JudgeOfTarget, prepared: Prepared):
    path = case.plan.targets[0].trajectories[0]
    first = judge(path.entry_mm, path.target_mm)
    settled = judge.settled(first, prepared)
    assert not first.is_tolerance_known
    assert settled.is_tolerance_known
    assert settled.path.entry_mm == pytest.approx(first.path.entry_mm, abs=0)
    assert settled.path.tolerance_deg == pytest.approx(path.tolerance_deg, abs=0.2)
    assert settled.path.entry_tolerance_mm == pytest.approx(path.entry_tolerance_mm, abs=0.5)
    assert settled.path.risk.any_contact.value == pytest.approx(path.risk.any_contact.value, abs=0.05)


def test_new_paths_end_in_the_moved_tip_and_say_who_put_it_there(case: KeptCase, planning: CasePlanning):
    tip = case.plan.targets[0].trajectories[0].target_mm + np.array([1.0, 0.5, 1.0])
    plan = planning.replan(case.plan, 0, tip)
    (target,) = plan.targets
    assert len(target.trajectories) >= 1
    assert all((path.target_mm == tip).all() for path in target.trajectories)
    assert target.chosen_by.endswith("; tip placed by hand")
    assert planning.replan(plan, 0, tip).targets[0].chosen_by == target.chosen_by
    assert plan.release_blockers == case.plan.release_blockers


def test_the_skin_map_allows_where_planned_paths_enter_and_nowhere_else(case: KeptCase, planning: CasePlanning):
    path = case.plan.targets[0].trajectories[0]
    skin = planning.skin_map(case.plan, 0, path.target_mm)
    nearest = np.linalg.norm(skin.entries_mm - path.entry_mm, axis=1).argmin()
    assert np.linalg.norm(skin.entries_mm[nearest] - path.entry_mm) < 1.5
    assert skin.allowed[nearest]
    assert (skin.room_mm[skin.allowed] >= 0).all()
    assert 0 < skin.allowed.sum() < len(skin.allowed)
    surroundings = case.anatomy.surroundings
    outward = (skin.entries_mm - path.target_mm) / np.linalg.norm(skin.entries_mm - path.target_mm, axis=1)[:, None]
    assert (surroundings.nearest(skin.entries_mm + 2.5 * outward)[skin.allowed] == Surroundings.AIR).mean() > 0.99
    shares = [float(row["share"]) for row in skin.legend()]
    assert sum(shares) == pytest.approx(100, abs=len(shares))


def test_the_entry_snaps_to_the_skin_on_the_way_to_the_wish(case: KeptCase, judge: JudgeOfTarget):
    path = case.plan.targets[0].trajectories[0]
    outward = (path.entry_mm - path.target_mm) / path.length_mm
    for wish in (path.target_mm + 20 * outward, path.entry_mm + 40 * outward):
        assert judge(wish, path.target_mm).path.entry_mm == pytest.approx(path.entry_mm, abs=0.06)


def test_a_path_through_bone_says_what_it_breaks(case: KeptCase, judge: JudgeOfTarget):
    path = case.plan.targets[0].trajectories[0]
    judged = judge(path.target_mm + np.array([-5.0, 80.0, 12.0]), path.target_mm)
    assert not judged.keeps_limits
    assert any(name == "clearance: bone" and room < 0 for name, room, _ in judged.broken)
    assert judged.path.binding.spare_mm < 0


def test_no_skin_within_reach_is_no_path(case: KeptCase, judge: JudgeOfTarget):
    path = case.plan.targets[0].trajectories[0]
    assert judge(path.target_mm, path.target_mm) is None


def test_a_drag_is_answered_in_time(case: KeptCase, judge: JudgeOfTarget):
    path = case.plan.targets[0].trajectories[0]
    taken_s = []
    for shift in np.linspace(-10, 10, 15):
        start = time.thread_time()
        judge(path.entry_mm + np.array([shift, 0.0, shift / 2]), path.target_mm)
        taken_s.append(time.thread_time() - start)
    assert np.median(taken_s) < 0.05


def root_of(array: object) -> object:
    """What holds an array's bytes."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def test_a_kept_case_comes_back_as_it_was(case: KeptCase, tmp_path: Path):
    back = open_kept(keep(tmp_path / "view", case).parent)
    assert (back.anatomy.labels.labels == case.anatomy.labels.labels).all()
    assert (back.volume.voxels == case.volume.voxels).all()
    assert back.anatomy.labels.entries == dict(case.anatomy.labels.entries)
    ours, theirs = back.plan.targets[0].trajectories[0], case.plan.targets[0].trajectories[0]
    assert ours.length_mm == theirs.length_mm
    assert (ours.entry_mm == theirs.entry_mm).all()
    assert isinstance(root_of(back.volume.voxels), mmap.mmap)


def test_a_session_comes_back_with_its_undo(case: KeptCase, tmp_path: Path):
    keep(tmp_path, case)
    session = Session.opened(case.plan).step_path(1)
    keep_session(tmp_path, KeptSession(session.now, session.past, session.future))
    back = open_session(tmp_path)
    assert back.now.path_index == 1
    assert [step.path_index for step in back.past] == [0]
    assert back.past[0].plan is back.now.plan


def test_a_new_plan_forgets_the_old_session(case: KeptCase, tmp_path: Path):
    keep(tmp_path, replace(case, plan=None))
    assert peek(tmp_path)[1] is None
    session = Session.opened(case.plan)
    keep_session(tmp_path, KeptSession(session.now, (), ()))
    keep_plan(tmp_path, case.plan)
    assert open_session(tmp_path) is None
    assert isinstance(peek(tmp_path)[1], Plan)


def test_a_file_that_names_another_type_or_folder_is_refused(case: KeptCase, tmp_path: Path):
    text = (keep(tmp_path, case)).read_text()
    (tmp_path / "case.json").write_text(text.replace('"type", "OpenSeries"', '"type", "Popen"'))
    with pytest.raises(KeptCaseError, match="another version"):
        open_kept(tmp_path)
    (tmp_path / "case.json").write_text(text.replace('"file", "array-0.npy"', '"file", "../array-0.npy"'))
    with pytest.raises(KeptCaseError, match="outside its folder"):
        open_kept(tmp_path)
    with pytest.raises(KeptCaseError, match="no kept case"):
        open_kept(tmp_path / "nowhere")


@pytest.fixture
def desk(case: KeptCase) -> Desk:
    planning = CasePlanning(case.series, case.anatomy)
    one = Desk(
        OpenCase(case.volume, case.anatomy, case.plan.scan_position.pose, lambda _point: ""),
        Session.opened(case.plan),
        planning,
    )
    for name in PANES:
        one.picture(name)
    return one


def dragged(desk: Desk, name: str, from_px: np.ndarray, by_px: tuple[float, float]) -> None:
    desk.press(name, Pointer(*from_px, Button.LEFT))
    desk.move(name, Pointer(*(from_px + np.array(by_px)), Button.LEFT))
    desk.picture(name)
    desk.move(name, Pointer(*(from_px + np.array(by_px)), Button.LEFT))
    desk.release()


@pytest.mark.graphics
def test_a_dragged_entry_moves_along_the_skin_and_undo_brings_it_back(desk: Desk):
    before = desk.path
    dragged(desk, AXIAL, desk.panes[AXIAL].pixel(before.entry_mm), (18.0, 0.0))
    after = desk.path
    assert desk.session.now.path_index is None
    assert after.target_mm == pytest.approx(before.target_mm)
    assert np.linalg.norm(after.entry_mm - before.entry_mm) > 4
    desk.change(desk.session.undo())
    assert desk.path is before


@pytest.mark.graphics
def test_a_target_dragged_in_the_oblique_plane_goes_no_further_than_the_hand(desk: Desk):
    before = desk.path
    pane = desk.panes[NEEDLE]
    pixel_mm = pane.view.pixel_mm
    dragged(desk, NEEDLE, pane.pixel(before.target_mm), (6.0, 3.0))
    moved_mm = np.linalg.norm(desk.path.target_mm - before.target_mm)
    assert moved_mm == pytest.approx(np.hypot(6, 3) * pixel_mm, abs=0.01)


@pytest.mark.graphics
def test_scrolling_moves_one_slice_along_the_panes_own_normal(desk: Desk):
    before = desk.looks.cross_mm
    desk.wheel(AXIAL, 1, Pointer(5, 5))
    assert np.abs(desk.looks.cross_mm - before) == pytest.approx([0, 0, 1.6])


@pytest.mark.graphics
def test_a_click_on_the_skin_in_3d_finds_the_bodys_surface(desk: Desk, case: KeptCase):
    desk.picture(SCENE)
    desk.move(SCENE, Pointer(210, 150))
    point = desk.under_pointer_mm()
    assert point is not None
    geometry = case.anatomy.surroundings.geometry
    body = case.anatomy.surroundings.labels == 0
    k, j, i = np.floor(geometry.indices(point) + 0.5).astype(int)
    assert body[k, j, i]
    assert not body[max(k - 2, 0) : k + 3, j - 2 : j + 3, i - 2 : i + 3].all()


@pytest.mark.graphics
def test_right_drag_changes_the_window_of_every_slice(desk: Desk):
    before = desk.looks.window
    desk.press(AXIAL, Pointer(100, 100, Button.RIGHT))
    changed = desk.move(AXIAL, Pointer(130, 90, Button.RIGHT))
    desk.release()
    assert desk.looks.window.width > before.width
    assert desk.looks.window.center < before.center
    assert set(changed) == set(PANES) - {SCENE}


def test_a_click_belongs_to_the_tool_it_was_made_with_however_late_it_comes(desk: Desk):
    left = Pointer(200.0, 150.0, Button.LEFT)
    desk.take(Tool.DISTANCE)
    desk.hand.announce()
    desk.hand.announce()
    desk.take(Tool.ANGLE)
    desk.hand.announce()
    for _ in range(3):
        desk.press("axial", left)
        desk.release()
    assert [(ruler.tool, len(ruler.points_mm)) for ruler in desk.rulers] == [(Tool.DISTANCE, 2), (Tool.ANGLE, 1)]
    assert desk.tool is Tool.ANGLE
