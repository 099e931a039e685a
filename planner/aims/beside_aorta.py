"""Before the crus, antero-lateral of the aorta, where the celiac plexus lies.

In: an anatomy with its aorta, a procedure, a vertebra (``T12``) with a side. Out: the target with its ordered tip points, LPS mm.
Celiac trunk and superior mesenteric artery are not drawn by this anatomy: the vertebra's height stands for them, and the
target's notes say so. The crus is drawn where it is seen; the tip's place is told from the aorta alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from planner.aims.facet_joint import with_tips
from planner.aims.vertebra import surface_mm, target_beside, with_injectate
from planner.anatomy.model import Anatomy
from planner.errors import AnatomyError
from planner.geometry import FloatArray
from planner.obstacles import UNSTATED_UNCERTAINTY_MM
from planner.procedure import Procedure
from planner.structures import Structure
from planner.target import ForamenFrame, Target, TargetRequest

ANGLES_DEG = np.arange(10.0, 85.1, 7.5)
"""From straight anterior of the aorta towards the side; assumed."""

HEIGHTS_MM = np.arange(-9.0, 12.1, 3.0)
"""Of the body's middle; more cranial is better (Anesthesiology 1997;87:1301: 4-quadrant spread in 58 % cephalad of the celiac
artery, 14 % caudad)."""

WISHED_ANGLE_DEG, WISHED_HEIGHT_MM = 45.0, 4.0
"""Antero-lateral; above the body's middle; assumed."""

MM_PER_DEG = 0.15
"""On the aorta's surface, 10 mm from its middle, 5 degrees are 0.9 mm."""

GAPS_MM = (1.0, 2.0, 3.5)
"""Beyond the room a needle must leave to the aorta; assumed."""

FAR_MM = 25.0
"""An aorta at this height has a radius of at most 15 mm before it is an aneurysm (30 mm across; assumed)."""

NOT_DRAWN = (
    "NOT DRAWN by this program: celiac trunk, superior mesenteric artery, pancreas, adrenal glands; the crus only where it is seen. Check on the images that "
    "the tip lies before the crus, between celiac trunk and superior mesenteric artery, cephalad rather than caudad."
)


@dataclass(frozen=True, slots=True)
class BesideAorta:
    """Antero-lateral of the aorta, at one vertebra's height."""

    example: ClassVar[str] = "L1"
    nerve: str

    def targets(self, anatomy: Anatomy, procedure: Procedure, request: TargetRequest) -> tuple[Target, ...]:
        """One side at one vertebra."""
        target, _ = target_beside(anatomy, procedure, request, self, Structure.AORTA)
        if not anatomy.labels.values_of(Structure.AORTA).size:
            raise AnatomyError("aorta", "this plexus is placed from it", "scan it, with contrast where it is not seen")
        target = replace(target, notes=(NOT_DRAWN,))
        points, from_wished = _points(anatomy, procedure, target.frame)
        outside = ~np.isin(anatomy.labels.nearest(points), anatomy.labels.values_of(Structure.CRUS))
        points, from_wished = points[outside], from_wished[outside]
        if not len(points):
            return (replace(target, rejected_tips={"tip: no aorta at this height": 1}),)
        found = with_tips(target, anatomy, procedure, points, from_wished)
        return (with_injectate(found, anatomy, procedure),)


def _points(anatomy: Anatomy, procedure: Procedure, frame: ForamenFrame) -> tuple[FloatArray, FloatArray]:
    """(n, 3) places off the aorta's surface, and (n,) how far each is from the wished one [mm]."""
    uncertainty = anatomy.uncertainty_mm.get(Structure.AORTA, UNSTATED_UNCERTAINTY_MM)
    role = procedure.roles[Structure.AORTA]
    least = procedure.needles[0].radius_mm + uncertainty + role.reserve_mm
    values = anatomy.labels.values_of(Structure.AORTA)
    found, prices = [], []
    for height in HEIGHTS_MM.tolist():
        middle = _aorta_middle(anatomy, frame, height)
        if middle is None:
            continue
        turned = np.radians(ANGLES_DEG)
        ways = np.sin(turned)[:, None] * frame.lateral - np.cos(turned)[:, None] * frame.dorsal
        radii = surface_mm(anatomy.labels, values, np.broadcast_to(middle, ways.shape), ways, FAR_MM)
        price = MM_PER_DEG * np.abs(ANGLES_DEG - WISHED_ANGLE_DEG) + abs(height - WISHED_HEIGHT_MM)
        for gap in GAPS_MM:
            found.append((middle + (radii + least + gap)[:, None] * ways)[np.isfinite(radii)])
            prices.append((price + gap - GAPS_MM[0])[np.isfinite(radii)])
    if not found:
        return np.empty((0, 3)), np.empty(0)
    return np.concatenate(found), np.concatenate(prices)


def _aorta_middle(anatomy: Anatomy, frame: ForamenFrame, height_mm: float) -> FloatArray | None:
    """(3,) middle of the aorta's cut at a height over the body's middle; None where it is not drawn there."""
    side = np.arange(-30.0, 30.1, 1.5)
    front = np.arange(-75.0, -5.0, 1.5)
    local = np.stack(np.meshgrid(side, front, [height_mm], indexing="ij"), axis=-1).reshape(-1, 3)
    points = frame.lps(local)
    inside = np.isin(anatomy.labels.nearest(points), anatomy.labels.values_of(Structure.AORTA))
    return points[inside].mean(axis=0) if inside.any() else None
