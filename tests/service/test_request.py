"""What is asked for is said in full, or refused with what would be valid."""

import pytest

from planner.errors import UnknownNameError
from planner.structures import Interspace, Side, SpineLevel
from service.errors import RequestError
from service.request import NamedAnchor, NamedRoot, NamedVertebra, PlacedLevel, parse_anchor, parse_request


def test_a_root_a_level_and_a_place_are_understood():
    assert parse_request("prt", "l3", None, "left", None).where == NamedRoot("L3")
    assert parse_request("prt", None, "L3/L4", "left", None).where == Interspace(SpineLevel.L3, SpineLevel.L4)
    assert parse_request("prt", None, "@-210.5", "left", None).where == PlacedLevel(-210.5)


def test_the_side_is_a_word():
    assert parse_request("prt", "L3", None, "RIGHT", None).side is Side.RIGHT
    with pytest.raises(UnknownNameError, match="written out"):
        parse_request("prt", "L3", None, "L", None)


def test_a_missing_side_is_never_assumed():
    with pytest.raises(RequestError, match="--side left or --side right"):
        parse_request("prt", "L3", None, None, None)


@pytest.mark.parametrize(("root", "level"), [(None, None), ("L3", "L3/L4")])
def test_the_place_is_named_once(root, level):
    with pytest.raises(RequestError, match="name the place once"):
        parse_request("prt", root, level, "left", None)


@pytest.mark.parametrize("level", ["L3", "L4/L3", "L3/L5", "@", "@abc", "L3-L4", "X1/X2", ""])
def test_a_level_that_is_no_foramen_is_refused(level):
    with pytest.raises((RequestError, UnknownNameError)):
        parse_request("prt", None, level, "left", None)


@pytest.mark.parametrize("level", ["L5/S1", "S1/S2", "L6/S1", "L4/S1", "T12/L1", "T13/L1", "T11/L1", "C7/T1"])
def test_neighbours_are_those_that_are_neighbours_in_someone(level):
    assert str(parse_request("prt", None, level, "left", None).where) == level


def test_c8_is_a_root_though_no_vertebra():
    assert parse_request("prt", "C8", None, "left", None).where == NamedRoot("C8")


@pytest.mark.parametrize("root", ["C9", "T14", "L7", "foo", "L", ""])
def test_a_root_that_does_not_exist_is_refused(root):
    with pytest.raises((RequestError, UnknownNameError), match="valid"):
        parse_request("prt", root, None, "left", None)


def test_an_anchor_names_a_vertebra_at_a_place():
    assert parse_anchor("L3@-210") == NamedAnchor(SpineLevel.L3, -210.0)
    assert parse_anchor(None) is None
    with pytest.raises(RequestError, match="--anchor L3@-210"):
        parse_anchor("L3")


def test_several_joints_and_both_sides_are_one_sitting():
    asked = parse_request("facet", None, "L4/L5,L5/S1", "both", None)
    assert [(str(where), side) for where, side in asked.places] == [
        ("L4/L5", Side.LEFT),
        ("L4/L5", Side.RIGHT),
        ("L5/S1", Side.LEFT),
        ("L5/S1", Side.RIGHT),
    ]


def test_a_place_named_twice_is_refused():
    with pytest.raises(RequestError, match="named twice"):
        parse_request("facet", None, "L4/L5, L4/L5", "left", None)


def test_only_what_lies_beside_a_vertebra_is_named_by_one():
    assert parse_request("lumbar-sympathetic", None, "L3", "left", None).where == NamedVertebra(SpineLevel.L3)
    with pytest.raises(RequestError, match="write both vertebrae"):
        parse_request("facet", None, "L3", "left", None)
