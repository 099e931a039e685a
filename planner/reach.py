"""Fields over all that a needle can reach from one target's tip points, made once and swept many times.

In: the label map, surroundings, obstacles, tip points, faces. Out: fields on two lattices, a fine one around the target and
a coarse one to the skin, and the obstacles' exact surfaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from planner.clearance import MEASURED_TO_MM, Surface, surfaces_in
from planner.fan import Exit, Exits, Face, Swept, surroundings_nodes, sweep_exit
from planner.fields import DistanceField, Lattice
from planner.geometry import AnyArray, Float32Array, FloatArray
from planner.obstacles import NOTHING, Obstacle, cap_mm, most_room_mm, obstacle_at
from planner.volume import LabelMap

NEAR_MM, NEAR_STEP_MM, NEAR_CAP_MM = 30.0, 0.45, 8.0
"""Along a face's axis, so 30 to 50 mm of path: there the gaps between bones are a few millimetres wide."""

FAR_STEP_MM, FAR_CAP_MM = 1.2, 12.0

QUANTUM_MM, LOWEST_MM = 0.1, -5.0
"""Room on 8 bits: -5 to 20.5 mm in tenths, rounded down."""


Entries: TypeAlias = tuple[tuple[Exits, ...], ...]
"""For each tip point, for each face."""


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """One lattice: room beyond every obstacle's margin but the own nerve's, and the distance to the own nerve.

    ``packed`` holds the room in ``QUANTUM_MM`` (high byte) and the index of the obstacle that leaves the least (low byte).
    """

    lattice: Lattice
    packed: Swept
    spare: DistanceField
    own: DistanceField | None
    own_swept: Swept | None


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Fields for one target, and where each direction of each face enters, for each tip point."""

    near: Zone
    far: Zone
    entries: Entries
    surfaces: tuple[Surface, ...]


def unpacked(packed: AnyArray) -> tuple[FloatArray, AnyArray]:
    """Room [mm] and the index of the binding obstacle."""
    room: FloatArray = (packed >> 8) * np.float64(QUANTUM_MM) + LOWEST_MM
    return room, (packed & 0xFF).astype(np.intp)


def entries_of(
    surroundings: LabelMap, tips_mm: FloatArray, faces: tuple[Face, ...], longest_mm: float, *, table_is_air: bool
) -> Entries:
    """Where every direction leaves the body, within ``longest_mm`` of each tip point."""
    rays = np.concatenate([face.lps[face.wanted] / face.norms[face.wanted][:, None] for face in faces])
    corners = _boxes(tips_mm, longest_mm * rays)
    lattice = Lattice.around(surroundings.geometry, corners, FAR_CAP_MM, FAR_STEP_MM)
    swept = Swept.of(lattice, surroundings_nodes(lattice, surroundings.labels))
    return tuple(
        tuple(sweep_exit(swept, face, tip, longest_mm, table_is_air=table_is_air) for face in faces) for tip in tips_mm
    )


def reach_of(
    labels: LabelMap, obstacles: tuple[Obstacle, ...], tips_mm: FloatArray, faces: tuple[Face, ...], entries: Entries
) -> Reach:
    """Fields that hold every wanted path with an entry in skin."""
    grid = labels.geometry
    near_points, far_points = _ends(tips_mm, faces, entries)
    near_cap, far_cap = cap_mm(obstacles, NEAR_CAP_MM), cap_mm(obstacles, FAR_CAP_MM)
    near = Lattice.around(grid, near_points, near_cap, NEAR_STEP_MM)
    far = Lattice.around(grid, far_points, far_cap, FAR_STEP_MM)
    around = Lattice.around(grid, far_points, MEASURED_TO_MM, FAR_STEP_MM)
    indices = obstacle_at(obstacles)[around.crop(labels.labels)]
    return Reach(
        _zone(near, labels, obstacles, near_cap),
        _zone(far, labels, obstacles, far_cap),
        entries,
        surfaces_in(grid, indices, around.first, len(obstacles)),
    )


def _boxes(tips_mm: FloatArray, offsets: FloatArray) -> FloatArray:
    """Corners of the boxes around all tips and all tips plus offsets."""
    low, high = offsets.min(axis=0), offsets.max(axis=0)
    box = np.stack(np.meshgrid(*zip(np.minimum(low, 0), np.maximum(high, 0), strict=True), indexing="ij"), -1)
    corners: FloatArray = (tips_mm[:, None, :] + box.reshape(1, -1, 3)).reshape(-1, 3)
    return corners


def _ends(tips_mm: FloatArray, faces: tuple[Face, ...], entries: Entries) -> tuple[FloatArray, FloatArray]:
    """Tip points with the ends of the near and of the whole part of every wanted path that has an entry."""
    near, far = [tips_mm], [tips_mm]
    for tip, exits_of_tip in zip(tips_mm, entries, strict=True):
        for face, exits in zip(faces, exits_of_tip, strict=True):
            enters = face.wanted & (exits.kind == Exit.SKIN)
            rays = face.lps[enters]
            near.append(tip + NEAR_MM * rays)
            far.append(tip + rays * (exits.depth_mm[enters] / face.norms[enters])[:, None])
    return np.concatenate(near), np.concatenate(far)


def _zone(lattice: Lattice, labels: LabelMap, obstacles: tuple[Obstacle, ...], known_mm: float) -> Zone:
    box = obstacle_at(obstacles)[lattice.crop(labels.labels)]
    most = most_room_mm(obstacles)
    spare = np.full(lattice.geometry.shape, most, dtype=np.float32)
    packed = pack(spare, NOTHING)
    own = None
    for index in np.flatnonzero(np.bincount(box.reshape(-1), minlength=NOTHING + 1)[:NOTHING]).tolist():
        distance = lattice.distance_mm(box == index, known_mm)
        if obstacles[index].tip_zone_mm:
            own = DistanceField(lattice, distance, known_mm)
            continue
        room = np.minimum(distance - np.float32(obstacles[index].margin_mm), np.float32(most))
        np.minimum(spare, room, out=spare)
        np.minimum(packed, pack(room, index), out=packed)
    swept = Swept.of(lattice, own.values_mm) if own is not None else None
    return Zone(lattice, Swept.of(lattice, packed), DistanceField(lattice, spare, most), own, swept)


def pack(room_mm: Float32Array, index: int) -> AnyArray:
    """Room and the index of its obstacle in one word, rounded down; the smaller word has less room."""
    levels = np.clip(np.floor((room_mm - LOWEST_MM) / QUANTUM_MM), 0, 255).astype(np.uint16)
    packed: AnyArray = (levels << 8) | np.uint16(index)
    return packed
