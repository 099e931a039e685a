"""What a procedure is: needles, approaches, each structure's role; typed values with their sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from planner.anatomy.model import Anatomy
from planner.structures import LevelName, Pose, Role, SpineLevel, Structure
from planner.target import Target, TargetRequest
from planner.volume import Modality


@dataclass(frozen=True, slots=True)
class Needle:
    """One needle from stock; ``length_mm`` is the usable length from hub to tip, ``tip`` the grind's name."""

    gauge: int
    outer_diameter_mm: float
    length_mm: float
    tip: str
    artefact_mm: float | None = None
    """Width of its dark band on MR; None where nobody said that it may go into a magnet."""

    @property
    def radius_mm(self) -> float:
        """Half of the outer diameter."""
        return self.outer_diameter_mm / 2

    def __str__(self) -> str:
        return f"{self.gauge} G x {self.length_mm:g} mm {self.tip}"


@dataclass(frozen=True, slots=True)
class StructureRole:
    """What the needle may do to one structure, and the room it must leave."""

    role: Role
    reserve_mm: float
    source: str
    tip_zone_mm: float = 0.0
    """The last part of the path in which a host or the target's own nerve is not tested."""
    largest_gauge_mm: float | None = None
    """Largest outer diameter that may cross; for ``traversable`` only."""
    reserve_is_for: Structure | None = None
    """What the reserve protects inside this structure; where that is drawn itself it has a reserve of its own."""


@dataclass(frozen=True, slots=True)
class Approach:
    """A window of directions. ``obliquity_deg`` is counted towards the target's own side (ipsilateral positive)."""

    name: str
    obliquity_deg: tuple[float, float]
    tilt_deg: tuple[float, float]
    preferred_obliquity_deg: float
    preferred_tilt_deg: float
    source: str
    below: tuple[SpineLevel, ...] = ()
    """The vertebrae above the foramina it is for; empty: any level."""


class Aim(Protocol):
    """How a procedure's targets are found; one frozen class for each kind, in ``planner/aims``."""

    @property
    def example(self) -> str:
        """A level as this kind of target names it: ``L4/L5`` or ``L3``."""

    def targets(self, anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
        """What the request means in this anatomy (axes ordered as ``obstacles.ordered`` does), or a refusal."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """One kind of treatment as data; ``planner/procedures`` holds one file for each."""

    key: str
    title: str
    regions: tuple[str, ...]
    modalities: tuple[Modality, ...]
    aim: Aim
    treatment_pose: Pose
    approaches: tuple[Approach, ...]
    needles: tuple[Needle, ...]
    roles: Mapping[Structure, StructureRole]
    required: tuple[Structure, ...]
    """Structures that must have been found; a missing one is printed NOT CHECKED."""
    volume_ml: tuple[float, float]
    hub_reserve_mm: float
    """Needle left outside the skin."""
    references: Mapping[str, str] = field(default_factory=dict)
    levels: tuple[SpineLevel, ...] = ()
    """The upper vertebrae of the foramina or joints it may be planned at, or the vertebrae themselves; empty: any."""
    notes: tuple[str, ...] = ()
    """Sentences that every plan of this procedure carries as warnings."""
    one_side_per_sitting: bool = False
    """Both sides in one request are refused."""
    required_at: Mapping[LevelName, tuple[Structure, ...]] = field(default_factory=dict)
    """Instead of ``required``, for targets below these vertebrae."""
    follows: str = ""
    """Key of the diagnostic stage whose response must be on record before this one; empty: none."""
    site_values: tuple[str, ...] = ()
    """Values that a site set instead of this procedure's own, in words; see ``overrides.py``."""

    def required_for(self, targets: Iterable[Target]) -> tuple[Structure, ...]:
        """What must have been found for these targets; for none at all, ``required``."""
        asked = [self.required_at.get(target.between.upper, self.required) for target in targets]
        return tuple(dict.fromkeys(s for structures in asked or [self.required] for s in structures))
