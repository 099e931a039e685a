"""How far the skin entry may be off, when the needle is aimed at the same tip again.

In: one tip's directions that keep the limits, and where each enters. Out: millimetres on the skin, beside the angle of
``robustness.py``.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import BoolArray, FloatArray, unit
from planner.hand.robustness import beside
from planner.sweep.fan import Face

_ROWS_AT_ONCE = 2048


def last_kept_entries_mm(
    tip_mm: FloatArray, faces: tuple[Face, ...], kept: tuple[BoolArray, ...], depths_mm: tuple[FloatArray, ...]
) -> FloatArray:
    """(m, 3) entries of the kept directions that border a broken one; at a seam of two faces of the broken ones themselves."""
    found = []
    for face, keep, depth in zip(faces, kept, depths_mm, strict=True):
        last = np.where(keep, beside(~keep), face.at_seam)
        found.append(tip_mm + unit(face.lps[last]) * depth[last][:, None])
    return np.concatenate(found)


def entry_tolerance_mm(entries_mm: FloatArray, last_kept_mm: FloatArray) -> FloatArray:
    """(n,) distance over the skin, in a straight line, by which each entry may move in any direction [mm].

    The limit breaks beyond the last kept direction: what is returned is smaller than the truth by up to one step of the
    directions on the skin.
    """
    if not len(last_kept_mm):
        return np.zeros(len(entries_mm))
    pieces = [
        np.linalg.norm(entries_mm[start : start + _ROWS_AT_ONCE, None] - last_kept_mm[None], axis=-1).min(axis=1)
        for start in range(0, len(entries_mm), _ROWS_AT_ONCE)
    ]
    return np.concatenate(pieces) if pieces else np.empty(0)
