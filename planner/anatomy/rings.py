"""Closed contours found by dynamic programming: around a vertebral body, around a foramen.

In: values sampled along rays from a centre, (n, n_angles, n_radii). Out: one closed contour for each of the n planes.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import FloatArray, IntArray

_FIRST_ASPECT, _NARROWEST_ASPECT, _BROADEST_ASPECT = 1.25, 0.95, 1.6
"""Breadth by depth of a body: 1.0 at T6 to 1.5 at L5 (Panjabi 1991 and 1992); the first between, until it is measured."""

_ROUND_FRONT, _SQUARE_BACK = 2.2, 4.0
"""Exponents of the superellipse that a body's cross-section resembles: round in front (2 is an ellipse), with a flat back and two
corners behind, which the pedicles spring from and where no edge is seen (assumed)."""


def usual_section(angles: FloatArray, breadth_mm: float, depth_mm: float) -> FloatArray:
    """(n_angles,) radius of a body's usual cross-section of that shape, about 1; angle 0 in front. 0 mm: not known yet."""
    aspect = breadth_mm / depth_mm if depth_mm > 0.0 else _FIRST_ASPECT
    half = np.sqrt(np.clip(aspect, _NARROWEST_ASPECT, _BROADEST_ASPECT))
    power = np.where(np.cos(angles) > 0.0, _ROUND_FRONT, _SQUARE_BACK)
    sides = np.abs(np.sin(angles) / half) ** power + np.abs(np.cos(angles) * half) ** power
    return np.asarray(sides ** (-1.0 / power))


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
