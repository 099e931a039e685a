"""The command line: what it refuses, with which sentence and exit code, and what it writes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from service.cli import DONE, main
from service.edge import REFUSED
from tests.dicom_io.builders import Grid, write_series

PATIENT = ("Test^Ramp", "R-1", "19600102")


class Answer(NamedTuple):
    """What a command answered."""

    exit_code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def needleplan(monkeypatch, capsys) -> Command:
    """Runs one command line in this process."""

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["needleplan", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Answer(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def series(tmp_path) -> Path:
    write_series(tmp_path / "ct", Grid(count=6))
    return tmp_path / "ct"


def test_help_teaches_how_to_ask(needleplan):
    answer = needleplan("plan", "--help")
    assert answer.exit_code == DONE
    for lesson in ("--root L3", "--level L3/L4", "never", "L3@-210", "Exit code"):
        assert lesson in " ".join(answer.out.replace("│", " ").split()), lesson


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--root", "L3"), "--side left or --side right"),
        (("--side", "left"), "name the place once"),
        (("--side", "L", "--root", "L3"), "left, right"),
        (("--side", "left", "--root", "L9"), "valid"),
        (("--side", "left", "--root", "L3", "--anchor", "L3"), "--anchor L3@-210"),
    ],
)
def test_an_unclear_request_is_refused_before_any_image_is_opened(needleplan, tmp_path, arguments, sentence):
    answer = needleplan("plan", tmp_path / "nowhere", "--procedure", "prt", "--out", tmp_path / "out", *arguments)
    assert answer.exit_code == REFUSED
    assert sentence in " ".join(answer.err.split())
    assert "Traceback" not in answer.err
    assert not (tmp_path / "out").exists()


def test_an_unknown_procedure_is_refused_with_the_known_ones(needleplan, series, tmp_path):
    answer = needleplan(
        "plan", series, "--procedure", "ptr", "--root", "L3", "--side", "left", "--out", tmp_path / "out"
    )
    assert answer.exit_code == REFUSED
    assert "'ptr' is not known; valid: " in answer.err


@pytest.mark.parametrize("command", [("segment",), ("plan", "--procedure", "prt", "--root", "L3", "--side", "left")])
def test_images_that_make_no_volume_are_refused_in_millimetres(needleplan, series, tmp_path, command):
    sorted(series.iterdir())[3].unlink()
    name, *options = command
    answer = needleplan(name, series, *options, "--out", tmp_path / "out")
    assert answer.exit_code == REFUSED
    assert "missing" in answer.err
    assert "mm" in answer.err


def test_a_folder_that_is_not_there_is_refused(needleplan, tmp_path):
    answer = needleplan("segment", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert answer.exit_code == REFUSED
    assert "no such file or folder" in answer.err


def test_of_several_series_each_is_listed_with_what_names_it(needleplan, series, tmp_path):
    write_series(series / "other", Grid(count=6), series_uid="1.2.826.77")
    answer = needleplan("segment", series, "--out", tmp_path / "out")
    assert answer.exit_code == REFUSED
    assert "--series 1.2.826.77  series 3 (CT, 6 images" in answer.err
    named = needleplan("segment", series, "--out", tmp_path / "out", "--series", "1.2.826.99")
    assert named.exit_code == REFUSED
    assert "not here" in named.err


def test_a_place_that_cannot_be_written_is_refused_without_its_path(needleplan, series, tmp_path):
    (tmp_path / "DOE^JANE").write_text("a file, not a folder")
    answer = needleplan("segment", series, "--out", tmp_path / "DOE^JANE" / "out")
    assert answer.exit_code == REFUSED
    assert "Not a directory" in answer.err
    assert "JANE" not in answer.err


def test_results_never_go_among_the_images(needleplan, series):
    for given in (series, next(series.iterdir())):
        answer = needleplan("segment", given, "--out", series)
        assert answer.exit_code == REFUSED
        assert "among the images" in answer.err
    assert len(list(series.iterdir())) == 6


def test_no_refusal_tells_who_was_scanned(needleplan, series, tmp_path):
    answer = needleplan("segment", series, "--out", tmp_path / "out")
    assert answer.exit_code == REFUSED
    for secret in PATIENT:
        assert secret not in answer.out + answer.err


def test_procedures_are_listed_for_people_and_for_programs(needleplan):
    assert "prt" in needleplan("procedures").out
    listed = json.loads(needleplan("procedures", "--json").out)
    (prt,) = [one for one in listed if one["key"] == "prt"]
    assert prt["treatment_pose"] == "prone"
    assert prt["needles"][0]["gauge"] > 0
    assert all(approach["source"] for approach in prt["approaches"])


def test_schema_prints_one_schema_per_file(needleplan):
    assert set(json.loads(needleplan("schema").out)) == {"plan.json", "anatomy.json", "labels.json"}


def test_serve_without_a_named_sender_is_refused(needleplan, tmp_path, monkeypatch):
    monkeypatch.setenv("NEEDLEPLAN_STORAGE__FOLDER", str(tmp_path / "storage"))
    answer = needleplan("serve")
    assert answer.exit_code == REFUSED
    assert "allowed_calling_ae_titles" in answer.err


def test_a_site_file_with_an_impossible_value_is_refused_before_the_service_starts(needleplan, tmp_path):
    (tmp_path / "site.toml").write_text('[guidance]\nname = "telepathy"\n')
    settings = (
        f'[storage]\nfolder = "{tmp_path / "storage"}"\n[jobs]\nsite_file = "{tmp_path / "site.toml"}"\n'
        '[receiver]\nallowed_calling_ae_titles = ["CT"]\n'
    )
    (tmp_path / "s.toml").write_text(settings)
    answer = needleplan("serve", "--settings", tmp_path / "s.toml")
    assert answer.exit_code == REFUSED
    assert "guidance" in answer.err


def test_an_unknown_guidance_is_refused_with_the_known_ones(needleplan, tmp_path):
    asked = ("--procedure", "prt", "--root", "L3", "--side", "left", "--out", tmp_path / "out")
    answer = needleplan("plan", tmp_path, *asked, "--guidance", "telepathy")
    assert answer.exit_code == REFUSED
    for known in ("freehand", "laser", "robot"):
        assert known in answer.err


def test_an_earlier_plan_that_is_none_is_refused_before_anything_is_segmented(needleplan, series, tmp_path):
    asked = ("--procedure", "prt", "--root", "L3", "--side", "left", "--out", tmp_path / "out")
    answer = needleplan("plan", series, *asked, "--earlier", tmp_path / "nothing")
    assert answer.exit_code == REFUSED
    assert "give report.dcm" in " ".join(answer.err.split())
    assert not (tmp_path / "out").exists()


def test_a_misspelt_setting_is_refused(needleplan, tmp_path):
    (tmp_path / "s.toml").write_text("[reciever]\nport = 1\n")
    answer = needleplan("serve", "--settings", tmp_path / "s.toml")
    assert answer.exit_code == REFUSED
    assert "'reciever' is not known" in answer.err


@pytest.mark.graphics
def test_doctor_says_what_is_there_and_how_to_get_the_rest(needleplan):
    answer = needleplan("doctor")
    assert answer.exit_code == DONE
    for part in ("VTK", "JPEG 2000", "nobody may send", "GB free"):
        assert part in answer.out


def test_an_image_file_without_air_asks_for_its_modality_and_then_takes_it(needleplan, tmp_path):
    block = tmp_path / "block.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.full((8, 8, 8), 40, np.int16)), str(block))
    asked = needleplan("segment", block, "--out", tmp_path / "out")
    assert asked.exit_code == REFUSED
    assert "--modality CT" in asked.err
    told = needleplan("segment", block, "--modality", "MR", "--out", tmp_path / "out")
    assert "the image holds 8 mm along the body" in " ".join(told.err.split())


def test_the_modality_of_a_dicom_series_is_its_own(needleplan, series, tmp_path):
    answer = needleplan("segment", series, "--modality", "CT", "--out", tmp_path / "out")
    assert answer.exit_code == REFUSED
    assert "leave it out" in answer.err
