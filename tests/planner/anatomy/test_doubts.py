"""Near metal, and where a disc is hardly seen, landmarks say that they are less sure and may lie further off."""

import numpy as np
import pytest

from planner.anatomy.doubts import (
    NO_DOUBTS,
    Doubts,
    doubted_foramen,
    doubted_root,
    level_doubts,
    metal_words,
    placed_discs,
)
from planner.anatomy.model import Foramen, NerveRoot
from planner.anatomy.stages import DiscLevel
from planner.geometry import VolumeGeometry
from planner.structures import Interspace, Side, SpineLevel

GRID = VolumeGeometry(np.diag([2.0, 2.0, 2.0, 1.0])[[2, 1, 0, 3]], (60, 60, 60))
L45, L34 = Interspace(SpineLevel.L4, SpineLevel.L5), Interspace(SpineLevel.L3, SpineLevel.L4)


def disc(z_mm: float, confidence: float) -> DiscLevel:
    return DiscLevel(z_mm, np.array([60.0, 60.0, z_mm]), np.array([0.0, 0.0, 1.0]), 8.0, confidence)


def root(ganglion_mm) -> NerveRoot:
    place = np.array(ganglion_mm, dtype=float)
    return NerveRoot("L4", L45, Side.LEFT, place[None], place, 1.8, 3.5, 0.8)


def foramen(center_mm) -> Foramen:
    place = np.array(center_mm, dtype=float)
    return Foramen(L45, Side.LEFT, place, place, place, 100.0, 0.9, 2.5)


def a_screw(length: int = 20):
    metal = np.zeros(GRID.shape, dtype=bool)
    metal[20 : 20 + length, 30, 30:32] = True
    return metal


def test_a_clip_and_no_metal_leave_every_landmark_as_it_is():
    for metal in (np.zeros(GRID.shape, dtype=bool), a_screw(5)):
        doubts = level_doubts((disc(40, 0.99),), (L45,), metal, GRID)
        assert doubts.at(np.full(3, 60.0), L45) == 0.0
        assert metal_words((disc(40, 0.99),), (L45,), doubts) == ()


@pytest.mark.parametrize(("nearer", "further"), [(5.0, 15.0), (15.0, 30.0), (30.0, 45.0)])
def test_the_nearer_to_metal_the_wider_and_the_less_sure(nearer, further):
    doubts = Doubts(np.zeros((1, 3)), {})
    near, far = (doubted_root(root((away, 0, 0)), doubts) for away in (nearer, further))
    assert near.uncertainty_mm > far.uncertainty_mm >= 3.5
    assert near.confidence < far.confidence <= 0.8


def test_beyond_the_reach_of_streaks_nothing_changes():
    doubts = Doubts(np.zeros((1, 3)), {})
    assert doubted_foramen(foramen((41.0, 0, 0)), doubts).uncertainty_mm == 2.5
    assert doubted_foramen(foramen((41.0, 0, 0)), NO_DOUBTS).confidence == 0.9


def test_a_hardly_seen_disc_makes_its_own_foramen_and_root_doubtful_and_no_others():
    doubts = level_doubts((disc(20, 0.1), disc(50, 0.9)), (L45, L34), np.zeros(GRID.shape, dtype=bool), GRID)
    assert doubted_foramen(foramen((0, 0, 20)), doubts).uncertainty_mm > 2.5
    assert doubts.at(np.zeros(3), L34) == 0.0


def test_a_disc_of_which_nothing_is_seen_may_lie_as_far_off_as_its_neighbour():
    row = (disc(20, 0.05), disc(50, 0.99), disc(85, 0.99))
    names = (L45, L34, Interspace(SpineLevel.L2, SpineLevel.L3))
    unseen, seen, _ = placed_discs(row, names, NO_DOUBTS)
    assert unseen.uncertainty_mm == pytest.approx(2.0 + 0.95 * 30.0)
    assert seen.uncertainty_mm < 2.5


def test_the_levels_near_metal_are_named():
    doubts = level_doubts((disc(50, 0.99), disc(125, 0.99)), (L45, L34), a_screw(), GRID)
    (said,) = metal_words((disc(50, 0.99), disc(125, 0.99)), (L45, L34), doubts)
    assert "L4/L5" in said
    assert "L3/L4" not in said
