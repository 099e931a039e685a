"""Every straight path to one tip at once: planes are swept, not paths sampled.

In: fields on lattices (``fields.py``), a tip, the faces of a cube map. Out: for each direction of a face the skin's depth
and the smallest field value on the way. Directions point outwards, from tip to skin; lengths are mm.

At step s along a face's axis all paths of the face lie in one plane, at ``tip + s * (axis + u*b + v*c)``: rows and columns
are separable, so one ``take`` along each fetches the plane for all paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from planner.anatomy.model import Surroundings
from planner.fields import Lattice
from planner.geometry import AnyArray, BoolArray, FloatArray, IntArray, frozen, obliquity_deg, tilt_deg
from planner.procedure import Approach
from planner.structures import Side

AIR_BEHIND_SKIN_MM = 5.0
"""Free air that makes a border skin; assumed (an image's edge, a fold or a pad shows less)."""

STEP = 1 / 128
"""Between neighbouring directions of a face, as a tangent: at most 0.45 degrees, 0.8 mm at 100 mm."""


class Exit(IntEnum):
    """How a path leaves the body, seen from the tip."""

    SKIN = 0
    NO_AIR = 1
    IMAGE_EDGE = 2
    BEYOND_REACH = 3


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of the cube map: a half-axis of the grid with a rectangle of directions around it.

    ``rows`` and ``columns`` are tangents along the two other axes in array order; ``lps`` (rows, columns, 3) the outward
    vectors with a component of 1 along the half-axis; ``wanted`` those inside the approach's window.
    """

    axis: int
    sign: int
    rows: FloatArray
    columns: FloatArray
    lps: FloatArray
    wanted: BoolArray
    norms: FloatArray
    """(rows, columns) path mm for each mm along the half-axis."""

    @property
    def others(self) -> tuple[int, int]:
        """The grid axes of rows and columns."""
        first, second = (axis for axis in range(3) if axis != self.axis)
        return first, second


@dataclass(frozen=True, slots=True, eq=False)
class Swept:
    """Values on a lattice, laid out so that each half-axis finds its planes in one piece."""

    lattice: Lattice
    turned: tuple[AnyArray, AnyArray, AnyArray]

    @classmethod
    def of(cls, lattice: Lattice, values: AnyArray) -> Swept:
        """Copies for sweeps along j and i; k is left as it is."""
        k, j, i = (np.ascontiguousarray(np.moveaxis(values, axis, 0)) for axis in range(3))
        return cls(lattice, (k, j, i))


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One plane of a sweep: values for all directions, and which rows and columns still lie on the lattice."""

    s_mm: float
    values: AnyArray
    rows_inside: BoolArray
    columns_inside: BoolArray

    @property
    def is_whole(self) -> bool:
        """No direction has left the lattice."""
        return bool(self.rows_inside.all() and self.columns_inside.all())


def in_window(lps: FloatArray, approach: Approach, side: Side) -> FloatArray:
    """(...) degrees by which outward directions lie inside the approach's window; negative: outside."""
    oblique, tilt = side.sign * obliquity_deg(-lps), tilt_deg(-lps)
    low, high = approach.obliquity_deg
    down, up = approach.tilt_deg
    least: FloatArray = np.minimum.reduce([oblique - low, high - oblique, tilt - down, up - tilt])
    return least


def faces_for(approach: Approach, side: Side, axes: FloatArray, step: float = STEP) -> tuple[Face, ...]:
    """The faces along j and i (posterior, anterior, left, right) that the window touches, cut to it with a rim of one."""
    tangents = np.arange(-round(1 / step), round(1 / step) + 1) * np.float64(step)
    faces = []
    for axis, sign in ((1, 1), (1, -1), (2, 1), (2, -1)):
        lps = _rays(axis, sign, tangents, axes)
        wanted = in_window(lps, approach, side) >= 0
        if wanted.any():
            rows, columns = (_span(np.flatnonzero(wanted.any(axis=other))) for other in (1, 0))
            faces.append(
                _face((axis, sign), lps[rows, columns], wanted[rows, columns], tangents[rows], tangents[columns])
            )
    return tuple(faces)


def _rays(axis: int, sign: int, tangents: FloatArray, axes: FloatArray) -> FloatArray:
    first, second = (other for other in range(3) if other != axis)
    rows, columns = tangents[:, None, None], tangents[None, :, None]
    rays: FloatArray = sign * axes[:, axis] + rows * axes[:, first] + columns * axes[:, second]
    return rays


def _face(
    half_axis: tuple[int, int], lps: FloatArray, wanted: BoolArray, rows: FloatArray, columns: FloatArray
) -> Face:
    norms = np.hypot(np.hypot(rows[:, None], columns[None, :]), 1.0)
    return Face(*half_axis, frozen(rows), frozen(columns), frozen(lps), frozen(wanted, bool), frozen(norms))


def _span(found: IntArray) -> slice:
    return slice(max(int(found[0]) - 1, 0), int(found[-1]) + 2)


def planes(swept: Swept, face: Face, tip_mm: FloatArray, first_mm: float, last_mm: float) -> Iterator[Plane]:
    """Planes of the lattice from ``first_mm`` to ``last_mm`` along the half-axis, nearest the tip first."""
    geometry = swept.lattice.geometry
    tip, spacing = geometry.indices(tip_mm), geometry.spacing_mm
    stack = swept.turned[face.axis]
    first, second = face.others
    ends = tip[face.axis] + face.sign * np.array([first_mm, last_mm]) / spacing[face.axis]
    low, high = (np.ceil(ends[0]), np.floor(ends[1])) if face.sign > 0 else (np.floor(ends[0]), np.ceil(ends[1]))
    for index in range(int(low), int(high) + face.sign, face.sign):
        if not 0 <= index < len(stack):
            return
        s_mm = abs(index - tip[face.axis]) * spacing[face.axis]
        rows, rows_inside = _nodes(tip[first] + s_mm / spacing[first] * face.rows, stack.shape[1])
        columns, columns_inside = _nodes(tip[second] + s_mm / spacing[second] * face.columns, stack.shape[2])
        met = stack[index, rows[0] : rows[-1] + 1].take(columns, 1)  # few nodes, then copied out to many rows
        yield Plane(s_mm, met.take(rows - rows[0], 0), rows_inside, columns_inside)


_HALF = 0.5 + 1e-6
"""Half-way goes up, wherever the lattice starts: rounding to even, or a last bit, would depend on that."""


def _nodes(places: FloatArray, count: int) -> tuple[IntArray, BoolArray]:
    nearest = np.floor(places + _HALF).astype(np.intp)
    inside = (nearest >= 0) & (nearest < count)
    return np.minimum(np.maximum(nearest, 0), count - 1), inside


def slack_mm(lattice: Lattice, face: Face) -> tuple[float, FloatArray]:
    """How far a sample may lie from the path [mm], and any point of the path from a sample (rows, columns).

    A distance changes by at most 1 mm per mm. So the true minimum is at most the first above the sweep's (a path that the
    sweep fails by more, fails), and at most the second below it (a path that passes by more, passes).
    """
    spacing = lattice.geometry.spacing_mm
    across = float(np.hypot(*(spacing[list(face.others)] / 2)))
    return across, across + face.norms * spacing[face.axis] / 2


def sweep_exit(swept: Swept, face: Face, tip_mm: FloatArray, reach_mm: float, *, table_is_air: bool) -> Exits:
    """Where each direction first leaves the body; ``swept`` holds ``Surroundings`` codes, see ``surroundings_nodes``."""
    norms, shape = face.norms, face.norms.shape
    depth = np.zeros(shape)
    exits = np.full(shape, Exit.BEYOND_REACH, dtype=np.uint8)
    inside, free = np.ones(shape, bool), np.zeros(shape, bool)
    worst_air = _code(Surroundings.OBJECT if table_is_air else Surroundings.AIR)
    last_s = 0.0
    for plane in planes(swept, face, tip_mm, 0.0, reach_mm + AIR_BEHIND_SKIN_MM):
        last_s = plane.s_mm
        if not free.any() and plane.is_whole and plane.values.min() == _code(Surroundings.BODY):
            continue
        here = plane.s_mm * norms
        seen = plane.rows_inside[:, None] & plane.columns_inside[None, :]
        clear = seen & (plane.values <= worst_air)
        gone = inside & ~(seen & (plane.values == _code(Surroundings.BODY)))
        edge = gone & ~(seen & (plane.values < _code(Surroundings.OUTSIDE_RECONSTRUCTION)))
        depth[gone] = here[gone]
        exits[gone] = Exit.SKIN
        exits[edge] = Exit.IMAGE_EDGE
        inside &= ~gone
        free |= gone & ~edge
        behind = free & (here <= depth + AIR_BEHIND_SKIN_MM)
        exits[behind & ~clear] = Exit.NO_AIR
        free &= here <= depth + AIR_BEHIND_SKIN_MM
        if not (inside.any() or free.any()):
            break
    depth[inside] = (last_s * norms)[inside]
    exits[inside & (depth < reach_mm)] = Exit.IMAGE_EDGE
    exits[~inside & (exits == Exit.IMAGE_EDGE) & (depth >= reach_mm)] = Exit.BEYOND_REACH
    exits[free & (exits == Exit.SKIN)] = Exit.NO_AIR
    return Exits(depth, exits)


@dataclass(frozen=True, slots=True, eq=False)
class Exits:
    """(rows, columns) depth of the first exit [mm] and its kind (``Exit``)."""

    depth_mm: FloatArray
    kind: AnyArray


_CODES = {
    Surroundings.AIR: 0,
    Surroundings.OBJECT: 1,
    Surroundings.OUTSIDE_RECONSTRUCTION: 2,
    Surroundings.BODY: 3,
}
"""In the order in which one wins at a node between two voxels: a body's border belongs to the body."""


def _code(surroundings: Surroundings) -> int:
    return _CODES[surroundings]


def surroundings_nodes(lattice: Lattice, surroundings: AnyArray) -> AnyArray:
    """Codes at a lattice's nodes, from ``Surroundings`` values on the label map's grid."""
    codes = np.zeros(max(_CODES) + 1, dtype=np.uint8)
    for value, code in _CODES.items():
        codes[value] = code
    return lattice.nodes_of(codes[lattice.crop(surroundings)])


def sweep_least(
    least: AnyArray,
    swept: Swept,
    face: Face,
    tip_mm: FloatArray,
    between_mm: tuple[FloatArray, FloatArray],
    rising: Callable[[FloatArray], AnyArray] | None = None,
) -> AnyArray:
    """Smallest value on the way, for the part of each path between two depths from the tip (rows, columns) [mm].

    ``least`` (rows, columns) is where to go on from. ``rising`` tells what is added to the values at depths from the tip
    (rows, columns) [mm]: for a margin that grows below the skin, the way from the tip is spared. The planes at both ends are taken generously: one more on each side.
    """
    norms = face.norms
    step = float(swept.lattice.geometry.spacing_mm[face.axis])
    start, stop = (limit / norms for limit in between_mm)
    first, last = float(start.min()), float(stop.max())
    all_from, all_to = float(start.max()), float(stop.min())
    for plane in planes(swept, face, tip_mm, max(first - step, 0.0), last):
        values = plane.values if rising is None else plane.values + rising(plane.s_mm * norms)
        if all_from <= plane.s_mm <= all_to:
            least = np.minimum(least, values)
        else:
            within = (plane.s_mm >= start - step) & (plane.s_mm <= stop)
            least = np.where(within, np.minimum(least, values), least)
    return least
