"""What a person asks for, and what was found for it: one place for a needle's tip.

Frozen values; LPS mm in the scan's own frame. ``planner/aims`` says how each kind of target is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.errors import UnknownNameError
from planner.geometry import FloatArray, frozen
from planner.injectate import Injectate
from planner.structures import Interspace, Part, Side, SpineLevel, Structure


@dataclass(frozen=True, slots=True)
class TargetRequest:
    """What a person asked for: a root (``L4``) or a level (``L4/L5``, or ``@Z`` in LPS mm), and always a side."""

    side: Side
    root: str | None = None
    level: str | None = None

    def __post_init__(self) -> None:
        if (self.root is None) == (self.level is None):
            raise UnknownNameError("target", f"root {self.root}, level {self.level}", "exactly one of root and level")


@dataclass(frozen=True, slots=True, eq=False)
class ForamenFrame:
    """Directions at one foramen: lateral away from the canal, dorsal, cranial; ``centre_mm`` in its middle."""

    centre_mm: FloatArray
    lateral: FloatArray
    dorsal: FloatArray
    cranial: FloatArray
    height_mm: float
    midline_of_pedicle_mm: float
    """Lateral coordinate of the upper pedicle's lowest point."""
    top_mm: float
    """Cranial coordinate of the upper pedicle's lowest point."""
    roof_mm: float
    """Its dorsal coordinate."""

    def local(self, points_mm: FloatArray) -> FloatArray:
        """(..., 3) lateral, dorsal, cranial of the foramen's centre [mm]."""
        return (points_mm - self.centre_mm) @ np.stack([self.lateral, self.dorsal, self.cranial], axis=1)

    def lps(self, local_mm: FloatArray) -> FloatArray:
        """(..., 3) local coordinates to LPS mm."""
        return self.centre_mm + local_mm @ np.stack([self.lateral, self.dorsal, self.cranial])

    def outside_quadrant_mm(self, points_mm: FloatArray) -> FloatArray:
        """(...) distance from the antero-superior quadrant, dorsal or caudal of it; negative inside."""
        local = self.local(points_mm)
        return np.maximum(local[..., 1], -local[..., 2])


def plain_frame(centre_mm: FloatArray, side: Side, cranial: FloatArray) -> ForamenFrame:
    """Directions where no foramen gives them: the patient's left, and what stands on it."""
    left = np.array([1.0, 0.0, 0.0]) - cranial[0] * cranial
    left = left / np.linalg.norm(left)
    return ForamenFrame(
        frozen(centre_mm),
        frozen(side.sign * left),
        frozen(np.cross(cranial, left)),
        frozen(cranial),
        0.0,
        0.0,
        0.0,
        0.0,
    )


def has_arterial_quadrant(foramen_upper: object) -> bool:
    """T2/T3 to L3/L4 (AJNR 2017;38(5):1054); a foramen without a name counts as one of these."""
    if not isinstance(foramen_upper, SpineLevel):
        return True
    return SpineLevel.T2.order <= foramen_upper.order <= SpineLevel.L3.order


@dataclass(frozen=True, slots=True, eq=False)
class HostCone:
    """Where the needle may meet the bones that hold its target: a blunt cone from the tip outwards.

    Within it the voxels of ``hosts`` are no obstacle; outside it they are bone like any other.
    """

    apex_mm: FloatArray
    axis: FloatArray
    """Unit vector from the apex outwards."""
    length_mm: float
    radius_mm: float
    """At the apex."""
    half_angle_deg: float
    hosts: tuple[tuple[Structure, object, Part | None], ...]
    """Structure, level and part; part None: any."""
    side: Side

    def contains(self, points_mm: FloatArray) -> FloatArray:
        """(...) whether points (..., 3) lie in the cone."""
        offset = points_mm - self.apex_mm
        along = offset @ self.axis
        across = np.linalg.norm(offset - along[..., None] * self.axis, axis=-1)
        wide = self.radius_mm + np.clip(along, 0.0, None) * np.tan(np.radians(self.half_angle_deg))
        inside: FloatArray = (along >= -self.radius_mm) & (along <= self.length_mm) & (across <= wide)
        return inside


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """A round way in that a path must take: its middle, the unit vector out of it towards the needle, its radius."""

    middle_mm: FloatArray
    outward: FloatArray
    radius_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One place for a tip, with its ordered tip points: a root at its foramen, a joint, a nerve, a plexus."""

    root: str
    """The root it is about; empty where it is about none."""
    between: Interspace
    side: Side
    point_mm: FloatArray
    """The best tip point; the place's centre where there is none."""
    tips_mm: FloatArray
    frame: ForamenFrame
    rejected_tips: Mapping[str, int]
    """Points of the place that cannot hold a tip, by reason."""
    name_is_certain: bool
    confidence: float
    chosen_by: str
    what: str = ""
    """*facet joint L4/L5*; empty for a root at its foramen."""
    structure: Structure = Structure.NERVE_ROOT
    """What the tip goes to."""
    cones: tuple[HostCone, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person must know about this target, in sentences."""
    place: str = ""
    """The level to ask for to find it again; empty: ``between``."""
    tip_prices_mm: FloatArray | None = None
    """(m,) what each tip costs beyond its distance from the best one, where some are a second choice."""
    injectate: Injectate | None = None
    """Where the procedure's largest volume may spread; None where it stays at the tip."""
    opening: Opening | None = None
    """What every path must go through; None where nothing is asked."""
    tip_binding: str = ""
    """Without tip points: the reason that alone keeps out the most places; empty where none does so alone."""

    @property
    def has_arterial_quadrant(self) -> bool:
        """See ``has_arterial_quadrant``; only a foramen has one."""
        return self.structure is Structure.NERVE_ROOT and has_arterial_quadrant(self.between.upper)

    @property
    def words(self) -> str:
        """*L4 root, foramen L4/L5, left*."""
        return target_words(self.root, self.between, self.side, self.what)


def target_words(root: str, between: Interspace, side: Side, what: str) -> str:
    """*L4 root, foramen L4/L5, left*, or *facet joint L4/L5, left*."""
    return f"{what}, {side}" if what else f"{root} root, foramen {between}, {side}"
