"""The smallest value of a field along every straight path to one tip.

In: a field on a lattice, a tip, a face of directions, two depths. Out: for each direction the smallest value between them, and
by how much the true one may differ. Depths are mm from the tip, along the face's axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.geometry import AnyArray, FloatArray, IntArray
from planner.sweep.fan import Face, Sight, Swept
from planner.sweep.fields import Lattice


def slack_mm(lattice: Lattice, face: Face) -> tuple[float, FloatArray]:
    """How far a sample may lie from the path [mm], and any point of the path from a sample (rows, columns).

    A distance changes by at most 1 mm per mm. So the true minimum is at most the first above the sweep's (a path that the
    sweep fails by more, fails), and at most the second below it (a path that passes by more, passes).
    """
    spacing = lattice.geometry.spacing_mm
    across = float(np.hypot(*(spacing[list(face.others)] / 2)))
    return across, across + face.norms * spacing[face.axis] / 2


@dataclass(frozen=True, slots=True, eq=False)
class Rising:
    """What is added to a field's values on the way out: for a margin that grows below the skin, the way from the tip is spared.

    ``each_mm`` (rows, columns) is for each mm along the half-axis; ``widened`` makes values of a kind that has room for it, and
    ``rounded`` what is added of that same kind, never more than it was.
    """

    each_mm: FloatArray
    widened: Callable[[AnyArray], AnyArray]
    rounded: Callable[[FloatArray], AnyArray]


AT_ONCE = 1 << 20
"""Bytes of answers swept at once: they stay in the processor's cache; each part fetches the planes' columns anew, so not smaller."""


def sweep_least(
    nothing: AnyArray,
    swept: Swept,
    face: Face,
    tip_mm: FloatArray,
    between_s_mm: tuple[FloatArray, FloatArray],
    rising: Rising | None = None,
) -> AnyArray:
    """Smallest value on the way, for the part of each path between two depths: each (rows, columns), or one for all paths.

    ``nothing`` () is the answer where there is no such part, of the kind of the values; with ``rising`` it may come out larger.
    The planes at both ends are taken generously: one more on each side.
    """
    height = max(AT_ONCE // (face.norms.shape[1] * nothing.dtype.itemsize), 1)
    least = np.empty(face.norms.shape, dtype=nothing.dtype)
    for top in range(0, len(least), height):
        rows = slice(top, top + height)
        start, stop = (limit[rows] if limit.ndim else limit for limit in between_s_mm)
        each = None if rising is None else replace(rising, each_mm=rising.each_mm[rows])
        least[rows] = _least(nothing, swept, replace(face, rows=face.rows[rows]), tip_mm, (start, stop), each)
    return least


def _least(
    nothing: AnyArray,
    swept: Swept,
    face: Face,
    tip_mm: FloatArray,
    between_s_mm: tuple[FloatArray, FloatArray],
    rising: Rising | None,
) -> AnyArray:
    """From the far end inwards: a direction starts at its own last plane, and what rises is added once a plane."""
    start, stop = between_s_mm
    sight, least = Sight.of(swept, face, tip_mm), np.full((len(face.rows), len(face.columns)), nothing)
    step = sight.step_mm
    planes = sight.planes(max(float(start.min()) - step, 0.0), float(stop.max()))
    if not len(planes):
        return least
    first_mm, all_from = float(planes.s_mm[0]), float(start.max())
    added = None if rising is None else rising.rounded(rising.each_mm * step)
    endings, values = _ending(stop, first_mm, step, len(planes)), np.empty_like(least)
    for number in reversed(range(len(planes))):
        met = planes.met(number)
        planes.spread(number, met if rising is None else rising.widened(met), values)
        if added is not None:
            np.add(least, added, out=least)
        if len(endings[number]):
            least.reshape(-1)[endings[number]] = nothing
        if all_from <= planes.s_mm[number]:
            np.minimum(least, values, out=least)
        else:
            np.minimum(least, values, out=least, where=planes.s_mm[number] >= start - step)
    return least if rising is None else least + rising.rounded(rising.each_mm * first_mm)


def _ending(stop: FloatArray, first_mm: float, step: float, count: int) -> list[IntArray]:
    """For each plane the directions (flat indices) that end there; none at the last, where a sweep starts anyway."""
    last = count - 1
    if stop.min() >= first_mm + last * step - 1e-6:
        return [np.empty(0, dtype=np.intp)] * count
    numbers = np.clip(np.floor((stop.reshape(-1) - first_mm) / step + 1e-9), -1, last).astype(np.int16)
    by_number = np.argsort(numbers, kind="stable")
    return [*np.split(by_number, np.searchsorted(numbers[by_number], np.arange(count)))[1:-1], by_number[:0]]
