"""Each path gets the words it earns among the paths to its target."""

from dataclasses import replace

import pytest

from planner.merits import with_merits
from planner.plan import PlannedTrajectory, Probability
from tests.dicom_io import plans


def path(rank: int, length_mm: float, tilt_deg: float, obliquity_deg: float, danger: float) -> PlannedTrajectory:
    soft = Probability(danger, danger, danger, 2000)
    risk = replace(plans.RISK, beside_bone=soft)
    return replace(
        plans.path(rank),
        length_mm=length_mm,
        tilt_deg=tilt_deg,
        obliquity_deg=obliquity_deg,
        risk=risk,
        tolerance_deg=3.0,
    )


def test_each_word_goes_to_the_path_that_earns_it() -> None:
    found = with_merits((path(1, 80, -9, -40, 0.2), path(2, 70, 4, 30, 0.3), path(3, 90, 5, -20, 0.1)))
    assert [one.merits for one in found] == [
        ("most forgiving",),
        ("shortest", "most in-plane"),
        ("safest", "shallowest angle"),
    ]


def test_the_best_ranked_of_equals_gets_the_word() -> None:
    first, second = with_merits((path(1, 80, 1, 10, 0.2), path(2, 80, 1, 10, 0.2)))
    assert "shortest" in first.merits
    assert second.merits == ()


@pytest.mark.parametrize("count", [0, 1])
def test_without_a_second_path_nothing_is_compared(count: int) -> None:
    assert all(one.merits == () for one in with_merits((path(1, 80, 1, 10, 0.2),)[:count]))


def test_without_risks_the_most_room_is_safest() -> None:
    roomy = replace(plans.path(1), risk=None, clearances=(plans.clearance(gap_mm=9.0),))
    tight = replace(plans.path(2), risk=None, clearances=(plans.clearance(gap_mm=2.0),))
    found = with_merits((tight, roomy))
    assert "safest" in next(one for one in found if one.rank == 1).merits
