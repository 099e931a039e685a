"""The first rule that matches wins, and every answer says why."""

from service.routing import SeriesTags, route
from service.settings import Action, Match, Rule


def tags(**changed: str) -> SeriesTags:
    facts = {
        "modality": "CT",
        "body_part": "LSPINE",
        "series_description": "Planning 1.0",
        "requested_procedure": "",
        "calling_ae_title": "CT1",
        "study_uid": "1.2.3",
        "accession_number": "A77",
        "patient_id": "P5",
    }
    return SeriesTags(**(facts | changed))


def rule(name: str, action: Action = Action.SEGMENT, **match: str) -> Rule:
    return Rule(name=name, action=action, match=Match(**match))


def order(name: str, side: str, **match: str) -> Rule:
    return Rule(name=name, action=Action.PLAN, match=Match(**match), procedure="prt", root="L3", side=side)


def test_without_a_rule_the_series_is_segmented_and_waits():
    found = route([], tags())
    assert found.action is Action.SEGMENT
    assert found.rule is None
    assert "no target chosen" in found.why


def test_the_first_match_wins():
    first = order("first", "left", study_uid="1.2.3", patient_id="P5")
    second = order("second", "right", study_uid="1.2.3", patient_id="P5")
    assert route([first, second], tags()).rule is first


def test_every_given_field_must_agree_and_the_answer_names_those_that_do_not():
    found = route([order("order", "left", study_uid="1.2.3", patient_id="P6", accession_number="A1")], tags())
    assert found.rule is None
    assert found.passed_over == ("rule 'order': accession_number, patient_id differ",)


def test_an_answer_never_tells_a_patients_data():
    found = route([order("order", "left", study_uid="1.2.3", patient_id="P6")], tags())
    assert "P5" not in repr(found) or "P5" not in "".join(found.passed_over)
    assert "P5" not in repr(tags())


def test_an_empty_patient_id_matches_only_a_series_without_one():
    without = order("order", "left", study_uid="1.2.3", patient_id="")
    assert route([without], tags()).rule is None
    assert route([without], tags(patient_id="")).rule is without


def test_identities_compare_exactly_and_descriptions_without_case():
    assert route([rule("r", body_part="lspine")], tags()).rule is not None
    assert route([rule("r", series_description_contains="planning")], tags()).rule is not None
    assert route([rule("r", patient_id="p5")], tags()).rule is None
    assert route([rule("r", calling_ae_title="ct1")], tags()).rule is None


def test_a_series_can_be_ignored():
    assert (
        route([rule("scouts", Action.IGNORE, modality="MR"), rule("rest")], tags(modality="MR")).action is Action.IGNORE
    )
