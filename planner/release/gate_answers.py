"""Each gate of a plan with its answer, closed or open: what a sheet, a file and a report list one by one.

In: a procedure, its targets, the checklist. Out: one row per gate, in the order they are asked; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from planner.procedure import Procedure
from planner.release.bleeding import LIMITS, RISK, open_bleeding_gates
from planner.release.gates import Answer, Checklist, questions_for
from planner.release.records import open_record_gates
from planner.target import Target

SCHEME, INR, PLATELETS, TEST, SPREAD = "scheme", "inr", "platelets_per_nl", "test_injection", "contrast_spread"
"""Keys of the gates that are no question with yes or no."""


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """One gate: what is asked, what was said, whether that closes it."""

    key: str
    words: str
    answer: str
    """*yes*, *1.1*, *positive, L3 left, 2026-03-02, ...*; empty: nobody answered."""
    is_closed: bool
    answered_by: str = ""
    """Empty: nobody has signed the answers, and no gate is closed."""

    def __str__(self) -> str:
        state = "closed" if self.is_closed else "OPEN"
        who = f", answered by {self.answered_by}" if self.answered_by and self.answer else ""
        return f"{self.words} {self.answer or 'not answered'}{who}: {state}"


def gate_answers(
    procedure: Procedure, checklist: Checklist, targets: tuple[Target, ...] = ()
) -> tuple[GateAnswer, ...]:
    """Every gate of the procedure with its answer."""
    return (
        *_questions(procedure, checklist),
        *_bleeding(procedure, checklist),
        *_records(procedure, checklist, targets),
    )


def _questions(procedure: Procedure, checklist: Checklist) -> Iterable[GateAnswer]:
    for question in questions_for(procedure):
        said = checklist.answers.get(question.key, Answer.UNKNOWN)
        answer = "" if said is Answer.UNKNOWN else str(said)
        yield _row(checklist, (question.key, question.words, answer), is_answered_well=said is question.closes)


def _bleeding(procedure: Procedure, checklist: Checklist) -> Iterable[GateAnswer]:
    scheme = checklist.scheme
    risk = None if scheme is None else RISK[scheme].get(procedure.key)
    words = f"{scheme}: {risk}" if risk else str(scheme or "")
    yield _row(checklist, (SCHEME, "Class of bleeding risk", words), is_answered_well=risk is not None)
    still_open = open_bleeding_gates(procedure, scheme, checklist.inr, checklist.platelets_per_nl)
    limits = None if risk is None else LIMITS[risk]
    asked = (
        (INR, "INR", checklist.inr, "OPEN GATE (INR)", "at most", limits and limits.most_inr),
        (PLATELETS, "Platelets per nl", checklist.platelets_per_nl, "OPEN GATE (platelets)", "at least",
         limits and limits.fewest_platelets),
    )  # fmt: skip
    for key, name, value, opening, bound, limit in asked:
        is_open = risk is None or any(one.startswith(opening) for one in still_open)
        limited = name if limit is None else f"{name}, {bound} {limit:g}"
        said = "" if value is None else f"{value:g}"
        yield _row(checklist, (key, limited, said), is_answered_well=not is_open)


def _records(procedure: Procedure, checklist: Checklist, targets: tuple[Target, ...]) -> Iterable[GateAnswer]:
    if not procedure.follows:
        return
    for place, side in dict.fromkeys((target.place, target.side) for target in targets):
        here = tuple(one for one in targets if (one.place, one.side) == (place, side))[:1]
        still_open = open_record_gates(procedure, here, checklist.tests, checklist.spreads)
        for key, name, records in (
            (TEST, "test injection", checklist.tests),
            (SPREAD, "contrast spread", checklist.spreads),
        ):
            own = [one for one in records if (one.place, one.side) == (place, side)]
            said = str(max(own, key=lambda one: one.day)) if own else ""
            is_open = any(one.startswith(f"OPEN GATE ({name})") for one in still_open)
            row = (key, f"{name.capitalize()} on record, {place} {side}", said)
            yield _row(checklist, row, is_answered_well=not is_open)


def _row(checklist: Checklist, said: tuple[str, str, str], *, is_answered_well: bool) -> GateAnswer:
    is_closed = is_answered_well and bool(checklist.answered_by)
    return GateAnswer(*said, is_closed=is_closed, answered_by=checklist.answered_by)
