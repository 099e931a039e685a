"""The checklist as it was answered on the page, one row per gate, for what is written of the plan.

In: a session, whose answers. Out: rows for ``Plan.gates``. Records of a first stage are not asked on the page: their rows stay.
"""

from __future__ import annotations

from planner.procedures import PROCEDURES
from planner.release.gate_answers import SPREAD, TEST, GateAnswer, gate_answers
from service.viewing.releasing import checklist_of, checklist_words
from viz.viewer.session import Session


def answered_gates(session: Session, person: str) -> tuple[GateAnswer, ...]:
    """Each gate with its answer; those of the order where it closed them all."""
    plan = session.now.plan
    if not checklist_words(session, person):
        return plan.gates
    procedure = PROCEDURES[plan.procedure]
    records = (one for one in plan.gates if one.key in {TEST, SPREAD})
    return (*gate_answers(procedure, checklist_of(procedure, session.answers, person)), *records)
