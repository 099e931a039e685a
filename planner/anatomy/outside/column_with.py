"""The straightened spine with given vertebrae, bodies and discs in the place of our own.

In: our column, the given masks and which vertebra each is. Out: the column that foramina, roots and joints are found from, and
its ``Vertebrae``. A given whole vertebra replaces ours; a given body alone replaces the body, and our arch is shared out from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.anatomy.column import SpineColumn
from planner.anatomy.outside.given import Given, GivenMask
from planner.anatomy.straight import StraightGrid
from planner.anatomy.vertebrae import PartCode, Vertebrae, share_out
from planner.geometry import BoolArray
from planner.structures import Part, SpineLevel, Structure
from planner.volume import nearest

_GIVEN = 0.9
"""Confidence of a given vertebra before the gates."""

_CODES = {
    Part.BODY: PartCode.BODY,
    Part.POSTERIOR: PartCode.POSTERIOR,
    Part.SUPERIOR_ARTICULAR_PROCESS: PartCode.SUPERIOR_ARTICULAR_PROCESS,
    Part.INFERIOR_ARTICULAR_PROCESS: PartCode.INFERIOR_ARTICULAR_PROCESS,
}


@dataclass(frozen=True, slots=True, eq=False)
class _Straight:
    """Given masks on the straight grid: vertebra number + 1, and part code, 0 where none is given."""

    number: npt.NDArray[np.uint8]
    part: npt.NDArray[np.uint8]


def column_with(column: SpineColumn, given: Given, places: dict[int, SpineLevel]) -> tuple[SpineColumn, Vertebrae]:
    """The column and its vertebrae with the given ones in place."""
    brought = _on_straight(column, given, places)
    whole = {n for n, level in places.items() if _is_whole(given, level)}
    column = replace(column, body=_bodies(column, brought, whole), disc=_discs(column, given, places))
    ours = share_out(column)
    number, part = ours.number.copy(), ours.part.copy()
    for n in whole:
        mine = brought.number == n + 1
        number[(number == n + 1) & ~mine] = 0
        number[mine & ~column.canal] = n + 1
    changed = number != ours.number
    part[changed] = np.where(number[changed] > 0, PartCode.POSTERIOR, PartCode.NONE)
    part[(number > 0) & (column.body == number)] = PartCode.BODY
    stated = (brought.part > 0) & (number > 0) & (brought.number == number)
    part[stated] = brought.part[stated]
    disc = np.where(number > 0, 0, column.disc).astype(np.uint8)
    sure = tuple(_GIVEN if n in whole else c for n, c in enumerate(ours.confidence))
    return column, Vertebrae(number, part, disc, sure)


def _is_whole(given: Given, level: SpineLevel) -> bool:
    """More than its body is given."""
    parts = {one.entry.part for one in given.of(Structure.VERTEBRA, level) if one.entry is not None}
    return bool(parts - {Part.BODY})


def _on_straight(column: SpineColumn, given: Given, places: dict[int, SpineLevel]) -> _Straight:
    number = np.zeros(given.geometry.shape, dtype=np.uint8)
    part = np.zeros(given.geometry.shape, dtype=np.uint8)
    for n, level in places.items():
        for one in given.of(Structure.VERTEBRA, level):
            number[one.box][one.mask] = n + 1
            if one.entry is not None and one.entry.part is not None:
                part[one.box][one.mask] = _CODES[one.entry.part]
    for one in given.of(Structure.VERTEBRA):  # parts without a level: bodies of all vertebrae in one mask
        if one.entry is not None and one.entry.level is None and one.entry.part is not None:
            part[one.box][one.mask] = _CODES[one.entry.part]
    straight = _sampled(np.stack([number, part]), column.grid, given)
    return _Straight(straight[0], straight[1])


def _sampled(layers: npt.NDArray[np.uint8], grid: StraightGrid, given: Given) -> npt.NDArray[np.uint8]:
    """Layers (n, k, j, i) on the straight grid, nearest voxel, one plane across the canal after the other."""
    out = np.zeros((len(layers), *grid.shape), dtype=np.uint8)
    v, u = np.meshgrid(np.arange(grid.shape[1]), np.arange(grid.shape[2]), indexing="ij")
    for row in range(grid.shape[0]):
        points = grid.points_mm(np.stack([np.full(v.shape, row), v, u], axis=-1))
        index = given.geometry.indices(points)
        for n, layer in enumerate(layers):
            out[n, row] = nearest(layer, index, 0)
    return out


def _bodies(column: SpineColumn, brought: _Straight, whole: set[int]) -> npt.NDArray[np.uint8]:
    """Our bodies within a given vertebra; a given body itself, numbered by the discs where it has no level."""
    body = column.body.copy()
    for n in whole:
        body[(body == n + 1) & (brought.number != n + 1)] = 0
    stated = (brought.part == PartCode.BODY) & ~column.canal
    if stated.any():
        by_discs = _between_discs(column)
        number = np.where(brought.number > 0, brought.number, by_discs)
        given_numbers = set(np.unique(number[stated]).tolist()) - {0}
        for n in given_numbers:
            body[body == n] = 0
        body[stated] = number[stated]
    return body


def _between_discs(column: SpineColumn) -> npt.NDArray[np.uint8]:
    """Vertebra number + 1 of every voxel, by the disc planes above and below it."""
    s = column.grid.s_mm[:, None, None]
    number = np.zeros(column.grid.shape, dtype=np.uint8)
    for n, one in enumerate(column.bodies):
        number[(s >= one.low_s_mm) & (s < one.high_s_mm)] = n + 1
    return number


def _discs(column: SpineColumn, given: Given, places: dict[int, SpineLevel]) -> npt.NDArray[np.uint8]:
    """Given discs by the vertebra above them; ours elsewhere. Disc n lies below vertebra n + 1."""
    numbered = {level: n for n, level in places.items()}
    layer = np.zeros(given.geometry.shape, dtype=np.uint8)
    for one in given.of(Structure.DISC):
        n = _disc_number(one, numbered)
        if n is not None:
            layer[one.box][one.mask] = n
    if not layer.any():
        return column.disc
    straight = _sampled(layer[None], column.grid, given)[0]
    disc = column.disc.copy()
    for n in set(np.unique(straight).tolist()) - {0}:
        disc[disc == n] = 0
    free: BoolArray = (straight > 0) & ~column.canal & (column.body == 0)
    disc[free] = straight[free]
    return disc


def _disc_number(one: GivenMask, numbered: dict[SpineLevel, int]) -> int | None:
    level = None if one.entry is None else one.entry.level
    place = numbered.get(level) if isinstance(level, SpineLevel) else None
    return place or None
