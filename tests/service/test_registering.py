"""``needleplan register``: an earlier MR with somebody's drawing on today's CT, its files, and what is refused."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dicom_io.series import read_series
from planner.brought import Source, brought_of
from planner.motion import RigidMotion
from planner.structures import SpineLevel
from planner.volume import Volume
from sample_data.motion import moved, moved_labels
from sample_data.mr import mr_volume
from sample_data.parameters import SMALL
from sample_data.phantom import make_phantom
from service.brought.reading import BroughtAlong, nothing_brought
from service.cli import app
from service.errors import RequestError
from service.opening import OpenSeries
from service.registering import REGISTRATION_FILE, EarlierScan, RegistrationDocument, lay_over
from service.request import NamedAnchor
from service.series_facts import SeriesFacts
from service.watch import Stopwatch
from tests.dicom_io.ct_files import write_ct_series

PHANTOM = make_phantom(SMALL)
BODIES = {v.name: v.body_center_mm for v in PHANTOM.anatomy().vertebrae if isinstance(v.name, SpineLevel)}
TRUTH = {
    name: RigidMotion.about([0.0, 50.0, 0.0], [3.0, -2.0, 4.0], [6.0, -5.0, 8.0]).then(
        RigidMotion.about(center, [1.5 - 0.5 * n, 0.5 * n - 1.0, 1.0], [0.5, -1.0 + 0.4 * n, 0.7])
    )
    for n, (name, center) in enumerate(BODIES.items())
}


def without_dicom(volume: Volume) -> OpenSeries:
    return OpenSeries(volume, SeriesFacts(volume.geometry, None, ()))


@dataclass(frozen=True)
class Run:
    told: RegistrationDocument
    out: Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("registered")
    earlier = without_dicom(moved(mr_volume(PHANTOM), PHANTOM, TRUTH))
    drawing = brought_of(moved_labels(PHANTOM, TRUTH), Source("drawn by hand", "", "0"))
    scan = EarlierScan(earlier, lambda _: BroughtAlong((drawing,)))
    return Run(lay_over(scan, without_dicom(PHANTOM.volume), out, Stopwatch()), out)


@pytest.mark.slow
def test_each_lumbar_vertebra_lies_within_a_millimetre_where_it_is_used(run: Run) -> None:
    assert_within_a_millimetre(run.told, at_least={"L1", "L2", "L3", "L4", "L5"})


def assert_within_a_millimetre(told: RegistrationDocument, at_least: set[str]) -> None:
    fits = {level.level: level for level in told.levels if level.is_usable}
    assert set(fits) >= at_least
    for name, fit in fits.items():
        level = SpineLevel(name)
        earlier = TRUTH[level].inverse.of(BODIES[level])
        today = np.array(fit.rotation) @ earlier + fit.shift_mm
        assert np.linalg.norm(today - BODIES[level]) < 1.0, name


@pytest.mark.slow
def test_the_file_says_what_was_returned_and_pictures_are_there_to_look_at(run: Run) -> None:
    assert json.loads((run.out / REGISTRATION_FILE).read_text()) == run.told.model_dump(mode="json")
    for name in ("registered-sagittal.png", "registered-axial.png"):
        picture = np.asarray(Image.open(run.out / name))
        assert picture.shape == (450, 1350, 3)
        assert picture[:, 900:].std() > 10


def test_an_mr_without_a_drawing_is_refused_with_what_to_do() -> None:
    mr = without_dicom(mr_volume(make_phantom(replace(SMALL, spacing_mm=(8.0, 6.0, 6.0)))))
    with pytest.raises(RequestError, match="name one with --anchor"):
        lay_over(EarlierScan(mr, nothing_brought), without_dicom(PHANTOM.volume), Path("never"), Stopwatch())


def opened(folder: Path, patient_id: str) -> OpenSeries:
    folder.mkdir()
    write_ct_series(folder, patient_id=patient_id)
    series = read_series(folder)
    return OpenSeries(series.volume, SeriesFacts.of(series))


def test_another_patients_scan_is_refused(tmp_path: Path) -> None:
    earlier, today = opened(tmp_path / "a", "A-1"), opened(tmp_path / "b", "B-2")
    with pytest.raises(RequestError, match="another patient's scan"):
        lay_over(EarlierScan(earlier, nothing_brought), today, tmp_path / "out", Stopwatch())
    assert not (tmp_path / "out").exists()


def test_the_command_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["register", str(tmp_path / "no"), str(tmp_path / "no"), "--out", str(tmp_path / "o")]
    )
    assert isinstance(result.exception, RequestError) or "no such file or folder" in result.output


@pytest.mark.slow
def test_an_mr_whose_levels_the_network_sees_needs_one_name(tmp_path: Path) -> None:
    """No drawing: the network's bodies and a person's word for one of them."""
    mr = moved(mr_volume(PHANTOM), PHANTOM, TRUTH)
    l3_z_mm = float(TRUTH[SpineLevel.L3].inverse.of(BODIES[SpineLevel.L3])[2])
    scan = EarlierScan(without_dicom(mr), nothing_brought, anchor=NamedAnchor(SpineLevel.L3, l3_z_mm))
    told = lay_over(scan, without_dicom(PHANTOM.volume), tmp_path, Stopwatch())
    assert_within_a_millimetre(told, at_least={"L2", "L3", "L4"})
