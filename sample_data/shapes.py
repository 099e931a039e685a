"""Solid shapes with a signed distance in closed form: what the phantom is built from.

In: points as three arrays x, y, z that broadcast together, LPS mm unless a docstring says local. Out: (...) signed
distance [mm], negative inside. ``Ball``, ``RoundCone``, ``RoundedBox`` and ``RoundedColumn`` are exact everywhere outside;
``Ellipsoid`` is exact at its surface and of first order away from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from planner.geometry import AnyArray, FloatArray, frozen, unit

Points: TypeAlias = Sequence[AnyArray]
"""x, y and z, each of a shape that broadcasts: on a straight grid a row, a column and a stack say it all."""


class Shape(Protocol):
    """A solid: where it lies, and how far points are from its surface."""

    def distance_mm(self, points: Points) -> AnyArray:
        """(...) signed distance of points, negative inside; keeps the points' dtype."""
        ...

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3) lowest and highest corner of a box that holds the solid."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A place and three axes: ``axes`` columns are left, posterior and cranial of the thing it carries."""

    origin_mm: FloatArray
    axes: FloatArray

    def point(self, x: float, y: float, z: float) -> FloatArray:
        """(3,) world point of local coordinates."""
        return np.asarray(self.origin_mm + self.axes @ np.array([x, y, z]))

    def points(self, local: npt.ArrayLike) -> FloatArray:
        """(n, 3) world points of (n, 3) local ones."""
        return self.origin_mm + np.asarray(local, dtype=np.float64) @ self.axes.T

    def local(self, points: Points) -> list[AnyArray]:
        """Local x, y, z of world points."""
        origin = self.origin_mm.astype(points[0].dtype)
        x, y, z = (points[axis] - origin[axis] for axis in range(3))
        turn = self.axes.astype(points[0].dtype)
        return [x * turn[0, c] + y * turn[1, c] + z * turn[2, c] for c in range(3)]

    def at(self, x: float, y: float, z: float) -> Frame:
        """The same axes at another local place."""
        return Frame(self.point(x, y, z), self.axes)

    def turned(self, axis: int, angle_deg: float) -> Frame:
        """Turned about its own left (0), posterior (1) or cranial (2) axis, right-handed."""
        return Frame(self.origin_mm, self.axes @ turn_about(axis, angle_deg))


def turn_about(axis: int, angle_deg: float) -> FloatArray:
    """(3, 3) right-handed rotation about coordinate axis 0, 1 or 2."""
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    one, two = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[one, one] = matrix[two, two] = cos
    matrix[two, one], matrix[one, two] = sin, -sin
    return matrix


def _length(*parts: AnyArray) -> AnyArray:
    total = parts[0] * parts[0]
    for part in parts[1:]:
        total = total + part * part
    return np.asarray(np.sqrt(total))


@dataclass(frozen=True, slots=True, eq=False)
class Ball:
    """All points within ``radius_mm`` of a centre."""

    center_mm: FloatArray
    radius_mm: float

    def distance_mm(self, points: Points) -> AnyArray:
        """Exact."""
        center = self.center_mm.astype(points[0].dtype)
        return _length(*(points[axis] - center[axis] for axis in range(3))) - self.radius_mm

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        return np.stack([self.center_mm - self.radius_mm, self.center_mm + self.radius_mm])


@dataclass(frozen=True, slots=True, eq=False)
class RoundCone:
    """The hull of two balls: a piece of a vessel or nerve whose radius changes evenly."""

    start_mm: FloatArray
    end_mm: FloatArray
    start_radius_mm: float
    end_radius_mm: float

    def distance_mm(self, points: Points) -> AnyArray:
        """Exact outside (Quilez, distance to a round cone, iquilezles.org/articles/distfunctions)."""
        length = float(np.linalg.norm(self.end_mm - self.start_mm))
        along = unit(self.end_mm - self.start_mm).astype(points[0].dtype)
        start = self.start_mm.astype(points[0].dtype)
        x, y, z = (points[axis] - start[axis] for axis in range(3))
        t = x * along[0] + y * along[1] + z * along[2]
        q = _length(x - t * along[0], y - t * along[1], z - t * along[2])
        sine = float(np.clip((self.start_radius_mm - self.end_radius_mm) / length, -0.999, 0.999))
        cosine = float(np.sqrt(1.0 - sine * sine))
        where = t * cosine - q * sine
        side = q * cosine + t * sine - self.start_radius_mm
        first = _length(q, t) - self.start_radius_mm
        last = _length(q, t - length) - self.end_radius_mm
        return np.where(where < 0, first, np.where(where > cosine * length, last, side))

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        ends = np.stack([self.start_mm, self.end_mm])
        radii = np.array([[self.start_radius_mm], [self.end_radius_mm]])
        return np.stack([(ends - radii).min(axis=0), (ends + radii).max(axis=0)])


@dataclass(frozen=True, slots=True, eq=False)
class RoundedBox:
    """A box with ``half_mm`` (left, posterior, cranial) half sizes, edges rounded by ``rounding_mm``."""

    frame: Frame
    half_mm: tuple[float, float, float]
    rounding_mm: float

    def distance_mm(self, points: Points) -> AnyArray:
        """Exact outside."""
        local = self.frame.local(points)
        excess = [np.abs(local[axis]) - (self.half_mm[axis] - self.rounding_mm) for axis in range(3)]
        outside = _length(*(np.maximum(part, 0) for part in excess))
        inside = np.minimum(np.maximum(np.maximum(excess[0], excess[1]), excess[2]), 0)
        return np.asarray(outside + inside - self.rounding_mm)

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        reach = np.abs(self.frame.axes) @ np.array(self.half_mm)
        return np.stack([self.frame.origin_mm - reach, self.frame.origin_mm + reach])


@dataclass(frozen=True, slots=True, eq=False)
class RoundedColumn:
    """A convex outline pushed along the frame's cranial axis, its wall cut to a profile.

    ``outline_mm`` (m, 2): corners (x, y), grown by ``outline_rounding_mm``. ``profile_mm`` (n, 2): corners
    (d, z) where d is the signed distance to the grown outline and z the height; grown by ``edge_rounding_mm``.
    A profile may narrow the waist by at most the outline's rounding; then the distance is exact outside.
    """

    frame: Frame
    outline_mm: FloatArray
    outline_rounding_mm: float
    profile_mm: FloatArray
    edge_rounding_mm: float

    def distance_mm(self, points: Points) -> AnyArray:
        """Exact outside."""
        x, y, z = self.frame.local(points)
        wall = polygon_distance(x, y, self.outline_mm) - self.outline_rounding_mm
        return np.asarray(polygon_distance(wall, z, self.profile_mm) - self.edge_rounding_mm)

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        grow = self.outline_rounding_mm + self.edge_rounding_mm + max(0.0, float(self.profile_mm[:, 0].max()))
        low = [*(self.outline_mm.min(axis=0) - grow), self.profile_mm[:, 1].min() - self.edge_rounding_mm]
        high = [*(self.outline_mm.max(axis=0) + grow), self.profile_mm[:, 1].max() + self.edge_rounding_mm]
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
        world = self.frame.points(corners)
        return np.stack([world.min(axis=0), world.max(axis=0)])


@dataclass(frozen=True, slots=True, eq=False)
class Ellipsoid:
    """Half axes ``half_mm`` along the frame's left, posterior and cranial."""

    frame: Frame
    half_mm: tuple[float, float, float]

    def distance_mm(self, points: Points) -> AnyArray:
        """First order: exact at the surface, within a tenth at a distance of a tenth of the smallest half axis."""
        local = self.frame.local(points)
        scaled = [local[axis] / self.half_mm[axis] for axis in range(3)]
        steep = [scaled[axis] / self.half_mm[axis] for axis in range(3)]
        size = _length(*scaled)
        return np.asarray(size * (size - 1.0) / np.maximum(_length(*steep), 1e-6))

    @property
    def bounds_mm(self) -> FloatArray:
        """(2, 3)."""
        reach = np.abs(self.frame.axes) @ np.array(self.half_mm)
        return np.stack([self.frame.origin_mm - reach, self.frame.origin_mm + reach])


def polygon_distance(x: AnyArray, y: AnyArray, corners: FloatArray) -> AnyArray:
    """Signed distance to a simple polygon of (m, 2) corners, exact inside and outside."""
    nearest = np.full(x.shape, np.inf, dtype=x.dtype)
    inside = np.zeros(x.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(corners.tolist(), np.roll(corners, -1, axis=0).tolist(), strict=True):
        ex, ey = bx - ax, by - ay
        t = np.clip(((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey), 0.0, 1.0)
        gap_x, gap_y = x - (ax + t * ex), y - (ay + t * ey)
        nearest = np.minimum(nearest, gap_x * gap_x + gap_y * gap_y)
        crosses = (y >= ay) != (y >= by)
        if ey != 0:
            inside ^= crosses & (x < ax + (y - ay) * (ex / ey))
    return np.where(inside, -np.sqrt(nearest), np.sqrt(nearest))


def tube(points_mm: npt.ArrayLike, radii_mm: npt.ArrayLike) -> tuple[RoundCone, ...]:
    """Round cones along (n, 3) points; ``radii_mm`` is (n,) or one number."""
    points = frozen(points_mm)
    radii = np.broadcast_to(np.asarray(radii_mm, dtype=np.float64), (len(points),))
    return tuple(
        RoundCone(a, b, float(r), float(s))
        for a, b, r, s in zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True)
    )


def smooth_path(points_mm: npt.ArrayLike, steps: int = 6) -> FloatArray:
    """Catmull-Rom curve through (n, m) points, ``steps`` pieces between neighbours; works on any column."""
    points = np.asarray(points_mm, dtype=np.float64)
    padded = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    t = np.arange(steps)[:, None] / steps
    pieces = [_catmull_rom(padded[n : n + 4], t) for n in range(len(points) - 1)]
    return np.concatenate([*pieces, points[-1:]])


def _catmull_rom(p: FloatArray, t: FloatArray) -> FloatArray:
    linear, square = p[2] - p[0], 2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]
    cubic = 3 * p[1] - p[0] - 3 * p[2] + p[3]
    return np.asarray(p[1] + 0.5 * (linear * t + square * t**2 + cubic * t**3))


def union_distance(shapes: tuple[Shape, ...], points: Points) -> AnyArray:
    """Signed distance of points to the union; exact outside where each shape is."""
    nearest = shapes[0].distance_mm(points)
    for shape in shapes[1:]:
        nearest = np.minimum(nearest, shape.distance_mm(points))
    return np.asarray(nearest)
