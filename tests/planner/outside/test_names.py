"""Names and numbers of known tools mean what their makers say, and nothing is guessed."""

import pytest

from planner.anatomy.outside.names import meaning_of
from planner.anatomy.outside.schemes import SCHEMES, TOTALSEGMENTATOR, VERSE, VISTA3D
from planner.brought import Beside
from planner.structures import Part, Side, SpineLevel, Structure
from planner.volume import LabelEntry


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_every_name_of_every_scheme_is_known(scheme):
    assert [name for name in scheme.names.values() if meaning_of(name) is None] == []


def test_totalsegmentator_has_117_classes():
    assert sorted(TOTALSEGMENTATOR.names) == list(range(1, 118))


@pytest.mark.parametrize(
    ("scheme", "number", "level"),
    [(TOTALSEGMENTATOR, 28, "L4"), (VERSE, 20, "L1"), (VERSE, 28, "T13"), (VISTA3D, 33, "L5")],
)
def test_numbers_name_their_vertebra(scheme, number, level):
    entry = meaning_of(scheme.names[number])
    assert isinstance(entry, LabelEntry)
    assert (entry.structure, entry.level) == (Structure.VERTEBRA, SpineLevel(level))


@pytest.mark.parametrize("name", ["kidney_left", "Left Kidney", "left-kidney", "KIDNEY LEFT"])
def test_a_side_is_read_however_it_is_written(name):
    entry = meaning_of(name)
    assert isinstance(entry, LabelEntry)
    assert (entry.structure, entry.side) == (Structure.KIDNEY, Side.LEFT)


def test_a_name_without_a_side_gives_none():
    entry = meaning_of("kidney")
    assert isinstance(entry, LabelEntry)
    assert entry.side is None


def test_a_disc_is_named_by_the_vertebra_above_it():
    entry = meaning_of("disc_L4_L5")
    assert isinstance(entry, LabelEntry)
    assert (entry.structure, entry.level) == (Structure.DISC, SpineLevel.L4)


def test_the_cord_never_stands_for_the_canal():
    assert meaning_of("spinal_cord") is Beside.CORD


def test_a_body_is_a_part_of_its_vertebra():
    entry = meaning_of("vertebral_body_L3")
    assert isinstance(entry, LabelEntry)
    assert (entry.part, entry.level) == (Part.BODY, SpineLevel.L3)


@pytest.mark.parametrize("name", ["Struktur 7", "left_right_kidney", "vertebrae_L9", ""])
def test_what_is_not_known_means_nothing(name):
    assert meaning_of(name) is None


def test_a_persons_map_goes_first():
    entry = meaning_of("Niere li", {"niere li": "kidney_left"})
    assert isinstance(entry, LabelEntry)
    assert (entry.structure, entry.side) == (Structure.KIDNEY, Side.LEFT)


def test_a_roots_name_says_its_level_and_side():
    for name, part in (("nerve_root_L4_left", Part.ROOT), ("ganglion_L4 left", Part.GANGLION)):
        found = meaning_of(name)
        assert isinstance(found, LabelEntry)
        assert (found.structure, found.part) == (Structure.NERVE_ROOT, part)
        assert (found.level, found.side) == (SpineLevel.L4, Side.LEFT)
