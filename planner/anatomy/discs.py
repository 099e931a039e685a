"""The discs along the canal: thin dark plates between two bright end-plates, where the canal's side walls are open.

In: a CT volume in the patient's axes, its bone and canal. Out: one ``DiscLevel`` per disc, caudal to cranial.
No density decides: in osteoporosis a body is as dark as a disc, but its end-plates are brighter than either, and its
pedicles close the canal's sides. All discs are chosen together, with distances that change slowly along the spine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.canal_ring import bone_met_mm, bone_near
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalCourse, DiscLevel
from planner.geometry import BoolArray, FloatArray, IntArray, frozen, unit
from planner.volume import Volume

_DEPTH_MM = np.arange(3.0, 26.0)
"""From behind the body's back wall forward: every body from T1 on is deeper than this but for its rim."""

_HALF_WIDTH_MM = 10.0
_TILTS = np.tan(np.radians(np.arange(-24.0, 25.0, 4.0)))
_WIDEST_WEDGE = 4
"""Steps of 4 degrees between a disc's two end-plates: L5/S1 is a wedge of 16 degrees."""

_HEIGHTS_MM = np.arange(4.0, 17.0, 1.0)
"""Between the end-plates' brightest planes: from a worn thoracic disc to a young L4/L5 in fish vertebrae."""

_USUAL_CHANGE_MM = 10.0
"""From one distance to the next: L4 to a wedged L5 changes by this, neighbours elsewhere by 3."""

_USUAL_SHARE, _TALLEST_SHARE = 0.42, 0.6
"""Of the distance from disc to disc: between the end-plates of fish vertebrae a disc takes more than the body.

Above the usual share a plate counts half: the dark half of a degenerated body looks like one."""

_FORAMEN_ABOVE = 0.2
_FORAMEN_SPREAD = 0.3
"""The middle of a foramen lies this share of the distance above the disc, since pedicles leave from the upper body;
at the lumbosacral angle, where the disc is steep, it can lie below."""

_SPACINGS_MM = np.arange(16, 50)
"""From disc to disc: T1 (17 mm) to a tall L4 with its disc (45 mm)."""

_ASKED_WORTH, _FULL_WORTH = 0.3, 1.6
"""What a chain of discs asks for to go on: half of what weak end-plates with a well open foramen reach; and what clear
end-plates with one reach."""

_EDGE_MM = 3.0
"""A disc whose middle is closer to the image's end shows only one end-plate."""

_PEDICLE_OPENING = 0.3
"""Relative opening at a pedicle is 0 to 0.2, within one foramen above 0.5."""

_SNAP_ROWS = 3
"""Worth is capped, so that one bright plate cannot pull the chain; the last millimetres are the plates' own."""

_LEAST_CONTRAST_HU = 40.0
"""End-plates stand out of a disc by 100 to 400 HU; blurred to 5 mm slices still by 60."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """(n,) planes across the canal, each a millimetre from the last in the middle of the bodies.

    ``wall_mm`` is the distance from the canal's middle to the back of the bodies, the same over a vertebra.
    """

    frame: SpineFrame
    s_mm: FloatArray
    wall_mm: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Plates:
    """(n,) per millimetre of the canal: how much a disc is centred here, at its best height and tilts."""

    contrast_hu: FloatArray
    height_mm: FloatArray
    lean: FloatArray
    """Tangent of the tilt in the sagittal plane: how far the plate rises per mm to the front."""


def find_discs(volume: Volume, bone: Bone, canal: CanalCourse) -> tuple[DiscLevel, ...]:
    """All discs that the canal passes."""
    rows = _body_rows(canal)
    opening = relative_opening(np.interp(rows.s_mm, canal.frame.s_mm, lateral_opening(volume, bone, canal.frame)))
    spacing = _local_spacing(chosen_together(1.5 * opening - 0.75, opening=opening), len(opening))
    plates = _plates(_sagittal(volume, rows), _TALLEST_SHARE * spacing)
    worth = np.where(_in_image(volume, rows), _worth(plates, opening, spacing), -1.0)
    places = [_clearest(plates, row) for row in chosen_together(worth, spacing, opening)]
    return tuple(_level(rows, plates, worth, int(row)) for row in places)


def _clearest(plates: _Plates, row: int) -> int:
    """The row within 3 mm where the end-plates stand out most."""
    first = max(0, row - _SNAP_ROWS)
    return first + int(np.argmax(plates.contrast_hu[first : row + _SNAP_ROWS + 1]))


def _body_rows(canal: CanalCourse) -> _Rows:
    """Planes across the canal, one for each millimetre along the middle of the bodies.

    In lordosis the bodies' middles are further apart than the canal is long: L5/S1 to L4/L5 is 35 mm in front, 22 mm along
    the canal.
    """
    frame = canal.frame
    wall = 0.85 * _running(np.clip(canal.radius_mm, 4.0, 11.0), 20, 0.5)
    middles = frame.centres_mm + (wall + _DEPTH_MM.mean())[:, None] * frame.anterior
    steps = np.sum(np.diff(middles, axis=0) * unit(frame.cranial[1:] + frame.cranial[:-1]), axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.maximum(steps, 0.05))])
    s = np.interp(np.arange(0.0, along[-1] + 1e-9), along, frame.s_mm)
    return _Rows(frame, s, np.interp(s, frame.s_mm, wall))


def _in_image(volume: Volume, rows: _Rows) -> BoolArray:
    """(n,) whether a disc here, with a margin for its end-plates, lies in the image."""
    inside = np.ones(len(rows.s_mm), dtype=bool)
    for along in (-_EDGE_MM, _EDGE_MM):
        for depth in (_DEPTH_MM[0], _DEPTH_MM[-1]):
            suv = np.stack([rows.s_mm + along, np.zeros(len(rows.s_mm)), rows.wall_mm + depth], axis=1)
            inside &= volume.geometry.contains(rows.frame.to_lps(suv))
    return inside


def _worth(plates: _Plates, opening: FloatArray, spacing: FloatArray) -> FloatArray:
    """(n,) -3 to 2: end-plates that stand out here, and a foramen that opens a little above."""
    rows = np.arange(len(opening), dtype=np.float64)
    usual = np.maximum(_running(plates.contrast_hu, 60, 0.9), _LEAST_CONTRAST_HU)
    foramen = np.full(len(rows), -1.0)
    for share in np.arange(-0.3, 0.5, 0.04):
        unlikely = 0.5 * ((share - _FORAMEN_ABOVE) / _FORAMEN_SPREAD) ** 2
        foramen = np.maximum(foramen, np.interp(rows + share * spacing, rows, opening) - unlikely)
    worth = 1.4 * np.clip(plates.contrast_hu / usual, -0.5, 1.2) + 1.7 * foramen - 1.0
    return np.asarray(worth - _ASKED_WORTH)


def _local_spacing(rows: tuple[int, ...], n: int) -> FloatArray:
    """(n,) distance between neighbouring levels around each row; a thoracolumbar mean where only one is seen."""
    if len(rows) < 2:
        return np.full(n, 32.0)
    middles = (np.array(rows[1:]) + np.array(rows[:-1])) / 2.0
    return np.interp(np.arange(n), middles, np.diff(rows).astype(np.float64))


def relative_opening(opening: FloatArray) -> FloatArray:
    """(n,) the opening between its own smallest and largest value within 22 mm: 0 pedicle, 1 foramen."""
    low, high = _running(opening, 22, 0.0), _running(opening, 22, 1.0)
    return np.clip((opening - low) / np.maximum(high - low, 0.2), 0.0, 1.0)


def _running(values: FloatArray, half: int, share: float) -> FloatArray:
    padded = np.pad(values, half, mode="edge")
    return np.asarray(np.quantile(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), share, axis=1))


def _sagittal(volume: Volume, rows: _Rows) -> FloatArray:
    """(n, depth) median over the body's middle width, behind the wall forward [HU]."""
    u = np.arange(-_HALF_WIDTH_MM, _HALF_WIDTH_MM + 1e-9, 2.0)
    s, v, across = np.broadcast_arrays(
        rows.s_mm[:, None, None], (rows.wall_mm[:, None] + _DEPTH_MM)[:, :, None], u[None, None, :]
    )
    values = volume.linear(rows.frame.to_lps(np.stack([s, across, v], axis=-1)))
    return np.asarray(np.median(np.clip(values, -150.0, 700.0), axis=2))


def _plates(sagittal: FloatArray, tallest_mm: FloatArray) -> _Plates:
    """Each end-plate may lean on its own: lordotic discs are wedges of up to 16 degrees."""
    rows = np.arange(len(sagittal), dtype=np.float64)
    profiles = [_leaning_profile(sagittal, rows, tilt) for tilt in _TILTS]
    best = np.full(len(rows), -np.inf)
    height, lean = np.zeros(len(rows)), np.zeros(len(rows))
    for mm in _HEIGHTS_MM:
        above = [np.interp(rows + mm / 2.0, rows, profile) for profile in profiles]
        below = [np.interp(rows - mm / 2.0, rows, profile) for profile in profiles]
        allowed = mm <= np.maximum(tallest_mm, _HEIGHTS_MM[0])
        tall = np.where(mm > _USUAL_SHARE / _TALLEST_SHARE * tallest_mm, 0.5, 1.0)
        for up, down in _wedges():
            tilt = (_TILTS[up] + _TILTS[down]) / 2.0
            core = _between(profiles[(up + down) // 2], rows, mm)
            unlikely = 150.0 * tilt**2 + 100.0 * (_TILTS[up] - _TILTS[down]) ** 2
            contrast = tall * (np.minimum(above[up], below[down]) - core) - unlikely
            better = (contrast > best) & allowed
            best[better], height[better], lean[better] = contrast[better], mm, tilt
    return _Plates(best, height, lean)


def _wedges() -> list[tuple[int, int]]:
    kinds = range(len(_TILTS))
    return [(up, down) for up in kinds for down in kinds if abs(up - down) <= _WIDEST_WEDGE]


def _leaning_profile(sagittal: FloatArray, rows: FloatArray, tilt: float) -> FloatArray:
    """(n,) mean along planes that rise by ``tilt`` mm per mm to the front; rows are where they cross the middle."""
    middle = _DEPTH_MM - _DEPTH_MM.mean()
    return np.asarray(np.mean([np.interp(rows + tilt * d, rows, sagittal[:, n]) for n, d in enumerate(middle)], axis=0))


def _between(profile: FloatArray, rows: FloatArray, height_mm: float) -> FloatArray:
    inner = np.arange(-height_mm / 2.0 + 1.5, height_mm / 2.0 - 1.4, 1.0)
    return np.asarray(np.mean([np.interp(rows + d, rows, profile) for d in inner], axis=0))


def lateral_opening(volume: Volume, bone: Bone, frame: SpineFrame) -> FloatArray:
    """(n,) 0 where pedicles close both sides of the canal, 1 where both are open, smoothed over 5 mm."""
    met = bone_met_mm(bone_near(bone.mask, volume.geometry, frame), frame)
    angle = np.arange(met.shape[1]) * 360.0 / met.shape[1]
    left = (angle <= 30.0) | (angle >= 330.0)
    right = np.abs(angle - 180.0) <= 30.0
    usual = np.nanquantile(np.where(np.isnan(met), 18.0, met), 0.3, axis=0)
    open_ray = np.isnan(met) | (met > usual + 3.0)
    both = 0.5 * (open_ray[:, left].mean(axis=1) + open_ray[:, right].mean(axis=1))
    kernel = np.hanning(9)[1:-1]
    return np.convolve(np.pad(both, 3, mode="edge"), kernel / kernel.sum(), mode="valid")


def chosen_together(
    worth: FloatArray, spacing: FloatArray | None = None, opening: FloatArray | None = None
) -> tuple[int, ...]:
    """Rows of the chosen levels: the most worth in sum, with distances that change little from one to the next.

    ``spacing`` (n,) is the distance expected around each row, where it is known already; ``opening`` (n,) must close
    between two levels, where a pedicle is: one wide foramen is not two.
    """
    n, kinds = len(worth), len(_SPACINGS_MM)
    change = np.abs(_SPACINGS_MM[:, None] - _SPACINGS_MM[None, :]) / _USUAL_CHANGE_MM
    cost = np.minimum(change**2, 1.5)  # (this spacing, spacing before)
    total = np.full((n, kinds), -np.inf)
    came = np.full((n, kinds), -2, dtype=int)
    for row in range(int(_SPACINGS_MM[0]), n):
        reach = np.flatnonzero(row >= _SPACINGS_MM)
        before = row - _SPACINGS_MM[reach]
        options = total[before] - cost[reach]  # (spacings, spacings before)
        best = np.argmax(options, axis=1)
        gone_on = options[np.arange(len(reach)), best]
        first = worth[before]
        total[row, reach] = (
            worth[row] + np.maximum(gone_on, first) - _unusual(spacing, before, row) - _no_pedicle(opening, before, row)
        )
        came[row, reach] = np.where(gone_on >= first, best, -1)
    if not np.isfinite(total).any() or total.max() < worth.max():
        return (int(np.argmax(worth)),) if n and worth.max() > 0.5 else ()
    row, kind = (int(x) for x in np.unravel_index(int(np.argmax(total)), total.shape))
    return _walked_back(came, row, kind, worth)


def _no_pedicle(opening: FloatArray | None, before: IntArray, row: int) -> FloatArray | float:
    """What it costs that the canal's sides stay open all the way from one level to the next."""
    if opening is None:
        return 0.0
    least = np.minimum.accumulate(opening[: row + 1][::-1])  # (back to 0,)
    return 4.0 * np.maximum(least[row - before] - _PEDICLE_OPENING, 0.0)


def _unusual(spacing: FloatArray | None, before: IntArray, row: int) -> FloatArray | float:
    """How far each distance is from the expected one at its middle, squared, in quarters of it."""
    if spacing is None:
        return 0.0
    usual = spacing[(before + row) // 2]
    return np.minimum(((row - before - usual) / (0.25 * usual)) ** 2, 6.0)


def _walked_back(came: IntArray, row: int, kind: int, worth: FloatArray) -> tuple[int, ...]:
    rows = [row]
    while True:
        before, previous = row - int(_SPACINGS_MM[kind]), int(came[row, kind])
        rows.append(before)
        if previous == -1:
            break
        row, kind = before, previous
    rows.reverse()
    while len(rows) > 1 and worth[rows[0]] < 0:
        rows.pop(0)
    while len(rows) > 1 and worth[rows[-1]] < 0:
        rows.pop()
    return tuple(rows)


def _level(rows: _Rows, plates: _Plates, worth: FloatArray, row: int) -> DiscLevel:
    depth = float(_DEPTH_MM.mean())
    frame, s_mm, wall = rows.frame, float(rows.s_mm[row]), float(rows.wall_mm[row])
    centre, _, anterior, cranial = frame.at(s_mm)
    lean = float(plates.lean[row])
    confidence = float(np.clip((worth[row] + _ASKED_WORTH) / _FULL_WORTH, 0.05, 0.99))
    return DiscLevel(
        s_mm - lean * depth,
        frozen(centre + (wall + depth) * anterior),
        frozen(unit(cranial - lean * anterior)),
        float(plates.height_mm[row]),
        round(confidence, 3),
    )
