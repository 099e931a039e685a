"""``--also``: a sagittal and an axial stack of one MR study are looked at together; what is not surely of one place is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from dicom_io.errors import SeveralSeriesError
from planner.errors import FrameMismatchError
from planner.geometry import VolumeGeometry
from planner.structures import PatientPosition, SpineLevel
from planner.volume import Modality, Volume
from sample_data.dicom_series import SeriesOptions, write_volume_series
from sample_data.mr import MrParameters, mr_volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from sample_data.tissue import T2_TURBO
from service.cli import DONE
from service.documents import AnatomyDocument
from service.errors import RequestError
from service.opening import OpenSeries, SeriesChoice, open_chosen, open_series, with_stacks
from service.series_facts import SeriesFacts
from tests.end_to_end.test_command_line import needleplan

GRID = VolumeGeometry.from_spacing((6, 16, 16), (4.0, 2.0, 2.0), (0.0, 0.0, 0.0))


@dataclass(frozen=True)
class Says:
    """What one small series says of itself."""

    study: str = "a study"
    number: int = 3
    frame: str = ""
    has_frame: bool = True
    modality: Modality = Modality.MR


def written(folder: Path, says: Says) -> Path:
    grid = VolumeGeometry(GRID.lps_from_index, GRID.shape, says.frame)
    voxels = np.arange(np.prod(GRID.shape), dtype=np.int16).reshape(GRID.shape)
    voxels -= 1000 if says.modality is Modality.CT else 0
    options = SeriesOptions(series_number=says.number, with_frame_of_reference=says.has_frame)
    write_volume_series(Volume(grid, voxels, says.modality), folder, options, identity=says.study)
    return folder


def opened(folder: Path, says: Says) -> OpenSeries:
    return open_series(written(folder, says))


def test_a_second_stack_stands_beside_the_first_and_is_noted(tmp_path: Path):
    choice = SeriesChoice(written(tmp_path / "a", Says()), also=(written(tmp_path / "b", Says(number=4)),))
    series = open_chosen(choice)
    assert len(series.stacks) == 1
    assert any("2 stacks of this study" in note for note in series.facts.notes)


@pytest.mark.parametrize(("modality", "times"), [(Modality.MR, 1), (Modality.CT, 0)])
def test_a_folder_of_two_mr_stacks_is_a_question_that_tells_of_looking_at_both(
    tmp_path: Path, modality: Modality, times: int
):
    for number in (3, 4):
        written(tmp_path / "both" / str(number), Says(number=number, modality=modality))
    with pytest.raises(SeveralSeriesError, match="2 series could be meant") as question:
        open_series(tmp_path / "both")
    assert str(question.value).count("--also") == times


def test_alone_nothing_is_noted(tmp_path: Path):
    series = open_chosen(SeriesChoice(written(tmp_path / "a", Says())))
    assert series.stacks == ()
    assert not any("stacks" in note for note in series.facts.notes)


@pytest.mark.parametrize(
    ("own", "other", "says"),
    [
        (Says(), Says(study="another", number=4), "two studies"),
        (Says(), Says(), "same series again"),
        (Says(), Says(number=4, has_frame=False), "states no Frame of Reference"),
        (Says(modality=Modality.CT), Says(modality=Modality.CT, number=4), "two MR stacks"),
    ],
)
def test_what_is_not_surely_of_one_place_is_refused(tmp_path: Path, own: Says, other: Says, says: str):
    series, second = opened(tmp_path / "a", own), opened(tmp_path / "b", other)
    with pytest.raises(RequestError, match=says):
        with_stacks(series, [second])


def test_another_frame_of_reference_is_refused_with_both(tmp_path: Path):
    series = opened(tmp_path / "a", Says(frame="1.2.3"))
    with pytest.raises(FrameMismatchError, match=r"1\.2\.3 and 1\.2\.4"):
        with_stacks(series, [opened(tmp_path / "b", Says(frame="1.2.4", number=4))])


def test_an_image_file_is_refused(tmp_path: Path):
    series = opened(tmp_path / "a", Says())
    without = OpenSeries(series.volume, SeriesFacts(series.volume.geometry, None, ()))
    with pytest.raises(RequestError, match="does not say its study"):
        with_stacks(series, [without])


SPINE_MM = (0.0, 42.0, -48.0)


def stack(field_mm: tuple[float, float, float], turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Volume:
    """Slices of 4 mm of one patient's lumbar spine."""
    given = PhantomParameters(
        spacing_mm=(4.0, 1.2, 1.2), field_of_view_mm=field_mm, center_mm=SPINE_MM, turn_deg=turn_deg
    )
    return mr_volume(make_phantom(given), MrParameters(T2_TURBO, noise=0.008, annulus_mm=3.0))


@pytest.mark.slow
def test_the_command_finds_the_foramina_of_a_sagittal_stack_with_an_axial_one_beside_it(tmp_path: Path):
    sagittal = SeriesOptions(PatientPosition.HFP, as_stored=True, series_number=3)
    axial = SeriesOptions(PatientPosition.HFP, series_number=4)
    write_volume_series(stack((90.0, 120.0, 150.0), (0.0, 90.0, 0.0)), tmp_path / "mr" / "s", sagittal, identity="mr")
    write_volume_series(stack((90.0, 120.0, 110.0)), tmp_path / "mr" / "a", axial, identity="mr")
    truth = make_phantom(PhantomParameters(spacing_mm=(4.0, 4.0, 4.0))).anatomy()
    l4_mm = next(float(v.body_center_mm[2]) for v in truth.vertebrae if v.name is SpineLevel.L4)
    beside = ("--also", tmp_path / "mr" / "a", "--anchor", f"L4@{l4_mm:.0f}")
    run = needleplan("segment", tmp_path / "mr" / "s", *beside, out=tmp_path / "out")
    assert run.exit_code == DONE, run.printed
    assert "2 stacks of this study together" in run.printed
    anatomy = AnatomyDocument.model_validate_json((run.out / "anatomy.json").read_text())
    assert any("2 stacks" in note for note in json.loads((run.out / "anatomy.json").read_text())["series"]["notes"])
    places = {(str(one.between), str(one.side)): one.center_mm for one in truth.foramina}
    off = [np.linalg.norm(np.array(one.center_mm) - places[one.level, one.side]) for one in anatomy.foramina]
    assert len(off) >= 6
    assert np.median(off) <= 2.5
    assert max(off) <= 5.0
