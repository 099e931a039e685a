"""The two planes that show a needle whole on MR: what the technologist sets.

In: entry and target of a path, LPS mm. Out: planes as centre, row and column direction, as Image Orientation (Patient) (0020,0037) gives
them (PS3.3 C.7.6.2.1.1); both contain the needle and stand square to each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.geometry import FloatArray, frozen, unit

_AXES = (
    ("sagittal", np.array([1.0, 0.0, 0.0])),
    ("coronal", np.array([0.0, 1.0, 0.0])),
    ("axial", np.array([0.0, 0.0, 1.0])),
)
_SQUARE_DEG = 0.5
"""Less off a standard plane is that plane."""


@dataclass(frozen=True, slots=True, eq=False)
class ImagingPlane:
    """One plane: its middle is the needle's; rows run along ``row``, columns along ``column``, unit vectors."""

    center_mm: FloatArray
    row: FloatArray
    column: FloatArray

    @property
    def normal(self) -> FloatArray:
        """Across the plane."""
        return np.asarray(np.cross(self.row, self.column))

    @property
    def words(self) -> str:
        """``axial, 12 degrees to sagittal``: the nearest standard plane and how far its normal leans."""
        parts = sorted(((abs(float(self.normal @ axis)), name) for name, axis in _AXES), reverse=True)
        lean_deg = float(np.degrees(np.arccos(min(1.0, parts[0][0]))))
        if lean_deg < _SQUARE_DEG:
            return parts[0][1]
        return f"{parts[0][1]}, {lean_deg:.0f} degrees to {parts[1][1]}"


def planes_along(entry_mm: FloatArray, target_mm: FloatArray) -> tuple[ImagingPlane, ImagingPlane]:
    """The plane nearest to axial, and the one square to it; both hold the whole needle.

    >>> [plane.words for plane in planes_along(np.array([0.0, 100.0, 0.0]), np.array([0.0, 20.0, 0.0]))]
    ['axial', 'sagittal']
    """
    along = unit(np.asarray(target_mm, dtype=np.float64) - entry_mm)
    middle = frozen((np.asarray(entry_mm, dtype=np.float64) + target_mm) / 2.0)
    flattest = _across(along, np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0]))
    square = unit(np.cross(along, flattest))
    return (
        _plane(middle, flattest, np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])),
        _plane(middle, square, np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])),
    )


def _across(along: FloatArray, wished: FloatArray, instead: FloatArray) -> FloatArray:
    """The wished direction less what runs along the needle; ``instead`` where the needle runs along it."""
    rest = wished - (wished @ along) * along
    return unit(rest) if np.linalg.norm(rest) > 1e-6 else unit(instead - (instead @ along) * along)


def _plane(middle: FloatArray, normal: FloatArray, row_wished: FloatArray, column_wished: FloatArray) -> ImagingPlane:
    """Rows and columns as near to the usual ones as the normal allows."""
    row = _across(normal, row_wished, column_wished)
    column = np.cross(normal, row)
    column = column if column @ column_wished >= 0.0 else -column
    return ImagingPlane(middle, frozen(row), frozen(column))
