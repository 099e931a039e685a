"""How far a path may be off before it breaks a limit.

In: one tip's directions that keep the limits, and those around them that break one. Out: angles [degrees].
"""

from __future__ import annotations

import numpy as np

from planner.geometry import BoolArray, FloatArray, unit
from planner.sweep.fan import Face

_ROWS_AT_ONCE = 2048


def broken_border(faces: tuple[Face, ...], kept: tuple[BoolArray, ...]) -> FloatArray:
    """(m, 3) outward unit vectors of the broken directions that border kept ones, and those at a seam of two faces."""
    return np.concatenate(
        [unit(face.lps[(beside(keep) | face.at_seam) & ~keep]) for face, keep in zip(faces, kept, strict=True)]
    )


def beside(chosen: BoolArray) -> BoolArray:
    """(rows, columns) directions of one face with a chosen one before, behind, above or below them."""
    found = np.zeros_like(chosen)
    found[1:] |= chosen[:-1]
    found[:-1] |= chosen[1:]
    found[:, 1:] |= chosen[:, :-1]
    found[:, :-1] |= chosen[:, 1:]
    return found


def tolerance_deg(outward: FloatArray, border: FloatArray, step: float) -> FloatArray:
    """(n,) angle by which each direction may turn about the tip, in any plane [degrees].

    ``step`` is the spacing of the directions as a tangent: one step is taken off, since the border lies between the last
    kept and the first broken direction.
    """
    if not len(border):
        return np.full(len(outward), 90.0)
    nearest = np.concatenate(
        [
            np.max(outward[start : start + _ROWS_AT_ONCE] @ border.T, axis=1)
            for start in range(0, len(outward), _ROWS_AT_ONCE)
        ]
        or [np.empty(0)]
    )
    angle = np.degrees(np.arccos(np.clip(nearest, -1.0, 1.0)))
    forgiven: FloatArray = np.maximum(angle - np.degrees(np.arctan(step)), 0.0)
    return forgiven
