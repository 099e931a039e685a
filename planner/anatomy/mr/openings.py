"""Intervertebral foramina on an MR: between pedicles that follow from body, disc and canal, moved to where fat shows the opening.

In: the straightened spine, how much fat each of its voxels is, and names. Out: ``Opening`` and ``Pedicle`` values as the CT's stages
make them. Bodies and discs the network sees well; of pedicles it says little, so their place is anatomy's and the image's.
Spine coordinates: s cranial, u left, v anterior, mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.bodies import Body
from planner.anatomy.column import Pedicle, SpineColumn
from planner.anatomy.foramina import Opening, Sheet
from planner.anatomy.mr.usual import usual_size
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.structures import Interspace, LevelName, Side, SpineLevel
from planner.volume import linear

_ANGLES = 48
_THETA = 2.0 * np.pi * np.arange(_ANGLES) / _ANGLES

_SACRAL_MM = 2.0
"""How far S1's pedicle, which goes over into the ala, may lie elsewhere: half of it goes into L5/S1's uncertainty (assumed)."""

_CUT_MM = 2.0
"""How far a pedicle may lie elsewhere whose body's upper end-plate is not seen: neighbours' heights differ by 2 mm (Panjabi 1992)."""

_BELOW_TOP_MM = 1.5
"""From a body's upper end-plate down to its pedicle (assumed)."""

DEEP_MM = 8.0
"""A foramen's depth at its ganglion: 8 to 10 mm between body and facet joint (Hasegawa 1995, Spine 20:1079)."""

_DEPTHS_MM = (5.0, 16.0)
"""What fat may show instead: stenotic to wide, 5 to 13 mm (Stephens 1991, Spine 16:525), margin assumed."""

_FATTY = 0.4
"""Of the sheet's height: with less fat at a depth, its back wall is reached."""

_ALIKE = 0.7
"""Marrow's share of fat above which it is not told from fat."""

_MARROW_APART = 0.5
"""Marrow's share of fat below which it is told from dark fat: marrow of old people is suppressed with it (assumed)."""

_DARK_WORTH = 0.5
"""Of the edge that dark fat shows: what is seen there is cortex as much as fat (assumed)."""

_WALL_MM = 1.0
"""Without fat: what lies behind it is another compartment."""

_INSIDE = 0.9
"""Of the opening and the pedicles' nearer halves: with less of them in the image the foramen is not seen."""

_BACK_HALF_MM = 12.0
"""From a body's middle backwards: most of its half, but not the rim (bodies are 27 to 36 mm deep, Panjabi 1992)."""

_SEARCH_MM, _STEP_MM = 5.0, 0.5
_HIGH_MM = (10.0, 26.0)
"""Of a foramen: 11 to 23 mm, margins assumed."""

_FAR_COST = 0.08
"""Of the score, at one standard deviation of 2 mm from where body and disc let roof and floor expect."""

_SPREAD_MM = 2.0
_BODY_WIDTH_MM = (28.0, 62.0)
_CLEAR_STEP = 0.35
"""Between the share of fat in the opening and in the pedicles: more leaves no doubt (assumed)."""

_MODELLED = 0.45
"""Of the edge that counts as seen where only body and disc place an opening; below half, so that a person looks."""


def modelled_pedicles(column: SpineColumn, names: tuple[LevelName, ...]) -> tuple[dict[Side, Pedicle], ...]:
    """Both pedicles of every vertebra, from its body's end-plates and width and the canal."""
    ends = [_ends(body, column) for body in column.bodies]
    off = [_SACRAL_MM if name is SpineLevel.S1 else 0.0 for name in names]
    ends[-1], off[-1] = _without_disc_above(ends, names), _CUT_MM
    return tuple(_pair(column, *each) for each in zip(column.bodies, names, ends, off, strict=True))


def _without_disc_above(ends: list[tuple[float, float]], names: tuple[LevelName, ...]) -> tuple[float, float]:
    """The topmost body ends where image or network does, not at an end-plate: it is at least as high as the one below it."""
    top, bottom = ends[-1]
    if len(ends) < 2 or names[-2] is SpineLevel.S1:
        return top, bottom
    return max(top, bottom + ends[-2][0] - ends[-2][1]), bottom


def _pair(
    column: SpineColumn, body: Body, name: LevelName, ends: tuple[float, float], off_mm: float
) -> dict[Side, Pedicle]:
    usual = usual_size(name)
    top, bottom = ends
    width = float(np.clip(_body_width(body), *_BODY_WIDTH_MM))
    high = min(usual.pedicle_height_mm, 0.7 * max(top - bottom, 1.0))
    upper = top - _BELOW_TOP_MM
    middle = upper - high / 2.0
    row = int(np.clip(np.searchsorted(column.grid.s_mm, middle), 0, column.grid.shape[0] - 1))
    front = float(column.walls.front_mm[row])
    return {
        side: Pedicle(
            side,
            middle,
            side.sign * usual.middle_share * width,
            front / 2.0,
            upper - high,
            upper,
            usual.pedicle_width_mm * width / usual.body_width_mm,
            0.6,
            off_mm,
        )
        for side in Side
    }


def _ends(body: Body, column: SpineColumn) -> tuple[float, float]:
    """Upper and lower end-plate in the body's back half, where pedicles leave it."""
    near = (column.grid.v_mm > body.center_v_mm - _BACK_HALF_MM) & (column.grid.v_mm <= body.center_v_mm)
    beside = np.abs(column.grid.u_mm - body.center_u_mm) < _BACK_HALF_MM
    back = np.ix_(near, beside)
    return float(np.median(body.top.s_mm[back])), float(np.median(body.bottom.s_mm[back]))


def _body_width(body: Body) -> float:
    """Side to side, in its middle half."""
    rows = slice(len(body.radius_mm) // 4, len(body.radius_mm) - len(body.radius_mm) // 4)
    quarter = body.radius_mm.shape[1] // 4
    return float(np.median(body.radius_mm[rows, quarter]) + np.median(body.radius_mm[rows, 3 * quarter]))


@dataclass(frozen=True, slots=True, eq=False)
class FatMap:
    """How much of each voxel of the column's grid is fat, 0 to 1; ``tells`` is whether the image can say so at all.

    ``known`` is 1 where there is image; ``marrow`` is the share of fat that marrow has itself. Fat that is not ``is_bright`` looks like
    cortex and ligament: it then lies apart from marrow, not from what is behind a foramen.
    """

    share: Float32Array
    known: Float32Array
    tells: bool
    is_bright: bool = True
    marrow: float = 0.0

    @property
    def shows_pedicles(self) -> bool:
        """Pedicles differ from the fat between them: always thought so where fat is bright, else only where marrow is no fat itself."""
        return self.tells and (self.is_bright or self.marrow < _MARROW_APART)

    @property
    def beyond_marrow(self) -> Float32Array:
        """More fat than marrow has, 0 to 1: a pedicle is 0 in it; all fat where the two look alike."""
        if self.marrow > _ALIKE:
            return self.share
        return np.asarray(np.clip((self.share - self.marrow) / (1.0 - self.marrow), 0.0, 1.0), dtype=np.float32)


def mr_openings(column: SpineColumn, fat: FatMap, interspaces: tuple[Interspace, ...]) -> tuple[Opening, ...]:
    """One opening for each interspace and side that lies in the image."""
    found = (
        _opening(column, fat, between, (column.pedicles[n][side], column.pedicles[n + 1][side]))
        for n, between in enumerate(interspaces)
        for side in Side
    )
    return tuple(one for one in found if one is not None)


def _opening(column: SpineColumn, fat: FatMap, between: Interspace, pair: tuple[Pedicle, Pedicle]) -> Opening | None:
    below, above = pair
    sheet = Sheet(column.grid, below, above)
    expected = (below.high_s_mm, above.low_s_mm)
    back = _behind_bodies(column, sheet, expected)
    if _in_image(fat, sheet, expected, back) < _INSIDE:
        return None
    floor, roof, deep, seen = expected[0], expected[1], DEEP_MM, _MODELLED
    if fat.shows_pedicles:
        floor, roof, step = _by_fat(fat.beyond_marrow, sheet, back - DEEP_MM / 2.0, expected)
        worth = 1.0 if fat.is_bright else _DARK_WORTH
        seen = _MODELLED + (1.0 - _MODELLED) * worth * float(np.clip(step / _CLEAR_STEP, 0.0, 1.0))
    if fat.tells and fat.is_bright:
        deep = _depth_mm(fat.share, sheet, (floor, roof), back)
    middle, half = (floor + roof) / 2.0, max((roof - floor) / 2.0, _HIGH_MM[0] / 2.0)
    across = deep / 2.0
    radius = half * across / np.hypot(across * np.cos(_THETA), half * np.sin(_THETA))
    return Opening(between, above.side, sheet, middle, back - across, radius, seen)


def _in_image(fat: FatMap, sheet: Sheet, ends: tuple[float, float], back_mm: float) -> float:
    """Share of the opening, 4 mm of the pedicles above and below included, that the image holds."""
    s, v = np.meshgrid(np.arange(ends[0] - 4.0, ends[1] + 4.1, 1.0), back_mm - np.arange(0.0, DEEP_MM), indexing="ij")
    suv = np.stack([s, sheet.u_mm(s), v], axis=-1)
    return float((linear(fat.known, sheet.grid.index(suv), 0.0) > 0.5).mean())


def _depth_mm(fat: Float32Array, sheet: Sheet, ends: tuple[float, float], back_mm: float) -> float:
    """From the bodies' back to where fat ends, nerve and veins in it counted: the last depth that is fatty over its half."""
    s, depth = np.arange(ends[0] + 1.0, max(ends[1] - 0.9, ends[0] + 2.0), 1.0), np.arange(0.5, _DEPTHS_MM[1], 1.0)
    grid_s, grid_v = np.meshgrid(s, back_mm - depth, indexing="ij")
    profile = sheet.sampled(fat, grid_s, grid_v).mean(axis=0)
    fatty = np.flatnonzero(profile >= _FATTY)
    if not len(fatty):
        return DEEP_MM
    breaks = np.flatnonzero(np.diff(fatty) > _WALL_MM)
    return float(np.clip(depth[fatty[breaks[0] if len(breaks) else -1]] + 0.5, *_DEPTHS_MM))


def _behind_bodies(column: SpineColumn, sheet: Sheet, ends: tuple[float, float]) -> float:
    """Where (v) the back of bodies and disc lies beside the canal, in the sheet; the canal's front where none is seen."""
    s = np.arange(ends[0] + 2.0, max(ends[1] - 2.0, ends[0] + 3.0), 1.0)
    v = np.arange(-6.0, 26.0, 0.5)
    grid_s, grid_v = np.meshgrid(s, v, indexing="ij")
    solid = ((column.body > 0) | (column.disc > 0)).astype(np.float32)
    suv = np.stack([grid_s, sheet.u_mm(grid_s), grid_v], axis=-1)
    filled = linear(solid, column.grid.index(suv), 0.0) > 0.5
    seen = filled.any(axis=1)
    if seen.any():
        return float(np.median(v[filled.argmax(axis=1)][seen]))
    row = int(np.clip(np.searchsorted(column.grid.s_mm, np.mean(ends)), 0, column.grid.shape[0] - 1))
    return float(column.walls.front_mm[row])


def _by_fat(fat: Float32Array, sheet: Sheet, v_mm: float, expected: tuple[float, float]) -> tuple[float, float, float]:
    """Floor and roof between which there is most fat against the pedicles beyond, near the expected ones; and that difference."""
    s = np.arange(expected[0] - 12.0, expected[1] + 12.0, _STEP_MM)
    v = v_mm + np.arange(-DEEP_MM / 2.0, DEEP_MM / 2.0 + 0.1, 1.0)
    grid_s, grid_v = np.meshgrid(s, v, indexing="ij")
    line = sheet.sampled(fat, grid_s, grid_v).mean(axis=1)
    total = np.concatenate([[0.0], np.cumsum(line)]) * _STEP_MM
    moved = np.arange(-_SEARCH_MM, _SEARCH_MM + 0.1, _STEP_MM)
    floor, roof = (grid.ravel() for grid in np.meshgrid(expected[0] + moved, expected[1] + moved, indexing="ij"))
    fits = (roof - floor >= _HIGH_MM[0]) & (roof - floor <= _HIGH_MM[1])
    if not fits.any():
        return (*expected, 0.0)
    floor, roof = floor[fits], roof[fits]
    step = _mean(total, s, floor, roof) - 0.5 * (
        _mean(total, s, floor - 6.0, floor) + _mean(total, s, roof, roof + 6.0)
    )
    cost = ((floor - expected[0]) ** 2 + (roof - expected[1]) ** 2) / _SPREAD_MM**2
    best = int((step - _FAR_COST * cost).argmax())
    return float(floor[best]), float(roof[best]), float(step[best])


def _mean(total: FloatArray, s: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Mean of a line whose running sum is given, between two places."""
    edges = np.concatenate([s, [s[-1] + _STEP_MM]])
    gap = np.maximum(high - low, _STEP_MM)
    return np.asarray((np.interp(high, edges, total) - np.interp(low, edges, total)) / gap)


_FRONT_OF_PEDICLE_MM, _BACK_OF_PEDICLE_MM = 4.0, -3.0
"""Into the body, and behind the canal's middle, where the lamina goes on."""

_BEYOND_SHEET_MM = 3.0
"""To both sides of the pedicles: as wide as a foramen is a tunnel."""


def pedicle_mask(column: SpineColumn) -> BoolArray:
    """Where the modelled pedicles are, on the column's grid."""
    mask = np.zeros(column.grid.shape, dtype=bool)
    for pair in column.pedicles:
        for one in pair.values():
            front = 2.0 * one.v_mm + _FRONT_OF_PEDICLE_MM
            aside = one.width_mm / 2.0
            mask[
                _box(
                    column,
                    (one.low_s_mm, one.high_s_mm),
                    (_BACK_OF_PEDICLE_MM, front),
                    (one.u_mm - aside, one.u_mm + aside),
                )
            ] = True
    return mask & ~column.canal


def opening_mask(column: SpineColumn, openings: tuple[Opening, ...]) -> BoolArray:
    """The tunnels of the foramina, on the column's grid: no bone is there, whatever the network says."""
    mask = np.zeros(column.grid.shape, dtype=bool)
    for one in openings:
        half, deep = float(one.radius_mm[0]), float(one.radius_mm[_ANGLES // 4])
        wide = max(one.sheet.below.width_mm, one.sheet.above.width_mm) / 2.0 + _BEYOND_SHEET_MM
        u_mm = float(one.sheet.u_mm(one.s_mm))
        box = _box(
            column, (one.s_mm - half, one.s_mm + half), (one.v_mm - deep, one.v_mm + deep), (u_mm - wide, u_mm + wide)
        )
        s, v = column.grid.s_mm[box[0], None], column.grid.v_mm[None, box[1]]
        inside = ((s - one.s_mm) / half) ** 2 + ((v - one.v_mm) / deep) ** 2 < 1.0
        mask[box] |= inside[..., None]
    return np.asarray(mask & (column.body == 0) & (column.disc == 0))


def _box(
    column: SpineColumn, s: tuple[float, float], v: tuple[float, float], u: tuple[float, float]
) -> tuple[slice, slice, slice]:
    axes = ((column.grid.s_mm, s), (column.grid.v_mm, v), (column.grid.u_mm, u))
    k, j, i = (slice(int(np.searchsorted(axis, low)), int(np.searchsorted(axis, high))) for axis, (low, high) in axes)
    return k, j, i
