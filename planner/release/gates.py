"""What must be answered before a plan may be signed, and what an answer closes.

In: a procedure, its targets, answers and records from the order or from a person, the site's scheme for bleeding risk. Out: one
sentence for each open gate; an unanswered question is open: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.procedure import Procedure
from planner.release.bleeding import LIMITS, RISK, RISK_SOURCE, BleedingRisk, Scheme, open_bleeding_gates
from planner.release.questions import Answer, Question, questions_for
from planner.release.records import ContrastSpread, TestInjection, open_record_gates
from planner.target import Target

__all__ = [
    "LIMITS",
    "RISK",
    "RISK_SOURCE",
    "Answer",
    "BleedingRisk",
    "Checklist",
    "Question",
    "Scheme",
    "open_gates",
    "questions_for",
]


@dataclass(frozen=True, slots=True)
class Checklist:
    """The answers for one patient and one order; what is missing is unknown."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    inr: float | None = None
    platelets_per_nl: float | None = None
    answered_by: str = ""
    """Who or what says so: a person, an order; empty: nobody."""
    scheme: Scheme | None = None
    """The site's choice."""
    tests: tuple[TestInjection, ...] = ()
    """For a second stage: the diagnostic stage's result at each place."""
    spreads: tuple[ContrastSpread, ...] = ()
    """For a second stage: where contrast went at each place."""


def open_gates(procedure: Procedure, checklist: Checklist, targets: tuple[Target, ...] = ()) -> tuple[str, ...]:
    """One sentence for each gate that keeps the plan from release, unanswered ones in one; empty: all are closed."""
    questions = questions_for(procedure)
    unanswered = [q for q in questions if checklist.answers.get(q.key, Answer.UNKNOWN) is Answer.UNKNOWN]
    against = [q for q in questions if q not in unanswered and checklist.answers[q.key] is not q.closes]
    return (
        *(() if checklist.answered_by else ("OPEN GATE: nobody has signed the checklist's answers; none is guessed.",)),
        *((f"OPEN GATES, not answered: {', '.join(q.key for q in unanswered)}.",) if unanswered else ()),
        *(
            f"OPEN GATE ({q.key}): {q.words} Answered {checklist.answers[q.key]}; {q.advice} ({q.source})."
            for q in against
        ),
        *open_bleeding_gates(procedure, checklist.scheme, checklist.inr, checklist.platelets_per_nl),
        *open_record_gates(procedure, targets, checklist.tests, checklist.spreads),
    )
