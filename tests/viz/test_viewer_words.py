"""Both languages say the same things."""

import re
from importlib.resources import files

import pytest

from planner.structures import Pose, Structure
from viz.viewer.looks import PANES
from viz.viewer.words import Language, keys, pose_words, structure_words, texts


def test_the_template_uses_only_words_that_exist():
    page = files("viz.viewer").joinpath("page.html").read_text(encoding="utf-8")
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
    for name in ("page.html", "page.css"):
        assert "//" not in files("viz.viewer").joinpath(name).read_text(encoding="utf-8").replace("://", "//", 0)
