"""Both languages say the same things."""

import re
from importlib.resources import files

import pytest

from planner.structures import Pose, Structure
from viz.viewer.keys import keys
from viz.viewer.looks import PANES
from viz.viewer.pointer import Wheel
from viz.viewer.words import Language, pose_words, rule_words, structure_words, texts

TEMPLATES = ("page.html", "beside.html", "before.html", "sheets.html")


def test_the_template_uses_only_words_that_exist():
    page = "".join(files("viz.viewer").joinpath(name).read_text(encoding="utf-8") for name in TEMPLATES)
    used = set(re.findall(r"\bt\.([a-z_]+)", page)) | set(PANES)
    assert used <= set(texts(Language.GERMAN))


@pytest.mark.parametrize("language", Language)
def test_every_structure_and_pose_has_a_name(language: Language):
    assert all(structure_words(structure, language) for structure in Structure)
    assert all(pose_words(pose, language) for pose in Pose)


def test_keys_are_explained_in_both_languages():
    assert len(keys(Language.GERMAN)) == len(keys(Language.ENGLISH))
    assert Language.GERMAN.other is Language.ENGLISH


def test_nothing_on_the_page_comes_from_another_host():
    for name in (*TEMPLATES, "page.css"):
        assert "//" not in files("viz.viewer").joinpath(name).read_text(encoding="utf-8").replace("://", "//", 0)


def test_a_rule_is_named_in_the_pages_language():
    assert rule_words("clearance: nerve root", Language.GERMAN) == "Abstand: Nervenwurzel"
    assert rule_words("approach window", Language.GERMAN) == "Zugangsfenster"
    assert rule_words("a rule of tomorrow", Language.GERMAN) == "a rule of tomorrow"
    assert rule_words("approach window", Language.ENGLISH) == "approach window"


@pytest.mark.parametrize(
    ("turned", "mode", "notches"),
    [((-120.0,), 0, (1,)), ((300.0,), 0, (-2,)), ((-3.0,), 1, (1,)), ((-15.0, -15.0, -15.0), 0, (0, 0, 1))],
)
def test_a_wheel_and_a_pad_count_notches(turned: tuple[float, ...], mode: int, notches: tuple[int, ...]):
    wheel = Wheel()
    assert tuple(wheel.notches(one, mode) for one in turned) == notches
