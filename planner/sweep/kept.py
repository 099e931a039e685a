"""Distances that are kept: made once around a target, asked again for another tip, another margin, or a hand's error.

In: the label map, obstacles, tip points, faces. Out: one field for each obstacle on the two lattices of ``reach.py``, with
room for a target that moves by ``MOVABLE_MM``; LPS mm. Fusing them with margins gives what a sweep needs, without a new
distance map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from planner.clearance import MEASURED_TO_MM, Surface, surfaces_in
from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, IntArray, VolumeGeometry
from planner.obstacles import NOTHING, Obstacle, cap_mm, most_room_mm, obstacle_at
from planner.sweep.fan import Exit, Face, Swept
from planner.sweep.fields import DistanceField, Lattice, Patch
from planner.sweep.reach import FAR_CAP_MM, FAR_STEP_MM, NEAR_CAP_MM, NEAR_MM, NEAR_STEP_MM, Entries, Reach, Zone, pack
from planner.sweep.side_by_side import side_by_side
from planner.volume import LabelMap

WIDER_MM = 2.0
"""How much wider a margin may become before the fields are made anew; assumed."""

MOVABLE_MM = 6.0
"""How far a target may move before its fields are made anew: about half a foramen's width; assumed."""


@dataclass(frozen=True, slots=True, eq=False)
class Corners:
    """Where n points lie between a lattice's nodes: the lowest (3, n) of the eight nodes around each, and their shares (8, n).

    ``steps`` (8, 3) lead from the lowest node to each of the eight; points outside the lattice are not ``inside``.
    """

    low: IntArray
    shares: Float32Array
    steps: IntArray
    inside: BoolArray

    @classmethod
    def of(cls, shape: tuple[int, ...], indices: AnyArray) -> Corners:
        """From fractional indices (n, 3) in array order."""
        own, last = np.ascontiguousarray(indices.T), np.array(shape)[:, None] - 1
        inside = np.asarray(((own >= 0) & (own <= last)).all(axis=0))
        low = np.minimum(np.maximum(np.floor(own), 0), np.maximum(last - 1, 0))
        part = np.minimum(np.maximum(own - low, 0), 1).astype(np.float32)
        (k, j, i), (no_k, no_j, no_i) = part, 1 - part
        pairs = [(z, y) for z in (no_k, k) for y in (no_j, j)]
        shares = np.stack([z * y * x for z, y in pairs for x in (no_i, i)])
        steps = np.minimum(np.array(list(np.ndindex(2, 2, 2))), last.T)
        return cls(low.astype(np.intp), shares, steps, inside)

    def on(self, patch: Patch) -> IntArray:
        """The points whose eight nodes all lie on a patch."""
        own = self.inside.copy()
        for low, part in zip(self.low, patch, strict=True):
            own &= (low >= part.start) & (low < max(part.stop - 1, 1))
        return np.flatnonzero(own)

    def linear(self, values: Float32Array, patch: Patch, chosen: IntArray) -> Float32Array:
        """Trilinear values on a patch at the chosen points."""
        is_all = len(chosen) == len(self.inside)
        low, shares = (self.low, self.shares) if is_all else (self.low[:, chosen], self.shares[:, chosen])
        strides = (values.shape[1] * values.shape[2], values.shape[2], 1)
        k, j, i = (stride * (one - part.start) for stride, one, part in zip(strides, low, patch, strict=True))
        nodes, flat = k + j + i, values.reshape(-1)
        total, at_node = np.zeros(len(chosen), dtype=np.float32), np.empty(len(chosen), dtype=np.float32)
        reached = 0
        for step, share in zip((self.steps @ strides).tolist(), shares, strict=True):
            nodes += step - reached
            reached = step
            np.take(flat, nodes, out=at_node, mode="clip")  # all lie inside; clipping spares a copy
            at_node *= share
            total += at_node
        return total


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Every obstacle's distances [mm] at one lattice's nodes, cut off at ``cap_mm``; an obstacle out of reach has none.

    ``patches`` tells which nodes an obstacle's distances are for; at every other one it is further than the cap. Without a
    patch they are for all nodes.
    """

    lattice: Lattice
    cap_mm: float
    distances: Mapping[int, Float32Array]
    patches: Mapping[int, Patch] = field(default_factory=dict)

    @classmethod
    def of(cls, lattice: Lattice, labels: LabelMap, obstacles: tuple[Obstacle, ...], cap_mm: float) -> Layer:
        """Distances from the label map's voxels, of each obstacle that has one in the lattice's box."""
        box = obstacle_at(obstacles)[lattice.crop(labels.labels)]
        present = np.flatnonzero(np.bincount(box.reshape(-1), minlength=NOTHING + 1)[:NOTHING]).tolist()

        def near(index: int) -> tuple[Patch, Float32Array]:
            mask = box == index
            patch = lattice.near(mask, cap_mm)
            return patch, lattice.distance_on(patch, mask, cap_mm)

        found = dict(zip(present, side_by_side(near, present), strict=True))
        distances = {index: values for index, (_, values) in found.items()}
        return cls(lattice, cap_mm, distances, {index: patch for index, (patch, _) in found.items()})

    def at(self, obstacle: int, corners: Corners) -> Float32Array:
        """(n,) trilinear distance to one obstacle; the cap outside the lattice, which is all that is known there.

        An obstacle with no voxel in the lattice's box is at least ``MOVABLE_MM`` further than the cap from every path.
        """
        if obstacle not in self.distances:
            return np.full(len(corners.inside), self.cap_mm + MOVABLE_MM, dtype=np.float32)
        patch = self.patches.get(obstacle, self._whole)
        chosen = corners.on(patch)
        found = np.full(len(corners.inside), self.cap_mm, dtype=np.float32)
        found[chosen] = corners.linear(self.distances[obstacle], patch, chosen)
        return found

    @property
    def _whole(self) -> Patch:
        k, j, i = (slice(0, count) for count in self.lattice.geometry.shape)
        return k, j, i

    def field(self, obstacle: int) -> DistanceField:
        """One obstacle's distances at every node."""
        values = np.full(self.lattice.geometry.shape, self.cap_mm, dtype=np.float32)
        values[self.patches.get(obstacle, self._whole)] = self.distances[obstacle]
        return DistanceField(self.lattice, values, self.cap_mm)

    def room(self, obstacles: tuple[Obstacle, ...]) -> Zone:
        """Room beyond the obstacles' margins, fused for a sweep; the target's own nerve apart."""
        shape = self.lattice.geometry.shape
        most = most_room_mm(obstacles)
        spare = np.full(shape, most, dtype=np.float32)
        farthest = pack(np.full(1, most, dtype=np.float32), NOTHING)[0]
        packed = np.full(shape, farthest)
        own = None
        for index, distance in sorted(self.distances.items()):
            if obstacles[index].tip_zone_mm:
                own = self.field(index)
                continue
            patch = self.patches.get(index, self._whole)
            room = np.minimum(distance - np.float32(obstacles[index].margin_mm), np.float32(most))
            np.minimum(spare[patch], room, out=spare[patch])
            words = pack(room, index)
            words[words >= farthest - NOTHING] = farthest  # as much as is told apart binds nothing
            np.minimum(packed[patch], words, out=packed[patch])
        swept = Swept.of(self.lattice, own.values_mm) if own is not None else None
        return Zone(self.lattice, Swept.of(self.lattice, packed), DistanceField(self.lattice, spare, most), own, swept)


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Both layers and the exact surfaces around one target; margins are not in them."""

    near: Layer
    far: Layer
    surfaces: tuple[Surface, ...]

    @classmethod
    def around(
        cls,
        labels: LabelMap,
        obstacles: tuple[Obstacle, ...],
        tips_mm: FloatArray,
        faces: tuple[Face, ...],
        entries: Entries,
    ) -> Kept:
        """Distances around every wanted path with an entry in skin, and around such paths moved by ``MOVABLE_MM``."""
        return _kept((labels, obstacles), ends_of(labels.geometry, tips_mm, faces, entries), MOVABLE_MM, WIDER_MM)

    def serves(
        self,
        labels: LabelMap,
        obstacles: tuple[Obstacle, ...],
        tips_mm: FloatArray,
        faces: tuple[Face, ...],
        entries: Entries,
    ) -> bool:
        """Everything that new tips or wider margins ask for is inside; else it must be made anew."""
        near, far = _lattices(labels.geometry, obstacles, ends_of(labels.geometry, tips_mm, faces, entries), 0.0)
        known = cap_mm(obstacles, NEAR_CAP_MM) <= self.near.cap_mm and cap_mm(obstacles, FAR_CAP_MM) <= self.far.cap_mm
        return known and _within(near, self.near.lattice) and _within(far, self.far.lattice)

    def reach(self, obstacles: tuple[Obstacle, ...], entries: Entries) -> Reach:
        """What a sweep needs, with these margins; the obstacles are the same label values in the same order."""
        beyond_the_tip_zone = tuple(replace(obstacle, tip_zone_mm=0.0) for obstacle in obstacles)
        return Reach(self.near.room(obstacles), self.far.room(beyond_the_tip_zone), entries, self.surfaces)


def ends_of(
    grid: VolumeGeometry, tips_mm: FloatArray, faces: tuple[Face, ...], entries: Entries
) -> tuple[FloatArray, FloatArray]:
    """Two opposite corners of the box along the grid's axes around the near, and around the whole part of every wanted path.

    Only paths with an entry in skin count.
    """
    origin = grid.indices(np.zeros(3))
    near, far = [tips := grid.indices(tips_mm)], [tips]
    for tip, exits_of_tip in zip(tips, entries, strict=True):
        for face, exits in zip(faces, exits_of_tip, strict=True):
            enters = face.wanted & (exits.kind == Exit.SKIN)
            rays = grid.indices(face.lps[enters]) - origin
            if len(rays):
                depth = (exits.depth_mm[enters] / face.norms[enters])[:, None]
                near.append(tip + NEAR_MM * _extent(rays))
                far.append(tip + _extent(rays * depth))
    return grid.points_mm(_extent(np.concatenate(near))), grid.points_mm(_extent(np.concatenate(far)))


def _extent(points: FloatArray) -> FloatArray:
    return np.stack([points.min(axis=0), points.max(axis=0)])


def _lattices(
    grid: VolumeGeometry, obstacles: tuple[Obstacle, ...], ends_mm: tuple[FloatArray, FloatArray], wider_mm: float
) -> tuple[Lattice, Lattice]:
    """The near and the far lattice."""
    return (
        Lattice.around(grid, ends_mm[0], cap_mm(obstacles, NEAR_CAP_MM) + wider_mm, NEAR_STEP_MM),
        Lattice.around(grid, ends_mm[1], cap_mm(obstacles, FAR_CAP_MM) + wider_mm, FAR_STEP_MM),
    )


def reach_of(
    labels: LabelMap, obstacles: tuple[Obstacle, ...], tips_mm: FloatArray, faces: tuple[Face, ...], entries: Entries
) -> Reach:
    """What one sweep of these tips needs, at these margins and no others."""
    kept = _kept((labels, obstacles), ends_of(labels.geometry, tips_mm, faces, entries), 0.0, 0.0)
    return kept.reach(obstacles, entries)


def _kept(
    among: tuple[LabelMap, tuple[Obstacle, ...]],
    ends_mm: tuple[FloatArray, FloatArray],
    movable_mm: float,
    wider_mm: float,
) -> Kept:
    labels, obstacles = among
    near, far = _lattices(labels.geometry, obstacles, ends_mm, movable_mm + wider_mm)
    around = Lattice.around(labels.geometry, ends_mm[1], MEASURED_TO_MM + movable_mm, FAR_STEP_MM)
    indices = obstacle_at(obstacles)[around.crop(labels.labels)]
    return Kept(
        Layer.of(near, labels, obstacles, cap_mm(obstacles, NEAR_CAP_MM) + wider_mm),
        Layer.of(far, labels, obstacles, cap_mm(obstacles, FAR_CAP_MM) + wider_mm),
        surfaces_in(labels.geometry, indices, around.first, len(obstacles)),
    )


def _within(asked: Lattice, kept: Lattice) -> bool:
    low, high = np.array(asked.first), np.array(asked.first) + asked.voxels
    return bool((low >= kept.first).all() and (high <= np.array(kept.first) + kept.voxels).all())
