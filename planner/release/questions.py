"""The questions of every procedure and of each: which answer closes them, what to do else, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from planner.procedure import Procedure


class Answer(StrEnum):
    """What a person or an order says."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Question:
    """One gate: open unless the answer is ``closes``."""

    key: str
    words: str
    closes: Answer
    advice: str
    source: str


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
    "Is there respiratory insufficiency, or are there pleural adhesions?",
    Answer.NO,
    "contraindicated",
    "aneskey, splanchnic nerve blocks",
)
_ANEURYSM = Question(
    "aneurysm",
    "Is there an aortic aneurysm?",
    Answer.NO,
    "contraindicated",
    "aneskey, splanchnic nerve blocks",
)
_TUMOUR = Question(
    "distorting_tumour",
    "Does a tumour distort the anatomy on the way or at the target?",
    Answer.NO,
    "contraindicated",
    "aneskey, splanchnic nerve blocks",
)
_BOWEL_BEHIND_PSOAS = Question(
    "bowel_behind_psoas",
    "Does bowel lie behind the psoas on this scan?",
    Answer.NO,
    "choose another way; the plan's own bowel segmentation may have missed it",
    "radiologykey.com/periradicular-therapy",
)
_IMMUNITY = Question(
    "immunosuppression",
    "Is the patient's immune system suppressed?",
    Answer.NO,
    "steroid only after weighing the risk of infection",
    _TRIAL,
)
_DIABETES = Question(
    "uncontrolled_diabetes", "Is there an uncontrolled diabetes?", Answer.NO, "control it before a steroid", _MEMORY
)
_STENT = Question(
    "vascular_prosthesis",
    "Is there an aortic stent or graft at the level of the target?",
    Answer.NO,
    "decide anew: the wall is not where it looks",
    _MEMORY,
)

_ROOT = (_STEROID, _BOWEL_BEHIND_PSOAS, _IMMUNITY, _DIABETES)
_JOINT = (_RECENT_STEROID, _IMMUNITY, _DIABETES)
_TRUNK = (_OTHER_SIDE, _BOWEL_BEHIND_PSOAS)
_PLEXUS = (_RESPIRATORY, _ANEURYSM, _TUMOUR)

_OWN: Mapping[str, tuple[Question, ...]] = {
    "prt": _ROOT,
    "prt-retrodiscal": _ROOT,
    "facet": _JOINT,
    "medial-branch": (),
    "lumbar-sympathetic": _TRUNK,
    "lumbar-sympathetic-neurolysis": _TRUNK,
    "splanchnic": _PLEXUS,
    "splanchnic-neurolysis": _PLEXUS,
    "celiac": (*_PLEXUS, _STENT),
    "celiac-neurolysis": (*_PLEXUS, _STENT),
}


def questions_for(procedure: Procedure) -> tuple[Question, ...]:
    """Every question of the procedure, those of all procedures first."""
    return (*EVERY_PROCEDURE, *_OWN[procedure.key])
