"""How much a place is surrounded by bone: straight looks in many directions, for all voxels at once.

In: a bone mask on a grid of cubic voxels. Out: per voxel the number of directions in which bone is met within reach.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from planner.geometry import BoolArray

Step = tuple[int, int, int]

ALL_AROUND: tuple[Step, ...] = tuple(
    (k, j, i) for k, j, i in itertools.product((-1, 0, 1), repeat=3) if (k, j, i) != (0, 0, 0)
)
"""The 26 directions to neighbouring voxels."""

IN_SLICE: tuple[Step, ...] = tuple(
    (0, j, i) for j, i in itertools.product((-2, -1, 0, 1, 2), repeat=2) if np.gcd(abs(j), abs(i)) == 1
)
"""The 16 directions in the axial plane: rook, bishop and knight."""


def meets(mask: BoolArray, step: Step, reach_voxels: float) -> BoolArray:
    """Whether walking from each voxel along ``step`` meets the mask within ``reach_voxels`` lengths.

    Doubling: what lies within n steps is what lies within n/2 steps, here or n/2 steps on.
    """
    steps = max(1, int(reach_voxels / float(np.linalg.norm(step))))
    met = np.zeros_like(mask)
    _add_shifted(met, mask, step, 1)
    covered = 1
    while covered < steps:
        more = min(covered, steps - covered)
        before, met = met, met.copy()
        _add_shifted(met, before, step, more)
        covered += more
    return met


def directions_met(mask: BoolArray, steps: tuple[Step, ...], reach_voxels: float) -> npt.NDArray[np.uint8]:
    """In how many of the directions each voxel meets the mask."""
    count = np.zeros(mask.shape, dtype=np.uint8)
    for step in steps:
        count += meets(mask, step, reach_voxels)
    return count


def _add_shifted(met: BoolArray, mask: BoolArray, step: Step, times: int) -> None:
    """``met[x] |= mask[x + times * step]``, nothing from beyond the image."""
    here, there = [], []
    for n, s in zip(mask.shape, step, strict=True):
        d = s * times
        if abs(d) >= n:
            return
        here.append(slice(max(0, -d), n - max(0, d)))
        there.append(slice(max(0, d), n - max(0, -d)))
    met[tuple(here)] |= mask[tuple(there)]
