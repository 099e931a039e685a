"""Names come from anchors; without one, or with two that disagree, that is said."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from planner.anatomy.naming import confidence_of_names, name_levels
from planner.anatomy.pelvis import Pelvis
from planner.anatomy.ribs import Rib, Ribs
from planner.anatomy.stages import DiscLevel
from planner.errors import LevelNotFoundError
from planner.structures import Side, SpineLevel, Unnamed

EMPTY = np.zeros((1, 1, 1), dtype=bool)


@dataclass(frozen=True)
class Anchor:
    level: SpineLevel
    z_mm: float


def discs(count: int) -> tuple[DiscLevel, ...]:
    return tuple(
        DiscLevel(30.0 * n, np.array([0.0, 0.0, 30.0 * n]), np.array([0.0, 0.0, 1.0]), 8.0, 0.9) for n in range(count)
    )


def bodies(count: int) -> np.ndarray:
    return np.array([[0.0, 0.0, 30.0 * n - 15.0] for n in range(count + 1)])


def sacrum(confidence: float = 0.9) -> Pelvis:
    return Pelvis(0, confidence, EMPTY, {})


def no_sacrum() -> Pelvis:
    return Pelvis(None, 0.0, EMPTY, {})


def ribs_from(vertebra: int, count: int, sides=tuple(Side)) -> Ribs:
    """Ribs on this vertebra and all above, none below."""
    found = tuple(Rib(n, side, 0.0, 60.0) for n in range(vertebra, count + 1) for side in sides)
    return Ribs(found, tuple(range(1, vertebra)), EMPTY)


def no_ribs(seen: int = 5) -> Ribs:
    return Ribs((), tuple(range(1, seen + 1)), EMPTY)


def said(naming) -> list[str]:
    return [str(name) for name in (naming.below, *naming.names)]


def with_a_doubtful(place: int, row: tuple[DiscLevel, ...]) -> tuple[DiscLevel, ...]:
    """One disc that is hardly seen."""
    return (*row[:place], replace(row[place], confidence=0.1), *row[place + 1 :])


def test_beyond_a_doubtful_disc_no_name_counted_from_the_sacrum_is_sure():
    row = with_a_doubtful(1, discs(4))
    sure = confidence_of_names(name_levels(row, bodies(4), sacrum(), no_ribs()), row)
    assert sure[:2] == (0.8, 0.8)  # S1, L5
    assert sure[2:] == (0.1, 0.1, 0.1)


def test_below_the_last_rib_a_doubtful_disc_leaves_no_name_sure():
    row = with_a_doubtful(1, discs(7))
    naming = name_levels(row, bodies(7), no_sacrum(), ribs_from(4, 7))
    sure = confidence_of_names(naming, row)
    assert sure[:2] == (0.1, 0.1)
    assert min(sure[2:]) == naming.confidence


def test_between_two_anchors_whose_count_agrees_a_doubtful_disc_takes_nothing():
    row = with_a_doubtful(2, discs(7))
    naming = name_levels(row, bodies(7), sacrum(), ribs_from(6, 7))
    assert set(confidence_of_names(naming, row)[:7]) == {naming.confidence}


def test_sacrum_and_last_rib_with_five_between_are_sure():
    naming = name_levels(discs(7), bodies(7), sacrum(), ribs_from(6, 7))
    assert said(naming) == ["S1", "L5", "L4", "L3", "L2", "L1", "T12", "T11"]
    assert naming.confidence > 0.9
    assert naming.warnings == ()


def test_the_sacrum_alone_names_upwards_with_less_confidence():
    naming = name_levels(discs(3), bodies(3), sacrum(0.98), no_ribs())
    assert said(naming) == ["S1", "L5", "L4", "L3"]
    assert naming.confidence == 0.8
    assert "sacrum alone" in naming.evidence


def test_a_sixth_vertebra_without_rib_is_doubted():
    naming = name_levels(discs(7), bodies(7), sacrum(0.98), no_ribs(6))
    assert said(naming)[:2] == ["S1", "L5"]
    assert naming.confidence < 0.5
    assert "must be confirmed" in naming.warnings[0]


def test_the_last_rib_alone_names_both_ways():
    naming = name_levels(discs(6), bodies(6), no_sacrum(), ribs_from(4, 6))
    assert said(naming) == ["L4", "L3", "L2", "L1", "T12", "T11", "T10"]
    assert 0.5 < naming.confidence <= 0.85


@pytest.mark.parametrize(
    ("last_rib", "names"),
    [
        (5, ["S1", "L4", "L3", "L2", "L1", "T12", "T11"]),
        (7, ["S1", "L6", "L5", "L4", "L3", "L2", "L1"]),
    ],
)
def test_four_or_six_lumbar_vertebrae_are_named_and_doubted(last_rib, names):
    naming = name_levels(discs(7), bodies(7), sacrum(), ribs_from(last_rib, 7))
    assert said(naming)[: len(names)] == names
    assert naming.confidence < 0.6
    assert str(last_rib - 1) in naming.warnings[0]


def test_an_impossible_count_is_doubted_most():
    naming = name_levels(discs(7), bodies(7), sacrum(), ribs_from(3, 7))
    assert naming.confidence < 0.4
    assert "must be confirmed" in naming.warnings[0]


def test_nothing_is_named_without_an_anchor():
    naming = name_levels(discs(2), bodies(2), no_sacrum(), no_ribs(2))
    assert (naming.below, *naming.names) == (Unnamed(1), Unnamed(2), Unnamed(3))
    assert naming.confidence == 0.0
    assert naming.evidence == ""


def test_ribs_down_to_the_image_end_are_no_anchor():
    naming = name_levels(discs(4), bodies(4), no_sacrum(), ribs_from(1, 4))
    assert naming.confidence == 0.0


def test_a_rib_on_one_side_is_less_sure_than_on_both():
    one = name_levels(discs(6), bodies(6), no_sacrum(), ribs_from(4, 6, (Side.LEFT,)))
    both = name_levels(discs(6), bodies(6), no_sacrum(), ribs_from(4, 6))
    assert one.confidence < both.confidence


def test_a_person_names_the_nearest_vertebra_and_all_others_follow():
    naming = name_levels(discs(3), bodies(3), no_sacrum(), no_ribs(3), Anchor(SpineLevel.L3, 40.0))
    assert said(naming) == ["L5", "L4", "L3", "L2"]
    assert "5.0 mm" in naming.evidence


def test_a_person_far_from_any_vertebra_is_refused():
    with pytest.raises(LevelNotFoundError, match=r"within 15 mm of z = 140\.0 mm"):
        name_levels(discs(3), bodies(3), no_sacrum(), no_ribs(3), Anchor(SpineLevel.L3, 140.0))


def test_a_person_against_the_image_is_believed_and_said():
    naming = name_levels(discs(7), bodies(7), sacrum(), ribs_from(6, 7), Anchor(SpineLevel.L3, 15.0))
    assert said(naming)[1] == "L3"
    assert naming.confidence < 0.7
    assert "L5" in naming.warnings[0]


def test_names_end_at_the_first_cervical_vertebra():
    naming = name_levels(discs(3), bodies(3), no_sacrum(), no_ribs(3), Anchor(SpineLevel.C2, 15.0))
    assert said(naming) == ["C3", "C2", "C1", "unknown 4"]
