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
from planner.side_by_side import side_by_side
from planner.sweep.fan import Exit, Face, Swept
from planner.sweep.fields import NOWHERE, DistanceField, Lattice, Patch
from planner.sweep.reach import FAR_STEP_MM, NEAR_MM, NEAR_STEP_MM, Entries, Reach, Zone, pack
from planner.volume import LabelMap

WIDER_MM = 2.0
"""How much wider a margin may become before the fields are made anew; assumed."""

HAND_MM = 12.0
"""How far beside a path a drawn needle is looked for: 3.3 of freehand's largest sigma (``execution.py``); assumed."""

AT_ONCE = 16
"""Planes along k that are fused at once: they stay in the processor's cache."""

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
    """Every obstacle's distances [mm] at one lattice's nodes, cut off at a cap; an obstacle out of reach has none.

    ``patches`` tells which nodes an obstacle's distances are for; at every other one it is further than the cap. Without a
    patch they are for all nodes. ``caps_mm`` are an obstacle's own, instead of ``cap_mm``.
    """

    lattice: Lattice
    cap_mm: float
    distances: Mapping[int, Float32Array]
    patches: Mapping[int, Patch] = field(default_factory=dict)
    caps_mm: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, lattice: Lattice, labels: LabelMap, obstacles: tuple[Obstacle, ...], caps_mm: list[float]) -> Layer:
        """Distances from the label map's voxels, of each obstacle that has one within its cap."""
        farthest = max(caps_mm, default=0.0)
        wide = lattice.widened(labels.geometry.shape, farthest)
        box = obstacle_at(obstacles)[wide.crop(labels.labels)]
        present = np.flatnonzero(np.bincount(box.reshape(-1), minlength=NOTHING + 1)[:NOTHING]).tolist()
        found = side_by_side(lambda n: lattice.distances_within(wide, box == n, caps_mm[n]), present)
        near = {n: (patch, values) for n, (patch, values) in zip(present, found, strict=True) if patch != NOWHERE}
        distances = {index: values for index, (_, values) in near.items()}
        patches = {index: patch for index, (patch, _) in near.items()}
        return cls(lattice, farthest, distances, patches, dict(enumerate(caps_mm)))

    def cap_of(self, obstacle: int) -> float:
        """Beyond this an obstacle's distance is not known [mm]."""
        return self.caps_mm.get(obstacle, self.cap_mm)

    def at(self, obstacle: int, corners: Corners) -> Float32Array:
        """(n,) trilinear distance to one obstacle; the cap outside the lattice, which is all that is known there."""
        found = np.full(len(corners.inside), self.cap_of(obstacle), dtype=np.float32)
        if obstacle in self.distances:
            patch = self.patches.get(obstacle, self._whole)
            chosen = corners.on(patch)
            found[chosen] = corners.linear(self.distances[obstacle], patch, chosen)
        return found

    @property
    def _whole(self) -> Patch:
        k, j, i = (slice(0, count) for count in self.lattice.geometry.shape)
        return k, j, i

    def field(self, obstacle: int) -> DistanceField:
        """One obstacle's distances at every node."""
        values = np.full(self.lattice.geometry.shape, self.cap_of(obstacle), dtype=np.float32)
        values[self.patches.get(obstacle, self._whole)] = self.distances[obstacle]
        return DistanceField(self.lattice, values, self.cap_of(obstacle))

    def room(self, obstacles: tuple[Obstacle, ...]) -> Zone:
        """Room beyond the obstacles' margins, fused for a sweep; the target's own nerve apart."""
        shape, most = self.lattice.geometry.shape, most_room_mm(obstacles)
        spare, packed = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.uint16)
        apart = [index for index in self.distances if obstacles[index].tip_zone_mm]
        margins = {n: o.margin_mm for n, o in enumerate(obstacles) if n in self.distances and n not in apart}

        def fuse(start: int) -> None:
            some = slice(start, min(start + AT_ONCE, shape[0]))
            packed[some] = self._fused(some, margins, most, spare[some])

        side_by_side(fuse, range(0, shape[0], AT_ONCE))
        own = self.field(apart[-1]) if apart else None
        swept = Swept.of(self.lattice, own.values_mm) if own is not None else None
        return Zone(self.lattice, Swept.of(self.lattice, packed), DistanceField(self.lattice, spare, most), own, swept)

    def _fused(self, some: slice, margins: Mapping[int, float], most: float, spare: Float32Array) -> AnyArray:
        """Least room of some of the planes along k, written to ``spare``; packed with the obstacle that leaves it.

        Where as much is left as is told apart, nothing binds.
        """
        spare[:] = most
        binding = np.full(spare.shape, NOTHING, dtype=np.uint8)
        for index, margin_mm in margins.items():
            k, j, i = self.patches.get(index, self._whole)
            low, high = max(k.start, some.start), min(k.stop, some.stop)
            if low < high:
                there = slice(low - some.start, high - some.start), j, i
                room = self.distances[index][low - k.start : high - k.start] - np.float32(margin_mm)
                less = room < spare[there]
                np.copyto(spare[there], room, where=less)
                binding[there][less] = index
        return pack(spare, binding)


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
        near, far = _lattices(labels.geometry, ends_of(labels.geometry, tips_mm, faces, entries), 0.0, 0.0)
        known = all(cap <= self.near.cap_of(n) for n, cap in enumerate(_caps_mm(obstacles, 0.0)))
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
    grid: VolumeGeometry, ends_mm: tuple[FloatArray, FloatArray], movable_mm: float, hand_mm: float
) -> tuple[Lattice, Lattice]:
    """The near lattice, where paths may go, and the far one, where drawn needles go too."""
    return (
        Lattice.around(grid, ends_mm[0], movable_mm, NEAR_STEP_MM),
        Lattice.around(grid, ends_mm[1], movable_mm + hand_mm, FAR_STEP_MM),
    )


def _caps_mm(obstacles: tuple[Obstacle, ...], wider_mm: float) -> list[float]:
    """How far each obstacle's distance must be known."""
    return [cap_mm((obstacle,), 0.0) + wider_mm for obstacle in obstacles]


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
    near, far = _lattices(labels.geometry, ends_mm, movable_mm, HAND_MM if movable_mm else 0.0)
    caps = _caps_mm(obstacles, wider_mm)
    around = Lattice.around(labels.geometry, ends_mm[1], MEASURED_TO_MM + movable_mm, FAR_STEP_MM)
    indices = obstacle_at(obstacles)[around.crop(labels.labels)]
    return Kept(
        Layer.of(near, labels, obstacles, caps),
        Layer.of(far, labels, obstacles, caps),
        surfaces_in(labels.geometry, indices, around.first, len(obstacles)),
    )


def _within(asked: Lattice, kept: Lattice) -> bool:
    low, high = np.array(asked.first), np.array(asked.first) + asked.voxels
    return bool((low >= kept.first).all() and (high <= np.array(kept.first) + kept.voxels).all())
