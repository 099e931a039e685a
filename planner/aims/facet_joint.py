"""Into a facet joint: its posterior gap first, then its inferior and its superior recess.

In: an anatomy, a procedure, a joint with its side. Out: the target with its ordered tip points, LPS mm, and the cone in which
the joint's own two processes are no obstacle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from planner.aims.joints import Joint, facet_of, joint_at
from planner.aims.places import Place, by_level, is_certain, require_level, require_served
from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray, frozen
from planner.hosts import without_hosts
from planner.obstacles import find_obstacles, with_roots
from planner.procedure import Procedure
from planner.structures import Structure
from planner.target import HostCone, Target, TargetRequest, plain_frame
from planner.tips import ENOUGH_MM, best_tips, outside_reasons, room_at

GAP_DORSAL_MM = (0.0, -1.2, 1.2)
GAP_CRANIAL_MM = (0.0, -2.0, 2.0)
"""Around the posterior gap's middle; nearer together than a joint is high (16 mm, Panjabi 1993, Spine 18:1298)."""

RECESS_BEYOND_MM = 2.0
SUPERIOR_DORSAL_MM, INFERIOR_DORSAL_MM = (0.0, 1.5), (0.0, 1.5, 3.0, 4.5, 6.0)
"""Beyond the end of the facing processes, inside the capsule, and how far behind the gap's middle: the inferior recess lies on the
back of the lower vertebra's lamina; assumed (inferior recess: RadioGraphics 1999, PubMed 9925394)."""

SECOND_CHOICE_MM, THIRD_CHOICE_MM = 20.0, 40.0
"""Order of the places: posterior gap, inferior recess where osteophytes close it (PubMed 9925394), superior recess; assumed."""

CORONAL_BEYOND_MM, CORONAL_BEHIND_MM = (0.0, 2.0), (0.5, 1.5, 2.5, 4.0, 5.5)
CORONAL_BESIDE_MM = (-3.0, -5.0, -1.0, 1.0)
"""Below the end of the facing processes, behind the gap's plane, and beside the joint's point (medial: negative), for the inferior
recess of a joint that faces backwards: in the thorax, and of some people at L5/S1; behind it reaches as far as a lumbar one; assumed."""

CORONAL_RISE_DEG = 50.0
"""How steeply a needle rises to it, close to the lamina below (steep caudocranial: assumed)."""

CONE_RADIUS_MM, CONE_HALF_ANGLE_DEG, CONE_LENGTH_MM = 1.6, 15.0, 9.0
"""Half a gap of 2 to 4 mm (Panjabi 1993), its cartilage drawn as bone; over the depth of the posterior gap; assumed."""

CONE_DEEPER_MM = 2.0
"""The cone begins this far beyond the gap's middle; assumed."""


@dataclass(frozen=True, slots=True)
class FacetJoint:
    """Tangent to the joint's plane at its posterior lip."""

    example: ClassVar[str] = "L4/L5"

    def targets(self, anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
        """One joint."""
        require_level(request, procedure, self.example)
        place, chosen_by = by_level(joint_places(anatomy, request), request, "joint")
        require_served(procedure, place.between.upper, place.name, "joints below")
        joint = joint_at(anatomy, facet_of(anatomy, place.between, place.side))
        cones = (cone_of(joint),)
        target = Target(
            "",
            place.between,
            place.side,
            frozen(place.center_mm),
            np.empty((0, 3)),
            plain_frame(place.center_mm, place.side, joint.cranial),
            {},
            is_certain(anatomy, place.between) and "@" not in chosen_by,
            place.confidence,
            chosen_by,
            f"facet joint {place.name}",
            Structure.VERTEBRA,
            cones,
            (CONE_NOTE, CHOICE_NOTE),
        )
        if joint.is_coronal:
            target = replace(target, notes=(CONE_NOTE, CORONAL_NOTE))
        return (with_tips(target, anatomy, procedure, *_points(joint)),)


CHOICE_NOTE = (
    "The posterior gap comes first; a tip 7 mm or more above or below it lies in a recess of the joint: second choice below, third "
    "above."
)

CORONAL_NOTE = (
    "This joint's gap faces backwards: no needle enters it from behind; its inferior recess is aimed at, steeply from caudal "
    "(assumed)."
)

CONE_NOTE = (
    f"The joint's own two processes are not tested within {CONE_LENGTH_MM:g} mm of the gap's depth, in a cone of "
    f"{CONE_RADIUS_MM:g} mm and {CONE_HALF_ANGLE_DEG:g} degrees along it; all other bone is."
)


def joint_places(anatomy: Anatomy, request: TargetRequest) -> list[Place]:
    """The joints on the asked side."""
    return [
        Place(str(f.between), f.between, f.side, f.point_mm, f.confidence)
        for f in anatomy.facets
        if f.side is request.side
    ]


def cone_of(joint: Joint) -> HostCone:
    """From inside the gap outwards, along it; of a thoracic joint from its lower end, caudally and backwards."""
    apex, axis = joint.at(-CONE_DEEPER_MM, 0.0), joint.dorsal
    if joint.is_coronal:
        rise = np.radians(CORONAL_RISE_DEG)
        axis = frozen(np.cos(rise) * joint.across - np.sin(rise) * joint.cranial)
        apex = _recess_mm(joint, CORONAL_BESIDE_MM[0], 0.0, CORONAL_BEHIND_MM[0]) - CONE_DEEPER_MM * axis
    return HostCone(
        frozen(apex),
        axis,
        CONE_LENGTH_MM,
        CONE_RADIUS_MM,
        CONE_HALF_ANGLE_DEG,
        joint.hosts,
        joint.facet.side,
    )


def _points(joint: Joint) -> tuple[FloatArray, FloatArray]:
    """(n, 3) places of a tip, and (n,) how far each is from the wished one, in the order of preference [mm]."""
    if joint.is_coronal:
        return _recess_points(joint)
    down, up = -(joint.end_mm(-1) + RECESS_BEYOND_MM), joint.end_mm(1) + RECESS_BEYOND_MM
    rows = [(d, c, np.hypot(d, c)) for d in GAP_DORSAL_MM for c in GAP_CRANIAL_MM]
    for end, behind, price in (
        (down, INFERIOR_DORSAL_MM, SECOND_CHOICE_MM),
        (up, SUPERIOR_DORSAL_MM, THIRD_CHOICE_MM),
    ):
        rows += [(d, end + step, price + d + abs(step)) for d in behind for step in (0.0, -np.sign(end) * 1.5)]
    return np.array([joint.at(d, c) for d, c, _ in rows]), np.array([wished for _, _, wished in rows])


def _recess_points(joint: Joint) -> tuple[FloatArray, FloatArray]:
    """Of a thoracic joint: below the upper process's end, behind the lower one."""
    rows = [
        (_recess_mm(joint, beside, beyond, behind), abs(beside - CORONAL_BESIDE_MM[0]) / 2 + beyond + behind)
        for beside in CORONAL_BESIDE_MM
        for beyond in CORONAL_BEYOND_MM
        for behind in CORONAL_BEHIND_MM
    ]
    return np.array([point for point, _ in rows]), np.array([wished for _, wished in rows])


def _recess_mm(joint: Joint, beside_mm: float, beyond_mm: float, behind_mm: float) -> FloatArray:
    """(3,) a place at the joint's lower end; ``beside_mm`` along its gap, outwards."""
    outwards = joint.dorsal * np.sign(joint.dorsal[0]) * joint.facet.side.sign
    point: FloatArray = joint.at(0.0, -(joint.end_mm(-1) + beyond_mm)) + beside_mm * outwards + behind_mm * joint.across
    return point


def with_tips(
    target: Target,
    anatomy: Anatomy,
    procedure: Procedure,
    points_mm: FloatArray,
    from_wished_mm: FloatArray,
    enough_mm: float = ENOUGH_MM,
) -> Target:
    """The target with those of its points that keep every limit, the best first."""
    labels = without_hosts(with_roots(anatomy), target)
    obstacles = find_obstacles(anatomy, labels, procedure, target.between, target.side)
    room = room_at(labels, obstacles, points_mm, procedure.needles[0].radius_mm)
    found = best_tips(points_mm, from_wished_mm, outside_reasons(anatomy, points_mm), room, enough_mm)
    tips = found.points_mm
    best = frozen(tips[0] if len(tips) else target.point_mm)
    return replace(
        target,
        point_mm=best,
        tips_mm=frozen(tips),
        rejected_tips=found.rejected,
        tip_binding=found.binding,
        tip_prices_mm=_choices(tips, points_mm, from_wished_mm),
    )


def _choices(tips_mm: FloatArray, points_mm: FloatArray, from_wished_mm: FloatArray) -> FloatArray:
    """(m,) what a second or third choice costs in the ranking, as mm of tip; 0 for places of the first choice."""
    if not len(tips_mm):
        return frozen(np.empty(0))
    nearest = np.argmin(np.linalg.norm(points_mm - tips_mm[:, None, :], axis=-1), axis=1)
    wished = from_wished_mm[nearest]
    return frozen(
        np.where(
            wished >= THIRD_CHOICE_MM, THIRD_CHOICE_MM, np.where(wished >= SECOND_CHOICE_MM, SECOND_CHOICE_MM, 0.0)
        )
    )
