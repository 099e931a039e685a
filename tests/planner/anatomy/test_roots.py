"""Nerve roots: hung up under the right pedicle, on the right side, within what they state."""

import numpy as np
import pytest

from planner.anatomy.foramina import find_openings
from planner.anatomy.model import NerveRoot
from planner.anatomy.roots import draw_roots, find_roots, ganglion_size
from planner.geometry import VolumeGeometry, frozen
from planner.structures import Interspace, Side, SpineLevel, Unnamed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pairs(lumbar) -> list[tuple[NerveRoot, NerveRoot]]:
    """Found and true."""
    true = {(r.between, r.side): r for r in lumbar.anatomy.nerve_roots}
    found = find_roots(lumbar.column, find_openings(lumbar.column, lumbar.interspaces))
    return [(root, true[root.between, root.side]) for root in found]


def straight_root(between: Interspace) -> NerveRoot:
    course = np.stack([np.linspace(0, 24, 25), np.zeros(25), np.zeros(25)], axis=1)
    return NerveRoot(between.root, between, Side.LEFT, frozen(course), frozen([12.0, 0.0, 0.0]), 2.0, 3.0, 0.5)


def test_a_root_is_named_after_the_vertebra_above(pairs):
    assert {found.root for found, _ in pairs} == {"L1", "L2", "L3", "L4"}


def test_ganglia_lie_within_three_millimetres(pairs):
    errors = [np.linalg.norm(found.ganglion_mm - true.ganglion_mm) for found, true in pairs]
    assert max(errors) < 3.0


def test_nine_tenths_of_the_true_root_around_its_ganglion_lie_within_the_stated_shell(pairs):
    inside = []
    for found, true in pairs:
        near = np.linalg.norm(true.course_mm - true.ganglion_mm, axis=1) < 6.0
        gap = np.linalg.norm(true.course_mm[near][:, None] - found.course_mm[None], axis=2).min(axis=1)
        inside.extend(gap < found.uncertainty_mm)
    assert np.mean(inside) > 0.9


def test_a_root_runs_down_and_outwards(pairs):
    for found, _ in pairs:
        assert found.course_mm[0, 2] > found.ganglion_mm[2] > found.course_mm[-1, 2]
        assert abs(found.course_mm[0, 0]) < abs(found.ganglion_mm[0]) < abs(found.course_mm[-1, 0])


def test_fat_that_shows_the_ganglion_narrows_the_shell(pairs):
    assert all(found.uncertainty_mm < 3.0 for found, _ in pairs)


def test_a_straight_root_is_drawn_as_a_cylinder_with_a_swelling():
    geometry = VolumeGeometry.from_spacing((33, 33, 65), (0.5, 0.5, 0.5), (-8.0, -8.0, -4.0))
    between = Interspace(SpineLevel.L5, SpineLevel.S1)
    labels = draw_roots((straight_root(between),), geometry)
    volume = np.count_nonzero(labels) * 0.125
    size = ganglion_size(between)
    swelling = np.pi * ((size.width_mm / 2) ** 2 - 4.0) * (size.length_mm - size.width_mm)
    assert volume == pytest.approx(np.pi * 4.0 * 24 + 4 / 3 * np.pi * 8 + swelling, rel=0.15)
    assert labels.max() == 2


def test_voxels_wider_than_a_root_still_hold_its_middle_line():
    geometry = VolumeGeometry.from_spacing((5, 5, 9), (6.0, 6.0, 6.0), (-13.0, -13.0, -8.0))
    labels = draw_roots((straight_root(Interspace(SpineLevel.L4, SpineLevel.L5)),), geometry)
    assert np.count_nonzero(labels) >= 4


def test_an_unnamed_level_gets_the_smallest_ganglion_and_a_wider_shell(lumbar):
    unnamed = tuple(Interspace(Unnamed(n + 2), Unnamed(n + 1)) for n in range(len(lumbar.interspaces)))
    assert ganglion_size(unnamed[0]).width_mm < ganglion_size(Interspace(SpineLevel.L4, SpineLevel.L5)).width_mm
