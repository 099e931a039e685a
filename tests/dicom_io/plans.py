"""Plans whose numbers a test knows: one target at L4/L5 on the left, three paths to it."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from dicom_io.identity import DicomCase, content_digest
from planner.geometry import obliquity_deg, tilt_deg
from planner.palpable import Landmark
from planner.plan import (
    Bend,
    Clearance,
    Contact,
    Plan,
    PlannedTrajectory,
    PlanState,
    Probability,
    Risk,
    ScanPosition,
    TargetPlan,
)
from planner.procedure import Needle
from planner.structures import Interspace, LevelName, Part, PatientPosition, Pose, Side, SpineLevel, Structure
from tests.dicom_io.ct_files import STUDY

NEEDLE = Needle(gauge=22, outer_diameter_mm=0.72, length_mm=90.0, tip="Quincke")
TARGET_MM = np.array([21.23456789, -3.987654321, 11.1357911])


def clearance(
    structure: Structure = Structure.NERVE_ROOT,
    gap_mm: float = 2.75,
    part: Part | None = None,
    level: LevelName | None = None,
    side: Side | None = None,
) -> Clearance:
    """A clearance, closest 62.5 mm deep."""
    return Clearance(
        structure=structure,
        clearance_mm=gap_mm,
        margin_mm=1.5,
        depth_mm=62.5,
        on_path_mm=np.array([22.1, -9.4, 11.2]),
        on_structure_mm=np.array([22.1, -9.4, 11.2 + gap_mm]),
        uncertainty_mm=3.0,
        confidence=0.75,
        part=part,
        level=level,
        side=side,
        exempt_mm=4.0,
    )


def path(rank: int = 1, entry_mm: tuple[float, float, float] = (48.111111, 60.777777, 13.999999)) -> PlannedTrajectory:
    """A path to the target from somewhere on the back."""
    entry = np.array(entry_mm)
    direction = TARGET_MM - entry
    return PlannedTrajectory(
        rank=rank,
        entry_mm=entry,
        target_mm=TARGET_MM,
        length_mm=float(np.linalg.norm(direction)),
        obliquity_deg=float(obliquity_deg(direction)),
        tilt_deg=float(tilt_deg(direction)),
        needle=NEEDLE,
        clearances=(
            clearance(Structure.NERVE_ROOT, 0.8, Part.GANGLION, SpineLevel.L4, Side.LEFT),
            clearance(Structure.VERTEBRA, 2.75, Part.SUPERIOR_ARTICULAR_PROCESS, SpineLevel.L5, Side.LEFT),
            clearance(Structure.CANAL, 9.5),
            clearance(Structure.AORTA, 41.0),
        ),
        tolerance_deg=3.2,
        costs={"length": 12.0},
        cost=12.0,
        entry_from_midline_mm=44.5,
        floor_angle_deg=None,
        sentence="Passes 0.8 mm dorsal to the left L4 root at 62.5 mm; 12° oblique, ± 3.2°.",
    )


RISK = Risk(
    guidance="freehand",
    source="a study, means",
    contacts=(
        Contact("bone", Probability(0.319, 0.299, 0.339, 2000)),
        Contact("target's own nerve root", Probability(0.176, 0.16, 0.193, 2000)),
        Contact("aorta", Probability(0.0, 0.0, 0.0001, 0)),
    ),
    any_contact=Probability(0.485, 0.463, 0.506, 2000),
    target_missed=Probability(0.6282, 0.6282, 0.6282, 0),
    angle_forgiven=Probability(0.97, 0.97, 0.97, 0),
    checkpoints_mm=(60.0, 70.0),
    with_checkpoints=Probability(0.177, 0.161, 0.195, 2000),
    missed_with_checkpoints=Probability(0.0, 0.0, 0.0001, 0),
    beside_bone=Probability(0.231, 0.213, 0.25, 2000),
    beside_bone_with_checkpoints=Probability(0.1, 0.088, 0.114, 2000),
)
BEND = Bend("Quincke", "a study", False, 3, 9, 8.3, 6.1, 1.1, "bone", 1.2, "canal")


def advised(path: PlannedTrajectory) -> PlannedTrajectory:
    """The path with all that a person is told beside it."""
    rows = tuple(replace(row, obstacle=row.structure.words, lies="dorsal and cranial to") for row in path.clearances)
    landmark = Landmark(SpineLevel.L4, -12.5, 69.0)
    return replace(
        path,
        clearances=rows,
        risk=RISK,
        bend=BEND,
        landmark=landmark,
        merits=("safest", "shortest"),
        entry_tolerance_mm=7.1,
    )


def target(paths: tuple[PlannedTrajectory, ...] | None = None) -> TargetPlan:
    """The L4 root on the left."""
    found = (path(1), path(2, (60.0, 58.0, 14.0)), path(3, (40.0, 61.5, 4.0))) if paths is None else paths
    return TargetPlan(
        root="L4",
        between=Interspace(SpineLevel.L4, SpineLevel.L5),
        side=Side.LEFT,
        point_mm=TARGET_MM,
        trajectories=found,
        rejected={"bone": 91_022, "skin outside image": 31},
        examined=120_000,
        name_is_certain=True,
        chosen_by="--root L4",
    )


def plan(
    targets: tuple[TargetPlan, ...] | None = None,
    state: PlanState = PlanState.DRAFT,
    not_checked: tuple[Structure, ...] = (Structure.URETER, Structure.BOWEL),
    warnings: tuple[str, ...] = ("aorta and inferior vena cava are on the usual sides",),
) -> Plan:
    """A rehearsal: scanned supine, to be treated prone."""
    return Plan(
        procedure="prt",
        title="Periradicular therapy, lumbar",
        state=state,
        targets=(target(),) if targets is None else targets,
        not_checked=not_checked,
        scan_position=ScanPosition(PatientPosition.HFS, Pose.SUPINE, is_inferred=True, evidence="table under the back"),
        treatment_pose=Pose.PRONE,
        is_rehearsal=True,
        release_blockers=("scan is not in treatment position: scan again prone",),
        warnings=warnings,
        versions={"needleplan": "0.1.0", "anatomy": "classical 1"},
    )


def case(of: Plan, moment: datetime = datetime(2024, 5, 6, 12, 30, 15)) -> DicomCase:  # noqa: DTZ001 - DICOM local time
    """The case that holds this plan."""
    return DicomCase(STUDY, content_digest(of), moment, "0.1.0")
