"""An MR that the service works on is looked at together with its study's stacks across it; what cannot be joined is left out and named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.structures import PatientPosition
from sample_data.dicom_series import SeriesOptions, write_volume_series
from sample_data.mr import MrParameters, mr_volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from sample_data.tissue import STIR_TURBO, T2_TURBO, Sequence
from service.case_job import CaseJob
from service.opening import OpenSeries, open_series
from service.parcel import packed, unpacked
from service.stacks_beside import with_study
from service.working import worked

SAGITTAL, AXIAL = (0.0, 90.0, 0.0), (0.0, 0.0, 0.0)
BOX = PhantomParameters(spacing_mm=(4.0, 2.0, 2.0), field_of_view_mm=(64.0, 80.0, 72.0), center_mm=(0.0, 42.0, -48.0))


def stack(
    folder: Path,
    number: int,
    turn_deg: tuple[float, float, float],
    sequence: Sequence = T2_TURBO,
    box: PhantomParameters = BOX,
    study: str = "one study",
) -> Path:
    volume = mr_volume(make_phantom(replace(box, turn_deg=turn_deg)), MrParameters(sequence, noise=0.008))
    stored = turn_deg != AXIAL
    options = SeriesOptions(PatientPosition.HFP, as_stored=stored, series_number=number)
    write_volume_series(volume, folder / str(number), options, identity=study)
    return folder / str(number)


@pytest.fixture(scope="module")
def sagittal(tmp_path_factory: pytest.TempPathFactory) -> OpenSeries:
    return open_series(stack(tmp_path_factory.mktemp("sagittal"), 3, SAGITTAL))


def notes(series: OpenSeries) -> str:
    return " ".join(series.facts.notes)


def test_an_axial_stack_of_the_study_stands_beside_a_thick_sagittal_one(sagittal: OpenSeries, tmp_path: Path):
    joined = with_study(sagittal, [stack(tmp_path, 4, AXIAL)])
    assert len(joined.stacks) == 1
    assert "2 stacks of this study together" in notes(joined)


def test_a_stack_of_another_weighting_stands_beside_it_too(sagittal: OpenSeries, tmp_path: Path):
    assert len(with_study(sagittal, [stack(tmp_path, 4, AXIAL, STIR_TURBO)]).stacks) == 1


def test_a_parallel_stack_is_no_help_and_is_not_spoken_of(sagittal: OpenSeries, tmp_path: Path):
    alone = with_study(sagittal, [stack(tmp_path, 4, SAGITTAL)])
    assert alone.stacks == ()
    assert alone.facts.notes == sagittal.facts.notes


def test_a_stack_of_another_study_or_one_that_is_gone_is_left_out_and_named(sagittal: OpenSeries, tmp_path: Path):
    alone = with_study(sagittal, [stack(tmp_path, 5, AXIAL, study="another study"), tmp_path / "gone"])
    assert alone.stacks == ()
    assert notes(alone).count("left out") == 2
    assert "two studies" in notes(alone)


def test_thin_slices_need_no_other_stack(tmp_path: Path):
    thin = open_series(stack(tmp_path, 3, SAGITTAL, box=replace(BOX, spacing_mm=(1.5, 1.5, 1.5))))
    assert with_study(thin, [stack(tmp_path, 4, AXIAL)]) is thin


def job(folder: Path, *beside: Path) -> CaseJob:
    return CaseJob(
        folder,
        open_uid(folder),
        folder.parent / "results" / "000001",
        None,
        None,
        datetime(2026, 1, 1, tzinfo=UTC),
        beside=beside,
    )


def open_uid(folder: Path) -> str:
    source = open_series(folder).facts.source
    assert source is not None
    return source.series_instance_uid


def test_stacks_travel_with_a_case(tmp_path: Path):
    sent = job(stack(tmp_path, 3, SAGITTAL), stack(tmp_path, 4, AXIAL))
    with unpacked(packed(sent)) as there:
        assert there.beside[0] != sent.beside[0]
        names = [sorted(one.name for one in side.beside[0].iterdir()) for side in (sent, there)]
        assert names[0] == names[1]


@pytest.mark.slow
def test_a_case_is_segmented_with_the_stack_beside_it(tmp_path: Path):
    box = replace(BOX, spacing_mm=(4.0, 1.2, 1.2), field_of_view_mm=(90.0, 120.0, 150.0))
    given = job(
        stack(tmp_path, 3, SAGITTAL, box=box),
        stack(tmp_path, 4, AXIAL, box=replace(box, field_of_view_mm=(90.0, 120.0, 110.0))),
    )
    assert "segmented" in worked(given).words
    written = json.loads((given.out / "anatomy.json").read_text())
    assert any("2 stacks of this study together" in note for note in written["series"]["notes"])
