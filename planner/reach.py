"""Fields over all that a needle can reach from one target's tip points, made once and swept many times.

In: the label map, surroundings, obstacles, tip points, faces. Out: fields on two lattices, a fine one around the target and
a coarse one to the skin, and the obstacles' exact surfaces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.clearance import MEASURED_TO_MM, Surface, surfaces_in
from planner.fan import Face, Swept, surroundings_nodes
from planner.fields import DistanceField, Lattice
from planner.geometry import AnyArray, Float32Array, FloatArray, VolumeGeometry
from planner.obstacles import NOTHING, Obstacle, obstacle_at
from planner.volume import LabelMap

NEAR_MM, NEAR_STEP_MM, NEAR_CAP_MM = 30.0, 0.45, 8.0
"""Along a face's axis, so 30 to 50 mm of path: there the gaps between bones are a few millimetres wide."""

FAR_STEP_MM, FAR_CAP_MM = 1.0, 12.0

QUANTUM_MM, LOWEST_MM = 0.1, -5.0
"""Room on 8 bits: -5 to 20.5 mm in tenths, rounded down."""


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
    """Fields for one target."""

    near: Zone
    far: Zone
    exits: Swept
    surfaces: tuple[Surface, ...]


def unpacked(packed: AnyArray) -> tuple[FloatArray, AnyArray]:
    """Room [mm] and the index of the binding obstacle."""
    room: FloatArray = (packed >> 8) * np.float64(QUANTUM_MM) + LOWEST_MM
    return room, (packed & 0xFF).astype(np.intp)


def reach_of(
    labels: LabelMap,
    surroundings: AnyArray,
    obstacles: tuple[Obstacle, ...],
    tips_mm: FloatArray,
    faces: tuple[Face, ...],
    longest_mm: float,
) -> Reach:  # noqa: PLR0913, RUF100 - the fields are made of these
    """Fields that hold every wanted path of ``longest_mm`` to any of the tips."""
    grid = labels.geometry
    rays = np.concatenate([face.lps[face.wanted] for face in faces])
    near_points = _ends(tips_mm, NEAR_MM * rays)
    far_points = _ends(tips_mm, longest_mm * rays / np.linalg.norm(rays, axis=1, keepdims=True))
    near = Lattice.around(grid, near_points, NEAR_CAP_MM, NEAR_STEP_MM)
    far = Lattice.around(grid, far_points, FAR_CAP_MM, FAR_STEP_MM)
    return Reach(
        _zone(near, labels, obstacles, NEAR_CAP_MM),
        _zone(far, labels, obstacles, FAR_CAP_MM),
        Swept.of(far, surroundings_nodes(far, surroundings)),
        _surfaces(grid, labels, obstacles, far_points),
    )


def _ends(tips_mm: FloatArray, offsets: FloatArray) -> FloatArray:
    """Corners of the boxes around all tips and all tips plus offsets."""
    low, high = offsets.min(axis=0), offsets.max(axis=0)
    box = np.stack(np.meshgrid(*zip(np.minimum(low, 0), np.maximum(high, 0), strict=True), indexing="ij"), -1)
    ends: FloatArray = (tips_mm[:, None, :] + box.reshape(1, -1, 3)).reshape(-1, 3)
    return ends


def _zone(lattice: Lattice, labels: LabelMap, obstacles: tuple[Obstacle, ...], cap_mm: float) -> Zone:
    box = obstacle_at(obstacles)[lattice.crop(labels.labels)]
    spare = np.full(lattice.geometry.shape, cap_mm, dtype=np.float32)
    packed = _pack(spare, NOTHING)
    own = None
    for index in np.flatnonzero(np.bincount(box.reshape(-1), minlength=NOTHING + 1)[:NOTHING]).tolist():
        distance = lattice.distance_mm(box == index, cap_mm)
        if obstacles[index].tip_zone_mm:
            own = DistanceField(lattice, distance, cap_mm)
            continue
        room = distance - np.float32(obstacles[index].margin_mm)
        np.minimum(spare, room, out=spare)
        np.minimum(packed, _pack(room, index), out=packed)
    swept = Swept.of(lattice, own.values_mm) if own is not None else None
    return Zone(lattice, Swept.of(lattice, packed), DistanceField(lattice, spare, cap_mm), own, swept)


def _pack(room_mm: Float32Array, index: int) -> AnyArray:
    levels = np.clip(np.floor((room_mm - LOWEST_MM) / QUANTUM_MM), 0, 255).astype(np.uint16)
    packed: AnyArray = (levels << 8) | np.uint16(index)
    return packed


def _surfaces(
    grid: VolumeGeometry, labels: LabelMap, obstacles: tuple[Obstacle, ...], points_mm: FloatArray
) -> tuple[Surface, ...]:
    lattice = Lattice.around(grid, points_mm, MEASURED_TO_MM, FAR_STEP_MM)
    return surfaces_in(grid, obstacle_at(obstacles)[lattice.crop(labels.labels)], lattice.first, len(obstacles))
