"""What a sweep is given: fields on two lattices, a fine one around the target and a coarse one to the skin, and the entries.

In: surroundings, tip points, faces. Out: where every direction enters, LPS mm. ``kept.py`` makes the fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from planner.clearance import Surface
from planner.geometry import AnyArray, Float32Array, FloatArray
from planner.side_by_side import side_by_side
from planner.sweep.fan import Exits, Face, Swept, surroundings_nodes, sweep_exit
from planner.sweep.fields import DistanceField, Lattice
from planner.volume import LabelMap

NEAR_MM, NEAR_STEP_MM = 30.0, 0.45
"""Along a face's axis, so 30 to 50 mm of path: there the gaps between bones are a few millimetres wide."""

FAR_STEP_MM = 1.2

BESIDE_MM = 12.0
"""Looked at beside the box of all paths for the skin and the air behind it; at least ``AIR_BEHIND_SKIN_MM``."""

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


_FRACTION = 1 << 14
"""Of a level of ``QUANTUM_MM``, in words that margins are added to: ten bits of room, these, and eight of the index."""


def widened(packed: AnyArray) -> AnyArray:
    """Packed words with room for what is added: up to four times the range of 8 bits, in small fractions."""
    words: AnyArray = packed.astype(np.uint32)
    return ((words >> 8) * np.uint32(_FRACTION) << 8) | (words & 0xFF)


def rising_words(added_mm: FloatArray) -> AnyArray:
    """Millimetres as they are added to widened words, rounded down."""
    return np.floor(added_mm * (_FRACTION / QUANTUM_MM)).astype(np.uint32) << 8


def unpacked_wide(words: AnyArray) -> tuple[FloatArray, AnyArray]:
    """As ``unpacked``, from widened words."""
    room: FloatArray = (words >> 8) * np.float64(QUANTUM_MM / _FRACTION) + LOWEST_MM
    return room, (words & 0xFF).astype(np.intp)


def entries_of(
    surroundings: LabelMap, tips_mm: FloatArray, faces: tuple[Face, ...], longest_mm: float, *, table_is_air: bool
) -> Entries:
    """Where every direction leaves the body, within ``longest_mm`` of each tip point."""
    rays = np.concatenate([face.lps[face.wanted] / face.norms[face.wanted][:, None] for face in faces])
    corners = _boxes(tips_mm, longest_mm * rays)
    lattice = Lattice.around(surroundings.geometry, corners, BESIDE_MM, FAR_STEP_MM)
    swept = Swept.of(lattice, surroundings_nodes(lattice, surroundings.labels))

    def exits_to(tip: FloatArray) -> tuple[Exits, ...]:
        return tuple(sweep_exit(swept, face, tip, longest_mm, table_is_air=table_is_air) for face in faces)

    return tuple(side_by_side(exits_to, tips_mm))


def _boxes(tips_mm: FloatArray, offsets: FloatArray) -> FloatArray:
    """Corners of the boxes around all tips and all tips plus offsets."""
    low, high = offsets.min(axis=0), offsets.max(axis=0)
    box = np.stack(np.meshgrid(*zip(np.minimum(low, 0), np.maximum(high, 0), strict=True), indexing="ij"), -1)
    corners: FloatArray = (tips_mm[:, None, :] + box.reshape(1, -1, 3)).reshape(-1, 3)
    return corners


def pack(room_mm: Float32Array, index: AnyArray) -> AnyArray:
    """Room and the index of its obstacle in one word, rounded down; the smaller word has less room."""
    levels = (room_mm - np.float32(LOWEST_MM)) * np.float32(1 / QUANTUM_MM)
    np.clip(levels, 0, 255, out=levels)
    packed: AnyArray = levels.astype(np.uint16)
    packed <<= 8
    packed |= index
    return packed
