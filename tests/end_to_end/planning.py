"""From a volume or a true anatomy to one planned target, as the tests of the whole line need it."""

import numpy as np

from planner.anatomy.model import Anatomy
from planner.anatomy.segment import segment
from planner.plan import PlannedTrajectory, TargetPlan
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.structures import PatientPosition, Side
from planner.targets import TargetRequest, find_targets
from planner.volume import Volume

PRT = PROCEDURES["prt"]


def planned(anatomy: Anatomy, root: str, side: Side, position: PatientPosition = PatientPosition.HFP) -> TargetPlan:
    targets = find_targets(anatomy, PRT, TargetRequest(side, root=root))
    return plan_trajectories(anatomy, targets, PRT, reconcile(position, anatomy.lie), {}).targets[0]


def planned_on(volume: Volume, root: str, side: Side) -> TargetPlan:
    return planned(segment(volume), root, side)


def best(target: TargetPlan) -> PlannedTrajectory:
    return target.trajectories[0]


def binding_mm(target: TargetPlan) -> float:
    return min(clearance.spare_mm for clearance in best(target).clearances)


def mirrored(point_mm: np.ndarray) -> np.ndarray:
    return point_mm * np.array([-1.0, 1.0, 1.0])
