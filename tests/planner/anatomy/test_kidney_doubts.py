"""Kidneys of stated lengths: which of them are held to be whole."""

import numpy as np
import pytest

from planner.anatomy.coarse import Region
from planner.anatomy.kidney_doubts import Kidneys, doubted
from planner.geometry import VolumeGeometry
from planner.structures import Side

SCAN = VolumeGeometry.from_spacing((150, 20, 20), (2.0, 2.0, 2.0))


def kidney(length_mm: float, lowest_mm: float = 60.0) -> Region:
    """A block of that length, with empty voxels around it."""
    mask = np.zeros((round(length_mm / 2.0) + 2, 20, 20), dtype=bool)
    mask[1:-1, 5:15, 5:15] = True
    geometry = VolumeGeometry.from_spacing(mask.shape, (2.0, 2.0, 2.0), (0.0, 0.0, lowest_mm - 1.0))
    return Region(geometry, mask, 0.7, 3.5)


def judged(left_mm: float, right_mm: float, right_lowest_mm: float = 60.0) -> Kidneys:
    return doubted({Side.LEFT: kidney(left_mm), Side.RIGHT: kidney(right_mm, right_lowest_mm)}, SCAN)


@pytest.mark.parametrize("lengths_mm", [(110.0, 104.0), (96.0, 112.0), (84.0, 90.0)])
def test_two_kidneys_of_like_length_raise_no_doubt(lengths_mm: tuple[float, float]):
    kidneys = judged(*lengths_mm)
    assert kidneys.warnings == ()
    assert kidneys.left is not None
    assert kidneys.left.confidence == 0.7


def test_the_shorter_of_two_unlike_kidneys_is_doubted_and_the_longer_is_not():
    kidneys = judged(112.0, 82.0)
    assert kidneys.left is not None
    assert kidneys.right is not None
    assert kidneys.left.uncertainty_mm == 3.5
    assert kidneys.right.confidence < 0.5
    assert kidneys.right.uncertainty_mm == 25.0
    assert kidneys.warnings[0].startswith("right kidney: 82 mm long, at least 92 expected")


def test_a_kidney_too_short_for_an_adult_is_doubted_even_where_both_are():
    kidneys = judged(60.0, 60.0)
    assert len(kidneys.warnings) == 2


def test_a_kidney_that_the_scan_cuts_is_not_missing_a_pole():
    kidneys = judged(112.0, 60.0, right_lowest_mm=0.0)
    assert kidneys.warnings == ()


def test_a_kidney_too_long_may_hold_something_else():
    kidneys = judged(160.0, 110.0)
    assert kidneys.left is not None
    assert kidneys.left.confidence < 0.5
    assert kidneys.warnings == ("left kidney: 160 mm long, more than 145: it may hold something else",)


def test_no_kidney_is_said():
    kidneys = doubted({Side.LEFT: None, Side.RIGHT: kidney(100.0)}, SCAN)
    assert kidneys.warnings == (
        "left kidney: no place beside the psoas where a kidney's surface is seen; none is drawn",
    )
