"""The two kidneys, as star-shaped surfaces around an ellipsoid that fits.

In: the coarse image and what is already known to be something else. Out: one region per side. All lengths are mm.

Liver, spleen, psoas or bowel may touch a kidney without an edge, and its sinus divides it; so it is not grown. An
ellipsoid of a kidney's size and tilt is moved to where most of its surface has an edge outwards, then each direction's
radius is fitted to the image and to its neighbours. Where no edge is seen the surface follows its neighbours.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813

from planner.anatomy.coarse import CoarseImage, Region, bounding_box, closed, dilated, opened, region_of, to_array
from planner.anatomy.kidney_doubts import Kidneys, doubted
from planner.anatomy.kidney_place import EDGE_HU, FAT_HU, crest_row, placed
from planner.anatomy.kidney_shape import Fit, inside
from planner.anatomy.soft_bodies import Size, completed, with_poles
from planner.geometry import BoolArray, Float32Array, FloatArray, IntArray
from planner.side_by_side import side_by_side
from planner.structures import Side
from planner.volume import linear

_U_MM, _V_MM = (28.0, 115.0), (-45.0, 95.0)
"""Where any of it may lie beside and in front of the canal."""

_BESIDE_T12_MM = (-190.0, 75.0)
"""Along the canal from the T12 body's lower end: no lower than L5, no higher than the T10 body (kidneys span T11 to L4)."""

_CONTRAST_HU, _THICK_MM, _BESIDE_SPINE_MM = 450.0, 6.0, 36.0
"""A kidney in its nephrographic phase (to 300 HU, with noise) enters bone; a rib is no thicker than 12 mm, and bodies end here."""

_PLAIN_HU, _CONTRAST_SHARE = 60.0, 0.4
"""HU below fat are fat; of what lies above plain tissue two fifths are kept: liver against kidney with contrast."""

_SEEN_HU = 30.0
_NEIGHBOURS = 10
_STIFFNESS = 25.0
"""Cost of a radius 10 % off its neighbours' mean: a quarter of an edge."""

_INNER, _OUTER = 0.75, 1.5
"""Shares of the surface's radius that are kidney for sure, and beyond which nothing is."""

_OUTSIDE_HU = -35.0
"""Below is fat around the kidney; its own voxels at the border are half fat."""

_SINUS_VOXELS = 3
"""Sinus fat is filled in where it is narrower than 12 mm."""

_AROUND = 1
"""Voxels around what the flood may reach."""

_FLOODS = 3
"""Floods after the first, each from the ellipsoid of what the last one reached."""

_ROUNDS = 8
_MOVES = 3
_SOFT_HU = -20.0
"""Half-way between sinus fat and plain kidney: what counts when the ellipsoid is moved."""

_SHARES = np.arange(0.5, 1.5, 0.025)
"""Radii tried, as shares of the ellipsoid's."""
_VOLUME_ML = (40.0, 500.0)
_LARGEST = Size(volume_ml=280.0, length_mm=150.0, width_mm=90.0)
"""The largest body in free fat that is taken for a whole kidney."""

_SHORT_MM = 95.0
"""95 % of adult kidneys are 95 to 130 mm long (Emamian 1993, doi:10.2214/ajr.160.1.8416654): below, a pole is looked for."""


def find_kidneys(image: CoarseImage, taken: BoolArray, t12_lower_end_s_mm: float | None = None) -> Kidneys:
    """Both kidneys; ``taken`` (coarse grid) is where other structures were found: vessels, psoas, lung, gas.

    ``t12_lower_end_s_mm`` is where the T12 body ends along the canal: no kidney is sought far from it.
    """
    searched = taken if t12_lower_end_s_mm is None else taken | _elsewhere(image, t12_lower_end_s_mm)
    found = side_by_side(lambda side: _kidney(image, searched, side, t12_lower_end_s_mm), Side)
    return doubted(dict(zip(Side, found, strict=True)), image.geometry)


def _elsewhere(image: CoarseImage, t12_lower_end_s_mm: float) -> BoolArray:
    above = image.s_mm - t12_lower_end_s_mm
    return np.asarray((above < _BESIDE_T12_MM[0]) | (above > _BESIDE_T12_MM[1]))


def _kidney(image: CoarseImage, taken: BoolArray, side: Side, t12_lower_end_s_mm: float | None) -> Region | None:
    beside = image.u_mm * side.sign
    window = (beside > _U_MM[0]) & (beside < _U_MM[1]) & (image.v_mm > _V_MM[0]) & (image.v_mm < _V_MM[1])
    box = bounding_box(window & image.body)
    if box is None:
        return None
    part = image.cut(box)
    other = _bone(part, side, t12_lower_end_s_mm) | taken[box] | ~part.body
    shown = _pictured(part.hu, other)
    fit = placed(part, shown, side, t12_lower_end_s_mm)
    if fit is None:
        return None
    for _ in range(_MOVES):
        radii, _ = _fitted(shown, fit)
        fit = _moved(fit, inside(part.hu.shape, fit, radii) & ~other & (part.hu > _SOFT_HU))
    radii, seen = _fitted(shown, fit)
    slope = _slope(shown)
    mask = _flooded(slope, shown, fit, radii, other)
    for _ in range(_FLOODS):
        fit = _moved(fit, mask & (part.hu > _SOFT_HU))
        mask = _flooded(slope, shown, fit, fit.radii, other) | mask
    if _length_mm(mask, part.spacing_mm) < _SHORT_MM:
        mask = with_poles(part, ~other & (part.hu > _SOFT_HU), mask, _LARGEST)
    whole = completed(part, ~other, mask, _LARGEST)
    agreed = min(1.0, float(mask.sum()) / max(1.0, 0.8 * float(whole.sum())))
    mask = (closed(whole, _SINUS_VOXELS) & ~other) | mask
    volume_ml = float(mask.sum()) * image.spacing_mm**3 / 1000.0
    if not _VOLUME_ML[0] <= volume_ml <= _VOLUME_ML[1]:
        return None
    confidence = agreed * (0.5 * seen + 0.5 * _overlap(mask, inside(part.hu.shape, fit, fit.radii) & ~other))
    return region_of(part.geometry, mask, confidence, 3.0 + 6.0 * (1.0 - seen))


def _bone(image: CoarseImage, side: Side, t12_lower_end_s_mm: float | None) -> BoolArray:
    """Bone without what is a kidney full of contrast: even, thick, away from the spine and above the ilium."""
    bone = opened(image.bone, 1)
    lumps = image.bone & (image.hu < _CONTRAST_HU) & (image.u_mm * side.sign > _BESIDE_SPINE_MM)
    lumps[: crest_row(image, side, t12_lower_end_s_mm)] = False
    return bone & ~dilated(opened(lumps, image.ball(_THICK_MM)), 1)


def _length_mm(mask: BoolArray, spacing_mm: float) -> float:
    return float(mask.any(axis=(1, 2)).sum()) * spacing_mm


def _overlap(one: BoolArray, other: BoolArray) -> float:
    """Dice of two drawings: the flood against the ellipsoid of its own moments tells a kidney's form from a leak."""
    return float(2.0 * (one & other).sum() / max(1, int(one.sum() + other.sum())))


def _slope(shown: Float32Array) -> Float32Array:
    image = sitk.GetImageFromArray(np.ascontiguousarray(shown))
    return to_array(sitk.GradientMagnitudeRecursiveGaussian(image, 1.0)).astype(np.float32)


def _flooded(slope: Float32Array, shown: Float32Array, fit: Fit, radii: FloatArray, other: BoolArray) -> BoolArray:
    """The kidney's voxels: flooded from inside the surface until an edge, a neighbour, or too far from the surface."""
    reached = inside(shown.shape, fit, radii * _OUTER)
    inner = inside(shown.shape, fit, radii * _INNER) & ~other
    kidney = np.zeros(shown.shape, dtype=bool)
    box = bounding_box(reached | inner, _AROUND)
    if box is None:
        return kidney
    outer = ~reached[box] | other[box] | (shown[box] < _OUTSIDE_HU)
    markers = np.where(outer & ~inner[box], 2, np.where(inner[box], 1, 0)).astype(np.uint8)
    steep = sitk.GetImageFromArray(np.ascontiguousarray(slope[box]))
    flooded = sitk.MorphologicalWatershedFromMarkers(steep, sitk.GetImageFromArray(markers), False, False)
    kidney[box] = to_array(flooded) == 1
    return closed(kidney, _SINUS_VOXELS) & ~other


def _moved(fit: Fit, mask: BoolArray) -> Fit:
    """The ellipsoid with the place and axes of what was found, so that the next fit reaches poles the first missed."""
    index = np.argwhere(mask)
    if len(index) < 500:
        return fit
    centre = index.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((index - centre).T))
    radii = 1.0 / np.linalg.norm(fit.directions @ vectors / np.sqrt(5.0 * values), axis=1)
    return Fit(centre, fit.directions, radii, fit.score)


def _pictured(hu: Float32Array, other: BoolArray) -> Float32Array:
    """HU limited to what matters for a kidney; what is something else looks like fat."""
    shown = np.maximum(hu, FAT_HU)
    shown = np.where(shown > _PLAIN_HU, _PLAIN_HU + _CONTRAST_SHARE * (shown - _PLAIN_HU), shown)
    shown[other] = FAT_HU
    return np.asarray(shown, dtype=np.float32)


def _fitted(shown: Float32Array, fit: Fit) -> tuple[FloatArray, float]:
    """(directions,) radius of the surface [voxels], and the share of it with an edge."""
    radii = fit.radii[:, None] * _SHARES
    inside = _sampled(shown, fit, radii - 1.5)
    outside = _sampled(shown, fit, radii + 1.5)
    fall = (_sampled(shown, fit, radii - 0.75) - _sampled(shown, fit, radii + 0.75) + inside - outside) / 2.0
    left = np.cumsum(outside < FAT_HU / 2.0, axis=1) * (_SHARES[1] - _SHARES[0])  # fat passed on the way out
    cost = -np.clip(fall / EDGE_HU, 0.0, 1.0) + 1.5 * np.maximum(left - 0.15, 0.0)
    neighbours = _neighbours(fit.directions)
    share = np.ones(len(radii))
    for _ in range(_ROUNDS):
        expected = 0.8 * share[neighbours].mean(axis=1) + 0.2 * share.mean()
        total = cost + _STIFFNESS * np.square(_SHARES[None, :] - expected[:, None])
        share = _SHARES[total.argmin(axis=1)]
    chosen = np.abs(_SHARES[None, :] - share[:, None]).argmin(axis=1)
    seen = np.take_along_axis(fall, chosen[:, None], axis=1)[:, 0] > _SEEN_HU
    return fit.radii * share[neighbours].mean(axis=1), float(seen.mean())


def _sampled(shown: Float32Array, fit: Fit, radii: FloatArray) -> FloatArray:
    points = fit.centre + radii[..., None] * fit.directions[:, None, :]
    return linear(shown, np.clip(points, 0.0, np.array(shown.shape) - 1.0), FAT_HU)


def _neighbours(directions: FloatArray) -> IntArray:
    """(directions, neighbours) the nearest directions, each itself first."""
    return np.argsort(-(directions @ directions.T), axis=1, kind="stable")[:, :_NEIGHBOURS]
