"""An earlier scan serves today's plan: signed paths as proposals, nerves with the residual; another patient's or another region's is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dicom_io.report import write_report
from dicom_io.series import read_series
from planner.anatomy.registration.landmarks import Landmark
from planner.anatomy.registration.register import LARGEST_RESIDUAL_MM, LevelFit, Registration
from planner.anatomy.segment import segment
from planner.brought import Source, brought_of
from planner.errors import RegistrationError
from planner.geometry import frozen
from planner.motion import RigidMotion
from planner.structures import SpineLevel, Structure
from sample_data.motion import moved, moved_labels
from sample_data.mr import mr_volume
from service.brought.reading import BroughtAlong, nothing_brought
from service.earlier import named_by_hand
from service.earlier_scan import NamedScan, served_by, with_proposals
from service.errors import RequestError
from service.files import write_document
from service.opening import OpenSeries, SeriesChoice
from service.registering import REGISTRATION_FILE, EarlierScan, RegistrationDocument, carried_paths
from service.results import clear
from service.series_facts import SeriesFacts
from service.versions import versions_with
from service.watch import Stopwatch
from tests.dicom_io import plans
from tests.dicom_io.ct_files import write_ct_series
from tests.dicom_io.test_signature import SIGNATURE, released
from tests.service.test_registering import PHANTOM, TRUTH, without_dicom

MOTION = RigidMotion.about([0.0, 0.0, 0.0], [0.0, 0.0, 10.0], [3.0, -2.0, 5.0])


def opened(folder: Path, patient_id: str = "ID-1") -> OpenSeries:
    folder.mkdir(parents=True)
    write_ct_series(folder, patient_id=patient_id)
    series = read_series(folder)
    return OpenSeries(series.volume, SeriesFacts.of(series))


def report_of(series: OpenSeries, folder: Path, *, is_signed: bool) -> Path:
    folder.mkdir(parents=True)
    plan = released() if is_signed else plans.plan()
    assert series.facts.source is not None
    signature = SIGNATURE if is_signed else None
    path = folder / "report.dcm"
    path.write_bytes(write_report(plan, series.facts.source, plans.case(plan), signature))
    return path


def registration(residual_mm: float) -> Registration:
    return Registration((LevelFit(SpineLevel.L4, MOTION, residual_mm),), MOTION, 1.4)


HERE = (Landmark(SpineLevel.L4, frozen(np.zeros(3)), frozen(np.array([0.0, 30.0, 0.0]))),)


def test_a_signed_plan_of_the_earlier_scan_is_a_proposal_where_its_vertebra_lies_today(tmp_path: Path) -> None:
    series = opened(tmp_path / "then")
    report = report_of(series, tmp_path / "plan", is_signed=True)
    (carried, *_), left = carried_paths(
        EarlierScan(series, nothing_brought, (report,)), HERE, registration(residual_mm=0.7)
    )
    words, path = carried
    first = released().targets[0].trajectories[0]
    assert "L4" in words
    assert "left" in words
    assert path.tip_mm == pytest.approx(MOTION.of(first.target_mm), abs=1e-3)
    assert path.entry_mm == pytest.approx(MOTION.of(first.entry_mm), abs=1e-3)
    assert path.uncertainty_mm == 0.7
    assert not left


def test_above_the_stated_residual_nothing_is_proposed(tmp_path: Path) -> None:
    series = opened(tmp_path / "then")
    report = report_of(series, tmp_path / "plan", is_signed=True)
    scan = EarlierScan(series, nothing_brought, (report,))
    carried, left = carried_paths(scan, HERE, registration(LARGEST_RESIDUAL_MM + 0.1))
    assert not carried
    assert all("residual of 3.1 mm, allowed are 3 mm" in sentence for sentence in left)
    assert left


def test_a_plan_that_nobody_signed_is_not_carried(tmp_path: Path) -> None:
    series = opened(tmp_path / "then")
    report = report_of(series, tmp_path / "plan", is_signed=False)
    carried, left = carried_paths(EarlierScan(series, nothing_brought, (report,)), HERE, registration(0.7))
    assert not carried
    assert left == ["NOT CARRIED: an earlier plan that nobody signed"]


def test_a_plan_of_another_frame_of_reference_is_refused(tmp_path: Path) -> None:
    report = report_of(opened(tmp_path / "other"), tmp_path / "plan", is_signed=True)
    scan = EarlierScan(without_dicom(PHANTOM.volume), nothing_brought, (report,))
    with pytest.raises(RequestError, match="another frame of reference"):
        carried_paths(scan, HERE, registration(0.7))


def test_the_earlier_plan_in_the_results_says_where_its_path_runs_today(tmp_path: Path) -> None:
    series = opened(tmp_path / "then")
    report = report_of(series, tmp_path / "plan", is_signed=True)
    document = named_by_hand(report, series)
    told = {
        "target": document.targets[0].words, "level": "L4", "entry_mm": (1.0, 2.0, 3.0), "tip_mm": (4.0, 5.0, 6.0),
        "uncertainty_mm": 0.7,
    }  # fmt: skip
    laid = RegistrationDocument.model_validate(
        {"joined_by": "x", "over_one_level_off": 1.4, "levels": [], "carried": [told], "warnings": []}
    )
    write_document(tmp_path / REGISTRATION_FILE, laid)
    (plan,) = with_proposals((document,), tmp_path)
    assert plan.targets[0].today is not None
    assert plan.targets[0].today.tip_mm == (4.0, 5.0, 6.0)
    assert document.targets[0].today is None


def test_another_patients_scan_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    today = opened(tmp_path / "today", "ID-1")
    opened(tmp_path / "then", "ID-2")
    with pytest.raises(RequestError, match="another patient's scan"):
        NamedScan(SeriesChoice(tmp_path / "then")).opened(today)


def test_a_new_run_leaves_no_registration_of_an_older_one(tmp_path: Path) -> None:
    for name in (REGISTRATION_FILE, "registered-axial.png", "registered-sagittal.png"):
        (tmp_path / name).write_text("old")
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_roots_drawn_on_an_earlier_mr_serve_todays_ct(tmp_path: Path) -> None:
    """Phantom CT and MR, each vertebra moved: the roots come to within their stated uncertainty of the truth."""
    today = without_dicom(PHANTOM.volume)
    drawing = brought_of(moved_labels(PHANTOM, TRUTH), Source("drawn by hand", "", "0"))
    scan = EarlierScan(without_dicom(moved(mr_volume(PHANTOM), PHANTOM, TRUTH)), lambda _: BroughtAlong((drawing,)))
    ours = segment(PHANTOM.volume)
    served = served_by(scan, today, ours, tmp_path, Stopwatch())
    told = json.loads((tmp_path / REGISTRATION_FILE).read_text())
    assert max(level["residual_mm"] for level in told["levels"] if level["is_usable"]) <= LARGEST_RESIDUAL_MM
    truth = {(root.between, root.side): root.ganglion_mm for root in PHANTOM.anatomy().nerve_roots}
    for root in served.nerve_roots:
        if (root.between, root.side) in truth:
            off_mm = float(np.linalg.norm(root.ganglion_mm - truth[root.between, root.side]))
            assert off_mm <= root.uncertainty_mm, root.root
    assert "earlier MR, drawn by drawn by hand" in served.origin[Structure.NERVE_ROOT]
    assert any("earlier MR" in source for source in versions_with(served).values())
    assert any("seen in the earlier scan" in sentence for sentence in served.warnings)


@pytest.mark.slow
def test_an_earlier_scan_of_another_region_is_refused(tmp_path: Path) -> None:
    """The chest's vertebrae are not these: fewer than three are shared."""
    labels = moved_labels(PHANTOM, TRUTH)
    lower = {SpineLevel.L4, SpineLevel.L5}
    entries = {
        value: entry
        for value, entry in labels.entries.items()
        if entry.structure is not Structure.VERTEBRA or entry.level in lower
    }
    drawing = brought_of(type(labels)(labels.geometry, labels.labels, entries), Source("drawn by hand", "", "0"))
    scan = EarlierScan(without_dicom(mr_volume(PHANTOM)), lambda _: BroughtAlong((drawing,)))
    with pytest.raises(RegistrationError, match="at least 3 are needed"):
        served_by(scan, without_dicom(PHANTOM.volume), PHANTOM.anatomy(), tmp_path, Stopwatch())
