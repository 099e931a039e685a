"""Distances that are kept: made once around a target, asked again for another tip, another margin, or a hand's error.

In: the label map, obstacles, tip points, faces. Out: one field for each obstacle on the two lattices of ``reach.py``, with
room for a target that moves by ``MOVABLE_MM``; LPS mm. Fusing them with margins gives what a sweep needs, without a new
distance map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.clearance import MEASURED_TO_MM, Surface, surfaces_in
from planner.fan import Exit, Face, Swept
from planner.fields import DistanceField, Lattice
from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, IntArray, VolumeGeometry
from planner.obstacles import NOTHING, Obstacle, cap_mm, most_room_mm, obstacle_at
from planner.reach import FAR_CAP_MM, FAR_STEP_MM, NEAR_CAP_MM, NEAR_MM, NEAR_STEP_MM, Entries, Reach, Zone, pack
from planner.volume import LabelMap

WIDER_MM = 2.0
"""How much wider a margin may become before the fields are made anew; assumed."""

MOVABLE_MM = 6.0
"""How far a target may move before its fields are made anew: about half a foramen's width; assumed."""


@dataclass(frozen=True, slots=True, eq=False)
class Corners:
    """Where n points lie between a lattice's nodes: the eight nodes around each, and their shares (8, n)."""

    nodes: IntArray
    shares: Float32Array
    inside: BoolArray

    @classmethod
    def of(cls, shape: tuple[int, ...], indices: AnyArray) -> Corners:
        """From fractional indices (n, 3) in array order."""
        last = np.array(shape) - 1
        inside = np.asarray(((indices >= 0) & (indices <= last)).all(axis=1))
        low = np.clip(np.floor(indices), 0, np.maximum(last - 1, 0)).astype(np.intp)
        part = np.clip(indices - low, 0, 1).astype(np.float32)
        strides = np.array([shape[1] * shape[2], shape[2], 1])
        first = low @ strides
        nodes, shares = np.empty((8, len(indices)), np.intp), np.empty((8, len(indices)), np.float32)
        for corner, step in enumerate(np.ndindex(2, 2, 2)):
            nodes[corner] = first + int(np.minimum(step, last) @ strides)
            k, j, i = (part[:, axis] if one else 1 - part[:, axis] for axis, one in enumerate(step))
            shares[corner] = k * j * i
        return cls(nodes, shares, inside)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Every obstacle's distances [mm] at one lattice's nodes, cut off at ``cap_mm``; an obstacle out of reach has none."""

    lattice: Lattice
    cap_mm: float
    distances: Mapping[int, Float32Array]

    def at(self, obstacle: int, corners: Corners) -> Float32Array:
        """(n,) trilinear distance to one obstacle; the cap outside the lattice, which is all that is known there.

        An obstacle with no voxel in the lattice's box is at least ``MOVABLE_MM`` further than the cap from every path.
        """
        if obstacle not in self.distances:
            return np.full(len(corners.inside), self.cap_mm + MOVABLE_MM, dtype=np.float32)
        values = self.distances[obstacle].reshape(-1)
        total = np.zeros(len(corners.inside), dtype=np.float32)
        for nodes, shares in zip(corners.nodes, corners.shares, strict=True):
            total += values[nodes] * shares
        return np.where(corners.inside, total, np.float32(self.cap_mm))

    def room(self, obstacles: tuple[Obstacle, ...]) -> Zone:
        """Room beyond the obstacles' margins, fused for a sweep; the target's own nerve apart."""
        shape = self.lattice.geometry.shape
        most = most_room_mm(obstacles)
        spare = np.full(shape, most, dtype=np.float32)
        packed = pack(spare, NOTHING)
        own = None
        for index, distance in sorted(self.distances.items()):
            if obstacles[index].tip_zone_mm:
                own = DistanceField(self.lattice, distance, self.cap_mm)
                continue
            room = np.minimum(distance - np.float32(obstacles[index].margin_mm), np.float32(most))
            np.minimum(spare, room, out=spare)
            np.minimum(packed, pack(room, index), out=packed)
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
        near_ends, far_ends = ends_of(labels.geometry, tips_mm, faces, entries)
        near, far = _lattices(labels.geometry, obstacles, (near_ends, far_ends), MOVABLE_MM + WIDER_MM)
        around = Lattice.around(labels.geometry, far_ends, MEASURED_TO_MM + MOVABLE_MM, FAR_STEP_MM)
        indices = obstacle_at(obstacles)[around.crop(labels.labels)]
        return cls(
            _layer(near, labels, obstacles, cap_mm(obstacles, NEAR_CAP_MM) + WIDER_MM),
            _layer(far, labels, obstacles, cap_mm(obstacles, FAR_CAP_MM) + WIDER_MM),
            surfaces_in(labels.geometry, indices, around.first, len(obstacles)),
        )

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
        return Reach(self.near.room(obstacles), self.far.room(obstacles), entries, self.surfaces)


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


def _layer(lattice: Lattice, labels: LabelMap, obstacles: tuple[Obstacle, ...], known_mm: float) -> Layer:
    box = obstacle_at(obstacles)[lattice.crop(labels.labels)]
    present = np.flatnonzero(np.bincount(box.reshape(-1), minlength=NOTHING + 1)[:NOTHING]).tolist()
    return Layer(lattice, known_mm, {index: lattice.distance_mm(box == index, known_mm) for index in present})


def _within(asked: Lattice, kept: Lattice) -> bool:
    low, high = np.array(asked.first), np.array(asked.first) + asked.voxels
    return bool((low >= kept.first).all() and (high <= np.array(kept.first) + kept.voxels).all())
