"""Questions that must be answered before a plan may be signed, and what an answer closes.

In: a procedure, answers from the order or from a person, the site's scheme for bleeding risk. Out: one sentence for each open
gate; an unanswered question is open: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from planner.procedure import Procedure


class Answer(StrEnum):
    """What a person or an order says."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Scheme(StrEnum):
    """Whose classes of bleeding risk a site follows; the societies disagree."""

    SIR = "SIR 2019"
    ASRA = "ASRA 2018"
    ASIPP = "ASIPP 2024"


class BleedingRisk(StrEnum):
    """Of a procedure, in one scheme."""

    LOW = "low"
    INTERMEDIATE = "intermediate"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Question:
    """One gate: open unless the answer is ``closes``."""

    key: str
    words: str
    closes: Answer
    advice: str
    source: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Blood values of one class: at most, at least; None: not asked for."""

    most_inr: float | None
    fewest_platelets: float | None
    """Per nl (10**9/l)."""
    source: str


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


_MEMORY = "assumed: background knowledge, to be confirmed by the site"
_TRIAL = "trialsjournal 13063-021-05485-1, table 2"

EVERY_PROCEDURE = (
    Question(
        "indication", "Is the indication stated in the order or by the physician?", Answer.YES, "state it", _MEMORY
    ),
    Question(
        "bladder_or_bowel",
        "Is there new bladder or bowel dysfunction?",
        Answer.NO,
        "surgical emergency, no injection",
        "clinic's own exclusion; " + _MEMORY,
    ),
    Question(
        "paralysis",
        "Is there a new or progressive paralysis?",
        Answer.NO,
        "surgical emergency, no injection",
        "clinic's own exclusion; " + _MEMORY,
    ),
    Question(
        "local_infection", "Is there an infection at the place of injection?", Answer.NO, "treat it first", _TRIAL
    ),
    Question("systemic_infection", "Is there a systemic infection?", Answer.NO, "treat it first", _TRIAL),
    Question(
        "allergy", "Is there an allergy to contrast medium or to the drug?", Answer.NO, "choose another agent", _TRIAL
    ),
    Question("pregnancy", "Could the patient be pregnant?", Answer.NO, "no X-rays; decide anew", _TRIAL),
    Question(
        "anticoagulants",
        "Does the patient take anticoagulants that were not stopped as the site's rule says?",
        Answer.NO,
        "stop or bridge by the site's rule",
        _TRIAL,
    ),
    Question("cooperation", "Can the patient lie still in treatment position?", Answer.YES, "plan sedation", _TRIAL),
)

_STEROID = Question(
    "first_steroid_non_particulate",
    "Is a non-particulate steroid chosen, or no steroid at all?",
    Answer.YES,
    "non-particulate steroid for the first transforaminal injection",
    "Rathmell 2015, PubMed 25668411",
)
_RECENT_STEROID = Question(
    "recent_steroid",
    "Was a steroid given to this or another joint recently?",
    Answer.NO,
    "wait",
    "pacs.de, facet joint injection",
)
_OTHER_SIDE = Question(
    "other_side_same_sitting",
    "Is the other side treated in the same sitting?",
    Answer.NO,
    "one side per sitting",
    "qxmd 18702019",
)
_RESPIRATORY = Question(
    "respiratory",
    "Is there respiratory insufficiency?",
    Answer.NO,
    "contraindicated",
    "aneskey, splanchnic nerve blocks",
)
_ANEURYSM = Question(
    "aneurysm",
    "Is there an aortic aneurysm or a distorting tumour?",
    Answer.NO,
    "contraindicated",
    "aneskey, splanchnic nerve blocks",
)
_TEST = Question(
    "test_response_recorded",
    "Is a positive response to the test injection recorded?",
    Answer.YES,
    "do the diagnostic stage first and record its response",
    "two stages: clinic's own rule; " + _MEMORY,
)
_SPREAD = Question(
    "contrast_spread_recorded",
    "Is the contrast's spread on a control scan recorded, free of root, epidural space, psoas and vessels?",
    Answer.YES,
    "scan with contrast before alcohol; spread to root or psoas ends it",
    "Fujita 1993 (scilit 8dfd713c) for retrocrural spread; " + _MEMORY,
)

_OWN: Mapping[str, tuple[Question, ...]] = {
    "prt": (_STEROID,),
    "prt-retrodiscal": (_STEROID,),
    "facet": (_RECENT_STEROID,),
    "medial-branch": (),
    "lumbar-sympathetic": (_OTHER_SIDE,),
    "lumbar-sympathetic-neurolysis": (_OTHER_SIDE, _TEST, _SPREAD),
    "splanchnic": (_RESPIRATORY, _ANEURYSM),
    "splanchnic-neurolysis": (_RESPIRATORY, _ANEURYSM, _TEST, _SPREAD),
}

_LOW, _MIDDLE, _HIGH = BleedingRisk.LOW, BleedingRisk.INTERMEDIATE, BleedingRisk.HIGH
_SIR_TABLE = "SIR 2019 (reference.medscape 917397) has two classes; the class of this procedure: assumed"
_ASRA_TABLE = "ASRA 2018 (medilib.ir/uptodate 144053)"
_ASIPP_TABLE = "ASIPP 2024 (p-web.fly.dev summary)"

RISK: Mapping[Scheme, Mapping[str, BleedingRisk]] = {
    Scheme.SIR: {
        **dict.fromkeys(("prt", "prt-retrodiscal", "facet", "medial-branch"), _LOW),
        **dict.fromkeys(
            ("lumbar-sympathetic", "lumbar-sympathetic-neurolysis", "splanchnic", "splanchnic-neurolysis"), _HIGH
        ),
    },
    Scheme.ASRA: {
        **dict.fromkeys(("facet", "medial-branch"), _LOW),
        **dict.fromkeys(
            (
                "prt",
                "prt-retrodiscal",
                "lumbar-sympathetic",
                "lumbar-sympathetic-neurolysis",
                "splanchnic",
                "splanchnic-neurolysis",
            ),
            _MIDDLE,
        ),
    },
    Scheme.ASIPP: {
        **dict.fromkeys(("facet", "medial-branch"), _LOW),
        **dict.fromkeys(("prt", "prt-retrodiscal"), _MIDDLE),
    },
}
"""ASIPP calls lumbar transforaminal injections of L3 to S1 low, L1/L2 intermediate: the stricter holds here. It is silent on
sympathetic blocks: a plan under it asks the physician."""

RISK_SOURCE = {Scheme.SIR: _SIR_TABLE, Scheme.ASRA: _ASRA_TABLE, Scheme.ASIPP: _ASIPP_TABLE}

LIMITS: Mapping[BleedingRisk, Limits] = {
    _LOW: Limits(3.0, 20.0, "SIR 2019: INR 2.0-3.0, platelets 20/nl (reference.medscape 917397)"),
    _MIDDLE: Limits(1.8, 50.0, "no value of its own in the sources: SIR 2019's high class is taken; assumed"),
    _HIGH: Limits(1.8, 50.0, "SIR 2019: INR 1.5-1.8, platelets 50/nl (reference.medscape 917397)"),
}
"""Only SIR gives blood values."""


def questions_for(procedure: Procedure) -> tuple[Question, ...]:
    """Every question of the procedure, those of all procedures first."""
    return (*EVERY_PROCEDURE, *_OWN[procedure.key])


def open_gates(procedure: Procedure, checklist: Checklist) -> tuple[str, ...]:
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
        *_bleeding(procedure, checklist),
    )


def _bleeding(procedure: Procedure, checklist: Checklist) -> tuple[str, ...]:
    scheme = checklist.scheme
    if scheme is None:
        return (f"OPEN GATE (bleeding risk): no scheme chosen; choose one of {', '.join(Scheme)}.",)
    risk = RISK[scheme].get(procedure.key)
    if risk is None:
        return (f"OPEN GATE (bleeding risk): {scheme} does not name {procedure.title}; choose another scheme.",)
    limits, inr, platelets = LIMITS[risk], checklist.inr, checklist.platelets_per_nl
    found = []
    if limits.most_inr is not None and (inr is None or not 0.0 < inr <= limits.most_inr):
        said = "not stated" if inr is None else f"{inr:g}"
        found.append(
            f"OPEN GATE (INR): {said}, at most {limits.most_inr:g} ({risk} risk by {scheme}; {limits.source})."
        )
    if limits.fewest_platelets is not None and (platelets is None or not platelets >= limits.fewest_platelets):
        said = "not stated" if platelets is None else f"{platelets:g}/nl"
        least = f"{limits.fewest_platelets:g}/nl"
        found.append(f"OPEN GATE (platelets): {said}, at least {least} ({risk} risk by {scheme}; {limits.source}).")
    return tuple(found)
