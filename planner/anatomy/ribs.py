"""Ribs, each traced from its vertebra: bone that leaves the spine and goes on where a transverse process has ended.

In: bone, canal and discs on the working grid. Out: the traced ribs with the vertebra each belongs to, which vertebrae
were seen wide enough to say that they carry none, and a mask. A rib's vertebra is where its neck is, never its shaft.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner.anatomy import itk
from planner.anatomy.rib_shafts import rib_bone
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel
from planner.geometry import BoolArray, FloatArray, IntArray, VolumeGeometry
from planner.structures import Side
from planner.volume import Volume

_WORK_MM = 1.5
_NECK_MM = (28.0, 35.0)
"""From the midline: lateral to the body and facets, still on the rib's neck or the transverse process."""

_REACH_MM = 57.0
"""Transverse processes end before 50 mm from the midline; a rib that does not pass this is not told from one."""

_BACK_MM = 64.0
"""Ribs are followed no further sideways: in front they are joined by calcified cartilage."""

_THICKEST_MM2 = 450.0
"""Of a neck with the transverse process before it; sacral ala and iliac bone are above 800."""

_THICKEST_SHAFT_MM2 = 400.0
"""A shaft is 8 x 14 mm; cut obliquely, where it descends steeply, three times that."""

_BEYOND_DISCS_MM = 45.0
"""A vertebra and a disc: what starts further below the lowest or above the highest disc belongs to no counted vertebra."""

_BELOW_BACK_MM, _IN_FRONT_MM = -65.0, 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Rib:
    """One traced rib: the vertebra is counted from below, 0 below the lowest disc."""

    vertebra: int
    side: Side
    neck_s_mm: float
    reach_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Ribs:
    """All traced ribs and their mask; ``ribless`` vertebrae were seen to the sides and carry none."""

    found: tuple[Rib, ...]
    ribless: tuple[int, ...]
    mask: BoolArray

    def sides_of(self, vertebra: int) -> tuple[Side, ...]:
        """The sides on which a vertebra carries a rib."""
        return tuple(rib.side for rib in self.found if rib.vertebra == vertebra)

    def confidence_of(self, side: Side) -> float:
        """How well the two sides agree: the share of this side's ribs whose vertebra carries one on the other side too."""
        mine = [rib for rib in self.found if rib.side is side]
        paired = sum(1 for rib in mine if side.other in self.sides_of(rib.vertebra))
        return round(0.5 + 0.45 * paired / len(mine), 3) if mine else 0.3


@dataclass(frozen=True, slots=True, eq=False)
class BoneInSpine:
    """Bone on a coarse grid: spine coordinates (n, 3) of its voxels and their indices (n, 3), where the frame reaches."""

    grid: VolumeGeometry
    suv_mm: FloatArray
    voxels: IntArray


def bone_in_spine(volume: Volume, bone: Bone, canal: CanalTrack) -> BoneInSpine:
    """What ribs are traced in; it needs no discs."""
    geometry = volume.geometry
    box = itk.box_around(bone.mask, geometry, 0.0)
    own = itk.crop(geometry, box)
    grid = itk.isotropic_grid(own, _WORK_MM)
    coarse = itk.mask_on(bone.mask[box], own, grid)
    return BoneInSpine(grid, *_in_spine(coarse, grid, canal.frame))


def find_ribs(
    volume: Volume, bone: Bone, canal: CanalTrack, discs: tuple[DiscLevel, ...], seen: BoneInSpine | None = None
) -> Ribs:
    """The ribs of the vertebrae that the discs separate; ``seen`` is the bone where it is laid in the spine already."""
    seen = seen or bone_in_spine(volume, bone, canal)
    geometry, grid, suv, voxels = volume.geometry, seen.grid, seen.suv_mm, seen.voxels
    found: list[Rib] = []
    necks = [np.zeros((0, 3))]
    for side in Side:
        labels = _lateral_pieces(suv, voxels, grid.shape, side)
        for label in range(1, int(labels.max(initial=0)) + 1):
            piece = labels == label
            ribs = _ribs_of(suv[piece], side, discs)
            found.extend(ribs)
            if ribs:
                necks.append(grid.points_mm(voxels[piece]))
    mask = rib_bone(volume, bone, canal.frame, np.concatenate(necks))
    ordered = tuple(sorted(found, key=lambda rib: (rib.vertebra, rib.side)))
    return Ribs(ordered, _seen_without(geometry, canal.frame, discs, ordered), mask)


def _in_spine(coarse: BoolArray, grid: VolumeGeometry, frame: SpineFrame) -> tuple[FloatArray, IntArray]:
    """(n, 3) spine coordinates of the bone's voxels and their indices, where the frame reaches."""
    voxels = np.argwhere(coarse)
    points = grid.points_mm(voxels)
    low, high = frame.centres_mm[:, 2].min() - 40.0, frame.centres_mm[:, 2].max() + 40.0
    near = (points[:, 2] >= low) & (points[:, 2] <= high)
    return frame.from_lps(points[near], rounds=4), voxels[near]


def _lateral_pieces(suv: FloatArray, voxels: IntArray, shape: tuple[int, int, int], side: Side) -> IntArray:
    """(n,) connected pieces of the bone beside the spine on one side, 0 elsewhere."""
    u = suv[:, 1] * side.sign
    beside = (u > _NECK_MM[0]) & (u < _BACK_MM) & (suv[:, 2] > _BELOW_BACK_MM) & (suv[:, 2] < _IN_FRONT_MM)
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(voxels[beside].T)] = True
    return np.where(beside, itk.components(mask)[tuple(voxels.T)], 0).astype(np.intp)


def _ribs_of(suv: FloatArray, side: Side, discs: tuple[DiscLevel, ...]) -> list[Rib]:
    """The rib that a piece is, by its neck; none where it starts away from the spine, ends early or is too thick."""
    u = suv[:, 1] * side.sign
    neck = suv[(u >= _NECK_MM[0]) & (u <= _NECK_MM[1])]
    reach = float(u.max(initial=0.0))
    if reach < _REACH_MM or len(neck) * _WORK_MM**3 < 60.0 or not _is_slender(u):
        return []
    necks = [part for part in _clusters(neck) if len(part) * _WORK_MM**3 / (_NECK_MM[1] - _NECK_MM[0]) < _THICKEST_MM2]
    if not 1 <= len(necks) <= 2:
        return []
    part = max(necks, key=len)
    s = float(np.mean(part[:, 0]))
    if not discs[0].s_mm - _BEYOND_DISCS_MM < s < discs[-1].s_mm + _BEYOND_DISCS_MM:
        return []
    return [Rib(int(np.searchsorted([disc.s_mm for disc in discs], s)), side, s, reach)]


def _is_slender(u: FloatArray) -> bool:
    """Lateral to the neck a rib's section is small everywhere; an enhanced kidney's or the iliac wing's is not."""
    slabs = np.histogram(u, bins=np.arange(_NECK_MM[1] + 5.0, _REACH_MM + 0.1, 5.0))[0]
    return bool((slabs > 0).all() and slabs.max() * _WORK_MM**3 / 5.0 < _THICKEST_SHAFT_MM2)


def _clusters(neck: FloatArray) -> list[FloatArray]:
    order = np.argsort(neck[:, 0])
    gaps = np.flatnonzero(np.diff(neck[order, 0]) > 3.0)
    return list(np.split(neck[order], gaps + 1))


def _seen_without(
    geometry: VolumeGeometry, frame: SpineFrame, discs: tuple[DiscLevel, ...], ribs: tuple[Rib, ...]
) -> tuple[int, ...]:
    """Vertebrae between two discs whose both sides lie in the image as far as a rib would have to go."""
    carrying = {rib.vertebra for rib in ribs}
    seen = []
    for n, (lower, upper) in enumerate(pairwise(discs), start=1):
        s = np.linspace(lower.s_mm, upper.s_mm, 5)
        ends = [
            np.stack([s, np.full(5, u), np.full(5, v)], axis=1) for u in (-_REACH_MM, _REACH_MM) for v in (-40.0, 20.0)
        ]
        if n not in carrying and all(geometry.contains(frame.to_lps(suv)).all() for suv in ends):
            seen.append(n)
    return tuple(seen)
