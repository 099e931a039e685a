"""Names and numbers of known tools mean what their makers say, and nothing is guessed."""

import pytest

from planner.anatomy.outside.names import meaning_of
from planner.anatomy.outside.schemes import SCHEMES, TOTALSEGMENTATOR, TOTALSEGMENTATOR_1, VERSE, VISTA3D
from planner.brought import Beside
from planner.structures import Part, Side, SpineLevel, Structure
from planner.volume import LabelEntry


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_every_name_of_every_scheme_is_known(scheme):
    assert [name for name in scheme.names.values() if meaning_of(name) is None] == []


@pytest.mark.parametrize(("scheme", "count"), [(TOTALSEGMENTATOR, 117), (TOTALSEGMENTATOR_1, 104)])
def test_totalsegmentator_has_so_many_classes_each_named_once(scheme, count):
    assert sorted(scheme.names) == list(range(1, count + 1))
    assert len(set(scheme.names.values())) == count


PUBLISHED = {
    # number and name as class_map total (version 2) and total_v1 of totalsegmentator/map_to_binary.py have them, where a table may slip
    TOTALSEGMENTATOR.key: {
        2: "kidney_right", 9: "adrenal_gland_left", 10: "lung_upper_lobe_left", 14: "lung_lower_lobe_right", 22: "prostate",
        26: "vertebrae_S1", 27: "vertebrae_L5", 31: "vertebrae_L1", 32: "vertebrae_T12", 43: "vertebrae_T1", 44: "vertebrae_C7",
        50: "vertebrae_C1", 51: "heart", 52: "aorta", 55: "subclavian_artery_right", 60: "brachiocephalic_vein_right",
        63: "inferior_vena_cava", 65: "iliac_artery_left", 68: "iliac_vena_right", 77: "hip_left", 79: "spinal_cord",
        88: "iliopsoas_left", 91: "skull", 92: "rib_left_1", 104: "rib_right_1", 115: "rib_right_12", 117: "costal_cartilages",
    },
    TOTALSEGMENTATOR_1.key: {
        7: "aorta", 8: "inferior_vena_cava", 10: "pancreas", 17: "lung_lower_lobe_right", 18: "vertebrae_L5", 22: "vertebrae_L1",
        23: "vertebrae_T12", 34: "vertebrae_T1", 35: "vertebrae_C7", 41: "vertebrae_C1", 42: "esophagus", 49: "pulmonary_artery",
        51: "iliac_artery_left", 54: "iliac_vena_right", 57: "colon", 58: "rib_left_1", 70: "rib_right_1", 82: "humerus_left",
        90: "hip_left", 92: "sacrum", 93: "face", 94: "gluteus_maximus_left", 102: "iliopsoas_left", 104: "urinary_bladder",
    },
}  # fmt: skip


@pytest.mark.parametrize(("key", "names"), PUBLISHED.items(), ids=PUBLISHED)
def test_numbers_stand_where_totalsegmentator_publishes_them(key, names):
    assert {number: SCHEMES[key].names[number] for number in names} == names


IGNORED = {
    "gallbladder", "pancreas", "adrenal_gland_left", "adrenal_gland_right", "trachea", "thyroid_gland", "urinary_bladder", "prostate",
    "heart", "heart_myocardium", "heart_atrium_left", "heart_atrium_right", "heart_ventricle_left", "heart_ventricle_right",
    "atrial_appendage_left", "brain", "face",
}  # fmt: skip
"""Classes of either version that play no part in a plan at the spine; they are listed. All others are drawn."""


@pytest.mark.parametrize("scheme", [TOTALSEGMENTATOR, TOTALSEGMENTATOR_1], ids=lambda one: one.key)
def test_every_class_of_totalsegmentator_is_drawn_or_ignored_on_purpose(scheme):
    ignored = {name for name in scheme.names.values() if meaning_of(name) is Beside.NOT_USED}
    assert ignored == IGNORED & set(scheme.names.values())
    drawn = set(scheme.names.values()) - ignored - {"spinal_cord"}
    assert all(isinstance(meaning_of(name), LabelEntry) for name in drawn)


@pytest.mark.parametrize("name", ["body", "body_trunc", "body_extremities", "skin"])
def test_the_trunk_is_no_vertebra(name):
    assert meaning_of(name) is Beside.NOT_USED


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
