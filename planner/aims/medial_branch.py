"""The two nerves of each facet joint, where they cross the root of the process below: the corner of articular and transverse process.

In: an anatomy, a procedure, a joint with its side. Out: two targets for one joint, LPS mm; neighbours share one (n joints,
n + 1 nerves). Down to T11 the nerve is met at the transverse process's supero-lateral edge. Joint L4/L5: L3 medial branch at the L4 transverse process, L4 medial branch at L5's; joint L5/S1: L4 medial
branch at L5's, L5 dorsal ramus at the corner of S1's articular process and the ala (shuhub, medial branch blocks).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from planner.aims.facet_joint import joint_places, with_tips
from planner.aims.joints import facet_of
from planner.aims.lower_bone import GRID_MM, LOOK_MM, LowerBone, lattice
from planner.aims.places import Place, by_level, is_certain, require_level, require_served
from planner.aims.transverse_edge import edge_points
from planner.anatomy.model import Anatomy, Facet, Foramen
from planner.errors import LevelNotFoundError
from planner.geometry import FloatArray, frozen, unit
from planner.obstacles import bone_uncertainty_mm
from planner.procedure import Procedure
from planner.structures import SpineLevel, Structure
from planner.target import ForamenFrame, Target, TargetRequest
from planner.tips import foramen_frame

LATERAL_MM, DORSAL_MM, HEIGHT_MM = (0.0, 14.0), (-22.0, 3.0), (-6.0, 2.0)
"""Where the corner is looked for: lateral and dorsal of the joint above it, and around the upper border of the transverse
process; never medial of the joint, where another groove runs on the lamina; wide, assumed."""

NEAR_NERVE_MM = 6.0
"""A place further from where the nerve is expected belongs to another groove; assumed: 0.5 ml reach about as far."""

LEDGE_LATERAL_MM, LEDGE_DORSAL_MM, LEDGE_HEIGHT_MM = (11.0, 16.0), (-24.0, 0.0), (-24.0, 2.0)
"""Where that border is looked for: lateral and dorsal of the joint, cranial of the pedicle's top; beyond the articular process
(a lumbar joint is 14 mm wide, Panjabi 1993, Spine 18:1298); assumed."""

THORACIC_LEDGE_LATERAL_MM = (5.0, 11.0)
"""The same at T12, whose transverse process is short and whose upper joint is narrow (12 mm; assumed)."""

BELOW_LEDGE_MM = 2.0
"""The nerve lies midway between the upper border and the mamillo-accessory notch (musculoskeletalkey, lumbar medial branch);
2 mm: assumed."""

OPEN_MM = 8.0
"""Without bone of the same vertebra behind and outwards: medial of the articular process is another groove; assumed."""

ROOM_WISHED_MM = 0.5
"""The tip lies on the bone: more room than this beyond the limits makes no place better; assumed."""

ON_BONE_MM = 0.4
"""Beyond contact: a tip on the periosteum keeps the limit of the shaft and this much; assumed."""


@dataclass(frozen=True, slots=True)
class MedialBranches:
    """Both nerves of a joint."""

    example: ClassVar[str] = "L4/L5"

    def targets(self, anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
        """Two targets, the cranial nerve first."""
        require_level(request, procedure, self.example)
        place, chosen_by = by_level(joint_places(anatomy, request), request, "joint")
        require_served(procedure, place.between.upper, place.name, "joints below")
        above = _joint_above(anatomy, place)
        corners = (_Corner.of(anatomy, above), _Corner.of(anatomy, facet_of(anatomy, place.between, place.side)))
        return tuple(_target(anatomy, procedure, corner, place, chosen_by) for corner in corners)


@dataclass(frozen=True, slots=True, eq=False)
class _Corner:
    """The corner below one joint, on the joint's lower vertebra."""

    facet: Facet
    frame: ForamenFrame
    top_mm: FloatArray
    """Top of the lower vertebra's pedicle."""

    @classmethod
    def of(cls, anatomy: Anatomy, facet: Facet) -> _Corner:
        foramen = _foramen(anatomy, facet)
        return cls(facet, foramen_frame(anatomy, foramen), foramen.pedicle_below_mm)

    @property
    def joint_mm(self) -> FloatArray:
        """(3,) lateral, dorsal, cranial of the joint, in the foramen's frame."""
        return self.frame.local(self.facet.point_mm)

    @property
    def is_thoracic(self) -> bool:
        """Down to T11 the nerve runs over the transverse process's edge (musculoskeletalkey, thoracic medial branch)."""
        lower = self.facet.between.lower
        return isinstance(lower, SpineLevel) and lower.region == "T" and lower.order <= SpineLevel.T11.order

    @property
    def name(self) -> str:
        """*L3 medial branch at the L4 transverse process*."""
        upper, lower = self.facet.between.upper, self.facet.between.lower
        if lower is SpineLevel.S1:
            return f"{upper} dorsal ramus at the S1 articular process and ala"
        return f"{upper} medial branch at the {lower} transverse process"


def _foramen(anatomy: Anatomy, facet: Facet) -> Foramen:
    for foramen in anatomy.foramina:
        if foramen.between == facet.between and foramen.side is facet.side:
            return foramen
    raise LevelNotFoundError(f"foramen {facet.between}, {facet.side}", "its joint only", "choose another level")


def _joint_above(anatomy: Anatomy, place: Place) -> Facet:
    """The joint whose lower vertebra is the place's upper one."""
    for facet in anatomy.facets:
        if facet.between.lower == place.between.upper and facet.side is place.side:
            return facet_of(anatomy, facet.between, facet.side)
    nerve = f"joint above {place.between.upper}, {place.side}, for the upper nerve of joint {place.name}"
    found = ", ".join(str(f.between) for f in anatomy.facets if f.side is place.side)
    raise LevelNotFoundError(nerve, found, "plan the joint itself (--procedure facet), or scan one vertebra further up")


def _target(anatomy: Anatomy, procedure: Procedure, corner: _Corner, place: Place, chosen_by: str) -> Target:
    facet = corner.facet
    target = Target(
        "",
        facet.between,
        facet.side,
        frozen(corner.top_mm),
        np.empty((0, 3)),
        corner.frame,
        {},
        is_certain(anatomy, place.between) and is_certain(anatomy, facet.between) and "@" not in chosen_by,
        min(place.confidence, facet.confidence),
        chosen_by,
        corner.name,
        Structure.VERTEBRA,
        place=place.name,
    )
    points, depth_mm = _places(anatomy, procedure, corner)
    if not len(points):
        return replace(target, rejected_tips={"tip: no corner of articular and transverse process": 1})
    return with_tips(target, anatomy, procedure, points, depth_mm, ROOM_WISHED_MM)


def _places(anatomy: Anatomy, procedure: Procedure, corner: _Corner) -> tuple[FloatArray, FloatArray]:
    """The corner, or down to T11 the edge of the transverse process, with how far each place is from the nerve's [mm]."""
    if corner.is_thoracic:
        return edge_points(
            LowerBone(anatomy, corner.facet), corner.frame, corner.joint_mm, contact_mm(anatomy, procedure)
        )
    return _points(anatomy, procedure, corner)


def contact_mm(anatomy: Anatomy, procedure: Procedure) -> float:
    """Between a needle's axis and the bone it touches."""
    return procedure.needles[0].radius_mm + bone_uncertainty_mm(anatomy.labels.geometry) + ON_BONE_MM


def _points(anatomy: Anatomy, procedure: Procedure, corner: _Corner) -> tuple[FloatArray, FloatArray]:
    """(n, 3) places with bone on the medial and the ventral side, and (n,) how far they are from the nerve's [mm]."""
    frame, bone = corner.frame, LowerBone(anatomy, corner.facet)
    ledge = _ledge_mm(corner, bone)
    if ledge is None:
        return np.empty((0, 3)), np.empty(0)
    behind_mm, ledge_mm = ledge
    joint = corner.joint_mm
    points = frame.lps(lattice(LATERAL_MM, DORSAL_MM, HEIGHT_MM, np.array([joint[0], joint[1], ledge_mm])))
    contact = contact_mm(anatomy, procedure)
    medial, ventral = bone.gap_mm(points, -frame.lateral), bone.gap_mm(points, -frame.dorsal)
    outwards = [
        bone.gap_mm(points, way, OPEN_MM) >= OPEN_MM for way in (frame.dorsal, unit(2.0 * frame.dorsal + frame.lateral))
    ]
    is_open = np.logical_and.reduce(outwards)
    is_corner = (np.maximum(medial, ventral) < LOOK_MM) & (np.minimum(medial, ventral) > 0) & is_open
    local = frame.local(points)
    height, depth = local[:, 2] - ledge_mm + BELOW_LEDGE_MM, local[:, 1] - behind_mm - contact
    from_nerve = np.linalg.norm(np.stack([medial - contact, ventral - contact, height, depth]), axis=0)
    is_near = is_corner & (from_nerve <= NEAR_NERVE_MM)
    return points[is_near], from_nerve[is_near]


def _ledge_mm(corner: _Corner, bone: LowerBone) -> tuple[float, float] | None:
    """Transverse process or ala beside the articular process: its dorsal surface and its upper border; None without one."""
    frame = corner.frame
    joint, top = corner.joint_mm, frame.local(corner.top_mm)
    lateral = THORACIC_LEDGE_LATERAL_MM if corner.facet.between.lower is SpineLevel.T12 else LEDGE_LATERAL_MM
    local = lattice(lateral, LEDGE_DORSAL_MM, LEDGE_HEIGHT_MM, np.array([joint[0], joint[1], top[2]]))
    found = local[bone.contains(frame.lps(local))]
    if not len(found):
        return None
    border = float(found[:, 2].max())
    inner = found[:, 0] <= found[:, 0].min() + GRID_MM
    level = inner & (np.abs(found[:, 2] - border + BELOW_LEDGE_MM) <= 1.0 + GRID_MM)
    return float((found[level] if level.any() else found)[:, 1].max()), border
