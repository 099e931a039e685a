"""Spine coordinates: s along the canal (cranial), u to the patient's left, v to anterior.

In: a smooth centreline with a left and an anterior direction at each point. Out: points and images
taken from patient space to the straightened spine and back. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from planner.geometry import FloatArray, frozen, unit

Coordinates: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
"""x, y and z of many points, each an array of its own."""

_LEAST_SLOPE, _MOST_SLOPE = 0.2, 2.0
"""Of how fast a point's height over the plane across the canal falls along the canal: 1 on the canal, less on the inside of a
bend, more on its outside."""


@dataclass(frozen=True, slots=True, eq=False)
class SpineFrame:
    """A frame that travels along the canal, sampled at ``s_mm`` (n,), caudal to cranial.

    ``centres_mm``, ``left``, ``anterior``, ``cranial`` are (n, 3); the three directions are orthonormal at each sample.
    """

    s_mm: FloatArray
    centres_mm: FloatArray
    left: FloatArray
    anterior: FloatArray
    cranial: FloatArray

    @classmethod
    def along(
        cls, centres_mm: npt.ArrayLike, rotation_deg: npt.ArrayLike | float = 0.0, calm_mm: float = 0.0
    ) -> SpineFrame:
        """Frame along (n, 3) points, caudal to cranial.

        ``rotation_deg`` (n,) or one number is the axial rotation of the vertebrae: positive turns anterior to the
        patient's left. At 0, left is the patient's left made perpendicular to the canal. ``calm_mm`` is the standard
        deviation over which directions, not centres, are averaged: where a tracked line wavers by a millimetre its planes
        would cross in the bodies, and a point there have several places in the spine.
        """
        centres = frozen(centres_mm)
        steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
        cranial = unit(np.gradient(centres, axis=0))
        if calm_mm > 0.0:
            cranial = unit(_averaged(cranial, calm_mm / float(steps.mean())))
        across = unit(np.array([1.0, 0.0, 0.0]) - cranial[:, :1] * cranial)
        forward = np.cross(cranial, across) * -1.0
        angle = np.radians(np.broadcast_to(np.asarray(rotation_deg, dtype=np.float64), (len(centres),)))
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        return cls(
            frozen(np.concatenate([[0.0], np.cumsum(steps)])),
            centres,
            frozen(cos * across - sin * forward),
            frozen(cos * forward + sin * across),
            frozen(cranial),
        )

    def at(self, s_mm: npt.ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Centre, left, anterior and cranial (..., 3) at arc length s; straight on beyond both ends."""
        s = np.asarray(s_mm, dtype=np.float64)
        inside = np.clip(s, self.s_mm[0], self.s_mm[-1])
        axes = self.centres_mm, self.left, self.anterior, self.cranial
        centre, left, anterior, cranial = (np.stack(rows, axis=-1) for rows in _interpolated(inside, self.s_mm, *axes))
        cranial = unit(cranial)
        return centre + (s - inside)[..., None] * cranial, unit(left), unit(anterior), cranial

    def to_lps(self, suv_mm: npt.ArrayLike) -> FloatArray:
        """(..., 3) spine coordinates (s, u, v) to LPS mm."""
        suv = np.asarray(suv_mm, dtype=np.float64)
        centre, left, anterior, _ = self.at(suv[..., 0])
        return centre + suv[..., 1:2] * left + suv[..., 2:3] * anterior

    def from_lps(self, points_mm: npt.ArrayLike, rounds: int = 8) -> FloatArray:
        """(..., 3) LPS mm to spine coordinates (s, u, v).

        s is where the point lies in the plane across the canal; found by walking along the canal, with the slope of the last
        two steps. Points further from the canal than its radius of curvature have no unique answer; the spine's is above
        100 mm but at the lumbosacral angle.
        """
        points = np.asarray(points_mm, dtype=np.float64)
        s = np.interp(points[..., 2], *self._z_order())
        moved, slope = np.zeros_like(s), np.ones_like(s)
        x, y, z = (points[..., axis].copy() for axis in range(3))
        gap_before = np.zeros_like(s)
        for turn in range(rounds):
            gap = self._above_plane((x, y, z), s)
            if turn:
                told = np.abs(moved) > 1e-6
                slope = np.where(told, (gap_before - gap) / np.where(told, moved, 1.0), slope)
            moved, gap_before = gap / np.clip(slope, _LEAST_SLOPE, _MOST_SLOPE), gap
            s = s + moved
        centre, left, anterior, _ = self.at(s)
        offset = points - centre
        return np.stack([s, np.sum(offset * left, axis=-1), np.sum(offset * anterior, axis=-1)], axis=-1)

    def _above_plane(self, points: Coordinates, s: FloatArray) -> FloatArray:
        """(...,) how far each point (x, y, z) lies above the plane across the canal at s [mm]."""
        inside = np.clip(s, self.s_mm[0], self.s_mm[-1])
        centre, cranial = _interpolated(inside, self.s_mm, self.centres_mm, self.cranial)
        length = np.sqrt(cranial[0] ** 2 + cranial[1] ** 2 + cranial[2] ** 2)
        length = np.where(length > 0.0, length, 1.0)
        gap, beyond = np.zeros_like(s), s - inside
        for own, middle, along in zip(points, centre, cranial, strict=True):
            upward = along / length
            gap += (own - (middle + beyond * upward)) * upward
        return gap

    def _z_order(self) -> tuple[FloatArray, FloatArray]:
        order = np.argsort(self.centres_mm[:, 2], kind="stable")
        return self.centres_mm[order, 2], self.s_mm[order]


def _interpolated(at: FloatArray, s_mm: FloatArray, *tables: FloatArray) -> list[Coordinates]:
    """x, y and z (...,) of each table (n, 3), linear between its rows, as ``np.interp``; the place is looked up once for all."""
    row = np.searchsorted(s_mm, at, side="right") - 1
    past = at - s_mm[row]
    between = np.diff(s_mm)
    found = []
    for table in tables:
        slope = np.append(np.diff(table, axis=0) / between[:, None], np.zeros((1, 3)), axis=0)
        x, y, z = (np.take(slope[:, axis], row) * past + np.take(table[:, axis], row) for axis in range(3))
        found.append((x, y, z))
    return found


def _averaged(rows: FloatArray, sigma: float) -> FloatArray:
    """(n, 3) Gaussian means along the rows; beyond the ends a straight bend goes on as it was."""
    half = min(int(np.ceil(3.0 * sigma)), len(rows) - 1)
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    padded = np.pad(rows, ((half, half), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T], axis=1)
