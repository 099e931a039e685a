"""Closed contours found by dynamic programming: around a vertebral body, around a foramen.

In: values sampled along rays from a centre, (n, n_angles, n_radii). Out: one closed contour for each of the n planes.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import FloatArray, IntArray


def outward_drop(rays: FloatArray, reach: int) -> FloatArray:
    """Mean of the ``reach`` samples inside each radius less that of the ``reach`` samples outside it."""
    padded = np.pad(rays, ((0, 0), (0, 0), (reach, reach)), mode="edge")
    total = np.cumsum(np.pad(padded, ((0, 0), (0, 0), (1, 0))), axis=2)
    mean = (total[..., reach:] - total[..., :-reach]) / reach  # (n, n_angles, n_radii + reach + 1)
    count = rays.shape[2]
    drop: FloatArray = mean[..., :count] - mean[..., reach + 1 : reach + 1 + count]
    return drop


def cheapest_ring(cost: FloatArray, steepest: int = 2, bend: float = 0.15) -> IntArray:
    """(n, n_angles) index of the radius on the cheapest closed contour through ``cost``.

    Neighbouring radii differ by at most ``steepest`` steps; m steps cost ``bend`` m^2. The ring is closed by going
    around twice and a half and keeping a turn in the middle.
    """
    n, angles, radii = cost.shape
    turn = 2 * angles + angles // 2
    moves = np.arange(-steepest, steepest + 1)
    edged = np.full((n, radii + 2 * steepest), np.inf)
    total = edged[:, steepest : steepest + radii]
    total[:] = 0.0
    options = np.empty((len(moves), n, radii))
    came = np.empty((turn, n, radii), dtype=np.int8)
    for step in range(turn):
        for place, m in enumerate(moves):
            np.add(edged[:, place : place + radii], bend * m * m, out=options[place])
        came[step] = moves[options.argmin(axis=0)]
        np.add(options.min(axis=0), cost[:, step % angles], out=total)
    return _traced(came, total.argmin(axis=1), angles)


def _traced(came: np.ndarray[tuple[int, ...], np.dtype[np.int8]], last: IntArray, angles: int) -> IntArray:
    ring = np.empty((len(last), angles), dtype=np.intp)
    rows = np.arange(len(last))
    at = last
    for step in range(len(came) - 1, angles - 1, -1):
        if step < 2 * angles:
            ring[:, step % angles] = at
        at = at + came[step, rows, at]
    return ring


def weighted_median(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Median along the first axis, each value counted by its weight."""
    order = np.argsort(values, axis=0)
    share = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0)
    at = (share >= share[-1:] / 2.0).argmax(axis=0)
    median: FloatArray = np.take_along_axis(np.take_along_axis(values, order, axis=0), at[None], axis=0)[0]
    return median


def running_median(values: FloatArray, width: int) -> FloatArray:
    """Median over ``width`` neighbours along the first axis, ends repeated."""
    padded = np.pad(values, ((width // 2, width // 2), *[(0, 0)] * (values.ndim - 1)), mode="edge")
    median: FloatArray = np.median(np.stack([padded[n : n + len(values)] for n in range(width)]), axis=0)
    return median
