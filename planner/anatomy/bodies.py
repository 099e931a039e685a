"""Vertebral bodies as star-convex columns between their discs, and the discs between them.

In: the straightened image and canal, and the discs. Out: for each vertebra a contour around its body, slab by slab from
disc plane to disc plane, two end-plates, and masks on the straight grid. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from planner.anatomy.endplates import EndPlate, at_border, find_endplate
from planner.anatomy.rings import cheapest_ring, outward_drop, running_median, usual_section, weighted_median
from planner.anatomy.stages import DiscLevel
from planner.anatomy.straight import StraightGrid, gaussian
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.volume import linear

_ANGLES = 72
_THETA = 2.0 * np.pi * np.arange(_ANGLES) / _ANGLES
_RADII_MM = np.arange(6.0, 40.0, 0.5)
"""A lumbar body is at most about 55 mm wide and 40 mm deep (Panjabi 1992, Spine 17:299); assumed margin for spurs."""

_FIRST_CENTRE_MM = 15.0
"""Of a body, in front of the canal: half the depth of a small lumbar body (Panjabi 1992); corrected by what is found."""

_TYPICAL_HEIGHT_MM = 35.0
"""Body and disc of a lumbar vertebra, used only where a single disc is known (Panjabi 1992)."""

_SLAB_MM = 1.0
_LARGEST_HU, _SMALLEST_HU = 500.0, -100.0
_DENSEST_HU = 1500.0
"""Beyond the first two an edge is no stronger evidence: metal and cement, gas in a disc. Beyond the last is no end-plate (assumed)."""

_CLEAR_EDGE_HU = 100.0
"""A body's cortex stands at least this much above what lies outside it (assumed; also in osteoporosis)."""

_CANAL_HU = -4000.0
"""What the canal, and all behind its centre, is painted with: no body reaches there."""

_FAT_HU = -40.0
"""Darker than a body's marrow, osteoporosis (about 50 HU) included."""

_PROHIBITIVE = 1e3

_VOTES = 0.75
"""Of the clearest neighbour's share of clear edge: what shows less says nothing of the others' shape (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One vertebral body on the straight grid.

    ``low_s_mm`` and ``high_s_mm`` (n_v, n_u) are the disc planes that bound it; ``radius_mm`` (n_slabs, n_angles) its
    contour around (``center_v_mm``, ``center_u_mm``); ``bottom`` and ``top`` its end-plates.
    ``edge_share`` is how much of the contour lies on a clear edge.
    """

    low_s_mm: FloatArray
    high_s_mm: FloatArray
    center_v_mm: float
    center_u_mm: float
    radius_mm: FloatArray
    bottom: EndPlate
    top: EndPlate
    edge_share: float
    is_cut: bool

    @property
    def confidence(self) -> float:
        """Share of the outline on a clear edge, less what the end-plates scatter; halved where the image cuts it."""
        scatter = max(self.bottom.scatter_mm, self.top.scatter_mm)
        flatness = 1.0 - np.clip((scatter - 0.5) / 3.0, 0.0, 1.0)
        return float(self.edge_share * flatness * (0.5 if self.is_cut else 1.0))

    def rows(self, grid: StraightGrid) -> slice:
        """Slices of the grid between the lowest and the highest point of the disc planes over the body."""
        v, u = (axis - middle for axis, middle in ((grid.v_mm, self.center_v_mm), (grid.u_mm, self.center_u_mm)))
        near = np.hypot(v[:, None], u) <= self.radius_mm.max()
        low, high = float(self.low_s_mm[near].min()), float(self.high_s_mm[near].max())
        first, last = np.searchsorted(grid.s_mm, [low, high])
        return slice(int(first), int(last))

    @property
    def center_s_mm(self) -> float:
        """Arc length of the body's middle."""
        return float(np.median((self.top.s_mm + self.bottom.s_mm)[self._near_center()]) / 2.0)

    @property
    def height_mm(self) -> float:
        """Distance of the end-plates, median over the body's core."""
        return float(np.median((self.top.s_mm - self.bottom.s_mm)[self._near_center()]))

    def _near_center(self) -> tuple[slice, slice]:
        v, u = (n // 2 for n in self.low_s_mm.shape)
        return slice(v, v + max(1, v // 2)), slice(u - max(1, u // 8), u + max(1, u // 8))


def disc_planes(discs: tuple[DiscLevel, ...], grid: StraightGrid) -> FloatArray:
    """(n_discs, n_v, n_u) arc length at which each disc's mid-plane crosses each column of the straight grid."""
    return np.stack([_plane_on(disc, grid) for disc in discs])


def _plane_on(disc: DiscLevel, grid: StraightGrid) -> FloatArray:
    v, u = np.meshgrid(grid.v_mm, grid.u_mm, indexing="ij")
    s = np.full(v.shape, disc.s_mm)
    for _ in range(6):
        centre, left, anterior, cranial = grid.frame.at(s)
        gap = (centre + u[..., None] * left + v[..., None] * anterior - disc.center_mm) @ disc.normal
        s = s - np.clip(gap / np.clip(cranial @ disc.normal, 0.3, None), -10.0, 10.0)
    return s


def find_bodies(image: Float32Array, grid: StraightGrid, planes_s_mm: FloatArray, canal: BoolArray) -> tuple[Body, ...]:
    """One body below the first disc, one above each disc."""
    fine, sharp = _prepared(image, grid, canal), np.clip(image, _SMALLEST_HU, _DENSEST_HU)
    bounds = _bounds(planes_s_mm)
    pairs = list(pairwise(bounds))
    shapes = _agreed([_waist(fine, grid, pair, _canal_front(canal, grid)) for pair in pairs])
    return tuple(_body((fine, sharp), grid, pair, shape) for pair, shape in zip(pairs, shapes, strict=True))


def _prepared(image: Float32Array, grid: StraightGrid, canal: BoolArray) -> Float32Array:
    fine = gaussian(np.clip(image, _SMALLEST_HU, _LARGEST_HU), 0.6)
    fine[canal] = _CANAL_HU
    fine[:, grid.v_mm < 0.0] = _CANAL_HU
    return fine


def _canal_front(canal: BoolArray, grid: StraightGrid) -> float:
    reached = (canal & (grid.v_mm > 0)[:, None]).any(axis=2).sum(axis=1) * grid.step_mm
    return float(np.median(reached[reached > 0])) if reached.any() else 8.0


def _bounds(planes: FloatArray) -> FloatArray:
    """The planes with one more at each end, as far away as neighbouring discs are from each other."""
    height = np.diff(planes, axis=0)
    below = height[0] if len(height) else np.full(planes.shape[1:], _TYPICAL_HEIGHT_MM)
    above = height[-1] if len(height) else below
    return np.concatenate([(planes[0] - below)[None], planes, (planes[-1] + above)[None]])


def slab_shares(low_s_mm: FloatArray, high_s_mm: FloatArray) -> FloatArray:
    """Fractions of the way from the lower to the upper plane, about one per millimetre."""
    count = max(8, int(np.median(high_s_mm - low_s_mm) / _SLAB_MM))
    shares: FloatArray = (np.arange(count) + 0.5) / count
    return shares


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Centre of a body, (n_angles,) radius at its waist, and how much of it lies on a clear edge, 0 to 1."""

    v_mm: float
    u_mm: float
    radius_mm: FloatArray
    clear: float

    @property
    def typical(self) -> FloatArray:
        """(n_angles,) about 1: radius of a body's usual cross-section of this breadth and depth."""
        front, left, back, right = self.radius_mm[:: _ANGLES // 4]
        return usual_section(_THETA, float(left + right), float(front + back))


def _rays(
    image: Float32Array, grid: StraightGrid, pair: tuple[FloatArray, FloatArray], shape: _Shape, every: int = 1
) -> FloatArray:
    """(n_slabs, n_angles, n_radii) image at multiples of the usual shape, in slabs between two disc planes; where not in every, in
    the middle half.
    """
    column = np.empty((_ANGLES, len(_RADII_MM), 2))
    radii_mm = shape.typical[:, None] * _RADII_MM
    column[..., 0] = (shape.v_mm + np.cos(_THETA)[:, None] * radii_mm - grid.first_mm[1]) / grid.step_mm
    column[..., 1] = (shape.u_mm + np.sin(_THETA)[:, None] * radii_mm - grid.first_mm[2]) / grid.step_mm
    inside = np.clip(np.round(column), 0, np.array(grid.shape[1:]) - 1).astype(int)
    low, high = (plane[inside[..., 0], inside[..., 1]] for plane in pair)
    shares = slab_shares(*pair)
    shares = shares if every == 1 else shares[_middle(shares)][::every]
    index = np.empty((len(shares), *column.shape[:2], 3))
    index[..., 0] = (low + shares[:, None, None] * (high - low) - grid.first_mm[0]) / grid.step_mm
    index[..., 1:] = column
    return linear(image, index, _CANAL_HU)


def _contour(rays: FloatArray, shape: _Shape, expected_mm: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """(n_slabs, n_angles) contour [mm] and how clear an edge it lies on, 0 to 1.

    Smooth as a multiple of the usual shape, so that where no edge is seen the corners are its corners.
    """
    radii_mm = shape.typical[:, None] * _RADII_MM
    drop = outward_drop(rays, 2)
    padded = np.pad(drop, ((1, 1), (0, 0), (0, 0)), mode="edge")
    drop = (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0
    cost = -np.clip(drop / _CLEAR_EDGE_HU, -0.5, 2.0) + _not_body(rays)
    if expected_mm is not None:
        cost = cost + 0.5 * np.clip((radii_mm - expected_mm[:, None]) / 4.0, -3.0, 3.0) ** 2
    ring = cheapest_ring(cost)
    clear = np.take_along_axis(drop, ring[..., None], axis=2)[..., 0] / _CLEAR_EDGE_HU
    return _RADII_MM[ring] * shape.typical, np.clip(clear, 0.0, 1.0)


def _not_body(rays: FloatArray) -> FloatArray:
    """Cost of having crossed the canal (prohibitive), or fat and air (0.2 a millimetre), from the centre outwards."""
    canal = np.cumsum(rays < _CANAL_HU / 2, axis=2)
    fat = np.cumsum((rays < _FAT_HU) & (rays > _CANAL_HU / 2), axis=2)
    return np.where(canal > 1, _PROHIBITIVE, 0.1 * fat)


def _middle(rows: FloatArray) -> slice:
    return slice(len(rows) // 4, len(rows) - len(rows) // 4)


def _waist(
    image: Float32Array, grid: StraightGrid, pair: tuple[FloatArray, FloatArray], canal_front_mm: float
) -> _Shape:
    """Centre and waist of one body, the centre moved to the middle of what is found."""
    shape = _Shape(canal_front_mm + _FIRST_CENTRE_MM, 0.0, np.zeros(_ANGLES), 0.0)
    for _ in range(3):
        radius, clear = _contour(_rays(image, grid, pair, shape, every=3), shape, None)
        waist = weighted_median(radius, clear + 0.01)
        front, left, back, right = waist[:: _ANGLES // 4]
        middle = shape.v_mm + float(front - back) / 2.0, shape.u_mm + float(left - right) / 2.0
        shape = _Shape(*middle, waist, float(clear.mean()))
    return shape


def _agreed(shapes: list[_Shape]) -> list[_Shape]:
    """Each shape drawn half-way to the median of its neighbours; replaced by it where the centre strays 4 mm or no edge is seen.

    A body that the image cuts shows no edge and has no vote.
    """
    out = []
    for n, shape in enumerate(shapes):
        near = shapes[max(0, n - 2) : n + 3]
        clearest = max(s.clear for s in near)
        seen = [s for s in near if s.clear >= _VOTES * clearest]
        typical = _Shape(
            float(np.median([s.v_mm for s in seen])),
            float(np.median([s.u_mm for s in seen])),
            np.median([s.radius_mm for s in seen], axis=0),
            shape.clear,
        )
        strays = max(abs(shape.v_mm - typical.v_mm), abs(shape.u_mm - typical.u_mm)) > 4.0
        mean = replace(shape, radius_mm=(shape.radius_mm + typical.radius_mm) / 2.0)
        out.append(typical if strays or shape.clear < _VOTES * clearest else mean)
    return out


def _body(
    images: tuple[Float32Array, Float32Array], grid: StraightGrid, pair: tuple[FloatArray, FloatArray], shape: _Shape
) -> Body:
    image, sharp = images
    radius, clear = _contour(_rays(image, grid, pair, shape), shape, shape.radius_mm)
    rows = _middle(radius)
    theta, distance = _polar(grid, shape.v_mm, shape.u_mm)
    core = distance < np.interp(theta, _THETA, np.median(radius[rows], axis=0), period=2 * np.pi) - 3.0
    bottom = find_endplate(image, grid, pair[0], pair[1], core)
    top = find_endplate(image, grid, pair[1], pair[0], core)
    bottom, top = (at_border(plate, sharp, grid, disc, core) for plate, disc in zip((bottom, top), pair, strict=True))
    ends = np.stack([bottom.s_mm[core], top.s_mm[core]])
    is_cut = bool(ends.min() < grid.s_mm[0] or ends.max() > grid.s_mm[-1])
    edge_share = float(clear[rows].mean())
    return Body(*pair, shape.v_mm, shape.u_mm, running_median(radius, 5), bottom, top, edge_share, is_cut)


def _polar(grid: StraightGrid, v_mm: float, u_mm: float) -> tuple[FloatArray, FloatArray]:
    v, u = np.meshgrid(grid.v_mm - v_mm, grid.u_mm - u_mm, indexing="ij")
    return np.arctan2(u, v) % (2 * np.pi), np.hypot(v, u)


def body_mask(body: Body, grid: StraightGrid) -> BoolArray:
    """Voxels of ``body.rows(grid)`` within the contour and between the end-plates."""
    s = grid.s_mm[body.rows(grid), None, None]
    return _inside(body, grid) & (s >= body.bottom.s_mm) & (s <= body.top.s_mm)


def disc_mask(body: Body, neighbour: Body, grid: StraightGrid) -> BoolArray:
    """Voxels of ``body.rows(grid)`` within its contour, between its end-plate and the disc plane it shares."""
    s = grid.s_mm[body.rows(grid), None, None]
    is_below = neighbour.center_s_mm > body.center_s_mm
    return _inside(body, grid) & (s > body.top.s_mm if is_below else s < body.bottom.s_mm)


def _inside(body: Body, grid: StraightGrid) -> BoolArray:
    """Voxels of ``body.rows(grid)`` between the disc planes and within the contour of their slab."""
    theta, distance = _polar(grid, body.center_v_mm, body.center_u_mm)
    s = grid.s_mm[body.rows(grid), None, None]
    share = (s - body.low_s_mm) / np.maximum(body.high_s_mm - body.low_s_mm, 1.0)
    inside: BoolArray = (share >= 0.0) & (share <= 1.0) & (distance < body.radius_mm.max())
    row, v, u = np.nonzero(inside)
    slabs = len(body.radius_mm)
    wrapped = np.concatenate([body.radius_mm, body.radius_mm[:, :1]], axis=1)
    index = np.zeros((len(row), 3))
    index[:, 1] = np.clip(share[row, v, u] * slabs - 0.5, 0.0, slabs - 1.0)
    index[:, 2] = theta[v, u] / (2 * np.pi) * _ANGLES
    inside[row, v, u] = distance[v, u] <= linear(wrapped[None], index, 0.0)
    return inside
