"""Beside a vertebral body, where the sympathetic trunk and the splanchnic nerves run.

In: an anatomy, a procedure, a vertebra (``L3``) with a side. Out: the target with its ordered tip points, LPS mm: outside the
body's antero-lateral surface, not in front of the body, not in the psoas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from planner.aims.facet_joint import with_tips
from planner.aims.vertebra import surface_mm, target_beside, with_injectate
from planner.anatomy.model import Anatomy, Vertebra
from planner.geometry import BoolArray, FloatArray
from planner.procedure import Procedure
from planner.structures import Part, Structure
from planner.target import ForamenFrame, Target, TargetRequest

ANGLES_DEG = np.arange(35.0, 90.1, 5.0)
HEIGHTS_MM = np.arange(-9.0, 9.1, 3.0)
GAPS_MM = (2.0, 3.0, 4.0, 5.0, 6.0)
WISHED_GAP_MM = 4.0
"""From the body's drawn surface; assumed: a needle's margin to bone and the sheath that the trunk runs in."""

STEPS = 6
"""Samples on the way from the body's surface to a tip: a crus is 5 to 10 mm thick."""

FAR_MM = 45.0
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
    inside_of: Structure | None = None
    """Where it is drawn, the tip lies between it and the body: behind the crus for what is called retrocrural."""

    def targets(self, anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
        """One side of one vertebra."""
        target, vertebra = target_beside(anatomy, procedure, request, self, Structure.VERTEBRA)
        points, from_wished = self._points(anatomy, vertebra, target.frame)
        if not len(points):
            return (replace(target, rejected_tips={self._nowhere: 1}),)
        found = with_tips(target, anatomy, procedure, points, from_wished)
        return (with_injectate(found, anatomy, procedure),)

    @property
    def _nowhere(self) -> str:
        between = f", inside of the {self.inside_of.words}" if self.inside_of else ""
        return f"tip: no room beside the body{between}"

    def _points(self, anatomy: Anatomy, vertebra: Vertebra, frame: ForamenFrame) -> tuple[FloatArray, FloatArray]:
        angles, heights = (grid.ravel() for grid in np.meshgrid(ANGLES_DEG, HEIGHTS_MM, indexing="ij"))
        turned = np.radians(angles)
        ways = np.sin(turned)[:, None] * frame.lateral - np.cos(turned)[:, None] * frame.dorsal
        starts = vertebra.body_center_mm + heights[:, None] * frame.cranial
        radii = _surface_mm(anatomy, vertebra, starts, ways)
        seen = np.isfinite(radii)
        bodies = starts[seen] + radii[seen, None] * ways[seen]
        price = MM_PER_DEG * np.abs(angles - self.angle_deg) + 0.3 * np.abs(heights)
        found = [self._at(anatomy, bodies, ways[seen], price[seen], gap) for gap in GAPS_MM]
        all_points, all_prices = (np.concatenate(part) for part in zip(*found, strict=True))
        front = _front_mm(anatomy, vertebra, frame)
        kept = (frame.local(all_points)[:, 1] >= front + FARTHEST_FRONT_MM) & ~_in_psoas(anatomy, all_points)
        return all_points[kept], all_prices[kept]

    def _at(
        self, anatomy: Anatomy, bodies_mm: FloatArray, ways: FloatArray, prices: FloatArray, gap_mm: float
    ) -> tuple[FloatArray, FloatArray]:
        """(m, 3) the places at a gap from the body's surface, and their prices; without those in or beyond what they are inside of."""
        steps = np.arange(0.0, gap_mm + 1e-6, gap_mm / STEPS)
        values = anatomy.labels.values_of(*([self.inside_of] if self.inside_of else []))
        passed = np.isin(anatomy.labels.nearest(bodies_mm[:, None] + steps[:, None] * ways[:, None]), values)
        inner = ~passed.any(axis=1)
        return (bodies_mm + gap_mm * ways)[inner], prices[inner] + abs(gap_mm - WISHED_GAP_MM)


def _body_values(anatomy: Anatomy, vertebra: Vertebra) -> list[int]:
    return [
        value
        for value, e in anatomy.labels.entries.items()
        if e.structure is Structure.VERTEBRA and e.level == vertebra.name and e.part in (Part.BODY, None)
    ]


def _surface_mm(anatomy: Anatomy, vertebra: Vertebra, starts: FloatArray, ways: FloatArray) -> FloatArray:
    """(n,) way from inside the body to its surface; inf where it was not left within ``FAR_MM`` or not in it at all."""
    return surface_mm(anatomy.labels, _body_values(anatomy, vertebra), starts, ways, FAR_MM)


def _front_mm(anatomy: Anatomy, vertebra: Vertebra, frame: ForamenFrame) -> float:
    """Dorsal coordinate of the body's foremost point at its middle."""
    ahead = _surface_mm(anatomy, vertebra, vertebra.body_center_mm[None], -frame.dorsal[None])[0]
    return float(-ahead)


def _in_psoas(anatomy: Anatomy, points_mm: FloatArray) -> BoolArray:
    return np.isin(anatomy.labels.nearest(points_mm), anatomy.labels.values_of(Structure.PSOAS))
