"""Rigid motions: a turn and a shift that take points of one scan to points of another.

In: LPS mm of one patient space. Out: LPS mm of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.errors import GeometryError
from planner.geometry import FloatArray, frozen

_STIFF = 1e-6
"""How far a turn's matrix may be from orthonormal."""


@dataclass(frozen=True, slots=True, eq=False)
class RigidMotion:
    """``p -> rotation p + shift_mm``; ``rotation`` is (3, 3) without a mirror, ``shift_mm`` (3,)."""

    rotation: FloatArray
    shift_mm: FloatArray

    def __post_init__(self) -> None:
        rotation, shift_mm = frozen(self.rotation), frozen(self.shift_mm)
        if rotation.shape != (3, 3) or shift_mm.shape != (3,) or not np.isfinite(shift_mm).all():
            raise GeometryError(
                f"a motion needs a (3, 3) rotation and a finite (3,) shift, not {rotation.shape}, {shift_mm.shape}"
            )
        if np.abs(rotation @ rotation.T - np.eye(3)).max() > _STIFF or np.linalg.det(rotation) < 0:
            raise GeometryError("a motion's rotation must be orthonormal, and no mirror")
        object.__setattr__(self, "rotation", rotation)
        object.__setattr__(self, "shift_mm", shift_mm)

    @classmethod
    def still(cls) -> RigidMotion:
        """Nothing moves."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def about(cls, center_mm: npt.ArrayLike, turn_deg: npt.ArrayLike, shift_mm: npt.ArrayLike) -> RigidMotion:
        """Turned about axes through ``center_mm`` (the patient's left, then posterior, then cranial), then shifted.

        >>> RigidMotion.about([0, 0, 0], [0, 0, 90], [0, 0, 1]).of([1.0, 0, 0]).round(9).tolist()
        [0.0, 1.0, 1.0]
        """
        rotation = np.eye(3)
        for axis, angle in enumerate(np.radians(np.asarray(turn_deg, dtype=np.float64))):
            turn = np.eye(3)
            a, b = (axis + 1) % 3, (axis + 2) % 3
            turn[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
            rotation = turn @ rotation
        center = np.asarray(center_mm, dtype=np.float64)
        return cls(rotation, center - rotation @ center + np.asarray(shift_mm, dtype=np.float64))

    @classmethod
    def between(cls, here_mm: FloatArray, there_mm: FloatArray) -> RigidMotion:
        """The motion that takes (n, 3) points nearest to n others, by least squares (Kabsch 1976, doi:10.1107/S0567739476001873).

        Raises
        ------
        GeometryError
            Where fewer than three points, or points on one line, leave a turn open.
        """
        here, there = here_mm - here_mm.mean(axis=0), there_mm - there_mm.mean(axis=0)
        left, spread, right = np.linalg.svd(here.T @ there)
        if len(here) < 3 or spread[1] < 1e-3 * spread[0]:
            raise GeometryError(f"{len(here)} points leave a turn open; three that lie on no line are needed")
        mirror = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
        rotation = (left @ mirror @ right).T
        return cls(rotation, there_mm.mean(axis=0) - rotation @ here_mm.mean(axis=0))

    def of(self, points_mm: npt.ArrayLike) -> FloatArray:
        """(..., 3) points of one scan in the other."""
        moved: FloatArray = np.asarray(points_mm, dtype=np.float64) @ self.rotation.T + self.shift_mm
        return moved

    def then(self, after: RigidMotion) -> RigidMotion:
        """First by this one, then by another."""
        return RigidMotion(after.rotation @ self.rotation, after.of(self.shift_mm))

    @property
    def inverse(self) -> RigidMotion:
        """The way back."""
        return RigidMotion(self.rotation.T, -self.rotation.T @ self.shift_mm)

    @property
    def turn_deg(self) -> float:
        """How far it turns, about whatever axis [degrees, 0 to 180]."""
        return float(np.degrees(np.arccos(np.clip((np.trace(self.rotation) - 1.0) / 2.0, -1.0, 1.0))))
