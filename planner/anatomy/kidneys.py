"""The two kidneys, as star-shaped surfaces around an ellipsoid that fits.

In: the coarse image and what is already known to be something else. Out: one region per side. All lengths are mm.

Liver, spleen, psoas or bowel may touch a kidney without an edge, and its sinus divides it; so it is not grown. An
ellipsoid of a kidney's size and tilt is moved to where most of its surface has an edge outwards, then each direction's
radius is fitted to the image and to its neighbours. Where no edge is seen the surface follows its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813

from planner.anatomy.coarse import CoarseImage, Region, bounding_box, closed, opened, region_of, to_array
from planner.anatomy.kidney_doubts import Kidneys, doubted
from planner.anatomy.kidney_shape import ellipsoid_radii, sphere
from planner.anatomy.soft_bodies import Size, completed
from planner.geometry import BoolArray, Float32Array, FloatArray, IntArray
from planner.structures import Side
from planner.volume import linear

_SCALES = (0.75, 0.9, 1.05, 1.25)
_U_MM, _V_MM = (28.0, 115.0), (-45.0, 95.0)
"""Where any of it may lie beside and in front of the canal."""

_BESIDE_T12_MM = (-190.0, 75.0)
"""Along the canal from the T12 body's lower end: no lower than L5, no higher than the T10 body (kidneys span T11 to L4)."""

_CENTRE_U_MM, _CENTRE_U_SD_MM = 62.0, 13.0
_CENTRE_V_MM, _CENTRE_V_SD_MM = 25.0, 16.0
_PLACE_WEIGHT = 0.05
"""Where its centre lies (assumed, wide), and how much of the score a standard deviation costs."""

_FAT_HU, _PLAIN_HU, _CONTRAST_SHARE = -90.0, 60.0, 0.4
"""HU below fat are fat; of what lies above plain tissue two fifths are kept: liver against kidney with contrast."""

_EDGE_HU = 70.0
"""A fall of this much outwards is a whole edge; plain kidney to fat is 120 HU."""

_SEEN_HU = 30.0
_LEAST_SCORE = 0.42
"""Mean of surface seen and inside soft, below which no kidney is drawn: half a surface and a soft inside have 0.6."""

_DIRECTIONS = 200
_NEIGHBOURS = 10
_STIFFNESS = 25.0
"""Cost of a radius 10 % off its neighbours' mean: a quarter of an edge."""

_INNER, _OUTER = 0.75, 1.5
"""Shares of the surface's radius that are kidney for sure, and beyond which nothing is."""

_OUTSIDE_HU = -35.0
"""Below is fat around the kidney; its own voxels at the border are half fat."""

_SINUS_VOXELS = 3
"""Sinus fat is filled in where it is narrower than 12 mm."""

_AROUND = 6
"""Voxels around what the flood may reach: the gradient's Gaussian does not see further."""

_FLOODS = 3
"""Floods after the first, each from the ellipsoid of what the last one reached."""

_ROUNDS = 8
_MOVES = 3
_SOFT_HU = -20.0
"""Half-way between sinus fat and plain kidney: what counts when the ellipsoid is moved."""

_SHARES = np.arange(0.5, 1.5, 0.025)
"""Radii tried, as shares of the ellipsoid's."""
_POLAR = 0.75
"""Directions this steep meet a pole: psoas and bowel look like a kidney in every section but have no poles."""

_ILIUM_BESIDE_MM = 52.0
"""Bone at least this far beside the canal and 14 mm thick is ilium: a kidney's centre lies above its crest."""

_GAP_MM = 20.0
_VOLUME_ML = (40.0, 500.0)
_LARGEST = Size(volume_ml=280.0, length_mm=150.0, width_mm=80.0)
"""The largest body in free fat that is taken for a whole kidney."""

_STEP = 2
"""The ellipsoid is moved over every second voxel."""


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """An ellipsoid in place: centre (k, j, i), unit directions and the radius in each [voxels], and its score."""

    centre: FloatArray
    directions: FloatArray
    radii: FloatArray
    score: float


def find_kidneys(image: CoarseImage, taken: BoolArray, t12_lower_end_s_mm: float | None = None) -> Kidneys:
    """Both kidneys; ``taken`` (coarse grid) is where other structures were found: vessels, psoas, lung, gas.

    ``t12_lower_end_s_mm`` is where the T12 body ends along the canal: no kidney is sought far from it.
    """
    searched = taken if t12_lower_end_s_mm is None else taken | _elsewhere(image, t12_lower_end_s_mm)
    return doubted({side: _kidney(image, searched, side) for side in Side}, image.geometry)


def _elsewhere(image: CoarseImage, t12_lower_end_s_mm: float) -> BoolArray:
    above = image.s_mm - t12_lower_end_s_mm
    return np.asarray((above < _BESIDE_T12_MM[0]) | (above > _BESIDE_T12_MM[1]))


def _kidney(image: CoarseImage, taken: BoolArray, side: Side) -> Region | None:
    beside = image.u_mm * side.sign
    window = (beside > _U_MM[0]) & (beside < _U_MM[1]) & (image.v_mm > _V_MM[0]) & (image.v_mm < _V_MM[1])
    box = bounding_box(window & image.body)
    if box is None:
        return None
    part = image.cut(box)
    other = opened(part.bone, 1) | taken[box] | ~part.body
    shown = _pictured(part.hu, other)
    fit = _placed(part, shown, side)
    if fit is None:
        return None
    for _ in range(_MOVES):
        radii, _ = _fitted(shown, fit)
        fit = _moved(fit, _inside(part.hu.shape, fit, radii) & ~other & (part.hu > _SOFT_HU))
    radii, seen = _fitted(shown, fit)
    mask = _flooded(shown, fit, radii, other)
    for _ in range(_FLOODS):
        fit = _moved(fit, mask & (part.hu > _SOFT_HU))
        mask = _flooded(shown, fit, fit.radii, other) | mask
    whole = completed(part, ~other, mask, _LARGEST)
    agreed = min(1.0, float(mask.sum()) / max(1.0, 0.8 * float(whole.sum())))
    mask = (closed(whole, _SINUS_VOXELS) & ~other) | mask
    volume_ml = float(mask.sum()) * image.spacing_mm**3 / 1000.0
    if not _VOLUME_ML[0] <= volume_ml <= _VOLUME_ML[1]:
        return None
    confidence = agreed * float(np.clip(0.5 * fit.score / 0.7 + 0.5 * seen / 0.7, 0.0, 0.75))
    return region_of(part.geometry, mask, confidence, 3.0 + 6.0 * (1.0 - seen))


def _flooded(shown: Float32Array, fit: _Fit, radii: FloatArray, other: BoolArray) -> BoolArray:
    """The kidney's voxels: flooded from inside the surface until an edge, a neighbour, or too far from the surface."""
    reached = _inside(shown.shape, fit, radii * _OUTER)
    inner = _inside(shown.shape, fit, radii * _INNER) & ~other
    kidney = np.zeros(shown.shape, dtype=bool)
    box = bounding_box(reached | inner, _AROUND)
    if box is None:
        return kidney
    outer = ~reached[box] | other[box] | (shown[box] < _OUTSIDE_HU)
    markers = np.where(outer & ~inner[box], 2, np.where(inner[box], 1, 0)).astype(np.uint8)
    smooth = sitk.GradientMagnitudeRecursiveGaussian(sitk.GetImageFromArray(np.ascontiguousarray(shown[box])), 1.0)
    flooded = sitk.MorphologicalWatershedFromMarkers(smooth, sitk.GetImageFromArray(markers), False, False)
    kidney[box] = to_array(flooded) == 1
    return closed(kidney, _SINUS_VOXELS) & ~other


def _moved(fit: _Fit, mask: BoolArray) -> _Fit:
    """The ellipsoid with the place and axes of what was found, so that the next fit reaches poles the first missed."""
    index = np.argwhere(mask)
    if len(index) < 500:
        return fit
    centre = index.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((index - centre).T))
    radii = 1.0 / np.linalg.norm(fit.directions @ vectors / np.sqrt(5.0 * values), axis=1)
    return _Fit(centre, fit.directions, radii, fit.score)


def _pictured(hu: Float32Array, other: BoolArray) -> Float32Array:
    """HU limited to what matters for a kidney; what is something else looks like fat."""
    shown = np.maximum(hu, _FAT_HU)
    shown = np.where(shown > _PLAIN_HU, _PLAIN_HU + _CONTRAST_SHARE * (shown - _PLAIN_HU), shown)
    shown[other] = _FAT_HU
    return np.asarray(shown, dtype=np.float32)


def _placed(image: CoarseImage, shown: Float32Array, side: Side) -> _Fit | None:
    """The ellipsoid where its surface is seen best."""
    directions = sphere(_DIRECTIONS)
    best: _Fit | None = None
    place = _place_penalty(image, side)
    place[: _crest_row(image, side) // _STEP] += 1.0
    for scale in _SCALES:
        radii = ellipsoid_radii(directions, side) * scale / image.spacing_mm
        score = _scores(shown, directions[::5], radii[::5]) - place
        centre = np.array(np.unravel_index(int(score.argmax()), score.shape))
        if best is None or score.max() > best.score:
            best = _Fit(np.asarray(centre * _STEP, dtype=np.float64), directions, np.asarray(radii), float(score.max()))
    return best if best is not None and best.score >= _LEAST_SCORE else None


def _crest_row(image: CoarseImage, side: Side) -> int:
    """The slice of the highest ilium that is traced from the scan's lower end; 0 where there is none."""
    beside = image.bone & (image.u_mm * side.sign > _ILIUM_BESIDE_MM)
    thick = opened(closed(beside, image.ball(6.0)), image.ball(6.0))
    rows = np.flatnonzero(thick.any(axis=(1, 2)))
    gap = image.ball(_GAP_MM)
    if len(rows) == 0 or rows[0] > gap:
        return 0
    breaks = np.flatnonzero(np.diff(rows) > gap)
    return int(rows[breaks[0]] if len(breaks) else rows[-1])


def _place_penalty(image: CoarseImage, side: Side) -> Float32Array:
    u, v = (values[::_STEP, ::_STEP, ::_STEP] for values in (image.u_mm, image.v_mm))
    square = ((u * side.sign - _CENTRE_U_MM) / _CENTRE_U_SD_MM) ** 2 + ((v - _CENTRE_V_MM) / _CENTRE_V_SD_MM) ** 2
    return np.asarray(_PLACE_WEIGHT * square, dtype=np.float32)


def _scores(shown: Float32Array, directions: FloatArray, radii: FloatArray) -> Float32Array:
    """How much of the surface has an edge outwards, and how soft it is inside, with the centre at every second voxel."""
    margin = int(np.ceil(radii.max() * 1.3)) + 2
    padded = np.pad(shown, margin, mode="edge")
    shape = tuple(-(-n // _STEP) for n in shown.shape)
    sides, poles, soft = (np.zeros(shape, dtype=np.float32) for _ in range(3))
    polar = np.abs(directions[:, 0]) > _POLAR
    for direction, radius, at_pole in zip(directions, radii, polar, strict=True):
        inner, middle, outer = (
            _seen_from(padded, direction * distance, margin, shown.shape)
            for distance in (radius - 2.5, radius * 0.75, radius + 2.5)
        )
        edge = poles if at_pole else sides
        edge += np.clip((inner - outer) / _EDGE_HU, 0.0, 1.0)
        soft += np.clip((middle - _FAT_HU) / 100.0, 0.0, 1.0)
    score = 0.4 * sides / (~polar).sum() + 0.25 * poles / polar.sum() + 0.35 * soft / len(radii)
    return np.asarray(score, dtype=np.float32)


def _seen_from(padded: Float32Array, offset: FloatArray, margin: int, shape: tuple[int, ...]) -> Float32Array:
    k, j, i = (margin + round(float(d)) for d in offset)
    return padded[k : k + shape[0] : _STEP, j : j + shape[1] : _STEP, i : i + shape[2] : _STEP]


def _fitted(shown: Float32Array, fit: _Fit) -> tuple[FloatArray, float]:
    """(directions,) radius of the surface [voxels], and the share of it with an edge."""
    radii = fit.radii[:, None] * _SHARES
    inside = _sampled(shown, fit, radii - 1.5)
    outside = _sampled(shown, fit, radii + 1.5)
    fall = (_sampled(shown, fit, radii - 0.75) - _sampled(shown, fit, radii + 0.75) + inside - outside) / 2.0
    left = np.cumsum(outside < _FAT_HU / 2.0, axis=1) * (_SHARES[1] - _SHARES[0])  # fat passed on the way out
    cost = -np.clip(fall / _EDGE_HU, 0.0, 1.0) + 1.5 * np.maximum(left - 0.15, 0.0)
    neighbours = _neighbours(fit.directions)
    share = np.ones(len(radii))
    for _ in range(_ROUNDS):
        expected = 0.8 * share[neighbours].mean(axis=1) + 0.2 * share.mean()
        total = cost + _STIFFNESS * np.square(_SHARES[None, :] - expected[:, None])
        share = _SHARES[total.argmin(axis=1)]
    chosen = np.abs(_SHARES[None, :] - share[:, None]).argmin(axis=1)
    seen = np.take_along_axis(fall, chosen[:, None], axis=1)[:, 0] > _SEEN_HU
    return fit.radii * share[neighbours].mean(axis=1), float(seen.mean())


def _sampled(shown: Float32Array, fit: _Fit, radii: FloatArray) -> FloatArray:
    points = fit.centre + radii[..., None] * fit.directions[:, None, :]
    return linear(shown, np.clip(points, 0.0, np.array(shown.shape) - 1.0), _FAT_HU)


def _neighbours(directions: FloatArray) -> IntArray:
    """(directions, neighbours) the nearest directions, each itself first."""
    return np.argsort(-(directions @ directions.T), axis=1, kind="stable")[:, :_NEIGHBOURS]


def _inside(shape: tuple[int, ...], fit: _Fit, radii: FloatArray) -> BoolArray:
    """Voxels nearer to the centre than the surface in their direction."""
    reach = float(radii.max()) + 1.0
    low = np.maximum(np.floor(fit.centre - reach), 0).astype(int)
    high = np.minimum(np.ceil(fit.centre + reach) + 1, shape).astype(int)
    index = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1)
    offset = (index - fit.centre).reshape(-1, 3)
    distance = np.linalg.norm(offset, axis=1)
    near = distance < reach
    unit = offset[near] / np.maximum(distance[near], 1e-6)[:, None]
    surface = np.empty(len(unit))
    for start in range(0, len(unit), 20000):
        closeness = unit[start : start + 20000].astype(np.float32) @ fit.directions.T.astype(np.float32)
        surface[start : start + 20000] = radii[closeness.argmax(axis=1)]
    mask = np.zeros(shape, dtype=bool)
    inside = np.zeros(len(offset), dtype=bool)
    inside[near] = distance[near] <= surface
    mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]] = inside.reshape(index.shape[:3])
    return mask
