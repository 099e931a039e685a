"""Places on the skin where no needle enters: a scar, a wound, a drawn region.

In: entries, (n, 3) LPS mm. Out: distance to each region [mm], negative inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from planner.errors import GeometryError
from planner.geometry import BoolArray, FloatArray, frozen

OUTLINE_DEPTH_MM = 30.0
"""An outline binds entries within this of its plane: skin that faces elsewhere is not meant; assumed."""


class KeepOut(Protocol):
    """A region of skin."""

    @property
    def why(self) -> str:
        """As a person called it: *scar*, *wound*."""

    def distance_mm(self, points_mm: FloatArray) -> FloatArray:
        """(n,) distance of points to the region, negative inside."""


@dataclass(frozen=True, slots=True, eq=False)
class Ball:
    """Everything within a radius of a point."""

    why: str
    centre_mm: FloatArray
    radius_mm: float

    def distance_mm(self, points_mm: FloatArray) -> FloatArray:
        """(n,) distance to the ball's surface."""
        distance: FloatArray = np.linalg.norm(points_mm - self.centre_mm, axis=-1) - self.radius_mm
        return distance


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """What lies inside a closed line of (m, 3) points drawn on the skin, seen across the line's own plane."""

    why: str
    corners_mm: FloatArray

    def __post_init__(self) -> None:
        corners = frozen(self.corners_mm)
        if corners.ndim != 2 or corners.shape[1:] != (3,) or len(corners) < 3:
            raise GeometryError(f"an outline is {corners.shape}; at least three points (m, 3) are needed")
        object.__setattr__(self, "corners_mm", corners)

    def distance_mm(self, points_mm: FloatArray) -> FloatArray:
        """(n,) distance to the line across its plane; unlimited for points far off the plane."""
        centre = self.corners_mm.mean(axis=0)
        axes = np.linalg.svd(self.corners_mm - centre)[2]
        flat, off = (points_mm - centre) @ axes[:2].T, (points_mm - centre) @ axes[2]
        corners = (self.corners_mm - centre) @ axes[:2].T
        border = _to_line(flat, corners)
        signed: FloatArray = np.where(_is_inside(flat, corners), -border, border)
        return np.where(np.abs(off) <= OUTLINE_DEPTH_MM, signed, np.inf)


def _to_line(points: FloatArray, corners: FloatArray) -> FloatArray:
    """(n,) distance of points to a closed line, in its plane."""
    start, along = corners, np.roll(corners, -1, axis=0) - corners
    offset = points[:, None] - start[None]
    share = np.clip((offset * along).sum(axis=-1) / np.maximum((along * along).sum(axis=-1), 1e-12), 0.0, 1.0)
    distance: FloatArray = np.linalg.norm(offset - share[..., None] * along, axis=-1).min(axis=1)
    return distance


def _is_inside(points: FloatArray, corners: FloatArray) -> BoolArray:
    """(n,) whether a half-line from each point crosses the closed line an odd number of times."""
    x, y = points[:, :1], points[:, 1:]
    after = np.roll(corners, -1, axis=0)
    spans = (corners[:, 1] > y) != (after[:, 1] > y)
    height = np.where(after[:, 1] == corners[:, 1], 1.0, after[:, 1] - corners[:, 1])
    crossing = corners[:, 0] + (y - corners[:, 1]) / height * (after[:, 0] - corners[:, 0])
    return np.asarray((spans & (x < crossing)).sum(axis=1) % 2 == 1)
