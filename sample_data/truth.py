"""Landmarks, labels and distances that are known because the phantom was built from them.

In: the scene's solids and the placed spine. Out: ``planner`` types in LPS mm, sides and names as in the patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.model import Disc, Facet, Foramen, NerveRoot, SacralForamen, Vertebra
from planner.geometry import FloatArray, frozen
from planner.structures import LevelName, Side, Structure
from planner.volume import LabelEntry
from sample_data import sacral_truth
from sample_data.nerves import ROOT_RADIUS_MM, Root, canal_line, foramen_center_mm, pedicle_borders, root_of
from sample_data.scene import Solid
from sample_data.shapes import Points, union_distance
from sample_data.spine import PlacedInterspace, Spine
from sample_data.vertebrae import joint_of

BONES = (Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM, Structure.RIB)
"""What ``Structure.BONE`` means for a distance."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """Turns landmarks of the built patient into those of its mirror image at x = 0, or leaves them."""

    mirrored: bool

    def points(self, points_mm: FloatArray) -> FloatArray:
        """(..., 3) points or directions."""
        return frozen(points_mm * np.array([-1.0, 1.0, 1.0])) if self.mirrored else frozen(points_mm)

    def side(self, side: Side) -> Side:
        """The other side in a mirror."""
        return side.other if self.mirrored else side

    def entry(self, entry: LabelEntry) -> LabelEntry:
        """The label with its side as in the mirror."""
        return entry if entry.side is None else replace(entry, side=self.side(entry.side))


def label_table(solids: Sequence[Solid]) -> list[tuple[int, Solid]]:
    """Solids that carry a label, with values from 1 on; equal labels share a value."""
    values: dict[LabelEntry, int] = {}
    return [(values.setdefault(solid.entry, len(values) + 1), solid) for solid in solids if solid.entry is not None]


def entries(table: Sequence[tuple[int, Solid]], mirror: Mirror) -> Mapping[int, LabelEntry]:
    """What each value means."""
    return {value: mirror.entry(solid.entry) for value, solid in table if solid.entry is not None}


def vertebrae(spine: Spine, mirror: Mirror) -> tuple[Vertebra, ...]:
    """Caudal to cranial, as anatomy counts them."""
    return tuple(Vertebra(v.level, mirror.points(v.frame.origin_mm), 1.0, 1.0) for v in reversed(spine.vertebrae))


def discs(spine: Spine, mirror: Mirror) -> tuple[Disc, ...]:
    """Caudal to cranial."""
    return tuple(
        Disc(gap.name, mirror.points(gap.frame.origin_mm), mirror.points(gap.frame.axes[:, 2]), 1.0)
        for gap in reversed(spine.interspaces)
    )


def facets(spine: Spine, mirror: Mirror) -> tuple[Facet, ...]:
    """Both joints of each interspace."""
    joints = [joint_of(gap, side) for gap in reversed(spine.interspaces) for side in Side]
    return tuple(
        Facet(
            joint.gap.name,
            mirror.side(joint.side),
            mirror.points(joint.posterior_gap_mm),
            mirror.points(joint.frame.axes[:, 2]),
            1.0,
        )
        for joint in joints
    )


def foramina(spine: Spine, solids: Sequence[Solid], mirror: Mirror) -> tuple[Foramen, ...]:
    """Both foramina of each interspace; the area is measured between the bones, closed form along 72 rays."""
    found = []
    for gap in reversed(spine.interspaces):
        near = [s for s in solids if s.entry is not None and s.entry.structure in (*BONES[:2], Structure.DISC)]
        for side in Side:
            above, below = (mirror.points(p) for p in pedicle_borders(gap, side))
            center = foramen_center_mm(gap, side)
            area = _open_area_mm2(gap, center, near)
            found.append(Foramen(gap.name, mirror.side(side), mirror.points(center), above, below, area, 1.0))
    return tuple(found)


def _open_area_mm2(gap: PlacedInterspace, center_mm: FloatArray, solids: Sequence[Solid]) -> float:
    angles = np.radians(np.arange(0, 360, 5.0))
    radii = np.arange(0.25, 16.0, 0.25)
    directions = np.outer(np.cos(angles), gap.frame.axes[:, 1]) + np.outer(np.sin(angles), gap.frame.axes[:, 2])
    points = center_mm + radii[:, None, None] * directions  # (radii, angles, 3)
    solid = np.zeros(points.shape[:2], dtype=bool)
    for part in solids:
        near = tuple(s for s in part.shapes if _box_gap_mm(s.bounds_mm, center_mm) < radii[-1])
        if near:
            solid |= union_distance(near, [points[..., axis] for axis in range(3)]) < 0
    first = np.where(solid.any(axis=0), radii[np.argmax(solid, axis=0)], radii[-1])
    return float(np.sum(0.5 * first**2) * np.radians(5.0))


def _box_gap_mm(bounds: FloatArray, point: FloatArray) -> float:
    return float(np.linalg.norm(np.maximum(np.maximum(bounds[0] - point, point - bounds[1]), 0)))


def all_roots(spine: Spine) -> list[Root]:
    """Both roots of each interspace, as built."""
    return [root_of(gap, side) for gap in reversed(spine.interspaces) for side in Side]


def nerve_roots(spine: Spine, mirror: Mirror) -> tuple[NerveRoot, ...]:
    """Caudal to cranial; the uncertainty is 0: they are known."""
    return tuple(
        NerveRoot(
            root.gap.name.root,
            root.gap.name,
            mirror.side(root.side),
            mirror.points(root.course_mm),
            mirror.points(root.ganglion_mm),
            ROOT_RADIUS_MM,
            0.0,
            1.0,
        )
        for root in all_roots(spine)
    )


def sacral_foramina(spine: Spine, solids: Sequence[Solid], mirror: Mirror) -> tuple[SacralForamen, ...]:
    """Those of S1 and S2 on both sides."""
    return tuple(
        replace(
            foramen,
            side=mirror.side(foramen.side),
            posterior_mm=mirror.points(foramen.posterior_mm),
            anterior_mm=mirror.points(foramen.anterior_mm),
        )
        for foramen in sacral_truth.sacral_foramina(spine, solids)
    )


def canal_centreline_mm(spine: Spine, mirror: Mirror) -> FloatArray:
    """(n, 3) caudal to cranial."""
    return mirror.points(canal_line(spine)[::-1])


def select(solids: Sequence[Solid], structure: Structure, level: LevelName | None, side: Side | None) -> list[Solid]:
    """Solids of a structure; a level or side that is given must match."""
    wanted = BONES if structure is Structure.BONE else (structure,)
    return [
        s
        for s in solids
        if s.entry is not None
        and s.entry.structure in wanted
        and level in (None, s.entry.level)
        and side in (None, s.entry.side)
    ]


def signed_distance(solids: Sequence[Solid], points: Points) -> FloatArray:
    """(n,) distance of n points to the union of solids, negative inside [mm]."""
    if not solids:
        return np.full(points[0].shape, np.inf)
    return np.asarray(np.min([solid.distance_mm(points) for solid in solids], axis=0))
