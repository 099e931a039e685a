"""Discs and names from given vertebrae: the planes half-way between neighbours, and what the source calls them.

In: named vertebra masks, the canal, and the discs our own stage saw. Out: ``DiscLevel`` values caudal to cranial, and which
vertebra of the column each given one is. Beyond the given vertebrae our own discs are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner.anatomy.outside.given import Given
from planner.anatomy.stages import CanalTrack, DiscLevel
from planner.geometry import FloatArray, frozen, unit
from planner.structures import LevelName, Part, SpineLevel, Structure

_ASIDE_MM = 12.0
"""To both sides of the middle: the disc's own width, without transverse processes and ribs."""

_DEPTH_MM = (3.0, 26.0)
"""Behind the body's back wall forward, as for our own discs."""

_LEAST_BODY_ML = 1.0
"""Of a body: less is a speck or the last slice of a vertebra that the scan's end cuts, and says nothing of a place (a C5 body has 5 mL; assumed)."""

_CELL_MM = 3.0
_LEAST_CELLS = 12
_TALLEST_MM = 22.0
"""Between two bodies' end-plates; more, and a vertebra between them is missing (a lumbar disc is at most 17 mm high)."""

_NEAR_MM = 14.0
"""A disc of ours this close to a given vertebra's own span says nothing new: the smallest thoracic level is 17 mm high."""

_EXTRA = (SpineLevel.T13, SpineLevel.L6)
_CONFIDENCE = 0.9
_S1_MM = 30.0
"""Height of S1 (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class GivenVertebra:
    """One given vertebra in spine coordinates: (n, 3) its body's voxels (s, u, v), and its middle."""

    level: SpineLevel
    suv_mm: FloatArray
    s_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The discs, and the given vertebrae by their place in the column (vertebra n lies above disc n - 1)."""

    discs: tuple[DiscLevel, ...]
    places: dict[int, SpineLevel]
    said: tuple[str, ...] = ()
    miscounted: tuple[str, ...] = ()
    """Where the names skip or repeat a vertebra that the places do not: no name is sure then."""


def given_vertebrae(given: Given, canal: CanalTrack) -> tuple[GivenVertebra, ...]:
    """The named vertebrae whose bodies are seen, caudal to cranial by place."""
    found = [_vertebra(given, level, canal) for level in given.levels]
    if given.levels and given.levels[-1] in (SpineLevel.L5, SpineLevel.L6):
        found.append(_first_sacral(given, canal))
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.s_mm))


def _vertebra(given: Given, level: SpineLevel, canal: CanalTrack) -> GivenVertebra | None:
    masks = given.of(Structure.VERTEBRA, level)
    bodies = tuple(one for one in masks if one.entry is not None and one.entry.part is Part.BODY)
    mask = given.drawn(bodies or masks)
    points = given.geometry.points_mm(np.argwhere(mask))
    suv = canal.frame.from_lps(points)
    wall = _wall_mm(canal, suv[:, 0])
    body = (suv[:, 2] > wall + _DEPTH_MM[0]) & (np.abs(suv[:, 1]) <= _ASIDE_MM) & (suv[:, 2] < wall + 2 * _DEPTH_MM[1])
    if np.count_nonzero(body) * np.prod(given.geometry.spacing_mm) < 1000.0 * _LEAST_BODY_ML:
        return None
    suv = suv[body]
    return GivenVertebra(level, suv, float(np.median(suv[:, 0])))


def _first_sacral(given: Given, canal: CanalTrack) -> GivenVertebra | None:
    """The top of a given sacrum, in front of the canal: the other side of the lumbosacral disc."""
    mask = given.drawn(given.of(Structure.SACRUM))
    suv = canal.frame.from_lps(given.geometry.points_mm(np.argwhere(mask)))
    wall = _wall_mm(canal, suv[:, 0])
    body = (suv[:, 2] > wall + _DEPTH_MM[0]) & (np.abs(suv[:, 1]) <= _ASIDE_MM) & (suv[:, 2] < wall + 2 * _DEPTH_MM[1])
    suv = suv[body]
    if len(suv) < _LEAST_CELLS:
        return None
    suv = suv[suv[:, 0] > np.percentile(suv[:, 0], 99) - _S1_MM]
    return GivenVertebra(SpineLevel.S1, suv, float(np.median(suv[:, 0])))


def _wall_mm(canal: CanalTrack, s_mm: FloatArray) -> FloatArray:
    wall = 0.85 * np.clip(canal.radius_mm, 4.0, 11.0)
    return np.interp(s_mm, canal.frame.s_mm, np.convolve(np.pad(wall, 10, mode="edge"), np.ones(21) / 21, mode="valid"))


def given_levels(vertebrae: tuple[GivenVertebra, ...], canal: CanalTrack, ours: tuple[DiscLevel, ...]) -> Levels:
    """Discs between the given vertebrae, ours beyond them and where a given vertebra is missing."""
    between: list[DiscLevel] = []
    said: list[str] = []
    for below, above in pairwise(vertebrae):
        disc = _disc(below, above, canal)
        if disc is None:
            said.append(f"between the given {above.level} and {below.level} no disc's place is free: look at both")
        elif disc.height_mm > _TALLEST_MM:
            said.append(f"the given {above.level} and {below.level} are {disc.height_mm:.0f} mm apart: one is missing")
            between.extend(one for one in ours if below.s_mm + _NEAR_MM / 2 < one.s_mm < above.s_mm - _NEAR_MM / 2)
        else:
            between.append(disc)
    low = vertebrae[0].s_mm - _half_height(vertebrae[0])
    high = vertebrae[-1].s_mm + _half_height(vertebrae[-1])
    discs = sorted(
        [*(one for one in ours if one.s_mm < low + 3.0 or one.s_mm > high - 3.0), *between], key=lambda one: one.s_mm
    )
    places = {sum(1 for disc in discs if disc.s_mm < one.s_mm): one.level for one in vertebrae}
    if len(places) < len(vertebrae):
        said.append("two of the given vertebrae lie between the same discs: look at their names")
    return Levels(tuple(discs), places, tuple(said), tuple(miscounted(places)))


def miscounted(places: dict[int, SpineLevel]) -> Iterator[str]:
    """Neighbouring given vertebrae that their names put further apart, or nearer, than where they lie."""
    for (n, below), (m, above) in pairwise(sorted(places.items())):
        least, most = (
            abs(order.index(below) - order.index(above)) for order in (_without_extra(below, above), [*SpineLevel])
        )
        if below.order <= above.order or not least <= m - n <= most:
            yield f"the given {above} and {below} lie {m - n} vertebrae apart and their names do not: look at their names"


def _without_extra(*named: SpineLevel) -> list[SpineLevel]:
    """All levels but the supernumerary ones that are not named."""
    return [one for one in SpineLevel if one in named or one not in _EXTRA]


def _half_height(vertebra: GivenVertebra) -> float:
    low, high = np.percentile(vertebra.suv_mm[:, 0], [5, 95])
    return float(high - low) / 2.0


def _disc(below: GivenVertebra, above: GivenVertebra, canal: CanalTrack) -> DiscLevel | None:
    """The plane half-way between the upper end of one body and the lower end of the next, over cells of 3 mm."""
    top, bottom = _ends(below.suv_mm, upper=True), _ends(above.suv_mm, upper=False)
    cells = sorted(top.keys() & bottom.keys())
    if len(cells) < _LEAST_CELLS:
        return None
    uv = np.array(cells, dtype=np.float64) * _CELL_MM
    low, high = (np.array([ends[cell] for cell in cells]) for ends in (top, bottom))
    shape = np.column_stack([np.ones(len(uv)), uv])
    (s_mm, sideways, lean), *_ = np.linalg.lstsq(shape, (low + high) / 2.0, rcond=None)
    centre_v = float(np.median(uv[:, 1]))
    middle = float(s_mm + lean * centre_v)
    centre, left, anterior, cranial = canal.frame.at(middle)
    return DiscLevel(
        float(s_mm + lean * _wall_mm(canal, np.array([middle]))[0]),
        frozen(centre + centre_v * anterior),
        frozen(unit(cranial - lean * anterior - sideways * left)),
        float(np.clip(np.median(high - low), 2.0, None)),
        _CONFIDENCE,
    )


def _ends(suv: FloatArray, *, upper: bool) -> dict[tuple[int, int], float]:
    """The highest (or lowest) place of a body in each cell across the canal."""
    cells = np.round(suv[:, 1:] / _CELL_MM).astype(int)
    order = np.argsort(suv[:, 0] if upper else -suv[:, 0])  # the last one written stays
    return {(u, v): s for (u, v), s in zip(cells[order].tolist(), suv[order, 0].tolist(), strict=True)}


def names_by(levels: Levels, count: int, ours: tuple[LevelName, ...]) -> tuple[LevelName, ...]:
    """The names of vertebra 0, 1 and on: the source's where it names one, counted on from them beyond; else ours."""
    if not levels.places:
        return ours
    usual: list[SpineLevel] = [one for one in reversed(SpineLevel) if one not in _EXTRA]
    names: list[LevelName] = list(ours)
    low = min(levels.places)
    for n in range(count):
        if n in levels.places:
            names[n] = levels.places[n]
        else:
            near = low if n < low else max(place for place in levels.places if place < n)
            names[n] = _counted(usual, levels.places[near], n - near, ours[n])
    return tuple(names)


def _counted(usual: list[SpineLevel], level: SpineLevel, steps: int, otherwise: LevelName) -> LevelName:
    place = usual.index(level) + steps if level in usual else -1
    return usual[place] if 0 <= place < len(usual) else otherwise
