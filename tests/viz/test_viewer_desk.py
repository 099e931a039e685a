"""What a radiologist's desk shows and keeps: windows, slabs, outlines, crosshair, names, measurements; no browser."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from planner.plan import Plan
from planner.structures import Pose, Structure
from planner.volume import Modality, Volume
from viz.subject import Subject
from viz.viewer.desk import LOSSY, Desk
from viz.viewer.looks import AXIAL, CORONAL, DOWN, PANES, SAGITTAL, SCENE, SLABS, mr_windows
from viz.viewer.marking import Shown, marks_of
from viz.viewer.opencase import OpenCase, Planning
from viz.viewer.pointer import Button, Pointer
from viz.viewer.ruler import Ruler, Tool
from viz.viewer.session import Session, first_path

pytestmark = pytest.mark.graphics


class NoPlanner(Planning):
    """Nothing here asks the planner."""


def case_of(subject: Subject, volume: Volume | None = None) -> OpenCase:
    return OpenCase(volume or subject.volume, subject.anatomy, Pose.PRONE, lambda _: "S1 / 7", may_edit=False)


@pytest.fixture
def desk(subject: Subject) -> Iterator[Desk]:
    plan: Plan = subject.plan
    one = Desk(case_of(subject), Session(first_path(plan, 0)), NoPlanner())
    for name in PANES:
        one.resize(name, 300, 260)
        one.picture(name)
    yield one
    one.close()


def test_a_slab_stays_on_while_scrolling(desk: Desk):
    desk.looks = replace(desk.looks, slab=2)
    for _ in range(3):
        desk.wheel(AXIAL, 1.0, Pointer(5, 5))
    assert SLABS[desk.looks.slab].words == "MIP 10 mm"
    assert marks(desk, AXIAL).note.startswith("MIP 10 mm")


def marks(desk: Desk, name: str, lossy: str = ""):
    found = desk.plane(name)
    assert found is not None
    return marks_of(desk.case, desk.looks, desk.path, Shown(name, found[0], lossy))


def test_the_crosshair_says_how_far_it_lies_off_an_oblique_plane(desk: Desk):
    path = desk.path
    assert path is not None
    outward = (path.entry_mm - path.target_mm) / path.length_mm
    desk.looks = desk.looks.at(path.target_mm + 7.5 * outward)
    assert "+ +7.5 mm" in marks(desk, DOWN).title
    desk.looks = desk.looks.at(path.target_mm)
    assert "+ +" not in marks(desk, DOWN).title


def test_a_moving_picture_says_that_it_is_lossy(desk: Desk):
    assert LOSSY in marks(desk, AXIAL, LOSSY).note
    assert LOSSY not in marks(desk, AXIAL).note
    assert np.abs(desk.picture(AXIAL, is_final=False).astype(int) - desk.picture(AXIAL)).max() > 100


def test_a_click_links_every_slice_through_the_point(desk: Desk):
    desk.press(AXIAL, Pointer(40, 200, Button.LEFT))
    changed = desk.release() or PANES
    point = desk.looks.cross_mm
    for name in (SAGITTAL, CORONAL, AXIAL):
        found = desk.plane(name)
        assert found is not None
        assert found[0].in_plane_mm(point)[2] == pytest.approx(0.0, abs=1e-9)
    assert set(changed) <= set(PANES)


def test_anterior_up_turns_the_axial_slice_and_never_mirrors_it(desk: Desk):
    before = desk.plane(AXIAL)
    desk.looks = replace(desk.looks, anterior_up=True)
    after = desk.plane(AXIAL)
    assert before is not None
    assert after is not None
    left, right, top, bottom = before[0].letters
    assert after[0].letters == (right, left, bottom, top)
    assert after[0].letters[2] == "A"
    assert after[0].toward_viewer == pytest.approx(before[0].toward_viewer)


def test_a_hidden_or_recoloured_outline_is_drawn_so(desk: Desk):
    desk.looks = replace(desk.looks, colours={Structure.AORTA: (255, 0, 255)})
    pink = np.array([255, 0, 255])
    assert (np.abs(desk.picture(AXIAL).astype(int) - pink).max(axis=-1) < 90).any()
    desk.looks = replace(desk.looks, hidden=frozenset({Structure.AORTA}))
    assert not (np.abs(desk.picture(AXIAL).astype(int) - pink).max(axis=-1) < 90).any()


def test_mr_windows_follow_the_signal_of_the_scan(subject: Subject):
    bright = Volume(subject.volume.geometry, (10 * (subject.volume.voxels + 1000)).astype(np.int16), Modality.MR)
    desk = Desk(case_of(subject, bright), None, NoPlanner())
    low, middle, high = desk.scan.percentiles
    assert desk.windows == mr_windows((low, middle, high))
    widest = desk.windows[0]
    assert widest.center - widest.width / 2 <= low
    assert widest.center + widest.width / 2 >= middle
    desk.close()


def test_a_distance_and_an_angle_are_what_geometry_says():
    corner = np.array([[10.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 24.0, 0.0]])
    assert Ruler(Tool.ANGLE, corner).words == "90.0°"
    assert Ruler(Tool.DISTANCE, corner[[0, 2]]).words == "26.0 mm"
    assert Ruler(Tool.ANGLE, corner[:2]).words == ""


def test_surfaces_of_the_scene_stay_under_the_budget(desk: Desk):
    actors, count = desk.scene._renderer.GetActors(), 0
    actors.InitTraversal()
    while (one := actors.GetNextActor()) is not None:
        one.GetMapper().Update()
        count += one.GetMapper().GetInput().GetNumberOfCells()
    assert SCENE in PANES
    assert 1000 < count < 150_000
