"""Every straight path to one tip at once: planes are swept, not paths sampled.

In: values on lattices (``fields.py``), a tip, the faces of a cube map. Out: the planes of a sweep, and for each direction of a
face the skin's depth; ``least.py`` takes the smallest value on the way. Directions point outwards, from tip to skin; lengths
are mm.

At step s along a face's axis all paths of the face lie in one plane, at ``tip + s * (axis + u*b + v*c)``: rows and columns
are separable, so one ``take`` along each fetches the plane for all paths.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from planner.anatomy.model import Surroundings
from planner.geometry import AnyArray, BoolArray, FloatArray, IntArray, frozen, obliquity_deg, tilt_deg
from planner.procedure import Approach
from planner.structures import Side
from planner.sweep.fields import Lattice

AIR_BEHIND_SKIN_MM = 5.0
"""Free air that makes a border skin; assumed (an image's edge, a fold or a pad shows less)."""

STEP = 1 / 128
"""Between neighbouring directions of a face, as a tangent: at most 0.45 degrees, 0.8 mm at 100 mm."""


TURNED_AT_ONCE = 256
"""Lines of nodes whose rows are made columns at once: a column is fetched as a whole line of memory, three times faster than
node by node, and so many lines stay in the processor's nearest cache while they are turned."""


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

    @property
    def at_seam(self) -> BoolArray:
        """(rows, columns) directions at the cube's edge, which the next face has too."""
        return np.asarray((np.abs(self.rows)[:, None] >= 1) | (np.abs(self.columns)[None, :] >= 1))


@dataclass(frozen=True, slots=True, eq=False)
class Swept:
    """Values on a lattice, laid out so that each half-axis finds its planes in one piece, columns first (``Planes.met``)."""

    lattice: Lattice
    turned: tuple[AnyArray, AnyArray, AnyArray]

    @classmethod
    def of(cls, lattice: Lattice, values: AnyArray) -> Swept:
        """Copies for sweeps along j and i; k is left as it is."""
        j, i = (np.ascontiguousarray(np.moveaxis(values, axis, 0).swapaxes(1, 2)) for axis in (1, 2))
        return cls(lattice, (values.swapaxes(1, 2), j, i))


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """The planes of a sweep, nearest the tip first: for each, which nodes its directions meet.

    ``rows`` (planes, rows) and ``columns`` (planes, columns) are nodes, held to the lattice where ``rows_inside`` and
    ``columns_inside`` say that a direction has left it.
    """

    stack: AnyArray
    indices: range
    s_mm: FloatArray
    rows: IntArray
    columns: IntArray
    rows_inside: BoolArray
    columns_inside: BoolArray
    lines: AnyArray
    turned: AnyArray
    """Scratch of ``met``: memory that is taken anew for each plane costs as much as what is done in it."""

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def whole(self) -> BoolArray:
        """(planes,) no direction has left the lattice."""
        return np.asarray(self.rows_inside.all(axis=1) & self.columns_inside.all(axis=1))

    def met(self, number: int) -> AnyArray:
        """The nodes of one plane between its first and last row, with the directions' columns: few rows, each met by many.

        The next call overwrites it.
        """
        first, last = self.rows[number, 0], self.rows[number, -1]
        met = self.turned[: last + 1 - first]
        self.stack[self.indices[number]].take(self.columns[number], 0, out=self.lines, mode="clip")
        for start in range(0, len(self.lines), TURNED_AT_ONCE):
            some = slice(start, start + TURNED_AT_ONCE)
            met[:, some] = self.lines[some, first : last + 1].T
        return met

    def spread(self, number: int, met: AnyArray, out: AnyArray) -> AnyArray:
        """Values at all directions, from those met: copied out to all rows."""
        rows = self.rows[number]
        return met.take(rows - rows[0], 0, out=out, mode="clip")


def in_window(lps: FloatArray, approach: Approach, side: Side) -> FloatArray:
    """(...) degrees by which outward directions lie inside the approach's window; negative: outside."""
    oblique, tilt = side.sign * obliquity_deg(-lps), tilt_deg(-lps)
    low, high = approach.obliquity_deg
    down, up = approach.tilt_deg
    least: FloatArray = np.minimum.reduce([oblique - low, high - oblique, tilt - down, up - tilt])
    return least


def faces_for(approach: Approach, side: Side, axes: FloatArray, step: float = STEP) -> tuple[Face, ...]:
    """The faces of the cube that the window touches, cut to it with a rim of one.

    Along j and i: posterior, anterior, left, right; along k (cranial, caudal) where the window holds directions steeper than both.
    Every direction lies on a face, so what a face has no room for is on the next one.
    """
    tangents = np.arange(-round(1 / step), round(1 / step) + 1) * np.float64(step)
    faces = []
    for axis, sign in ((1, 1), (1, -1), (2, 1), (2, -1), (0, 1), (0, -1)):
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


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One face seen from one tip through a lattice: fractional indices and spacings along the half-axis, rows and columns."""

    stack: AnyArray
    face: Face
    tip: tuple[float, float, float]
    spacing_mm: tuple[float, float, float]

    @classmethod
    def of(cls, swept: Swept, face: Face, tip_mm: FloatArray) -> Sight:
        """From a tip in LPS mm."""
        geometry, axes = swept.lattice.geometry, [face.axis, *face.others]
        tip, spacing = geometry.indices(tip_mm)[axes].tolist(), geometry.spacing_mm[axes].tolist()
        return cls(swept.turned[face.axis], face, tuple(tip), tuple(spacing))

    @property
    def step_mm(self) -> float:
        """Between two planes."""
        return self.spacing_mm[0]

    def between(self, first_mm: float, last_mm: float) -> range:
        """The lattice's planes between two distances from the tip, nearest the tip first; none where the first is outside."""
        count, sign = len(self.stack), self.face.sign
        first, last = (self.tip[0] + sign * mm / self.step_mm for mm in (first_mm, last_mm))
        if sign > 0:
            return range(int(np.ceil(first)), min(int(np.floor(last)), count - 1) + 1) if first > -1 else range(0)
        return range(int(np.floor(first)), max(int(np.ceil(last)), 0) - 1, -1) if first < count else range(0)

    def planes(self, first_mm: float, last_mm: float) -> Planes:
        """All planes between two distances from the tip."""
        indices = self.between(first_mm, last_mm)
        s_mm = np.abs(np.array(indices, dtype=np.float64) - self.tip[0]) * self.step_mm
        _, width, depth = self.stack.shape
        rows, rows_inside = _nodes(self.tip[1] + np.outer(s_mm / self.spacing_mm[1], self.face.rows), depth)
        columns, columns_inside = _nodes(self.tip[2] + np.outer(s_mm / self.spacing_mm[2], self.face.columns), width)
        lines = np.empty((len(self.face.columns), depth), dtype=self.stack.dtype)
        scratch = lines, np.empty(lines.shape[::-1], dtype=lines.dtype)
        return Planes(self.stack, indices, s_mm, rows, columns, rows_inside, columns_inside, *scratch)


_HALF = 0.5 + 1e-6
"""Half-way goes up, wherever the lattice starts: rounding to even, or a last bit, would depend on that."""


def _nodes(places: FloatArray, count: int) -> tuple[IntArray, BoolArray]:
    nearest = np.floor(places + _HALF).astype(np.intp)
    inside = (nearest >= 0) & (nearest < count)
    return np.minimum(np.maximum(nearest, 0), count - 1), inside


def sweep_exit(swept: Swept, face: Face, tip_mm: FloatArray, reach_mm: float, *, table_is_air: bool) -> Exits:
    """Where each direction first leaves the body; ``swept`` holds ``Surroundings`` codes, see ``surroundings_nodes``."""
    norms, body = face.norms.reshape(-1), _code(Surroundings.BODY)
    depth = np.zeros(norms.shape)
    exits = np.full(norms.shape, Exit.BEYOND_REACH, dtype=np.uint8)
    inside, watched = np.ones(norms.shape, bool), np.empty(0, dtype=np.intp)
    worst_air = _code(Surroundings.OBJECT if table_is_air else Surroundings.AIR)
    last_s = 0.0
    planes = Sight.of(swept, face, tip_mm).planes(0.0, reach_mm + AIR_BEHIND_SKIN_MM)
    seen, whole = np.empty(face.norms.shape, dtype=planes.stack.dtype), planes.whole.tolist()
    for number, last_s in enumerate(planes.s_mm.tolist()):
        met = planes.met(number)
        if not len(watched) and whole[number] and met.min() == body:
            continue
        codes = _seen(planes, number, met, seen)
        gone = np.flatnonzero((codes != body) & inside)
        depth[gone] = last_s * norms[gone]
        exits[gone] = np.where(codes[gone] < _code(Surroundings.OUTSIDE_RECONSTRUCTION), Exit.SKIN, Exit.IMAGE_EDGE)
        inside[gone] = False
        watched = np.concatenate([watched, gone[exits[gone] == Exit.SKIN]])
        watched = watched[last_s * norms[watched] <= depth[watched] + AIR_BEHIND_SKIN_MM]
        exits[watched[codes[watched] > worst_air]] = Exit.NO_AIR
        if not (len(watched) or inside.any()):
            break
    depth[inside] = last_s * norms[inside]
    exits[inside & (depth < reach_mm)] = Exit.IMAGE_EDGE
    exits[~inside & (exits == Exit.IMAGE_EDGE) & (depth >= reach_mm)] = Exit.BEYOND_REACH
    exits[watched[exits[watched] == Exit.SKIN]] = Exit.NO_AIR
    return Exits(depth.reshape(face.norms.shape), exits.reshape(face.norms.shape))


_NOT_SEEN = 4
"""In a plane of codes: beyond the lattice, so beyond the image."""


def _seen(planes: Planes, number: int, met: AnyArray, out: AnyArray) -> AnyArray:
    codes = planes.spread(number, met, out)
    codes[~planes.rows_inside[number]] = _NOT_SEEN
    codes[:, ~planes.columns_inside[number]] = _NOT_SEEN
    return codes.reshape(-1)


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
