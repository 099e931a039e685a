"""Beside a vertebral body, where the sympathetic trunk and the splanchnic nerves run.

In: an anatomy, a procedure, a vertebra (``L3``) with a side. Out: the target with its ordered tip points, LPS mm: outside the
body's antero-lateral surface, not in front of the body, not in the psoas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from planner.aims.facet_joint import with_tips
from planner.aims.places import Place, by_level, is_certain, require_level, require_served
from planner.anatomy.model import Anatomy, Vertebra
from planner.geometry import BoolArray, FloatArray, frozen, unit
from planner.procedure import Procedure
from planner.spread import injectate, spread_note
from planner.structures import Interspace, Part, Structure
from planner.target import ForamenFrame, Target, TargetRequest, plain_frame

ANGLES_DEG = np.arange(35.0, 90.1, 5.0)
HEIGHTS_MM = np.arange(-9.0, 9.1, 3.0)
GAPS_MM = (3.0, 4.0, 5.0, 6.0)
"""From the body's drawn surface; assumed: a needle's margin to bone and the sheath that the trunk runs in."""

FAR_MM, STEP_MM = 45.0, 0.4
"""A lumbar body is at most 55 mm wide (Panjabi 1992, doi:10.1097/00007632-199203000-00010)."""

MM_PER_DEG = 0.3
"""At a body's surface, 20 to 25 mm from its middle, 5 degrees are 2 mm: as far as 1.5 mm of other wishes; assumed."""

FARTHEST_FRONT_MM = 0.0
"""Behind the body's foremost point: "not beyond the anterior body line" (pijn.com, lumbar sympathetic)."""


@dataclass(frozen=True, slots=True)
class BesideBody:
    """At an angle from straight anterior, seen from the body's middle."""

    example: ClassVar[str] = "L3"
    nerve: str
    angle_deg: float
    """0 is straight anterior, 90 straight lateral."""

    def targets(self, anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
        """One side of one vertebra."""
        require_level(request, procedure, self.example)
        place, chosen_by = by_level(vertebra_places(anatomy, request), request, "vertebra")
        require_served(procedure, place.between.upper, place.name, "vertebrae")
        vertebra = next(v for v in anatomy.vertebrae if v.name == place.between.upper)
        frame = plain_frame(vertebra.body_center_mm, place.side, cranial_of(anatomy, vertebra))
        target = Target(
            "",
            place.between,
            place.side,
            frozen(place.center_mm),
            np.empty((0, 3)),
            frame,
            {},
            is_certain(anatomy, place.between) and "@" not in chosen_by,
            place.confidence,
            chosen_by,
            f"{self.nerve} at {place.name}",
            Structure.VERTEBRA,
            place=place.name,
        )
        points, from_wished = self._points(anatomy, vertebra, frame)
        if not len(points):
            return (replace(target, rejected_tips={"tip: no surface of the body beside it": 1}),)
        found = with_tips(target, anatomy, procedure, points, from_wished)
        return (with_injectate(found, anatomy, procedure),)

    def _points(self, anatomy: Anatomy, vertebra: Vertebra, frame: ForamenFrame) -> tuple[FloatArray, FloatArray]:
        angles, heights = (grid.ravel() for grid in np.meshgrid(ANGLES_DEG, HEIGHTS_MM, indexing="ij"))
        turned = np.radians(angles)
        ways = np.sin(turned)[:, None] * frame.lateral - np.cos(turned)[:, None] * frame.dorsal
        starts = vertebra.body_center_mm + heights[:, None] * frame.cranial
        radii = _surface_mm(anatomy, vertebra, starts, ways)
        seen = np.isfinite(radii)
        points = [starts + (radii + gap)[:, None] * ways for gap in GAPS_MM]
        price = MM_PER_DEG * np.abs(angles - self.angle_deg) + 0.3 * np.abs(heights)
        prices = [price + abs(gap - GAPS_MM[1]) for gap in GAPS_MM]
        all_points, all_prices = np.concatenate([p[seen] for p in points]), np.concatenate([p[seen] for p in prices])
        front = _front_mm(anatomy, vertebra, frame)
        kept = (frame.local(all_points)[:, 1] >= front + FARTHEST_FRONT_MM) & ~_in_psoas(anatomy, all_points)
        return all_points[kept], all_prices[kept]


def with_injectate(target: Target, anatomy: Anatomy, procedure: Procedure) -> Target:
    """The target with where the largest volume may spread, and the sentence about it."""
    region = injectate(anatomy, target.frame, target.point_mm, procedure.volume_ml[1])
    return replace(target, injectate=region, notes=(*target.notes, spread_note(region, (target.what, target.side))))


def vertebra_places(anatomy: Anatomy, request: TargetRequest) -> list[Place]:
    """The vertebrae, each by its body."""
    below = {disc.between.upper: disc.between for disc in anatomy.discs}
    return [
        Place(
            str(v.name),
            below.get(v.name, Interspace(v.name, v.name)),
            request.side,
            v.body_center_mm,
            v.confidence,
        )
        for v in anatomy.vertebrae
    ]


def cranial_of(anatomy: Anatomy, vertebra: Vertebra) -> FloatArray:
    """The mean of the normals of the discs above and below; the patient's own axis without any."""
    normals = [d.normal for d in anatomy.discs if vertebra.name in (d.between.upper, d.between.lower)]
    return unit(np.sum(normals, axis=0)) if normals else np.array([0.0, 0.0, 1.0])


def _body_values(anatomy: Anatomy, vertebra: Vertebra) -> list[int]:
    return [
        value
        for value, e in anatomy.labels.entries.items()
        if e.structure is Structure.VERTEBRA and e.level == vertebra.name and e.part in (Part.BODY, None)
    ]


def _surface_mm(anatomy: Anatomy, vertebra: Vertebra, starts: FloatArray, ways: FloatArray) -> FloatArray:
    """(n,) way from inside the body to its surface; inf where it was not left within ``FAR_MM`` or not in it at all."""
    steps = np.arange(0.0, FAR_MM, STEP_MM)
    points = starts[:, None, :] + steps[:, None] * ways[:, None, :]
    inside = np.isin(anatomy.labels.nearest(points), _body_values(anatomy, vertebra))  # (n, steps)
    last = len(steps) - 1 - np.argmax(inside[:, ::-1], axis=1)
    left = inside.any(axis=1) & (last < len(steps) - 1)
    return np.where(left, steps[last] + STEP_MM / 2, np.inf)


def _front_mm(anatomy: Anatomy, vertebra: Vertebra, frame: ForamenFrame) -> float:
    """Dorsal coordinate of the body's foremost point at its middle."""
    ahead = _surface_mm(anatomy, vertebra, vertebra.body_center_mm[None], -frame.dorsal[None])[0]
    return float(-ahead)


def _in_psoas(anatomy: Anatomy, points_mm: FloatArray) -> BoolArray:
    return np.isin(anatomy.labels.nearest(points_mm), anatomy.labels.values_of(Structure.PSOAS))
