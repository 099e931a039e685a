"""Answers come from a file, whole and known, or are refused."""

import pytest

from planner.procedures import PROCEDURES
from planner.release.gates import Checklist, Scheme, open_gates, questions_for
from planner.site import PLAIN, Site
from service.checklist import for_site, read_checklist
from service.errors import RequestError

FACET = PROCEDURES["facet"]


def written(folder, text):
    path = folder / "checklist.toml"
    path.write_text(text, encoding="utf8")
    return path


def test_a_whole_checklist_closes_every_gate(tmp_path):
    answers = "".join(f'{question.key} = "{question.closes}"\n' for question in questions_for(FACET))
    head = 'answered_by = "a test"\nscheme = "SIR 2019"\ninr = 1.1\nplatelets_per_nl = 200\n[answers]\n'
    checklist = read_checklist(written(tmp_path, head + answers), FACET)
    assert checklist.scheme is Scheme.SIR
    assert open_gates(FACET, checklist) == ()


TEST = """[[test_injections]]
place = "l3"
side = "left"
day = 2026-03-02
recorded_by = "a physician"
response = "positive"
"""
SPREAD = """[[contrast_spreads]]
place = "L3"
side = "left"
day = 2026-03-09
recorded_by = "a physician"
reached = []
"""
ALCOHOL = PROCEDURES["splanchnic-neurolysis"]


def test_records_of_both_stages_are_read(tmp_path):
    checklist = read_checklist(written(tmp_path, 'answered_by = "a test"\n' + TEST + SPREAD), ALCOHOL)
    (test,), (spread,) = checklist.tests, checklist.spreads
    assert str(test) == "positive, L3 left, 2026-03-02, recorded by a physician"
    assert str(spread) == "free, L3 left, 2026-03-09, recorded by a physician"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TEST.replace("positive", "fine"), "response"),
        (TEST.replace('"left"', '"L"'), "written out"),
        (TEST.replace('"l3"', '"X3"'), "C1-C7"),
        (TEST.replace("2026", "2926"), "2926-03-02 has not come yet"),
        (TEST.replace('"a physician"', '""'), "recorded_by"),
        (SPREAD.replace("reached = []", ""), "reached"),
        (SPREAD.replace("[]\n", '["spleen"]\n'), "reached"),
    ],
)
def test_a_record_that_is_not_whole_is_refused(tmp_path, text, says):
    with pytest.raises(RequestError, match=says):
        read_checklist(written(tmp_path, 'answered_by = "a test"\n' + text), ALCOHOL)


def test_the_site_s_scheme_holds_and_another_contradicts_it():
    site = Site(scheme=Scheme.ASRA)
    assert for_site(Checklist(), site).scheme is Scheme.ASRA
    assert for_site(Checklist(scheme=Scheme.ASRA), site).scheme is Scheme.ASRA
    assert for_site(Checklist(scheme=Scheme.SIR), PLAIN).scheme is Scheme.SIR
    with pytest.raises(RequestError, match="follows SIR 2019, the site ASRA 2018"):
        for_site(Checklist(scheme=Scheme.SIR), site)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('inr = "x"', "answered_by"),
        ('answered_by = "a test"\ninr = -1', "inr"),
        ('answered_by = "a test"\ninr = nan', "inr"),
        ('answered_by = "a test"\nscheme = "mine"', "scheme"),
        ('answered_by = "a test"\n[answers]\nmood = "no"', "mood, which facet does not ask"),
        ('answered_by = "a test"\n[answers]\nallergy = "perhaps"', "allergy"),
        (f'answered_by = "a test"\n{TEST}', "two stages, but facet has one"),
        ("not TOML", "not a readable TOML file"),
    ],
)
def test_what_is_not_valid_is_refused_by_its_name(tmp_path, text, says):
    with pytest.raises(RequestError, match=says):
        read_checklist(written(tmp_path, text), FACET)
