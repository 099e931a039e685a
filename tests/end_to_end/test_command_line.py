"""The installed command on the shipped series, and on a NIfTI file cut out of it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name its own documentation uses

from dicom_io.report_reader import read_report
from dicom_io.series import ImageSeries, read_series
from planner.volume import LabelMap
from sample_data.parameters import SMALL
from sample_data.phantom import make_phantom
from service.cli import DONE, NO_SAFE_PATH
from service.demo import sample_series
from service.documents import AnatomyDocument, LabelsDocument, PlanDocument
from service.label_map_file import write_label_map

pytestmark = [pytest.mark.slow, pytest.mark.graphics]

FILES = {
    "plan.json",
    "view",  # what `needleplan view` opens
    "anatomy.json",
    "labels.nii.gz",
    "labels.json",
    "report.dcm",
    "segmentation.dcm",
    "key-axial.dcm",
    "key-needle-plane.dcm",
    "key-down-the-needle.dcm",
    "key-3d.dcm",
    "key-objects.dcm",
    "plan.png",
    "sheet.pdf",
    "sheet.dcm",
}
"""All that a plan on a DICOM series leaves behind."""


HALF_A_BODY_MM = 14.0
"""A body's middle further from the truth than half of its height would be a neighbour's."""


@dataclass(frozen=True)
class Run:
    """One command that has ended."""

    exit_code: int
    printed: str
    out: Path

    @property
    def plan(self) -> PlanDocument:
        return PlanDocument.model_validate_json((self.out / "plan.json").read_text())


def needleplan(*arguments: object, out: Path) -> Run:
    command = [Path(sys.executable).parent / "needleplan", *arguments, "--out", out]
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return Run(ended.returncode, " ".join((ended.stdout + ended.stderr).split()), out)


@pytest.fixture(scope="module")
def series() -> ImageSeries:
    return read_series(sample_series())


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Run:
    return needleplan("demo", out=tmp_path_factory.mktemp("demo") / "out")


@pytest.fixture(scope="module")
def in_a_small_field_of_view(series, tmp_path_factory) -> Run:
    """150 mm around the L4/L5 foramen, without any skin behind it, as NIfTI."""
    folder = tmp_path_factory.mktemp("nifti")
    geometry = series.volume.geometry
    half = 75.0 / geometry.spacing_mm
    centre = geometry.indices([0.0, 20.0, -50.0])
    low = np.maximum(np.floor(centre - half), 0).astype(int)
    high = np.minimum(np.ceil(centre + half), geometry.shape).astype(int)
    voxels = series.volume.voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels))
    cut = geometry.cropped(tuple(low.tolist()), voxels.shape)
    image.SetOrigin(cut.points_mm([0, 0, 0]).tolist())
    image.SetSpacing(cut.spacing_mm[::-1].tolist())
    image.SetDirection(cut.axes[:, ::-1].ravel().tolist())
    sitk.WriteImage(image, folder / "ct.nii.gz")
    request = ("--procedure", "prt", "--level", "@-50", "--side", "left")
    return needleplan("plan", folder / "ct.nii.gz", *request, out=folder / "out")


def test_the_demo_finds_a_path_and_leaves_every_file(demo):
    assert demo.exit_code == DONE, demo.printed
    assert {file.name for file in demo.out.iterdir()} == FILES


def test_it_prints_what_it_did_and_where_the_results_lie(demo):
    for words in (
        "L4 root, foramen L4/L5, left",
        "DRAFT - NOT RELEASED",
        "Not releasable",
        "checklist",
        "Path 1 of ",
        "Alternatives",
        "first control scan at",
        "spinous process",
        "freehand",
        "report.dcm",
        str(demo.out.name),
    ):
        assert words in demo.printed, words


def test_it_prints_no_patient(demo):
    assert "Phantom^" not in demo.printed
    assert "NEEDLEPLAN-PHANTOM" not in demo.printed


def test_the_plan_has_three_alternatives_on_the_asked_side(demo):
    (target,) = demo.plan.targets
    assert (target.root, target.level, target.side) == ("L4", "L4/L5", "left")
    assert len(target.trajectories) >= 3
    for path in target.trajectories:
        assert path.entry_mm[0] > path.target_mm[0], "a left root is reached from the left"
        assert path.obliquity_deg > 0
        assert all(one.spare_mm >= 0 for one in path.clearances if one.is_hard)


def test_slices_are_named_as_the_images_name_them(demo, series):
    path = demo.plan.targets[0].trajectories[0]
    assert path.target_slice is not None
    (image,) = [one for one in series.source.instances if one.instance_number == path.target_slice.instance_number]
    half_mm = series.volume.geometry.spacing_mm[0] / 2
    assert abs(image.position_mm[2] - path.target_mm[2]) <= half_mm + 1e-6
    assert path.target_slice.off_slice_mm <= half_mm + 1e-6
    assert path.target_slice.slice_location_mm == image.slice_location_mm


def test_the_labels_lie_on_the_scans_own_grid_and_each_has_a_meaning(demo, series, tmp_path):
    written = sitk.ReadImage(demo.out / "labels.nii.gz")
    labels = sitk.GetArrayFromImage(written)
    assert labels.shape == series.volume.geometry.shape
    empty = LabelMap(series.volume.geometry, np.zeros(labels.shape, np.uint16), {})
    expected = sitk.ReadImage(write_label_map(tmp_path / "grid.nii.gz", empty))
    assert np.allclose(written.GetOrigin(), expected.GetOrigin(), atol=1e-3)
    assert np.allclose(written.GetDirection(), expected.GetDirection(), atol=1e-6)
    meanings = LabelsDocument.model_validate_json((demo.out / "labels.json").read_text()).root
    assert {str(value) for value in np.unique(labels) if value} <= set(meanings)


def test_the_anatomy_around_the_target_is_named_as_the_phantoms_truth_and_says_how_long_it_took(demo):
    """A plan asks for the region around its target alone; `segment` names the whole scan."""
    anatomy = AnatomyDocument.model_validate_json((demo.out / "anatomy.json").read_text())
    true_mm = {str(one.name): one.body_center_mm for one in make_phantom(SMALL).anatomy().vertebrae}
    named_mm = {level.name: np.array(level.body_center_mm) for level in anatomy.levels}
    assert {"L3", "L4", "L5"} <= named_mm.keys() <= true_mm.keys()
    assert {
        name: off for name, at in named_mm.items() if (off := np.linalg.norm(at - true_mm[name])) > HALF_A_BODY_MM
    } == {}
    assert {("L4/L5", "left"), ("L4/L5", "right")} <= {(f.level, f.side) for f in anatomy.foramina}
    assert {"reading", "bone", "planning", "pictures", "DICOM objects"} <= set(anatomy.seconds)


def test_the_report_holds_the_plans_geometry(demo):
    (reported,), (planned,) = read_report(demo.out / "report.dcm").targets, demo.plan.targets
    for theirs, ours in zip(reported.trajectories, planned.trajectories, strict=True):
        assert np.abs(theirs.entry_mm - np.array(ours.entry_mm)).max() <= 1e-4
        assert np.abs(theirs.target_mm - np.array(ours.target_mm)).max() <= 1e-4


def test_no_file_for_programs_holds_the_patient(demo):
    for name in ("plan.json", "anatomy.json", "labels.json"):
        text = (demo.out / name).read_text()
        assert "Phantom^" not in text
        assert "NEEDLEPLAN-PHANTOM" not in text


def test_no_safe_path_is_an_answer_with_counts(in_a_small_field_of_view):
    run = in_a_small_field_of_view
    assert run.exit_code == NO_SAFE_PATH, run.printed
    (target,) = run.plan.targets
    assert target.trajectories == []
    assert target.rejected["skin outside image"] > 0
    assert "NO SAFE PATH" in run.printed


def test_nifti_gives_no_dicom_output_and_says_so(in_a_small_field_of_view):
    run = in_a_small_field_of_view
    assert list(run.out.glob("*.dcm")) == []
    assert "no DICOM output" in run.printed


def test_a_level_chosen_by_place_is_not_releasable_until_it_is_named(in_a_small_field_of_view):
    plan = in_a_small_field_of_view.plan
    assert not plan.is_releasable
    assert any("chosen by place" in blocker for blocker in plan.release_blockers)
    assert json.loads((in_a_small_field_of_view.out / "plan.json").read_text())["state"] == "draft"
