"""A block of a patient with one planned needle, in closed form."""

import numpy as np
import pytest

from planner.anatomy.model import Anatomy, Lie
from planner.geometry import VolumeGeometry, unit
from planner.plan import Plan, PlannedTrajectory, PlanState, ScanPosition, TargetPlan
from planner.procedure import Needle
from planner.structures import Interspace, PatientPosition, Pose, Side, SpineLevel, Structure
from planner.volume import LabelEntry, LabelMap, Volume
from viz.graphics import probe_graphics
from viz.subject import Caption, Subject

GRID = VolumeGeometry.from_spacing((60, 110, 150), (2.0, 2.0, 2.0), (-149.0, -109.0, -59.0))
STRUCTURES = (Structure.BODY, Structure.VERTEBRA, Structure.CANAL, Structure.AORTA)
HU = np.array([-1000, 40, 400, 20, 150], dtype=np.int16)
TARGET_MM = np.array([22.0, 12.0, 0.0])
ENTRY_MM = np.array([78.0, 84.0, 6.0])


def labels() -> LabelMap:
    x, y, _ = np.moveaxis(GRID.points_mm(np.stack(np.meshgrid(*map(np.arange, GRID.shape), indexing="ij"), -1)), -1, 0)
    values = np.zeros(GRID.shape, dtype=np.uint16)
    values[(x / 140) ** 2 + (y / 100) ** 2 < 1] = 1
    values[(np.abs(x) < 22) & (np.abs(y + 10) < 18)] = 2
    values[np.hypot(x, y - 18) < 9] = 3
    values[np.hypot(x - 15, y + 45) < 10] = 4
    return LabelMap(GRID, values, {n + 1: LabelEntry(s) for n, s in enumerate(STRUCTURES)})


def anatomy(label_map: LabelMap) -> Anatomy:
    return Anatomy(
        labels=label_map,
        surroundings=LabelMap(GRID, (label_map.labels == 0).astype(np.uint16)),
        vertebrae=(),
        discs=(),
        canal_centreline_mm=np.zeros((0, 3)),
        foramina=(),
        facets=(),
        nerve_roots=(),
        confidence={},
        uncertainty_mm={},
        lie=Lie(Pose.PRONE, 1.0, "built prone"),
        naming="built",
    )


def path() -> PlannedTrajectory:
    return PlannedTrajectory(
        rank=1,
        entry_mm=ENTRY_MM,
        target_mm=TARGET_MM,
        length_mm=float(np.linalg.norm(ENTRY_MM - TARGET_MM)),
        obliquity_deg=38.0,
        tilt_deg=float(np.degrees(np.arcsin(unit(TARGET_MM - ENTRY_MM)[2]))),
        needle=Needle(22, 0.7, 120.0, "Quincke"),
        clearances=(),
        tolerance_deg=2.0,
        costs={},
        cost=0.0,
        entry_from_midline_mm=78.0,
        floor_angle_deg=None,
        sentence="",
    )


def target_plan(trajectory: PlannedTrajectory) -> TargetPlan:
    between = Interspace(SpineLevel.L3, SpineLevel.L4)
    return TargetPlan("L3", between, Side.LEFT, TARGET_MM, (trajectory,), {}, 1, True, "--root")


@pytest.fixture(scope="session")
def subject() -> Subject:
    label_map, trajectory = labels(), path()
    target = target_plan(trajectory)
    plan = Plan(
        procedure="prt",
        title="Periradicular therapy",
        state=PlanState.DRAFT,
        targets=(target,),
        not_checked=(),
        scan_position=ScanPosition(PatientPosition.HFP, Pose.PRONE, is_inferred=False, evidence="built"),
        treatment_pose=Pose.PRONE,
        is_rehearsal=False,
        release_blockers=(),
        warnings=(),
        versions={},
    )
    caption = Caption("DRAFT - NOT RELEASED", ("Phantom^Block", "L3 root, foramen L3/L4, left"))
    return Subject(Volume(GRID, HU[label_map.labels]), anatomy(label_map), plan, target, trajectory, caption)


@pytest.fixture(scope="session", autouse=True)
def graphics() -> None:
    state = probe_graphics()
    if not state.is_available:
        pytest.fail(state.words)
