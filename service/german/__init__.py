"""The planner's and the service's own sentences in German, for whoever reads them on the page.

In: a sentence as every other output has it. Out: German, or the sentence itself where no template stands for it: nothing is left out, and
nothing is said that was not said.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from planner.procedures import PROCEDURES
from service.german import names
from service.german.of_plan import OF_PLAN
from service.german.of_refusals import OF_REFUSALS
from service.german.of_release import OF_RELEASE
from service.german.of_scan import OF_SCAN
from service.german.of_sheet import TITLES
from service.german.of_sheet import in_german as on_the_sheet
from service.german.template import Turn, templates
from viz.viewer.words import Language, answer_words, question_words

PAIRS = (*OF_PLAN, *OF_RELEASE, *OF_SCAN, *OF_REFUSALS)
_TEMPLATES = templates(PAIRS)
_MOST_KEPT = 4096
_RISKS = {"low": "niedriges", "intermediate": "mittleres", "high": "hohes"}


@lru_cache(maxsize=_MOST_KEPT)
def in_german(words: str) -> str:
    """A sentence, a target, a structure, a rule: whatever the planner wrote."""
    for one in _TEMPLATES:
        said = one.said(words, _TURNS)
        if said is not None:
            return said
    for turn in (_title, on_the_sheet, names.place_of, names.rule_of):
        said = turn(words)
        if said != words:
            return said
    return words


def _title(words: str) -> str:
    """A procedure's title."""
    key = next((key for key, one in PROCEDURES.items() if one.title == words), "")
    return TITLES.get(key, words)


def _questions(words: str) -> str:
    """Keys of questions, in words."""
    return "; ".join(question_words(key, key, Language.GERMAN).rstrip("?") for key in words.split(", "))


def _listed(words: str) -> str:
    """Targets one after the other."""
    return ", dann ".join(" und ".join(map(names.place_of, one.split(" and "))) for one in words.split(", then "))


_TURNS: Mapping[str, Turn] = {
    "said": in_german,
    "side": names.side_of,
    "pose": names.pose_of,
    "name": names.name_of,
    "names": names.names_of,
    "place": names.place_of,
    "rule": names.rule_of,
    "title": _title,
    "counts": names.counts_of,
    "lies": names.lies_of,
    "order": _listed,
    "both": _listed,
    "questions": _questions,
    "question": _questions,
    "answer": lambda words: answer_words(words, Language.GERMAN),
    "tried": lambda words: "; ".join(map(in_german, words.split("; "))),
    "risk": lambda words: _RISKS.get(words, words),
}
