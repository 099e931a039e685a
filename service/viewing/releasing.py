"""What keeps the state at hand from release, and which answers of a person close it.

In: a session, whose answers, what the images lack. Out: a ``Release`` for the page, and the sentences that go under a signature.
A gate that no answer closes stays: a rehearsal, a structure NOT CHECKED, no Patient ID, a path that breaks a limit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from planner.plan import Plan, TargetPlan
from planner.procedure import Procedure
from planner.procedures import PROCEDURES
from planner.release.gates import Answer, Checklist, Scheme, open_gates, questions_for
from planner.release.looks import Look
from service.series_facts import BREATHING_UNKNOWN, NO_CHECKLIST
from service.versions import program_version
from viz.viewer.release import Question, Release
from viz.viewer.session import Chosen, Session, Step, first_path

YES = "yes"
INR, PLATELETS, SCHEME, BREATHING = "inr", "platelets_per_nl", "scheme", "breathing"
PHASES = ("expiration", "inspiration", "free breathing")
_OPEN = "OPEN GATE"
_NOT_STATED = "Breathing phase unknown."
_FURTHEST_TIP_MM = 15.0
"""As far as a place may lie from what it is named after; beyond, the level is another."""

_TOLD_MM = 0.5


def release_of(session: Session, person: str) -> Release:
    """Everything a person reads before signing; ``person`` is who answers, empty where nobody is logged in."""
    plan, said = session.now.plan, session.answers
    procedure = PROCEDURES[plan.procedure]
    refused = "" if person else "no login: a signature needs the department's page (needleplan serve)"
    return Release(
        blockers=_blockers(session.now, procedure, said, person),
        questions=(*_confirmations(plan, said), *_checklist_questions(plan, procedure, said)),
        warnings=_warnings(session.now, said, person),
        version=program_version(),
        refused=refused,
    )


def _blockers(step: Step, procedure: Procedure, said: Mapping[str, str], person: str) -> tuple[str, ...]:
    plan = step.plan
    of_plan = [
        sentence
        for sentence in plan.release_blockers
        if not _is_checklist(sentence) and not said.get(_confirms(plan, sentence))
    ]
    if said.get(BREATHING) in PHASES:
        of_plan = [sentence for sentence in of_plan if sentence != BREATHING_UNKNOWN]
    checklist = open_gates(procedure, checklist_of(procedure, said, person)) if _asks_checklist(plan) else ()
    return (*_of_path(step), *of_plan, *checklist)


def _of_path(step: Step) -> tuple[str, ...]:
    """What the chosen paths keep from release."""
    found = [
        sentence
        for number, target in enumerate(step.plan.targets)
        for sentence in _of_chosen(step.chosen_at(number), target)
    ]
    is_changed = [_changes_the_choice(step, number) for number in _numbers(step)]
    if len(is_changed) > 1 and any(is_changed):
        found.append(
            "These needles are not the ones that were found to go together: they are not checked against each other."
        )
    return tuple(found)


def _numbers(step: Step) -> range:
    return range(len(step.plan.targets))


def _changes_the_choice(step: Step, number: int) -> bool:
    """Whether a person took another path than the one that goes with the other needles."""
    return step.chosen_at(number).path_index != first_path(step.plan, number).path_index


def _of_chosen(chosen: Chosen, target: TargetPlan) -> list[str]:
    if chosen.judged is None:
        return [f"{target.words}: no safe path, nothing can be released."]
    found = [
        f"{target.words}: the path breaks a limit: {name} {room:+.1f} {unit}."
        for name, room, unit in chosen.judged.broken
    ]
    if not chosen.judged.is_tolerance_known:
        found.append(f"{target.words}: the path's tolerance is still being measured.")
    moved = _moved_mm(chosen, target)
    if moved > _FURTHEST_TIP_MM:
        found.append(
            f"{target.words}: the tip lies {moved:.0f} mm from the planned target, {_FURTHEST_TIP_MM:g} mm at most keep "
            "the level's name; plan for the level that is meant."
        )
    return found


def _moved_mm(chosen: Chosen, target: TargetPlan) -> float:
    """How far a person put the tip from every tip that was planned."""
    if chosen.judged is None or chosen.path_index is not None:
        return 0.0
    tips_mm = [target.point_mm, *(path.target_mm for path in target.trajectories)]
    return float(np.linalg.norm(np.stack(tips_mm) - chosen.judged.path.target_mm, axis=1).min())


def _by_hand(chosen: Chosen, target: TargetPlan) -> list[str]:
    if chosen.path_index is not None or chosen.judged is None:
        return []
    moved = _moved_mm(chosen, target)
    tip = f"; its tip was placed {moved:.1f} mm from the planned target" if moved > _TOLD_MM else ""
    return [f"{target.words}: the path was drawn by hand{tip}."]


def _warnings(step: Step, said: Mapping[str, str], person: str) -> tuple[str, ...]:
    """What is ticked one by one, and stays under the signature."""
    plan, phase = step.plan, said.get(BREATHING)
    stated = [f"Breathing phase: {phase}, stated by {person}."] if phase in PHASES else []
    own = [one for one in plan.warnings if one != _NOT_STATED or not stated]
    by_hand = [line for n in _numbers(step) for line in _by_hand(step.chosen_at(n), plan.targets[n])]
    confirmed = [
        f"Confirmed by {person}: {one}" for one in plan.release_blockers if said.get(_confirms(plan, one)) == YES
    ]
    return (*by_hand, *own, *stated, *confirmed)


def _confirmations(plan: Plan, said: Mapping[str, str]) -> tuple[Question, ...]:
    asked = [(_confirms(plan, one), one) for one in plan.release_blockers if one in plan.looks]
    found = [Question(key, one, (YES,), said.get(key, ""), YES) for key, one in asked]
    if BREATHING_UNKNOWN in plan.release_blockers:
        found.append(Question(BREATHING, "Breathing phase of the scan", PHASES, said.get(BREATHING, "")))
    return tuple(found)


def _confirms(plan: Plan, sentence: str) -> str:
    """The question's key; the sentence is part of it, so that an answer never fits another. Empty: no look closes this gate."""
    return f"confirm {sentence}" if sentence in plan.looks else ""


def seen_on_the_image(plan: Plan) -> dict[str, str]:
    """The answers of a person who checked level and position on the image before planning."""
    seen = (Look.NAME, Look.POSITION)
    return {
        _confirms(plan, one): YES for one, look in plan.looks.items() if look in seen and one in plan.release_blockers
    }


def _is_checklist(sentence: str) -> bool:
    return sentence == NO_CHECKLIST or sentence.startswith(_OPEN)


def _asks_checklist(plan: Plan) -> bool:
    """Unless an order's answers closed every gate already."""
    return any(_is_checklist(sentence) for sentence in plan.release_blockers)


def _checklist_questions(plan: Plan, procedure: Procedure, said: Mapping[str, str]) -> tuple[Question, ...]:
    if not _asks_checklist(plan):
        return ()
    choices = (str(Answer.YES), str(Answer.NO))
    return (
        *(Question(q.key, q.words, choices, said.get(q.key, ""), str(q.closes)) for q in questions_for(procedure)),
        Question(SCHEME, "Whose classes of bleeding risk?", tuple(map(str, Scheme)), said.get(SCHEME, "")),
        Question(INR, "INR", (), said.get(INR, "")),
        Question(PLATELETS, "Platelets per nl", (), said.get(PLATELETS, "")),
    )


def checklist_of(procedure: Procedure, said: Mapping[str, str], person: str) -> Checklist:
    """The answers given on the page; what is no valid answer is none."""
    answers = {q.key: Answer(said[q.key]) for q in questions_for(procedure) if said.get(q.key) in tuple(Answer)}
    scheme = Scheme(said[SCHEME]) if said.get(SCHEME) in tuple(Scheme) else None
    return Checklist(answers, _number(said.get(INR, "")), _number(said.get(PLATELETS, "")), person, scheme)


def checklist_words(session: Session, person: str) -> tuple[str, ...]:
    """What stands in the report of a checklist answered on the page."""
    plan, said = session.now.plan, session.answers
    if not _asks_checklist(plan):
        return ()
    asked = _checklist_questions(plan, PROCEDURES[plan.procedure], said)
    answers = ", ".join(f"{question.key} {question.said}" for question in asked if question.said)
    return (f"Checklist answered by {person}: {answers}.",)


def _number(text: str) -> float | None:
    """A typed number, with a comma or a point; None where it is none."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) else None
