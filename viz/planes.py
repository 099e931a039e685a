"""Which way a picture looks: planes in patient space and the letters at their edges.

In: how the patient lies, a point, a needle. Out: planes with a right and an up direction in LPS.
An axial picture is as at the console: ceiling up, seen from the feet, never mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.geometry import FloatArray, frozen, unit
from planner.structures import Pose

_FEET = np.array([0.0, 0.0, -1.0])
_HEAD = np.array([0.0, 0.0, 1.0])
_CEILING = {
    Pose.SUPINE: np.array([0.0, -1.0, 0.0]),
    Pose.PRONE: np.array([0.0, 1.0, 0.0]),
    Pose.LEFT_SIDE: np.array([-1.0, 0.0, 0.0]),
    Pose.RIGHT_SIDE: np.array([1.0, 0.0, 0.0]),
    Pose.UNKNOWN: np.array([0.0, -1.0, 0.0]),
}
_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))

_SEEN_SHARE = np.sin(np.radians(20.0))
"""A direction is named in a composite letter where it is over 20 degrees off the picture's axis."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A rectangle in patient space: ``right`` and ``up`` are unit LPS vectors as the viewer sees them."""

    name: str
    center_mm: FloatArray
    right: FloatArray
    up: FloatArray
    width_mm: float
    height_mm: float

    @property
    def toward_viewer(self) -> FloatArray:
        """Unit normal, out of the picture."""
        (a, b, c), (d, e, f) = self.right.tolist(), self.up.tolist()
        return np.array([b * f - c * e, c * d - a * f, a * e - b * d])

    def in_plane_mm(self, points_mm: FloatArray) -> FloatArray:
        """(..., 3) LPS to (right, up, toward the viewer) from the centre."""
        return (np.asarray(points_mm) - self.center_mm) @ np.stack([self.right, self.up, self.toward_viewer], axis=1)

    def grid_mm(self, pixel_mm: float) -> FloatArray:
        """(rows, columns, 3) LPS of the pixel centres, top row first."""
        columns = max(1, round(self.width_mm / pixel_mm))
        rows = max(1, round(self.height_mm / pixel_mm))
        across = (np.arange(columns) + 0.5) * pixel_mm - columns * pixel_mm / 2
        down = rows * pixel_mm / 2 - (np.arange(rows) + 0.5) * pixel_mm
        return self.center_mm + down[:, None, None] * self.up + across[None, :, None] * self.right

    @property
    def letters(self) -> tuple[str, str, str, str]:
        """What lies at the left, right, top and bottom edge."""
        return (
            direction_letters(-self.right),
            direction_letters(self.right),
            direction_letters(self.up),
            direction_letters(-self.up),
        )


def direction_letters(direction: FloatArray) -> str:
    """The patient's side a direction points to, the strongest first.

    >>> direction_letters(np.array([1.0, 0.0, 0.0]))
    'L'
    >>> direction_letters(unit([-1.0, -0.6, 0.0]))
    'RA'
    """
    order = np.argsort(-np.abs(direction), kind="stable")
    return "".join(
        _LETTERS[axis][0 if direction[axis] > 0 else 1] for axis in order if abs(direction[axis]) > _SEEN_SHARE
    )


def axial(center_mm: FloatArray, pose: Pose, size_mm: float) -> Plane:
    """The axial plane through a point: ceiling up, seen from the feet."""
    up = _CEILING[pose]
    return Plane("axial", frozen(center_mm), frozen(np.cross(up, _FEET)), frozen(up), size_mm, size_mm)


def sagittal(center_mm: FloatArray, size_mm: float) -> Plane:
    """The sagittal plane through a point: head up, anterior to the viewer's left."""
    return Plane("sagittal", frozen(center_mm), frozen([0.0, 1.0, 0.0]), frozen(_HEAD), size_mm, size_mm)


def coronal(center_mm: FloatArray, size_mm: float) -> Plane:
    """The coronal plane through a point: head up, the patient's left to the viewer's right."""
    return Plane("coronal", frozen(center_mm), frozen([1.0, 0.0, 0.0]), frozen(_HEAD), size_mm, size_mm)


def needle_plane(entry_mm: FloatArray, target_mm: FloatArray, size_mm: float) -> Plane:
    """The plane that holds the needle and the patient's long axis: head up, entry to the viewer's right.

    A needle along the long axis has no such plane; the sagittal one through the target stands in.
    """
    direction = unit(np.asarray(target_mm) - np.asarray(entry_mm))
    level = direction - direction[2] * _HEAD
    if np.linalg.norm(level) < 0.05:
        return sagittal(target_mm, size_mm)
    middle = (np.asarray(entry_mm) + np.asarray(target_mm)) / 2
    return Plane("needle plane", frozen(middle), frozen(-unit(level)), frozen(_HEAD), size_mm, size_mm)


def down_the_needle(entry_mm: FloatArray, target_mm: FloatArray, size_mm: float) -> Plane:
    """The plane across the needle at its tip, seen from the hub: head up."""
    direction = unit(np.asarray(target_mm) - np.asarray(entry_mm))
    up = unit(_HEAD - direction[2] * direction)
    return Plane("down the needle", frozen(target_mm), frozen(np.cross(up, -direction)), frozen(up), size_mm, size_mm)
