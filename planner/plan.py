"""A plan: ranked paths to each target, what each keeps clear of, and what is not known.

Frozen values only, LPS mm in the scan's own frame. The straight line that makes one is ``planner/planning.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from planner.geometry import FloatArray
from planner.procedure import Needle
from planner.structures import Interspace, LevelName, Part, PatientPosition, Pose, Side, Structure


class PlanState(StrEnum):
    """Only a person releases a plan."""

    DRAFT = "draft"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class ScanPosition:
    """How the patient lay in this scan, and who says so."""

    position: PatientPosition | None
    pose: Pose
    is_inferred: bool
    evidence: str


@dataclass(frozen=True, slots=True, eq=False)
class Clearance:
    """How close one path comes to one structure.

    ``clearance_mm`` is measured from the needle's surface to the drawn border; ``margin_mm`` is what the rules require
    there (structure's uncertainty + reserve; the needle's radius is already inside ``clearance_mm``). ``depth_mm`` is the
    depth below the skin where it is closest, ``on_path_mm`` and ``on_structure_mm`` the two closest points. ``exempt_mm``:
    the last part of the path, in which the target's own structure is not tested.
    """

    structure: Structure
    clearance_mm: float
    margin_mm: float
    depth_mm: float
    on_path_mm: FloatArray
    on_structure_mm: FloatArray
    uncertainty_mm: float
    confidence: float
    part: Part | None = None
    level: LevelName | None = None
    side: Side | None = None
    is_hard: bool = True
    exempt_mm: float = 0.0

    @property
    def spare_mm(self) -> float:
        """What is left beyond the required margin."""
        return self.clearance_mm - self.margin_mm


@dataclass(frozen=True, slots=True, eq=False)
class PlannedTrajectory:
    """One path a person may choose, measured exactly."""

    rank: int
    entry_mm: FloatArray
    target_mm: FloatArray
    length_mm: float
    obliquity_deg: float
    tilt_deg: float
    needle: Needle
    clearances: tuple[Clearance, ...]
    """Hard limits first, the least spare room first."""
    tolerance_deg: float
    costs: Mapping[str, float]
    cost: float
    entry_from_midline_mm: float | None
    """Along the patient's left-right axis, positive to the left of the spinous processes; None: not found."""
    floor_angle_deg: float | None
    """Needle against the horizontal floor in treatment position; None for a rehearsal."""
    sentence: str

    @property
    def binding(self) -> Clearance | None:
        """The clearance with the least to spare."""
        return min(self.clearances, key=lambda c: c.spare_mm) if self.clearances else None


@dataclass(frozen=True, slots=True, eq=False)
class TargetPlan:
    """One target with its ranked paths, or none and why."""

    root: str
    between: Interspace
    side: Side
    point_mm: FloatArray
    """The reference tip point; a path's own tip is its ``target_mm``."""
    trajectories: tuple[PlannedTrajectory, ...]
    rejected: Mapping[str, int]
    """Directions rejected, by the first rule that rejected each."""
    examined: int
    name_is_certain: bool
    chosen_by: str
    """How level and side came to be named: ``--root``, ``--level @Z, 3.2 mm from the foramen``, an order."""

    @property
    def words(self) -> str:
        """*L4 root, foramen L4/L5, left*."""
        return f"{self.root} root, foramen {self.between}, {self.side}"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is proposed for one series, and everything that keeps it from release."""

    procedure: str
    title: str
    state: PlanState
    targets: tuple[TargetPlan, ...]
    not_checked: tuple[Structure, ...]
    scan_position: ScanPosition
    treatment_pose: Pose
    is_rehearsal: bool
    release_blockers: tuple[str, ...]
    """Sentences; empty means a person may sign."""
    warnings: tuple[str, ...]
    versions: Mapping[str, str]

    @property
    def is_releasable(self) -> bool:
        """Nothing stands between this plan and a person's signature."""
        return not self.release_blockers

    @property
    def has_path(self) -> bool:
        """Every target has at least one path."""
        return bool(self.targets) and all(target.trajectories for target in self.targets)
