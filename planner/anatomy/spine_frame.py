"""Spine coordinates: s along the canal (cranial), u to the patient's left, v to anterior.

In: a smooth centreline with a left and an anterior direction at each point. Out: points and images
taken from patient space to the straightened spine and back. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.geometry import FloatArray, frozen, unit


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
    def along(cls, centres_mm: npt.ArrayLike, rotation_deg: npt.ArrayLike | float = 0.0) -> SpineFrame:
        """Frame along (n, 3) points, caudal to cranial.

        ``rotation_deg`` (n,) or one number is the axial rotation of the vertebrae: positive turns anterior to the
        patient's left. At 0, left is the patient's left made perpendicular to the canal.
        """
        centres = frozen(centres_mm)
        steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
        cranial = unit(np.gradient(centres, axis=0))
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
        centre, left, anterior, cranial = (
            np.stack([np.interp(inside, self.s_mm, rows[:, axis]) for axis in range(3)], axis=-1)
            for rows in (self.centres_mm, self.left, self.anterior, self.cranial)
        )
        cranial = unit(cranial)
        return centre + (s - inside)[..., None] * cranial, unit(left), unit(anterior), cranial

    def to_lps(self, suv_mm: npt.ArrayLike) -> FloatArray:
        """(..., 3) spine coordinates (s, u, v) to LPS mm."""
        suv = np.asarray(suv_mm, dtype=np.float64)
        centre, left, anterior, _ = self.at(suv[..., 0])
        return centre + suv[..., 1:2] * left + suv[..., 2:3] * anterior

    def from_lps(self, points_mm: npt.ArrayLike, rounds: int = 8) -> FloatArray:
        """(..., 3) LPS mm to spine coordinates (s, u, v).

        s is where the point lies in the plane across the canal; found by walking along the canal. Points further from
        the canal than its radius of curvature have no unique answer; the spine's is above 100 mm.
        """
        points = np.asarray(points_mm, dtype=np.float64)
        s = np.interp(points[..., 2], *self._z_order())
        for _ in range(rounds):
            centre, _, _, cranial = self.at(s)
            s = s + np.sum((points - centre) * cranial, axis=-1)
        centre, left, anterior, _ = self.at(s)
        offset = points - centre
        return np.stack([s, np.sum(offset * left, axis=-1), np.sum(offset * anterior, axis=-1)], axis=-1)

    def _z_order(self) -> tuple[FloatArray, FloatArray]:
        order = np.argsort(self.centres_mm[:, 2], kind="stable")
        return self.centres_mm[order, 2], self.s_mm[order]
