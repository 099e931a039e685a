"""What keeps a plan from a signature until a person or an order has answered."""

from dataclasses import replace

import pytest

from planner.gates import RISK, Answer, Checklist, Scheme, open_gates, questions_for
from planner.procedure import Procedure
from planner.procedures import PROCEDURES

ALL = pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=lambda procedure: procedure.key)


def complete(procedure: Procedure) -> Checklist:
    answers = {question.key: question.closes for question in questions_for(procedure)}
    return Checklist(answers, inr=1.1, platelets_per_nl=220.0, answered_by="a test", scheme=Scheme.SIR)


@ALL
def test_nothing_answered_leaves_every_gate_open(procedure: Procedure) -> None:
    sentences = open_gates(procedure, Checklist())
    assert len(sentences) == 3
    assert all(sentence.startswith("OPEN GATE") for sentence in sentences)
    assert all(question.key in sentences[1] for question in questions_for(procedure))


@ALL
def test_everything_answered_closes_every_gate(procedure: Procedure) -> None:
    assert open_gates(procedure, complete(procedure)) == ()


@ALL
def test_every_question_is_needed_and_has_a_source(procedure: Procedure) -> None:
    for question in questions_for(procedure):
        wrong = Answer.YES if question.closes is Answer.NO else Answer.NO
        done = complete(procedure)
        (sentence,) = open_gates(procedure, replace(done, answers={**done.answers, question.key: wrong}))
        assert question.key in sentence
        assert question.advice in sentence
        assert question.source in sentence


def test_the_schemes_disagree_and_the_site_chooses() -> None:
    done = replace(complete(PROCEDURES["prt"]), inr=2.5)
    assert open_gates(PROCEDURES["prt"], done) == ()
    (sentence,) = open_gates(PROCEDURES["prt"], replace(done, scheme=Scheme.ASRA))
    assert sentence.startswith("OPEN GATE (INR): 2.5, at most 1.8 (intermediate risk by ASRA 2018")


def test_a_scheme_that_is_silent_leaves_the_gate_open() -> None:
    procedure = PROCEDURES["splanchnic"]
    (sentence,) = open_gates(procedure, replace(complete(procedure), scheme=Scheme.ASIPP))
    assert "does not name" in sentence
    assert "splanchnic" not in RISK[Scheme.ASIPP]


@pytest.mark.parametrize(("inr", "platelets"), [(float("nan"), 220.0), (-1.0, 220.0), (1.1, float("nan")), (1.1, 10.0)])
def test_impossible_or_low_blood_values_keep_the_gate_open(inr: float, platelets: float) -> None:
    done = replace(complete(PROCEDURES["facet"]), inr=inr, platelets_per_nl=platelets)
    assert len(open_gates(PROCEDURES["facet"], done)) == 1


@pytest.mark.parametrize("key", ["lumbar-sympathetic-neurolysis", "splanchnic-neurolysis"])
def test_alcohol_needs_the_test_s_response_and_the_contrast_s_spread(key: str) -> None:
    keys = {question.key for question in questions_for(PROCEDURES[key])}
    assert {"test_response_recorded", "contrast_spread_recorded"} <= keys
