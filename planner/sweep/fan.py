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
    """One plane of a sweep: the nodes it meets, and for all directions which row of these and whether it lies on the lattice.

    ``met`` has the directions' columns already; rows repeat, and are only copied out where they are looked at.
    """

    s_mm: float
    met: AnyArray
    rows: IntArray
    rows_inside: BoolArray
    columns_inside: BoolArray

    @property
    def values(self) -> AnyArray:
        """(rows, columns) value at each direction's nearest node."""
        return self.met.take(self.rows, 0)

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

    def distance_mm(self, index: int) -> float:
        """Of a plane from the tip."""
        return abs(index - self.tip[0]) * self.step_mm

    def plane(self, index: int) -> Plane:
        """One plane of the lattice."""
        s_mm, (_, depth, width) = self.distance_mm(index), self.stack.shape
        rows, rows_inside = _nodes(self.tip[1] + s_mm / self.spacing_mm[1] * self.face.rows, depth)
        columns, columns_inside = _nodes(self.tip[2] + s_mm / self.spacing_mm[2] * self.face.columns, width)
        met = self.stack[index, rows[0] : rows[-1] + 1].take(columns, 1)  # few nodes, then copied out to many rows
        return Plane(s_mm, met, rows - rows[0], rows_inside, columns_inside)


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
    sight = Sight.of(swept, face, tip_mm)
    for index in sight.between(0.0, reach_mm + AIR_BEHIND_SKIN_MM):
        plane = sight.plane(index)
        last_s = plane.s_mm
        if not len(watched) and plane.is_whole and plane.met.min() == body:
            continue
        codes = _seen(plane)
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


def _seen(plane: Plane) -> AnyArray:
    codes = plane.values
    codes[~plane.rows_inside] = _NOT_SEEN
    codes[:, ~plane.columns_inside] = _NOT_SEEN
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
