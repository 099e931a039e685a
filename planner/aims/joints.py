"""One facet joint's own directions, from its two processes in the label map.

In: an anatomy and a facet. Out: the joint's frame: along its gap to dorsal, across it, cranial; where it begins and ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.model import Anatomy, Facet
from planner.errors import AnatomyError
from planner.geometry import FloatArray, frozen, unit
from planner.structures import Part, Side, Structure
from planner.volume import LabelMap

LOOK_MM = 12.0
"""Around the joint: its processes are 16 mm high (Panjabi 1993, Spine 18:1298)."""

NEAR_MM = 6.0
"""Bone that says how the gap lies."""

HALF_HEIGHT_MM = 8.0
"""A lumbar joint is 16 mm high (Panjabi 1993, Spine 18:1298): beyond, what faces each other is lamina and pedicle."""

FEWEST_VOXELS = 8

LATERAL_MM, MOST_UNEVEN_MM = (7.0, 32.0), 8.0
"""From the canal's middle to a joint, and between the two of a pair: about 11 mm in the lower thorax to 20 mm at L5/S1, spurs
and a turned vertebra allowed for; what lies elsewhere is a rib's joint or a lamina, not this one; assumed."""

CORONAL = 0.88
"""Cosine between the gap's normal and the vertebra's own back: 62 degrees off sagittal; lumbar joints face 15 to 60 (assumed)."""

MOST_ACROSS = 0.9
"""Cosine: a gap whose normal points this much cranially is no lumbar joint but a landmark that went wrong; assumed."""

Host = tuple[Structure, object, Part | None]


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """``dorsal`` runs along the gap out of the back, ``across`` from the lower vertebra's process to the upper's."""

    facet: Facet
    dorsal: FloatArray
    across: FloatArray
    cranial: FloatArray
    upper_bone_mm: FloatArray
    lower_bone_mm: FloatArray
    hosts: tuple[Host, ...]

    @property
    def is_coronal(self) -> bool:
        """The upper process lies behind the lower one, as in the thorax: no needle enters the gap from behind.

        Behind in the joint's own frame: at L5/S1 that is as steep as the sacrum, not the scan's posterior.
        """
        return bool(self.across @ back_of(self.cranial) >= CORONAL)

    def at(self, dorsal_mm: float, cranial_mm: float) -> FloatArray:
        """(3,) a point of the gap's plane."""
        point: FloatArray = self.facet.point_mm + dorsal_mm * self.dorsal + cranial_mm * self.cranial
        return point

    def end_mm(self, sign: int) -> float:
        """How far up (+1) or down (-1) both processes face each other."""
        for reached in np.arange(2.0, HALF_HEIGHT_MM, 0.5):
            point = self.at(0.0, sign * float(reached))
            gaps = [np.linalg.norm(bone - point, axis=1).min() for bone in (self.upper_bone_mm, self.lower_bone_mm)]
            if max(gaps) > FACING_MM:
                return float(reached)
        return HALF_HEIGHT_MM


FACING_MM = 4.0
"""From the gap's middle to each process, while they face each other: half a gap of 2 to 4 mm (Panjabi 1993) and a voxel."""


def joint_at(anatomy: Anatomy, facet: Facet) -> Joint:
    """The joint's frame, or a refusal where its processes were not drawn."""
    upper = ((Structure.VERTEBRA, facet.between.upper, None),)
    lower = ((Structure.VERTEBRA, facet.between.lower, None), *_sacrum(facet))
    bones = [_bone_mm(anatomy.labels, hosts, facet) for hosts in (upper, lower)]
    if min(len(bone) for bone in bones) < FEWEST_VOXELS:
        found = f"{len(bones[0])} and {len(bones[1])} voxels of bone near it"
        raise AnatomyError(f"pair of processes at joint {facet.between}, {facet.side}", found, "choose another level")
    cranial = unit(facet.axis)
    near = [bone[np.linalg.norm(bone - facet.point_mm, axis=1) <= NEAR_MM] for bone in bones]
    middles = [(n if len(n) else b).mean(axis=0) for n, b in zip(near, bones, strict=True)]
    across = middles[0] - middles[1]
    across = unit(across - (across @ cranial) * cranial)
    dorsal = np.cross(across, cranial)
    dorsal = dorsal * (1.0 if dorsal @ back_of(cranial) >= 0 else -1.0)
    return Joint(facet, frozen(dorsal), frozen(across), frozen(cranial), bones[0], bones[1], _processes(facet))


def back_of(cranial: FloatArray) -> FloatArray:
    """(3,) the patient's back, across a vertebra's own cranial direction."""
    posterior = np.array([0.0, 1.0, 0.0])
    return unit(posterior - (posterior @ cranial) * cranial)


def _processes(facet: Facet) -> tuple[Host, ...]:
    """The joint's own two processes; the sacrum has no parts of its own."""
    return (
        (Structure.VERTEBRA, facet.between.upper, Part.INFERIOR_ARTICULAR_PROCESS),
        (Structure.VERTEBRA, facet.between.lower, Part.SUPERIOR_ARTICULAR_PROCESS),
        *_sacrum(facet),
    )


def _sacrum(facet: Facet) -> tuple[Host, ...]:
    return ((Structure.SACRUM, None, None),) if str(facet.between.lower) == "S1" else ()


def _bone_mm(labels: LabelMap, hosts: tuple[Host, ...], facet: Facet) -> FloatArray:
    """(n, 3) centres of the hosts' voxels around the joint."""
    values = [
        value
        for value, entry in labels.entries.items()
        if entry.part is not Part.BODY
        and entry.side in (None, facet.side)
        and any(entry.structure is structure and level in (None, entry.level) for structure, level, _ in hosts)
    ]
    grid = labels.geometry
    corner = grid.indices(facet.point_mm + LOOK_MM * np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T)
    low = np.clip(np.floor(corner.min(axis=0)), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(corner.max(axis=0)) + 1, 0, grid.shape).astype(int)
    box = labels.labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    points = grid.points_mm(np.argwhere(np.isin(box, values)) + low)
    near: FloatArray = points[np.linalg.norm(points - facet.point_mm, axis=1) <= LOOK_MM]
    return near


def facet_of(anatomy: Anatomy, between: object, side: Side) -> Facet:
    """The joint at a level and side; refused where it does not lie beside the canal as its fellow does."""
    pair = {f.side: f for f in anatomy.facets if f.between == between}
    beside = {own: lateral_mm(anatomy, facet) for own, facet in pair.items()}
    found = " and ".join(f"{mm:.0f} mm on the {own}" for own, mm in beside.items())
    low, high = LATERAL_MM
    is_uneven = len(beside) > 1 and abs(beside[side] - beside[side.other]) > MOST_UNEVEN_MM
    if is_uneven or not low <= beside[side] <= high:
        limit = f"{low:g} to {high:g} mm from the canal's middle, {MOST_UNEVEN_MM:g} mm apart at most"
        raise AnatomyError(f"joint {between}, {side}", f"placed at {found}; expected {limit}", "choose another level")
    return pair[side]


def lateral_mm(anatomy: Anatomy, facet: Facet) -> float:
    """From the canal's middle at the joint's height, away from it on the joint's side."""
    canal = anatomy.canal_centreline_mm
    order = np.argsort(canal[:, 2], kind="stable")
    middle = np.interp(facet.point_mm[2], canal[order, 2], canal[order, 0])
    return float((facet.point_mm[0] - middle) * facet.side.sign)
