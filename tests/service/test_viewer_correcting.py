"""What a person corrects in the anatomy: balls in the label map, roots that move, and what stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

from planner.anatomy.model import Anatomy, Lie, NerveRoot
from planner.geometry import FloatArray, VolumeGeometry
from planner.structures import Interspace, Pose, Side, SpineLevel, Structure
from planner.volume import LabelEntry, LabelMap
from service.viewing.correcting import corrected
from viz.viewer.correction import BY_HAND, Change, Correction

BODY, BOWEL, ROOT = 1, 2, 3
SPACING_MM = (2.0, 1.0, 1.5)
L4 = Interspace(SpineLevel.L4, SpineLevel.L5)


def anatomy() -> Anatomy:
    """A block of soft tissue with a bowel cube and one straight root along x."""
    grid = VolumeGeometry.from_spacing((30, 40, 40), SPACING_MM)
    labels = np.full(grid.shape, BODY, np.uint16)
    labels[2:6, 2:8, 2:8] = BOWEL
    labels[15, 20, 10:30] = ROOT
    entries = {
        BODY: LabelEntry(Structure.BODY),
        BOWEL: LabelEntry(Structure.BOWEL),
        ROOT: LabelEntry(Structure.NERVE_ROOT, None, SpineLevel.L4, Side.LEFT),
    }
    course = grid.points_mm(np.stack([np.full(20, 15.0), np.full(20, 20.0), np.arange(10.0, 30.0)], axis=1))
    root = NerveRoot("L4", L4, Side.LEFT, course, course[10], 1.5, 2.0, 0.6)
    return Anatomy(
        labels=LabelMap(grid, labels, entries),
        surroundings=LabelMap(grid, np.zeros(grid.shape, np.uint16)),
        vertebrae=(),
        discs=(),
        canal_centreline_mm=np.zeros((0, 3)),
        foramina=(),
        facets=(),
        nerve_roots=(root,),
        confidence={Structure.BOWEL: 0.3},
        uncertainty_mm={},
        lie=Lie(Pose.PRONE, 1.0, "built"),
        naming="",
        warnings=("found",),
    )


def at(k: float, j: float, i: float) -> FloatArray:
    return anatomy().labels.geometry.points_mm(np.array([k, j, i], dtype=float))


def ball(before: Anatomy, centre_mm: FloatArray, radius_mm: float) -> np.ndarray:
    """The slow obvious version."""
    grid = before.labels.geometry
    points = grid.points_mm(np.moveaxis(np.indices(grid.shape), 0, -1).reshape(-1, 3).astype(float))
    return (np.linalg.norm(points - centre_mm, axis=1) <= radius_mm).reshape(grid.shape)


@pytest.mark.parametrize("centre", [(15, 30, 20), (0, 0, 0), (29, 39, 39)])
def test_a_ball_is_added_where_it_is_painted_and_nowhere_else(centre: tuple[int, int, int]):
    before = anatomy()
    after = corrected(before, [Correction(Change.ADD, Structure.BOWEL, at(*centre)[None], 4.0)])
    expected = np.where(ball(before, at(*centre), 4.0), BOWEL, before.labels.labels)
    assert (after.labels.labels == expected).all()
    assert (before.labels.labels[15, 30, 20]) == BODY


def test_what_is_taken_away_is_soft_tissue_and_other_structures_stay():
    before = anatomy()
    stroke = Correction(Change.ERASE, Structure.BOWEL, np.stack([at(4, 5, 5), at(15, 20, 20)]), 3.0)
    after = corrected(before, [stroke])
    gone = (before.labels.labels == BOWEL) & ball(before, at(4, 5, 5), 3.0)
    assert gone.any()
    assert (after.labels.labels[gone] == BODY).all()
    assert (after.labels.labels[~gone] == before.labels.labels[~gone]).all()


def test_a_structure_that_was_not_found_gets_a_label_of_its_own():
    after = corrected(anatomy(), [Correction(Change.ADD, Structure.URETER, at(15, 30, 20)[None], 2.0)])
    value = int(after.labels.labels[15, 30, 20])
    assert value not in {BODY, BOWEL, ROOT}
    assert after.labels.entries[value].structure is Structure.URETER
    assert after.confidence[Structure.URETER] == 1.0


def test_a_nudged_root_goes_along_with_the_hand_and_its_far_end_stays():
    before = anatomy()
    (root,) = before.nerve_roots
    by = np.array([0.0, 3.0, 2.0])
    after = corrected(
        before,
        [Correction(Change.NUDGE, Structure.NERVE_ROOT, np.stack([root.ganglion_mm, root.ganglion_mm + by]), 1.0)],
    )
    (moved,) = after.nerve_roots
    assert moved.ganglion_mm == pytest.approx(root.ganglion_mm + by)
    shift = np.linalg.norm(moved.course_mm - root.course_mm, axis=1)
    assert shift.argmax() == 10
    assert shift[0] < 0.6 * shift.max()
    drawn = after.labels.nearest(moved.course_mm)
    assert (drawn == ROOT).all()
    assert after.labels.nearest(root.ganglion_mm) == BODY


def test_a_nudge_far_from_every_root_moves_none():
    before = anatomy()
    far = at(28, 38, 38)
    after = corrected(before, [Correction(Change.NUDGE, Structure.NERVE_ROOT, np.stack([far, far + 1.0]), 1.0)])
    assert after.nerve_roots == before.nerve_roots


def test_every_correction_is_said_in_its_order():
    strokes = [
        Correction(Change.ADD, Structure.BOWEL, at(15, 30, 20)[None], 4.0),
        Correction(Change.ERASE, Structure.BOWEL, at(15, 30, 20)[None], 2.0),
    ]
    after = corrected(anatomy(), strokes)
    assert after.warnings == ("found", *(one.words for one in strokes))
    assert all(one.words.startswith(BY_HAND) for one in strokes)
    assert after.labels.labels[15, 30, 20] == BODY
    assert after.labels.labels[15, 30, 22] == BOWEL


def test_no_correction_changes_nothing():
    before = anatomy()
    assert corrected(before, ()) is before
