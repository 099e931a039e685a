"""What keeps a plan from a signature until a person or an order has answered."""

from dataclasses import replace

import pytest

from planner.procedure import Procedure
from planner.procedures import PROCEDURES
from planner.release.gates import RISK, Answer, Checklist, Scheme, open_gates, questions_for
from planner.release.records import ContrastSpread, Reached, Response, TestInjection
from planner.structures import Side
from planner.target import Target
from tests.planner.blocks import target_at

ALL = pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=lambda procedure: procedure.key)


def complete(procedure: Procedure) -> Checklist:
    answers = {question.key: question.closes for question in questions_for(procedure)}
    return Checklist(answers, inr=1.1, platelets_per_nl=220.0, answered_by="a test", scheme=Scheme.SIR)


def place(level: str = "L3", side: Side = Side.LEFT) -> Target:
    return replace(target_at(), place=level, side=side)


def responded(response: Response = Response.POSITIVE, **chosen: object) -> TestInjection:
    known = {"place": "L3", "side": Side.LEFT, "day": "2026-03-02", "recorded_by": "a physician"} | chosen
    return TestInjection(**known, response=response)  # type: ignore[arg-type]


def spread(*reached: Reached, **chosen: object) -> ContrastSpread:
    known = {"place": "L3", "side": Side.LEFT, "day": "2026-03-09", "recorded_by": "a physician"} | chosen
    return ContrastSpread(**known, reached=reached)  # type: ignore[arg-type]


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


NEUROLYTIC = [procedure for procedure in PROCEDURES.values() if procedure.follows]


def open_records(procedure: Procedure, targets: tuple[Target, ...], *records: object) -> tuple[str, ...]:
    tests = tuple(record for record in records if isinstance(record, TestInjection))
    spreads = tuple(record for record in records if isinstance(record, ContrastSpread))
    return open_gates(procedure, replace(complete(procedure), tests=tests, spreads=spreads), targets)


@pytest.mark.parametrize("procedure", NEUROLYTIC, ids=lambda procedure: procedure.key)
def test_alcohol_without_the_test_s_response_and_the_contrast_s_spread_is_refused(procedure: Procedure) -> None:
    no_test, no_spread = open_records(procedure, (place(),))
    assert f"no response is recorded for L3, left; do {procedure.follows} first" in no_test
    assert "no control scan is recorded for L3, left" in no_spread
    assert open_records(procedure, (place(),), responded(), spread()) == ()


def test_a_diagnostic_stage_needs_no_record() -> None:
    assert {procedure.follows for procedure in NEUROLYTIC} == {"lumbar-sympathetic", "splanchnic", "celiac"}
    for procedure in NEUROLYTIC:
        first = PROCEDURES[procedure.follows]
        assert open_gates(first, complete(first), (place(),)) == ()


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ((responded(Response.NEGATIVE), spread()), "negative, L3 left, 2026-03-02, recorded by a physician"),
        ((responded(Response.PARTIAL), spread()), "only after a positive response"),
        ((responded(), responded(Response.NEGATIVE, day="2026-03-05"), spread()), "negative"),
        ((responded(), spread(Reached.PSOAS, Reached.ROOT)), "psoas, root, L3 left, 2026-03-09"),
        ((responded(), spread(day="2026-03-01")), "older than the test (2026-03-02); scan again"),
        ((responded(side=Side.RIGHT), spread()), "no response is recorded for L3, left"),
        ((responded(), spread(place="L2")), "no control scan is recorded for L3, left"),
    ],
)
def test_records_that_say_no_or_are_of_another_place_keep_the_gate_open(records: tuple[object, ...], says: str) -> None:
    (sentence,) = open_records(PROCEDURES["splanchnic-neurolysis"], (place(),), *records)
    assert says in sentence


def test_each_target_needs_its_own_records() -> None:
    both = (place(), place(side=Side.RIGHT))
    sentences = open_records(PROCEDURES["splanchnic-neurolysis"], both, responded(), spread())
    assert len(sentences) == 2
    assert all("L3, right" in sentence for sentence in sentences)


@pytest.mark.parametrize("scheme", Scheme)
def test_every_procedure_has_a_class_of_risk_or_says_that_the_scheme_is_silent(scheme: Scheme) -> None:
    for procedure in PROCEDURES.values():
        sentences = open_gates(procedure, replace(complete(procedure), scheme=scheme))
        is_named = procedure.key in RISK[scheme]
        assert bool(sentences) is not is_named
