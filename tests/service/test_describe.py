"""The files say everything in words that cannot be misread."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dicom_io.instances import Patient, Study
from dicom_io.series import SeriesSource, SliceSource
from planner.geometry import VolumeGeometry, obliquity_deg, tilt_deg
from planner.plan import Clearance, Plan, PlannedTrajectory, PlanState, ScanPosition, TargetPlan
from planner.procedure import Needle
from planner.structures import Interspace, PatientPosition, Pose, Side, SpineLevel, Structure
from planner.volume import Modality
from service.describe import plan_document
from service.documents import PlanDocument, schemas
from service.series_facts import SeriesFacts
from tests.dicom_io import plans
from tests.dicom_io.plans import advised

NEEDLE = Needle(22, 0.72, 120.0, "Chiba")
GEOMETRY = VolumeGeometry.from_spacing((40, 50, 60), (2.5, 1.0, 1.0), (-30.0, -20.0, -300.0), "1.2.840.1")


def source(patient_id: str = "", *, derived: bool = False) -> SeriesSource:
    study = Study("1.2", "1.2.3", "1.2.840.1", "CT", "HFS", series_number=4)
    slices = tuple(
        SliceSource("ct", f"1.2.3.{k}", 40 - k, -300.0 + 2.5 * k, (-30.0, -20.0, -300.0 + 2.5 * k), Path("x"))
        for k in range(40)
    )
    patient = Patient(patient_id, "", "DOE^JANE", "19500101", "F")
    return SeriesSource(study, patient, Modality.CT, PatientPosition.HFS, "1.2.840.1", derived, slices)


def facts(patient_id: str = "", *, derived: bool = False) -> SeriesFacts:
    return SeriesFacts(GEOMETRY, source(patient_id, derived=derived), ("one note",))


def path(entry_mm=(25.0, 28.0, -246.0), target_mm=(5.0, 0.0, -251.2), midline_mm: float | None = 24.0):
    entry, target = np.array(entry_mm), np.array(target_mm)
    away = np.array([0.0, 10.0, 0.0])
    near = Clearance(Structure.KIDNEY, 7.5, 4.0, 31.0, entry, entry + away, 1.0, 0.9, side=Side.LEFT)
    return PlannedTrajectory(
        rank=1,
        entry_mm=entry,
        target_mm=target,
        length_mm=float(np.linalg.norm(target - entry)),
        obliquity_deg=float(obliquity_deg(target - entry)),
        tilt_deg=float(tilt_deg(target - entry)),
        needle=NEEDLE,
        clearances=(near,),
        tolerance_deg=2.5,
        costs={"length": 1.0},
        cost=1.0,
        entry_from_midline_mm=midline_mm,
        floor_angle_deg=None,
        sentence="Passes 7.5 mm from the left kidney.",
    )


def plan(*paths: PlannedTrajectory, **changed: object) -> Plan:
    between = Interspace(SpineLevel.L3, SpineLevel.L4)
    target = TargetPlan(
        "L3",
        between,
        Side.LEFT,
        np.array([5.0, 0.0, -251.2]),
        paths,
        {"bone": 12},
        99,
        name_is_certain=True,
        chosen_by="root L3",
    )
    values = {
        "procedure": "prt",
        "title": "Periradicular therapy",
        "state": PlanState.DRAFT,
        "targets": (target,),
        "not_checked": (Structure.BOWEL,),
        "scan_position": ScanPosition(PatientPosition.HFS, Pose.SUPINE, is_inferred=False, evidence="tag"),
        "treatment_pose": Pose.PRONE,
        "is_rehearsal": True,
        "release_blockers": ("a rehearsal",),
        "warnings": (),
        "versions": {"needleplan": "0.1.0"},
    }
    return Plan(**(values | changed))


def written(given: Plan, series: SeriesFacts | None = None) -> dict:
    return json.loads(plan_document(given, series or facts()).model_dump_json())


def test_the_shape_that_other_tools_rely_on():
    document = written(plan(path()))
    for key in (
        "procedure",
        "state",
        "not_checked",
        "scan_position",
        "treatment_position",
        "targets",
        "warnings",
        "versions",
    ):
        assert key in document
    (target,) = document["targets"]
    assert (target["root"], target["level"], target["side"]) == ("L3", "L3/L4", "left")
    assert target["rejected"] == {"bone": 12}
    (trajectory,) = target["trajectories"]
    assert trajectory["entry_mm"] == [25.0, 28.0, -246.0]
    assert trajectory["needle"] == {
        "gauge": 22,
        "outer_diameter_mm": 0.72,
        "length_mm": 120.0,
        "tip": "Chiba",
        "artefact_mm": None,
    }
    clearance = trajectory["clearances"][0]
    assert (clearance["structure"], clearance["clearance_mm"], clearance["margin_mm"], clearance["depth_mm"]) == (
        "kidney",
        7.5,
        4.0,
        31.0,
    )


def test_root_foramen_side_draft_and_rehearsal_are_said_in_words():
    document = written(plan(path()))
    assert document["targets"][0]["words"] == "L3 root, foramen L3/L4, left"
    assert document["state_words"] == "DRAFT - NOT RELEASED"
    assert document["rehearsal"].startswith("REHEARSAL: scanned supine, treated prone")
    assert document["scan_position"] == "HFS (supine)"
    assert document["treatment_position"] == "prone"
    assert document["breathing_phase"] == "unknown"


def test_an_inferred_position_says_so():
    inferred = ScanPosition(None, Pose.SUPINE, is_inferred=True, evidence="table below")
    assert written(plan(path(), scan_position=inferred))["scan_position"] == "supine (inferred, to be confirmed)"


def test_entry_and_angles_are_words_of_the_patients_side():
    left = written(plan(path()))["targets"][0]["trajectories"][0]
    right = written(plan(path(entry_mm=(-20.0, 28.0, -256.0), midline_mm=-21.0)))["targets"][0]["trajectories"][0]
    assert left["entry_words"] == "24.0 mm left of the spinous processes"
    assert "entry on the patient's left), tilt -8.6 deg (aims caudally)" in left["angle_words"]
    assert right["entry_words"] == "21.0 mm right of the spinous processes"
    assert "entry on the patient's right), tilt +7.3 deg (aims cranially)" in right["angle_words"]
    unknown = written(plan(path(midline_mm=None)))["targets"][0]["trajectories"][0]
    assert unknown["entry_words"].startswith("midline (spinous processes) not found")


def test_a_slice_is_what_the_images_call_it():
    trajectory = written(plan(path()))["targets"][0]["trajectories"][0]
    assert trajectory["target_slice"] == {
        "series_number": 4,
        "instance_number": 20,
        "slice_location_mm": -250.0,
        "off_slice_mm": 1.2,
    }
    assert trajectory["entry_slice"]["instance_number"] == 18
    assert trajectory["table_position"] == "not in the images"


def test_a_point_beyond_the_scan_has_no_slice():
    assert facts().slice_at(np.array([0.0, 0.0, -320.0])) is None
    assert facts().slice_at(np.array([0.0, 0.0, -301.0])) is not None


def test_without_dicom_there_is_no_slice_and_no_patient():
    document = written(plan(path()), SeriesFacts(GEOMETRY, None, ()))
    assert document["targets"][0]["trajectories"][0]["entry_slice"] is None
    assert document["series"]["has_patient_id"] is None


@pytest.mark.parametrize(
    ("patient_id", "derived", "expected"),
    [
        ("", True, {"no Patient ID", "no Frame of Reference"}),
        ("7", False, set()),
        ("7", True, {"no Frame of Reference"}),
    ],
)
def test_what_the_images_lack_keeps_a_plan_from_release(patient_id, derived, expected):
    blockers = facts(patient_id, derived=derived).release_blockers
    found = {text for text in ("no Patient ID", "no Frame of Reference") if any(text in b for b in blockers)}
    assert found == expected
    assert any("checklist" in blocker for blocker in blockers)
    assert any("breathing phase" in blocker for blocker in blockers)


def test_no_file_holds_a_patients_name_or_id():
    text = plan_document(plan(path()), facts("SECRET77")).model_dump_json()
    assert "SECRET77" not in text
    assert "JANE" not in text
    assert "1950" not in text


def test_a_document_reads_back_as_it_was_written():
    document = plan_document(plan(path()), facts())
    assert PlanDocument.model_validate_json(document.model_dump_json()) == document


def test_a_target_without_path_keeps_its_counts():
    (target,) = written(plan())["targets"]
    assert target["trajectories"] == []
    assert target["examined"] == 99


def test_risk_bend_landmark_and_merits_of_a_path_are_in_the_file_and_in_its_schema():
    told = advised(plans.path())
    target = replace(plan(told).targets[0], trajectories=(told,))
    trajectory = written(plan(told, targets=(target,)))["targets"][0]["trajectories"][0]
    risk = trajectory["risk"]
    assert (risk["guidance"], risk["checkpoints_mm"], risk["allowed_tip_error_mm"]) == ("freehand", [60.0, 70.0], 2.7)
    assert risk["beside_bone"] == {"value": 0.231, "low": 0.213, "high": 0.25, "n": 2000}
    assert risk["contacts"][0] == {
        "obstacle": "bone",
        "probability": {"value": 0.319, "low": 0.299, "high": 0.339, "n": 2000},
    }
    assert trajectory["first_checkpoint_mm"] == 60.0
    assert trajectory["entry_tolerance_mm"] == 7.1
    assert trajectory["bend"]["words"].startswith("Bevel at 3 o'clock")
    assert trajectory["landmark"]["words"] == "12 mm caudal of the tip of the L4 spinous process"
    assert trajectory["merits"] == ["safest", "shortest"]
    assert trajectory["clearances"][0]["lies"] == "dorsal and cranial to"
    assert trajectory["clearances"][0]["name"] == "left L4 ganglion"
    schema = json.dumps(schemas()["plan.json"])
    for name in ("risk", "bend", "landmark", "merits", "relaxations", "placing", "together", "earlier_plans"):
        assert f'"{name}"' in schema, name


def test_what_binds_and_what_would_help_stand_with_a_target_without_path():
    none = replace(plan().targets[0], binding="bone", relaxations=("None long enough: 32 mm missing.",))
    document = written(plan(targets=(none,), placing=("one after another",), together=(), site_values=("tilt 0",)))
    assert document["targets"][0]["binding"] == "bone"
    assert document["targets"][0]["relaxations"] == ["None long enough: 32 mm missing."]
    assert (document["placing"], document["site_values"]) == (["one after another"], ["tilt 0"])


def test_every_file_has_a_schema():
    assert set(schemas()) == {"plan.json", "anatomy.json", "labels.json"}
    assert "trajectories" in json.dumps(schemas()["plan.json"])
