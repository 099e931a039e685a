"""Every gate with its answer, in one list that never says closed where the plan says open."""

from dataclasses import replace

import pytest

from planner.procedures import PROCEDURES
from planner.release.gate_answers import INR, PLATELETS, SCHEME, SPREAD, TEST, gate_answers
from planner.release.gates import Answer, Checklist, Scheme, open_gates, questions_for
from planner.release.records import ContrastSpread, Reached, Response, TestInjection
from planner.structures import Side
from planner.target import Target
from tests.planner.blocks import target_at

ALL_WELL = Checklist(inr=1.0, platelets_per_nl=200.0, answered_by="Dr. Test", scheme=Scheme.SIR)


def place(level: str, side: Side) -> Target:
    return replace(target_at(), place=level, side=side)


def closing(key: str) -> Checklist:
    answers = {question.key: question.closes for question in questions_for(PROCEDURES[key])}
    day, who = "2026-03-02", "Dr. Test"
    tests = (TestInjection("L3", Side.LEFT, day, who, Response.POSITIVE),)
    spreads = (ContrastSpread("L3", Side.LEFT, day, who, ()),)
    return replace(ALL_WELL, answers=answers, tests=tests, spreads=spreads)


@pytest.mark.parametrize("key", sorted(PROCEDURES))
def test_all_rows_are_closed_exactly_when_no_gate_is_open(key: str) -> None:
    procedure, targets, closed = PROCEDURES[key], (place("L3", Side.LEFT),), closing(key)
    first = questions_for(procedure)[0]
    wrong = Answer.NO if first.closes is Answer.YES else Answer.YES
    for checklist in (
        closed,
        Checklist(),
        replace(closed, answered_by=""),
        replace(closed, scheme=None),
        replace(closed, scheme=Scheme.ASIPP),
        replace(closed, inr=4.0),
        replace(closed, platelets_per_nl=None),
        replace(closed, answers={**closed.answers, first.key: wrong}),
        replace(closed, answers={k: v for k, v in closed.answers.items() if k != first.key}),
        replace(closed, tests=()),
        replace(closed, spreads=(ContrastSpread("L3", Side.LEFT, "2026-03-03", "Dr. Test", (Reached.PSOAS,)),)),
    ):
        rows = gate_answers(procedure, checklist, targets)
        assert all(row.is_closed for row in rows) == (not open_gates(procedure, checklist, targets)), checklist


def test_rows_say_what_was_answered_and_by_whom() -> None:
    rows = {row.key: row for row in gate_answers(PROCEDURES["prt"], replace(closing("prt"), inr=1.25))}
    assert (rows["bladder_or_bowel"].answer, rows["bladder_or_bowel"].answered_by) == ("no", "Dr. Test")
    assert (rows[INR].words, rows[INR].answer) == ("INR, at most 3", "1.25")
    assert (rows[PLATELETS].words, rows[SCHEME].answer) == ("Platelets per nl, at least 20", "SIR 2019: low")
    assert str(rows[INR]) == "INR, at most 3 1.25, answered by Dr. Test: closed"


def test_nothing_is_answered_where_nobody_said_anything() -> None:
    rows = gate_answers(PROCEDURES["prt"], Checklist())
    assert {row.answer for row in rows} == {""}
    assert not any(row.is_closed for row in rows)


def test_a_second_stage_lists_the_records_of_each_place() -> None:
    targets = (place("L3", Side.LEFT), place("L3", Side.RIGHT))
    key = "lumbar-sympathetic-neurolysis"
    rows = [row for row in gate_answers(PROCEDURES[key], closing(key), targets) if row.key in {TEST, SPREAD}]
    assert [(row.words, row.is_closed) for row in rows] == [
        ("Test injection on record, L3 left", True),
        ("Contrast spread on record, L3 left", True),
        ("Test injection on record, L3 right", False),
        ("Contrast spread on record, L3 right", False),
    ]
