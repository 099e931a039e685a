"""Psoas on each side: from the sides of the lumbar bodies down to the pelvis.

In: the coarse image and where T12 ends. Out: one ``Region`` per side, or None where none is seen. All lengths are mm.

Its section is an oval of muscle beside the bodies, before the transverse processes and the quadratus lumborum. Where it lies and how
wide it is at each height is told by four adults' label maps; its border is the image's own: fat, bone, or the thin cleft to another muscle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region, grown_inside, opened
from planner.anatomy.outlines import Rule, Tube, drawn, outlined
from planner.anatomy.tubes import TrackGrid, best_track, circle_scores, track_grid
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.side_by_side import side_by_side
from planner.structures import Side
from planner.volume import Volume

_RADII_MM = np.array([5.0, 6, 7, 8.5, 10, 12, 14, 16, 18, 20, 23, 26])
"""Of the circle of its section's area: from its upper end to an athlete's psoas at L5."""

_HIGH_TO_WIDE = 1.5
"""Sections are 2 times as deep as wide at L1, round at L5."""

_ABOVE_T12_MM = np.array([-200.0, -180.0, -160.0, -140.0, -120.0, -100.0, -80.0, -60.0, -40.0, -20.0])
_BESIDE_MM = np.array([64.0, 57.0, 52.0, 47.0, 43.0, 41.0, 38.0, 35.5, 32.0, 28.0])
_BEFORE_MM = np.array([62.0, 48.0, 36.0, 28.0, 22.0, 19.5, 18.0, 16.0, 15.0, 12.0])
_USUAL_RADIUS_MM = np.array([19.0, 19.0, 19.0, 18.5, 17.5, 16.5, 15.0, 13.0, 10.0, 6.0])
_SD_MM = (5.0, 7.0)
"""Its middle beside and before the canal, and its radius, by height above the lower end of the T12 body: means of four adults, below
L5 of a phantom and two (their labels hold the iliacus there)."""

_PLAIN_PLACE_MM, _PLAIN_SD_MM = (38.0, 16.0), (9.0, 14.0)
"""Where T12 is not named: all heights together."""

_RADIUS_SPREAD, _RADIUS_WEIGHT = 0.35, 0.1
"""People differ by a third in radius (natural logarithms)."""

_ALWAYS_MM = (-185.0, -38.0)
"""From L2 to S1 there is a psoas, well or badly seen; wasted ones are small."""

_RULE = Rule(hold=0.08, flatness=_HIGH_TO_WIDE)
"""Its corners between body and transverse process, and before the quadratus, leave the oval."""

_WEIGHT, _CAP = 0.1, 4.0
_THRESHOLD, _THRESHOLD_WITHIN = 0.4, 0.1
_SHORTEST_MM = 24.0
_ENDS_MM = (-205.0, -10.0)
"""Below the pelvic brim it joins the iliacus; above T12 there is none."""

_LOWEST_HU, _HIGHEST_HU = -90.0, 200.0
_MUSCLE_HU = (-10.0, 115.0)
"""A voxel of its border is half fat; contrast raises muscle to 80 HU, and a kidney that lies on it above 120."""

_UNCERTAINTY_MM, _UNSEEN_MM = 3.0, 5.0
"""Where the whole rim is seen, and what is added where none is."""

_BEYOND, _BEYOND_MM = 1.2, 1.0
"""How far muscle may go on beyond the oval that was fitted: as the labels' corners do."""

_LEAST_ALIKE = 0.5
"""Left and right sections that differ by more than half tell a tumour, a scoliosis, or an error."""


@dataclass(frozen=True, slots=True, eq=False)
class _Followed:
    """One side's sections."""

    tube: Tube
    grid: TrackGrid


def find_psoas(image: CoarseImage, t12_lower_end_s_mm: float | None = None) -> dict[Side, Region | None]:
    """Both psoas muscles; how sure each is falls where its rim is unseen or the other side differs."""
    t12_z_mm = None
    if t12_lower_end_s_mm is not None:
        t12_z_mm = float(image.frame.to_lps(np.array([[t12_lower_end_s_mm, 0.0, 0.0]]))[0, 2])
    image = _where_it_runs(image, t12_z_mm)
    limited = image.with_hu(np.clip(image.hu, _LOWEST_HU, _HIGHEST_HU).astype(np.float32))
    found = dict(zip(Side, side_by_side(lambda side: _followed(limited, side, t12_z_mm), Side), strict=True))
    alike = _alike(found[Side.LEFT], found[Side.RIGHT])
    return {side: None if one is None else _drawn(image, one, alike) for side, one in found.items()}


def _where_it_runs(image: CoarseImage, t12_z_mm: float | None) -> CoarseImage:
    """The slices between its ends; the whole image where T12 is not named or none of them is in it."""
    if t12_z_mm is None:
        return image
    rows = (t12_z_mm + np.array(_ENDS_MM) - image.geometry.lps_from_index[2, 3]) / image.spacing_mm
    first, stop = (int(row) for row in np.clip(np.round(rows), 0, len(image.hu)))
    if stop - first < 2:
        return image
    return image.cut((slice(first, stop), slice(0, image.hu.shape[1]), slice(0, image.hu.shape[2])))


def _followed(image: CoarseImage, side: Side, t12_z_mm: float | None) -> _Followed | None:
    span = (12.0, 96.0) if side is Side.LEFT else (-96.0, -12.0)
    grid = track_grid(image, span, (-20.0, 84.0))
    scores = circle_scores(grid, _RADII_MM, 10.0, _HIGH_TO_WIDE) - _penalty(grid, side, t12_z_mm)
    track = best_track(grid, scores, _RADII_MM, _thresholds(grid, t12_z_mm))
    if track is None or len(track.v_mm) * grid.step_mm < _SHORTEST_MM:
        return None
    return _Followed(outlined(Volume(image.geometry, image.hu.astype(np.int16)), grid, track, _RULE), grid)


def _penalty(grid: TrackGrid, side: Side, t12_z_mm: float | None) -> Float32Array:
    """(radii, slices, rows, columns) how much a score is lowered for an unusual place or size."""
    count = len(grid.z_mm)
    if t12_z_mm is None:
        (u, v), (sd_u, sd_v) = (np.full(count, mm) for mm in _PLAIN_PLACE_MM), _PLAIN_SD_MM
        off_r = np.zeros((len(_RADII_MM), count))
    else:
        h = grid.z_mm - t12_z_mm
        u, v, usual = (np.interp(h, _ABOVE_T12_MM, row) for row in (_BESIDE_MM, _BEFORE_MM, _USUAL_RADIUS_MM))
        sd_u, sd_v = _SD_MM
        off_r = np.square(np.log(_RADII_MM[:, None] / usual[None, :]) / _RADIUS_SPREAD)
    off_u = np.square((grid.u_mm[None, :] * side.sign - u[:, None]) / sd_u)
    off_v = np.square((grid.v_mm[None, :] - v[:, None]) / sd_v)
    place = _WEIGHT * np.minimum(off_v[:, :, None] + off_u[:, None, :], _CAP)
    return np.asarray(place[None] + _RADIUS_WEIGHT * np.minimum(off_r, _CAP)[:, :, None, None], dtype=np.float32)


def _thresholds(grid: TrackGrid, t12_z_mm: float | None) -> FloatArray:
    """(slices,) what a section must score to count."""
    if t12_z_mm is None:
        return np.full(len(grid.z_mm), _THRESHOLD)
    h = grid.z_mm - t12_z_mm
    within = np.where((h > _ALWAYS_MM[0]) & (h < _ALWAYS_MM[1]), _THRESHOLD_WITHIN, _THRESHOLD)
    return np.where((h > _ENDS_MM[0]) & (h < _ENDS_MM[1]), within, np.inf)


def _alike(left: _Followed | None, right: _Followed | None) -> float:
    """The smaller to the larger section, median over the slices that show both; 0.5 where one side is missing."""
    if left is None or right is None:
        return 0.5
    one, other = left.tube, right.tube
    rows = np.intersect1d(one.track.rows, other.track.rows)
    if not len(rows):
        return 0.5
    a, b = one.radius_mm[rows - one.track.first], other.radius_mm[rows - other.track.first]
    return float(np.median(np.square(np.minimum(a, b) / np.maximum(a, b))))


def _drawn(image: CoarseImage, one: _Followed, alike: float) -> Region | None:
    """Muscle inside the outline, and what goes on from it a little beyond: corners that no oval reaches."""
    rough = drawn(one.tube, one.grid, 1.0, 1.0)
    wider = drawn(replace(one.tube, reach_mm=_BEYOND * one.tube.reach_mm + _BEYOND_MM), one.grid, 1.0, 1.0)
    if rough is None or wider is None:
        return None
    muscle = (image.hu > _MUSCLE_HU[0]) & (image.hu < _MUSCLE_HU[1]) & ~image.bone
    inside = rough.on(image.geometry)
    mask: BoolArray = grown_inside(inside & muscle, opened(wider.on(image.geometry) & muscle, 1))
    seen = float(one.tube.rim_seen.mean())
    confidence = (0.5 * seen + 0.5 * float(np.clip(one.tube.track.score, 0.0, 1.0).mean())) * float(
        muscle[inside].mean()
    )
    confidence *= min(1.0, 0.5 + 0.5 * alike / _LEAST_ALIKE)
    return image.region(mask, confidence, _UNCERTAINTY_MM + _UNSEEN_MM * (1.0 - seen))
