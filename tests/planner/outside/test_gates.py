"""Each gate passes on what can be anatomy and fails on what cannot, with its number."""

import numpy as np
import pytest

from planner.anatomy.model import Foramen
from planner.anatomy.outside import gates
from planner.anatomy.spine_frame import SpineFrame
from planner.structures import Interspace, Side, SpineLevel, Structure

L3, L4, L5 = SpineLevel.L3, SpineLevel.L4, SpineLevel.L5


def test_levels_that_follow_each_other_pass():
    assert gates.ordered_levels({L5: 0.0, L4: 35.0, L3: 70.0}).is_passed


def test_swapped_levels_are_named():
    gate = gates.ordered_levels({L4: 0.0, L5: 35.0, L3: 70.0})
    assert not gate.is_passed
    assert set(gate.levels) == {L4, L5}


@pytest.mark.parametrize(("ml", "passes"), [(60.0, True), (37.0, True), (35.0, False), (99.0, False)])
def test_a_vertebra_is_about_as_large_as_its_neighbour(ml, passes):
    assert gates.alike_neighbours({L4: ml, L5: 60.0}).is_passed is passes


def test_two_halves_are_not_one_piece():
    mask = np.zeros((4, 4, 9), dtype=bool)
    mask[..., :4] = True
    assert gates.one_piece(Structure.AORTA, "aorta", mask).is_passed
    mask[..., 5:] = True
    assert not gates.one_piece(Structure.AORTA, "aorta", mask).is_passed


def test_a_canal_outside_the_ring_fails():
    ring = np.zeros((3, 3, 10), dtype=bool)
    ring[..., :5] = True
    assert gates.canal_in_ring(ring, ring).is_passed
    assert not gates.canal_in_ring(np.roll(ring, 3, axis=2), ring).is_passed


def test_a_canal_in_bone_fails():
    canal = np.ones((2, 2, 10), dtype=bool)
    bone = np.zeros_like(canal)
    assert gates.canal_apart(canal, bone).is_passed
    bone[..., 0] = True
    assert not gates.canal_apart(canal, bone).is_passed


def test_foramina_of_which_one_is_twice_the_other_fail():
    def foramen(side, area):
        return Foramen(Interspace(L4, L5), side, np.zeros(3), np.zeros(3), np.zeros(3), area, 1.0)

    assert gates.alike_foramina([foramen(Side.LEFT, 100.0), foramen(Side.RIGHT, 60.0)]).is_passed
    assert not gates.alike_foramina([foramen(Side.LEFT, 100.0), foramen(Side.RIGHT, 50.0)]).is_passed


def test_a_left_kidney_on_the_right_fails():
    frame = SpineFrame.along(np.stack([np.zeros(50), np.zeros(50), np.arange(50.0)], axis=1))
    left = np.array([[60.0, -30.0, 20.0]])
    assert gates.on_its_side(Structure.KIDNEY, Side.LEFT, left, frame).is_passed
    assert not gates.on_its_side(Structure.KIDNEY, Side.RIGHT, left, frame).is_passed
