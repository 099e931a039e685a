"""Every sentence that the planner can put on the page has a German one: sentences are read from the code that makes them."""

import ast
from importlib import import_module
from inspect import getsourcefile
from pathlib import Path

import pytest

from planner.merits import MERITS
from planner.procedures import PROCEDURES
from planner.release.questions import questions_for
from service.german import PAIRS, in_german, names
from service.german.template import kind_of, templates
from viz.viewer.words import Language, question_words

SAYS = (
    *(f"planner.anatomy.{name}" for name in (
        "bowel", "crura", "kidney_doubts", "lungs", "muscles", "pieces", "renal_vessels", "ureters", "vessel_zones", "vessels",
        "network.agreement", "outside.levels",
    )),
    "planner.held_back", "planner.release.bleeding", "planner.spread", "planner.missing_length", "planner.sitting.several",
    "planner.relaxation", "planner.errors", "planner.merits", "planner.anatomy.registration.register",
    "service.viewing.releasing", "service.viewing.signing", "service.series_facts", "viz.viewer.correction",
)  # fmt: skip
"""Modules whose every sentence a radiologist may read."""

PARTS = {
    # what stands within another sentence, a name, a key, a source or a format
    "ASRA 2018", "ASIPP 2024", "OPEN GATE", "free breathing", "Breathing phase of the scan", "Whose classes of bleeding risk?",
    "Platelets per nl", "inputs and plan (SHA-256)", "not stated", "iliac arteries", "iliac veins", "lowest aerated lung", "lowest rib",
    "approach window", "needle length", "no air outside the skin", "skin outside image", "Corrected by hand:", "taken away",
}  # fmt: skip
LEFT_OUT = (
    "reference.medscape", "medilib", "p-web", "no value of its own", "confirm 7", "7 7", "7, then", "7 and 7", "7 renal 7", "; its tip was placed",
    "at L 7", "7 kidney: 7", " mm long, ", "apart7;", "by hand7.",
)  # fmt: skip


def sentences(module: str) -> list[str]:
    """Every string of words of a module's code, docstrings left out, with 7 for whatever is put in."""
    source = getsourcefile(import_module(module))
    assert source is not None
    tree = ast.parse(Path(source).read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    found = [_said(node) for node in ast.walk(tree) if id(node) not in silent]
    return [one for one in found if one.count(" ") >= 1 and len(one) > 8]


def _said(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.strip()
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values).strip()
    return ""


@pytest.mark.parametrize("module", SAYS)
def test_every_sentence_of_the_code_has_a_german_one(module: str):
    missing = [
        one
        for one in sentences(module)
        if one not in PARTS and not any(part in one for part in LEFT_OUT) and in_german(one) == one
    ]
    assert missing == []


@pytest.mark.parametrize("note", dict.fromkeys(note for one in PROCEDURES.values() for note in one.notes))
def test_every_note_of_a_procedure_has_a_german_one(note: str):
    assert in_german(note) != note


def test_every_title_merit_and_question_has_a_german_one():
    assert all(in_german(one.title) != one.title for one in PROCEDURES.values())
    assert all(in_german(word) != word for word, _ in MERITS)
    assert all(
        question_words(one.key, one.words, Language.GERMAN) != one.words
        for p in PROCEDURES.values()
        for one in questions_for(p)
    )


@pytest.mark.parametrize("pair", PAIRS)
def test_both_sentences_have_the_same_gaps(pair: tuple[str, str]):
    english, german = (templates([(one, one)])[0].gaps for one in pair)
    assert set(german) <= set(english)
    assert {gap for gap in english if kind_of(gap) in {"mm", "n", "deg", "share", "side"}} <= set(german)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "Ends 2.7 mm dorsal and lateral to the left L2 root at 84 mm; binding: thecal sac, 2.4 mm to spare.",
            "Endet 2.7 mm dorsal und lateral von: Wurzel L2 links, in 84 mm Tiefe; bindend: Duralsack, 2.4 mm Reserve.",
        ),
        (
            "facet joint L4/L5, left: no safe path; of 31 examined: clearance: kidney 20, tip: bone 11.",
            "Facettengelenk L4/L5, links: kein sicherer Weg; von 31 geprüften verworfen: Abstand: Niere 20, Spitze: Knochen 11.",
        ),
        (
            "Confirmed by Lovelace^Ada: The name L4/L5 is not certain; confirm it.",
            "Bestätigt von Lovelace^Ada: Der Name L4/L5 ist nicht sicher: bestätigen.",
        ),
        (
            "OPEN GATE (INR): not stated, at most 1.5 (high risk by SIR 2019; a source).",
            "OFFEN (INR): nicht angegeben, höchstens 1.5 (hohes Risiko nach SIR 2019; a source).",
        ),
    ],
)
def test_names_sides_and_numbers_are_kept(english: str, german: str):
    assert in_german(english) == german


@pytest.mark.parametrize(
    "words", ["left L4 root", "L3 superior articular process, left", "iliac crest, left", "left kidney"]
)
def test_a_side_is_never_lost(words: str):
    assert names.name_of(words).endswith("links")


def test_what_nobody_has_foreseen_stays_as_it_is():
    assert in_german("Something nobody has foreseen: 3.1 mm.") == "Something nobody has foreseen: 3.1 mm."
