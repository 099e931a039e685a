"""``needleplan plan --earlier-scan`` and ``register`` as commands: an MR of another day serves today's CT, or is refused and says why.

A phantom's CT, and its MR of an earlier day on which each vertebra lay elsewhere by a known motion; the truth of that day is the drawing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_io.report_reader import read_report
from planner.anatomy.registration.register import LARGEST_RESIDUAL_MM
from planner.motion import RigidMotion
from planner.structures import LevelName, PatientPosition, SpineLevel
from sample_data.dicom_series import SeriesOptions, write_dicom_series, write_volume_series
from sample_data.motion import moved, moved_labels
from sample_data.mr import mr_volume
from sample_data.phantom import Phantom, make_phantom
from service.cli import DONE
from service.documents import AnatomyDocument
from service.label_map_file import write_label_map
from service.opening import open_series
from service.registering import REGISTRATION_FILE
from service.viewing.keeping import KEPT, REGISTERED
from service.viewing.registered import VOXELS, open_registered
from tests.end_to_end.test_command_line import Run, needleplan
from tests.service.test_earlier_scan import report_of
from tests.service.test_plan_with import LUMBAR, table_of

pytestmark = [pytest.mark.slow, pytest.mark.graphics]

REFUSED = 2
REQUEST = ("--procedure", "prt", "--root", "L4", "--side", "left")


@dataclass(frozen=True)
class Patient:
    """Today's CT, the earlier MR and what was drawn in it, in one folder."""

    folder: Path
    phantom: Phantom
    motions: dict[LevelName, RigidMotion]

    @property
    def ct(self) -> Path:
        return self.folder / "ct"

    @property
    def mr(self) -> Path:
        return self.folder / "mr"

    @property
    def drawn(self) -> Path:
        return self.folder / "drawn.nii.gz"

    def drawn_at(self, *levels: str) -> Path:
        """The same drawing, whose table names some vertebrae alone."""
        folder = self.folder / "".join(levels)
        folder.mkdir(exist_ok=True)
        table = {
            n: name for n, name in table_of(self.phantom).items() if "vertebrae" not in name or name[-2:] in levels
        }
        (folder / "drawn.json").write_text(json.dumps(table))
        return Path(shutil.copy(self.drawn, folder))


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Patient:
    folder = tmp_path_factory.mktemp("patient")
    phantom = make_phantom(LUMBAR)
    bodies = {v.name: v.body_center_mm for v in phantom.anatomy().vertebrae if isinstance(v.name, SpineLevel)}
    turned = RigidMotion.about([0.0, 50.0, 0.0], [3.0, -2.0, 4.0], [6.0, -5.0, 8.0])
    motions: dict[LevelName, RigidMotion] = {
        name: turned.then(RigidMotion.about(center, [1.5 - 0.5 * n, 0.5 * n - 1.0, 1.0], [0.5, -1.0 + 0.4 * n, 0.7]))
        for n, (name, center) in enumerate(bodies.items())
    }
    write_dicom_series(phantom, folder / "ct")
    earlier, options = moved(mr_volume(phantom), phantom, motions), SeriesOptions(PatientPosition.HFS)
    write_volume_series(earlier, folder / "mr", options, identity="an earlier day")
    write_label_map(folder / "drawn.nii.gz", moved_labels(phantom, motions))
    (folder / "drawn.json").write_text(json.dumps(table_of(phantom)))
    return Patient(folder, phantom, motions)


@pytest.fixture(scope="module")
def served(patient: Patient) -> Run:
    """A plan that the earlier scan, its drawing and a plan that was signed on it serve."""
    signed = report_of(open_series(patient.mr), patient.folder / "signed", is_signed=True)
    beside = ("--earlier-scan", patient.mr, "--earlier-with", patient.drawn, "--earlier", signed)
    return needleplan("plan", patient.ct, *REQUEST, *beside, out=patient.folder / "plan")


def registration(run: Run) -> dict[str, float]:
    """The residual of each vertebra that is used."""
    told = json.loads((run.out / REGISTRATION_FILE).read_text())
    return {one["level"]: one["residual_mm"] for one in told["levels"] if one["is_usable"]}


def sentences(item: pydicom.Dataset) -> Iterator[str]:
    """Every text of a report."""
    for child in item.get("ContentSequence", ()):
        yield from (str(child.TextValue),) if "TextValue" in child else ()
        yield from sentences(child)


def test_the_plan_has_a_path_and_each_vertebra_lies_where_its_motion_brought_it(served: Run, patient: Patient):
    assert served.exit_code == DONE, served.printed
    assert served.plan.targets[0].trajectories
    told = json.loads((served.out / REGISTRATION_FILE).read_text())
    bodies = {str(v.name): v.body_center_mm for v in patient.phantom.anatomy().vertebrae}
    levels = {one["level"]: one for one in told["levels"] if one["is_usable"]}
    assert {"L3", "L4", "L5"} <= set(levels)
    for name, one in levels.items():
        earlier = patient.motions[SpineLevel(name)].inverse.of(bodies[name])
        off_mm = float(np.linalg.norm(np.array(one["rotation"]) @ earlier + one["shift_mm"] - bodies[name]))
        assert off_mm < 1.0, name
        assert one["residual_mm"] <= LARGEST_RESIDUAL_MM


def test_the_residual_of_each_level_is_said_in_plan_report_and_terminal(served: Run):
    (said,) = [line for line in served.plan.warnings if line.startswith("earlier MR 2020-01-01 laid over this one")]
    for level, mm in registration(served).items():
        assert f"{level} {mm:.1f} mm" in said
    assert " ".join(said.split()) in served.printed
    assert said in read_report(served.out / "report.dcm").warnings


def test_the_residual_is_in_the_uncertainty_of_the_roots_that_it_moved(served: Run, patient: Patient):
    anatomy = AnatomyDocument.model_validate_json((served.out / "anatomy.json").read_text())
    moved_by_it = [line.split(":")[0] for line in anatomy.warnings if line.endswith("the earlier scan's is used")]
    assert moved_by_it
    half_a_voxel_and_a_drawn_border_mm = max(LUMBAR.spacing_mm) / 2.0 + 1.5
    truth = {(r.root, str(r.side)): r.ganglion_mm for r in patient.phantom.anatomy().nerve_roots}
    for root in anatomy.nerve_roots:
        if f"root {root.root} {root.side}" in moved_by_it:
            residual_mm = registration(served)[root.level.split("/")[0]]
            assert root.uncertainty_mm >= half_a_voxel_and_a_drawn_border_mm + residual_mm - 0.01
            off_mm = np.linalg.norm(np.array(root.ganglion_mm) - truth[root.root, root.side])
            assert off_mm <= root.uncertainty_mm


def test_plan_and_report_name_the_earlier_series_and_the_drawing(served: Run, patient: Patient):
    source = open_series(patient.mr).facts.source
    assert source is not None
    (said,) = [words for name, words in served.plan.versions.items() if "nerve root" in name]
    assert source.series_instance_uid in said
    assert "sha256" in said
    written = sentences(pydicom.dcmread(served.out / "report.dcm"))
    assert any(source.series_instance_uid in line and "residual" in line for line in written)


def test_the_signed_plan_is_a_proposal_with_its_uncertainty_and_not_this_plan(served: Run):
    (carried, *_) = json.loads((served.out / REGISTRATION_FILE).read_text())["carried"]
    assert carried["uncertainty_mm"] == pytest.approx(registration(served)[carried["level"]], abs=0.01)
    assert any("A proposal: it is not this plan" in line for line in served.plan.warnings)
    assert served.plan.earlier_plans[0].targets[0].today is not None
    assert served.plan.state == "draft"


def test_the_page_shows_the_earlier_scan_with_its_residuals(served: Run, patient: Patient):
    frame = open_series(patient.ct).volume.geometry.frame_of_reference_uid
    image = open_registered(served.out / KEPT, frame)
    assert image is not None
    assert image.volume is not None
    assert {level: mm for level, mm, is_usable in image.residuals if is_usable} == pytest.approx(
        registration(served), abs=1e-5
    )


def test_another_patients_scan_leaves_no_plan(patient: Patient):
    other = patient.folder / "other"
    options = SeriesOptions(patient_id="SOMEBODY-ELSE")
    write_volume_series(patient.phantom.volume, other, options, identity="somebody else")
    run = needleplan("plan", patient.ct, *REQUEST, "--earlier-scan", other, out=patient.folder / "refused")
    assert run.exit_code == REFUSED
    assert "another patient's scan" in run.printed
    assert not (run.out / "plan.json").exists()
    assert "SOMEBODY-ELSE" not in run.printed


def test_a_scan_of_another_region_leaves_no_plan(patient: Patient):
    beside = ("--earlier-scan", patient.mr, "--earlier-with", patient.drawn_at("L4", "L5"))
    run = needleplan("plan", patient.ct, *REQUEST, *beside, out=patient.folder / "elsewhere")
    assert run.exit_code == REFUSED
    assert "at least 3 are needed" in run.printed
    assert list(run.out.glob("*.json")) == []


def test_register_lays_a_scan_beside_a_case_that_stands_and_a_refused_one_takes_its_place(
    served: Run, patient: Patient
):
    frame = open_series(patient.ct).volume.geometry.frame_of_reference_uid
    case = served.out / KEPT
    shutil.rmtree(case / REGISTERED)
    done = needleplan("register", patient.mr, patient.ct, "--with", patient.drawn, out=served.out)
    assert done.exit_code == DONE, done.printed
    image = open_registered(case, frame)
    assert image is not None
    assert image.volume is not None
    assert (served.out / "plan.json").is_file()

    refused = needleplan("register", patient.mr, patient.ct, "--with", patient.drawn_at("L4", "L5"), out=served.out)
    assert refused.exit_code == REFUSED
    image = open_registered(case, frame)
    assert image is not None
    assert image.volume is None
    assert "at least 3 are needed" in image.refused
    assert not (case / REGISTERED / VOXELS).exists()
