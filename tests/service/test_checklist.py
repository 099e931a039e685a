"""Answers come from a file, whole and known, or are refused."""

import pytest

from planner.gates import Scheme, open_gates, questions_for
from planner.procedures import PROCEDURES
from service.checklist import read_checklist
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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('inr = "x"', "answered_by"),
        ('answered_by = "a test"\ninr = -1', "inr"),
        ('answered_by = "a test"\ninr = nan', "inr"),
        ('answered_by = "a test"\nscheme = "mine"', "scheme"),
        ('answered_by = "a test"\n[answers]\nmood = "no"', "mood, which facet does not ask"),
        ('answered_by = "a test"\n[answers]\nallergy = "perhaps"', "allergy"),
        ("not TOML", "not a readable TOML file"),
    ],
)
def test_what_is_not_valid_is_refused_by_its_name(tmp_path, text, says):
    with pytest.raises(RequestError, match=says):
        read_checklist(written(tmp_path, text), FACET)
