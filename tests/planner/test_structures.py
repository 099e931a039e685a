import pytest

from planner.errors import UnknownNameError
from planner.structures import Interspace, PatientPosition, Pose, Side, SpineLevel, Unnamed

L = SpineLevel


@pytest.mark.parametrize(
    ("upper", "lower", "root"),
    [
        (L.C5, L.C6, "C6"),
        (L.C7, L.T1, "C8"),
        (L.T1, L.T2, "T1"),
        (L.L4, L.L5, "L4"),
        (L.L5, L.S1, "L5"),
        (L.L6, L.S1, "L6"),
        (L.L4, L.S1, "L4"),
    ],
)
def test_root_of_a_foramen(upper, lower, root):
    assert Interspace(upper, lower).root == root


def test_an_unnamed_level_is_not_a_name():
    between = Interspace(Unnamed(2), Unnamed(1))
    assert not between.is_named
    assert str(between) == "unknown 2/unknown 1"


@pytest.mark.parametrize("letter", ["L", "R", "l", "links", ""])
def test_a_side_is_a_word_never_a_letter(letter):
    with pytest.raises(UnknownNameError, match="left, right"):
        Side.parse(letter)


def test_left_is_along_positive_x():
    assert (Side.LEFT.sign, Side.RIGHT.sign) == (1, -1)


@pytest.mark.parametrize("name", ["L7", "X1", "L", "4", "L4/L5"])
def test_a_level_that_does_not_exist_is_refused(name):
    with pytest.raises(UnknownNameError, match="C1-C7"):
        SpineLevel.parse(name)


def test_every_patient_position_has_a_pose():
    assert {p.value: p.pose for p in PatientPosition} == {
        "HFS": Pose.SUPINE,
        "FFS": Pose.SUPINE,
        "HFP": Pose.PRONE,
        "FFP": Pose.PRONE,
        "HFDL": Pose.LEFT_SIDE,
        "FFDL": Pose.LEFT_SIDE,
        "HFDR": Pose.RIGHT_SIDE,
        "FFDR": Pose.RIGHT_SIDE,
    }
