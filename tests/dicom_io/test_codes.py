"""Every code is the Standard's own, or declared as ours."""

from pathlib import Path

import pytest
from pydicom.sr._concepts_dict import concepts

from dicom_io import codes, structure_codes
from dicom_io.codes import PRIVATE_SCHEME, Concept
from dicom_io.structure_codes import CodedSite, coded_site, label_entry
from planner.structures import Part, Side, SpineLevel, Structure, Unnamed
from planner.volume import LabelEntry

EVERY_CONCEPT = tuple(dict.fromkeys((*codes.CONCEPTS, *structure_codes.CONCEPTS)))
IN_NO_DICTIONARY = {
    ("UMLS", "C0034375"),  # PS3.16 TID 1500
    *(
        ("SCT", value) for value in ("3572006", "65985001", "11808007", "49967005", "69950008", "21452006")
    ),  # AAPM TG-263
}


def meanings(concept: Concept) -> set[str]:
    scheme = concepts.get(concept.scheme, {})
    return {meaning for found in scheme.values() for value, (meaning, _) in found.items() if value == concept.value}


@pytest.mark.parametrize("concept", [c for c in EVERY_CONCEPT if c.scheme != PRIVATE_SCHEME], ids=str)
def test_a_public_code_has_its_dictionary_meaning(concept: Concept) -> None:
    if (concept.scheme, concept.value) in IN_NO_DICTIONARY:
        assert meanings(concept) == set()
    else:
        assert concept.meaning in meanings(concept)


@pytest.mark.parametrize("concept", EVERY_CONCEPT, ids=str)
def test_values_and_meanings_fit_their_fields(concept: Concept) -> None:
    assert len(concept.value) <= 16
    assert len(concept.scheme) <= 16
    assert len(concept.meaning) <= 64
    assert concept.source


def test_no_two_concepts_share_a_code() -> None:
    named = [(concept.scheme, concept.value) for concept in EVERY_CONCEPT]
    assert len(named) == len(set(named))


def test_the_private_scheme_is_declared_by_its_designator() -> None:
    assert [item.CodingSchemeDesignator for item in codes.coding_schemes()] == [PRIVATE_SCHEME]


@pytest.mark.parametrize(
    "entry",
    [
        *(LabelEntry(structure) for structure in Structure),
        *(LabelEntry(Structure.VERTEBRA, None, level) for level in SpineLevel),
        *(LabelEntry(Structure.DISC, None, level) for level in (SpineLevel.C2, SpineLevel.L3, SpineLevel.L5)),
        *(LabelEntry(Structure.KIDNEY, None, None, side) for side in Side),
        LabelEntry(Structure.VERTEBRA, Part.BODY, SpineLevel.L6),
        LabelEntry(Structure.VERTEBRA, Part.POSTERIOR, Unnamed(3)),
        LabelEntry(Structure.VERTEBRA, None, Unnamed(12)),
        LabelEntry(Structure.DISC, None, Unnamed(2)),
        LabelEntry(Structure.VERTEBRA, Part.SUPERIOR_ARTICULAR_PROCESS, SpineLevel.L5, Side.RIGHT),
        LabelEntry(Structure.NERVE_ROOT, Part.GANGLION, SpineLevel.L4, Side.LEFT),
    ],
    ids=str,
)
def test_codes_name_a_structure_without_loss(entry: LabelEntry) -> None:
    assert label_entry(coded_site(entry.structure, entry.part, entry.level, entry.side)) == entry


@pytest.mark.parametrize("level", [SpineLevel.T11, SpineLevel.T12, SpineLevel.L4, SpineLevel.L5])
def test_a_disc_whose_lower_vertebra_is_not_certain_gets_no_code_that_names_it(level: SpineLevel) -> None:
    site = coded_site(Structure.DISC, None, level)
    assert site.kind.meaning == "Intervertebral disc"
    assert site.region == structure_codes.VERTEBRAE[level]


def test_a_code_of_others_is_not_guessed() -> None:
    assert label_entry(CodedSite(Concept("80891009", "SCT", "Heart", "a test"))) is None


def test_every_private_code_is_in_the_conformance_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text()
    for concept in EVERY_CONCEPT:
        if concept.scheme == PRIVATE_SCHEME:
            assert f"| `{concept.value}` | {concept.meaning} |" in page
