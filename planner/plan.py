"""A plan: ranked paths to each target, what each keeps clear of, and what is not known.

Frozen values only, LPS mm in the scan's own frame. The straight line that makes one is ``planner/planning.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from planner.geometry import FloatArray
from planner.injectate import Injectate
from planner.palpable import Landmark
from planner.procedure import Needle
from planner.release.gate_answers import GateAnswer
from planner.release.looks import Look
from planner.structures import Interspace, LevelName, Part, PatientPosition, Pose, Side, Structure
from planner.target import target_words

VALID_FOR = "this series only: patient moved or re-scanned -> plan again"
"""Every output of a plan says it in these words."""


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
    obstacle: str = ""
    """Name of the obstacle the rules count it under; ``Risk.contact_with`` takes it."""
    lies: str = ""
    """Where the needle passes, seen from the structure: *dorsal to*; empty where it is not known."""

    @property
    def spare_mm(self) -> float:
        """What is left beyond the required margin."""
        return self.clearance_mm - self.margin_mm


@dataclass(frozen=True, slots=True)
class Probability:
    """A probability with its 95 % interval; ``n`` draws stand behind it, 0 where it is a closed form."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if not self.n:
            is_known = self.low == self.high and self.high >= _LEAST_SHOWN
            return f"{self.high:.1%}" if is_known else f"below {max(self.high, _LEAST_SHOWN):.2%}"
        return f"{self.value:.1%} (95 % interval {self.low:.1%} to {self.high:.1%}, n = {self.n})"


_LEAST_SHOWN = 1e-4


@dataclass(frozen=True, slots=True)
class Contact:
    """One obstacle, and how likely the needle touches it."""

    obstacle: str
    probability: Probability


@dataclass(frozen=True, slots=True)
class Risk:
    """What one way of guiding a needle makes of one path; see ``control_scans.py``."""

    guidance: str
    """``freehand``, ``laser``, ``robot``, or a site's own word; ``source`` says where its errors come from."""
    source: str
    contacts: tuple[Contact, ...]
    """The likeliest first."""
    any_contact: Probability
    target_missed: Probability
    """The tip lies further beside the path's end than ``execution.ALLOWED_TIP_ERROR_MM``."""
    angle_forgiven: Probability
    """The needle's angle is off by less than the path's tolerance."""
    checkpoints_mm: tuple[float, ...]
    """Depths below the skin at which a control scan takes most off the probability of contact."""
    with_checkpoints: Probability
    """Any contact, where a control scan is made at each of them."""
    missed_with_checkpoints: Probability
    beside_bone: Probability | None = None
    """Contact with anything but bone, which a needle may touch."""
    beside_bone_with_checkpoints: Probability | None = None

    def contact_with(self, obstacle: str) -> Probability | None:
        """Of one obstacle by its name; None where it was not looked at."""
        return next((contact.probability for contact in self.contacts if contact.obstacle == obstacle), None)

    @property
    def first_checkpoint_mm(self) -> float | None:
        """The first control scan; None where none is worth it."""
        return self.checkpoints_mm[0] if self.checkpoints_mm else None


@dataclass(frozen=True, slots=True)
class Bend:
    """What the needle's own bend makes of one path; see ``deflection.py``.

    Clock positions are seen from the hub along the needle, 12 is cranial. ``spare_mm`` is the least room beyond every margin
    along the arc that starts in the planned direction, at ``binding``; ``aimed_spare_mm`` along the arc that starts
    ``aim_deg`` off it and ends in the planned tip.
    """

    tip: str
    source: str
    is_symmetric: bool
    """The bevel's side makes no difference."""
    bevel_clock: int
    """Where the bevel faces."""
    bends_to_clock: int
    tip_offset_mm: float
    aim_deg: float
    spare_mm: float
    binding: str
    aimed_spare_mm: float
    aimed_binding: str

    def __str__(self) -> str:
        if self.is_symmetric:
            return f"{self.tip} tip: bends {self.tip_offset_mm:.1f} mm at most; the bevel's side does not matter."
        return (
            f"Bevel at {self.bevel_clock} o'clock (seen from the hub, 12 = cranial): kept so, the needle bends "
            f"{self.tip_offset_mm:.1f} mm towards {self.bends_to_clock} o'clock, {_left(self.spare_mm, self.binding)}. "
            f"Aimed {self.aim_deg:.1f} degrees against it, it ends in the target, "
            f"{_left(self.aimed_spare_mm, self.aimed_binding)}."
        )


def _left(spare_mm: float, binding: str) -> str:
    if spare_mm < 0:
        return f"{-spare_mm:.1f} mm too near to: {binding}"
    return f"{spare_mm:.1f} mm to spare at: {binding}"


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
    entry_tolerance_mm: float | None = None
    """The largest shift of the skin entry, the needle aimed at the same tip again; None: not measured."""
    risk: Risk | None = None
    bend: Bend | None = None
    """None where the needle's tip is not known to bend, or not to."""
    landmark: Landmark | None = None
    merits: tuple[str, ...] = ()
    """What it is best at among the target's paths: *safest*, *shortest* ..., see ``merits.py``."""

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
    relaxations: tuple[str, ...] = ()
    """Where no path is safe: what would open one, each planned, none applied."""
    what: str = ""
    """What is aimed at, in words; empty for a root at its foramen."""
    binding: str = ""
    """Where no path is safe: the structure or rule that refused most."""
    injectate: Injectate | None = None
    """Where the procedure's largest volume may spread from ``point_mm``: it may warn, it never clears."""

    @property
    def words(self) -> str:
        """*L4 root, foramen L4/L5, left*."""
        return target_words(self.root, self.between, self.side, self.what)


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
    placing: tuple[str, ...] = ()
    """For several needles: which path of each target goes with the others, in which order, through which punctures."""
    site_values: tuple[str, ...] = ()
    """Values that the site set instead of the defaults, in words."""
    together: tuple[int, ...] = ()
    """The rank of each target's path in that choice, 0 for a target without path; empty for one target, or where no choice
    keeps needles apart."""
    gates: tuple[GateAnswer, ...] = ()
    """The checklist, one row per gate with its answer; empty where none was asked yet."""
    looks: Mapping[str, Look] = field(default_factory=dict)
    """The release blockers that a person's own look closes, by their sentence; no look closes any other."""
    volume_ml: tuple[float, float] | None = None
    """What the procedure injects at each target, least and most."""

    @property
    def is_releasable(self) -> bool:
        """Nothing stands between this plan and a person's signature."""
        return not self.release_blockers

    @property
    def has_path(self) -> bool:
        """Every target has at least one path."""
        return bool(self.targets) and all(target.trajectories for target in self.targets)
