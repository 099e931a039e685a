"""Masks grown by a ball: copies of the mask moved along each line of the ball, far faster than a kernel's walk.

In: (k, j, i) masks. Out: what lies within a radius of them. The cost grows with the ball's cross-section, that of a
distance map does not: ``is_small`` says which is cheaper.
"""

from __future__ import annotations

import itertools

import numpy as np

from planner.geometry import BoolArray, FloatArray

_MOST_LINES = 300
"""As many moved copies of a mask cost about as much as its distance map."""

_TIE = 1e-6
"""Relative; a voxel exactly on the ball belongs to it, whatever the spacing was rounded to."""


def is_small(radius_mm: float, spacing_mm: FloatArray) -> bool:
    """The ball has few enough lines along i."""
    return bool(np.pi * radius_mm**2 / (spacing_mm[0] * spacing_mm[1]) <= _MOST_LINES)


def grown(mask: BoolArray, radius_mm: float, spacing_mm: FloatArray) -> BoolArray:
    """The mask and all voxels whose centre lies within ``radius_mm`` of one of its own."""
    largest = radius_mm**2 * (1.0 + _TIE)
    reach = [int(np.sqrt(largest) / mm) for mm in spacing_mm]
    lines = _lines(mask, reach[2])
    result = lines[reach[2]].copy()
    for k, j in itertools.product(*(range(-n, n + 1) for n in reach[:2])):
        left = largest - (k * spacing_mm[0]) ** 2 - (j * spacing_mm[1]) ** 2
        if left >= 0.0 and (k, j) != (0, 0):
            _move_into(result, lines[int(np.sqrt(left) / spacing_mm[2])], (k, j, 0))
    return result


def _lines(mask: BoolArray, longest: int) -> list[BoolArray]:
    """The mask grown by 0, 1, 2 ... voxels along i."""
    lines = [mask]
    for n in range(1, longest + 1):
        line = lines[-1].copy()
        _move_into(line, mask, (0, 0, n))
        _move_into(line, mask, (0, 0, -n))
        lines.append(line)
    return lines


def _move_into(target: BoolArray, mask: BoolArray, step: tuple[int, int, int]) -> None:
    """Add the mask, moved by ``step`` voxels, to ``target`` in place."""
    if all(abs(d) < n for n, d in zip(mask.shape, step, strict=True)):
        here = tuple(slice(max(0, d), n - max(0, -d)) for n, d in zip(mask.shape, step, strict=True))
        there = tuple(slice(max(0, -d), n - max(0, d)) for n, d in zip(mask.shape, step, strict=True))
        target[here] |= mask[there]


def rim(mask: BoolArray) -> BoolArray:
    """The mask's voxels that touch an outside voxel by face, edge or corner; the array's edge is no outside."""
    beside = ~mask
    for axis in range(3):
        both = beside.copy()
        for way in (-1, 1):
            step = [0, 0, 0]
            step[axis] = way
            _move_into(both, beside, (step[0], step[1], step[2]))
        beside = both
    return beside & mask
