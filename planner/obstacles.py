"""What a needle must keep clear of on the way to one target, and by how much.

In: an anatomy, a target, a procedure. Out: obstacles, each a set of label values with its margin [mm], and the label map
in which they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from planner.anatomy.model import Anatomy, NerveRoot
from planner.geometry import AxisOrder, BoolArray, FloatArray, VolumeGeometry
from planner.procedure import Procedure, StructureRole
from planner.structures import Interspace, Role, Side, Structure
from planner.volume import LabelEntry, LabelMap, Modality

BONES = (Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM, Structure.RIB, Structure.BONE)
"""One obstacle: the image's own bone, whatever instance a voxel was given to (safety: instances may be wrong, bone is not)."""

SOFT = (Structure.BODY, Structure.SKIN, Structure.MUSCLE, Structure.PSOAS, Structure.CRUS)
"""What a modelled root may be drawn over."""

UNSTATED_UNCERTAINTY_MM = 3.0
"""For a structure whose anatomy states none; assumed, as the shell of an unseen nerve root."""

OTHER_ROOTS, OWN_ROOT = "other nerve roots", "target's own nerve root"

ROOT_BAND_MM = 1.0
"""Roots whose uncertainties lie this close are one obstacle, kept clear of by the largest of them; assumed."""


@dataclass(frozen=True, slots=True, eq=False)
class Obstacle:
    """Label values that a shaft stays away from by ``margin_mm`` between needle surface and drawn border.

    In the last ``tip_zone_mm`` of a path only touching is forbidden: the target's own nerve is approached on purpose.
    """

    name: str
    structure: Structure
    values: npt.NDArray[np.uint16]
    uncertainty_mm: float
    reserve_mm: float
    tip_zone_mm: float = 0.0
    growth: float = 0.0
    """Added to the margin for each mm below the skin [mm/mm]; one for all obstacles of a situation."""

    @property
    def margin_mm(self) -> float:
        """Uncertainty and reserve; the needle's radius comes on top."""
        return self.uncertainty_mm + self.reserve_mm

    def margin_at_mm(self, depth_mm: npt.ArrayLike) -> FloatArray:
        """(...) margin at depths below the skin."""
        return self.margin_mm + self.growth * np.asarray(depth_mm, dtype=np.float64)

    def mask(self, labels: npt.NDArray[np.uint16]) -> BoolArray:
        """Voxels of this obstacle."""
        wanted = np.zeros(np.iinfo(np.uint16).max + 1, dtype=bool)
        wanted[self.values] = True
        return wanted[labels]


DEEPEST_MM = 200.0
"""The longest needle's reach, for margins that grow."""

ROOM_MM = 5.5
"""More room than this beyond a margin and a needle's radius is not told apart in a field; preferences end at 3.5 mm (``costs/room.py``)
and a needle's radius below it, and a field of 1.2 mm steps that is cut off there would look too narrow just beside it."""

NOTHING = 255
"""In an array of obstacle indices: a voxel of none."""


def obstacle_at(obstacles: tuple[Obstacle, ...]) -> npt.NDArray[np.uint8]:
    """(65536,) index of the obstacle each label value belongs to."""
    table = np.full(np.iinfo(np.uint16).max + 1, NOTHING, dtype=np.uint8)
    for index, obstacle in enumerate(obstacles):
        table[obstacle.values] = index
    return table


def cap_mm(obstacles: tuple[Obstacle, ...], least_mm: float) -> float:
    """How far distances must be known: beyond every margin with ``ROOM_MM`` to spare, at least ``least_mm``."""
    return max([least_mm, *(float(o.margin_at_mm(DEEPEST_MM if o.growth else 0.0)) + ROOM_MM for o in obstacles)])


def most_room_mm(obstacles: tuple[Obstacle, ...]) -> float:
    """What a field tells apart: ``ROOM_MM`` at the deepest point, where a grown margin has taken most."""
    return ROOM_MM + DEEPEST_MM * max((obstacle.growth for obstacle in obstacles), default=0.0)


def hardened(obstacles: tuple[Obstacle, ...], growth: float) -> tuple[Obstacle, ...]:
    """The same obstacles with margins that grow below the skin: a site's hardening against the hand's error."""
    return tuple(replace(obstacle, growth=growth) for obstacle in obstacles)


def bone_uncertainty_mm(grid: VolumeGeometry) -> float:
    """Half a voxel, as the cube of the same volume."""
    return float(0.5 * np.prod(grid.spacing_mm) ** (1 / 3))


def find_obstacles(
    anatomy: Anatomy, labels: LabelMap, procedure: Procedure, between: Interspace, side: Side
) -> tuple[Obstacle, ...]:
    """Every forbidden structure that has voxels' names in the label map; the target's own nerve apart, last.

    Other roots are as many obstacles as they are known differently well: a root that is seen is not kept clear of by the
    uncertainty of one that is only modelled.
    """
    forbidden = {s: r for s, r in procedure.roles.items() if r.role in (Role.FORBIDDEN, Role.TOUCHABLE)}
    own = {
        value
        for value, entry in labels.entries.items()
        if entry.structure is Structure.NERVE_ROOT and entry.level == between.upper and entry.side is side
    }
    found = [_bone(anatomy, labels, forbidden)]
    for structure, role in forbidden.items():
        if structure not in BONES:
            values = [v for v in labels.values_of(structure) if int(v) not in own]
            if structure is Structure.NERVE_ROOT:
                found.extend(_other_roots(anatomy, labels, values, role))
                continue
            u = _uncertainty_mm(anatomy, structure)
            found.append(_obstacle(structure.words, structure, values, u, _without_inner_reserve(role, labels)))
    if own:
        nerve = forbidden[Structure.NERVE_ROOT]
        u = max(root_uncertainty_mm(anatomy, labels.entries[value]) for value in own)
        obstacle = _obstacle(OWN_ROOT, Structure.NERVE_ROOT, sorted(own), u, nerve)
        found.append(replace(obstacle, tip_zone_mm=nerve.tip_zone_mm))
    return tuple(obstacle for obstacle in found if obstacle.values.size)


def root_uncertainty_mm(anatomy: Anatomy, entry: LabelEntry) -> float:
    """Of one root as the anatomy states it; the largest of all roots for one that is drawn and not in the anatomy."""
    own = [r.uncertainty_mm for r in anatomy.nerve_roots if r.between.upper == entry.level and r.side is entry.side]
    return max(own) if own else _uncertainty_mm(anatomy, Structure.NERVE_ROOT)


def _other_roots(
    anatomy: Anatomy, labels: LabelMap, values: list[np.uint16], role: StructureRole
) -> Iterator[Obstacle]:
    """One obstacle for roots known about equally well, the best known first; each by the largest uncertainty within it."""
    known = {int(value): root_uncertainty_mm(anatomy, labels.entries[int(value)]) for value in values}
    best_first = sorted(known, key=lambda value: (known[value], value))
    while best_first:
        within = [value for value in best_first if known[value] <= known[best_first[0]] + ROOT_BAND_MM]
        best_first = best_first[len(within) :]
        name = OTHER_ROOTS if len(within) == len(known) else f"{OTHER_ROOTS} known to {known[within[-1]]:g} mm"
        yield _obstacle(name, Structure.NERVE_ROOT, sorted(within), known[within[-1]], role)


def in_patient_axes(labels: LabelMap) -> LabelMap:
    """The same voxels with axes re-ordered to run cranial, posterior, left: one order for every way of storing a scan.

    Places are rounded to a millionth of a millimetre, so that a flip's rounding cannot turn a tie.
    """
    order = AxisOrder.to_patient_axes(labels.geometry)
    turned = order.apply_to_geometry(labels.geometry)
    geometry = VolumeGeometry(np.round(turned.lps_from_index, 6), turned.shape, turned.frame_of_reference_uid)
    return LabelMap(geometry, np.ascontiguousarray(order.apply(labels.labels)), labels.entries)


def ordered(anatomy: Anatomy) -> Anatomy:
    """The anatomy with its label maps in the patient's axes."""
    return replace(anatomy, labels=in_patient_axes(anatomy.labels), surroundings=in_patient_axes(anatomy.surroundings))


def with_roots(anatomy: Anatomy) -> LabelMap:
    """The label map with the modelled roots drawn as tubes, where it has none of its own; only soft tissue is drawn over."""
    labels = anatomy.labels
    if labels.values_of(Structure.NERVE_ROOT).size or not anatomy.nerve_roots:
        return labels
    painted = labels.labels.copy()
    entries: dict[int, LabelEntry] = dict(labels.entries)
    kept = np.array([v for v, entry in labels.entries.items() if entry.structure not in SOFT], dtype=np.uint16)
    for root in anatomy.nerve_roots:
        value = max(entries, default=0) + 1
        level = root.between.upper
        entries[value] = LabelEntry(Structure.NERVE_ROOT, None, level, root.side, root.confidence)
        _paint_tube(painted, labels.geometry, root, value, kept)
    return LabelMap(labels.geometry, painted, entries)


def _without_inner_reserve(role: StructureRole, labels: LabelMap) -> StructureRole:
    inner = role.reserve_is_for
    return replace(role, reserve_mm=0.0) if inner is not None and labels.values_of(inner).size else role


def _bone(anatomy: Anatomy, labels: LabelMap, forbidden: Mapping[Structure, StructureRole]) -> Obstacle:
    """A CT shows bone itself; on MR it is known no better than the anatomy says."""
    values = [v for s in BONES if s in forbidden for v in labels.values_of(s)]
    u = bone_uncertainty_mm(labels.geometry)
    if anatomy.modality is Modality.MR:
        u = max(u, _uncertainty_mm(anatomy, Structure.BONE))
    return _obstacle("bone", Structure.BONE, sorted(values), u, forbidden[Structure.BONE])


def _obstacle(
    name: str, structure: Structure, values: list[int] | list[np.uint16], uncertainty_mm: float, role: StructureRole
) -> Obstacle:
    return Obstacle(name, structure, np.array(values, dtype=np.uint16), uncertainty_mm, role.reserve_mm)


def _uncertainty_mm(anatomy: Anatomy, structure: Structure) -> float:
    return float(anatomy.uncertainty_mm.get(structure, UNSTATED_UNCERTAINTY_MM))


def _paint_tube(
    labels: npt.NDArray[np.uint16],
    grid: VolumeGeometry,
    root: NerveRoot,
    value: int,
    kept: npt.NDArray[np.uint16],
) -> None:
    """Mark the voxels whose centre lies within the root's radius of its course."""
    indices = grid.indices(root.course_mm)
    pad = root.radius_mm / grid.spacing_mm + 1
    low = np.clip(np.floor(indices.min(axis=0) - pad), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(indices.max(axis=0) + pad) + 1, 0, grid.shape).astype(int)
    if (high <= low).any():
        return
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    centres = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1)
    near = distance_to_course_mm(grid.points_mm(centres), root.course_mm) <= root.radius_mm
    part = labels[box]
    part[near & ~np.isin(part, kept)] = value


def distance_to_course_mm(points_mm: FloatArray, course_mm: FloatArray) -> FloatArray:
    """(...) distance of points (..., 3) to a polyline (m, 3)."""
    least = np.full(points_mm.shape[:-1], np.inf)
    for start, end in pairwise(course_mm):
        along = end - start
        share = np.clip((points_mm - start) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
        least = np.minimum(least, np.linalg.norm(points_mm - start - share[..., None] * along, axis=-1))
    return least
