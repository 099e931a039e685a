"""Names of given vertebrae are counted against their places: who skips a vertebra names none surely."""

import pytest

from planner.anatomy.outside.levels import Levels, miscounted
from planner.anatomy.outside.naming_with import naming_with
from planner.anatomy.stages import Naming
from planner.structures import SpineLevel
from planner.structures import SpineLevel as L

OURS = Naming(L.C7, (L.C6, L.C5), 0.9, "the image's own ribs")


@pytest.mark.parametrize(
    ("below", "above", "apart"),
    [(L.L4, L.L3, 1), (L.L1, L.T12, 1), (L.L1, L.T12, 2), (L.S1, L.L5, 1), (L.S1, L.L6, 1), (L.L4, L.L1, 3)],
)
def test_names_that_follow_their_places_are_believed(below: SpineLevel, above: SpineLevel, apart: int):
    assert list(miscounted({2: below, 2 + apart: above})) == []


@pytest.mark.parametrize(
    ("below", "above", "apart"),
    [(L.C7, L.C5, 1), (L.L4, L.L3, 2), (L.L3, L.L4, 1), (L.L3, L.L3, 1), (L.S1, L.L4, 1)],
)
def test_a_skipped_a_doubled_or_a_swapped_name_is_said(below: SpineLevel, above: SpineLevel, apart: int):
    (said,) = miscounted({2: below, 2 + apart: above})
    assert f"{above} and {below} lie {apart} vertebrae apart" in said


def test_who_miscounts_names_no_vertebra_surely():
    levels = Levels((), {0: L.C7, 1: L.C5}, (), tuple(miscounted({0: L.C7, 1: L.C5})))
    naming = naming_with(OURS, (L.C7, L.C5), levels, "a model")
    assert naming.confidence <= 0.4
    assert any("look at their names" in warning for warning in naming.warnings)
