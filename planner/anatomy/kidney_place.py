"""Where a kidney lies: the place from which most of an ellipsoid's surface has an edge outwards.

In: the coarse image around one flank. Out: ``Fit``, an ellipsoid in place, or None where none is seen. All lengths are mm.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.coarse import CoarseImage, closed, opened
from planner.anatomy.kidney_shape import Fit, ellipsoid_radii, sphere
from planner.geometry import Float32Array, FloatArray
from planner.structures import Side

FAT_HU = -90.0
"""What is less is shown as fat."""

EDGE_HU = 70.0
"""A fall of this much outwards is a whole edge; plain kidney to fat is 120 HU."""

_SCALES = (0.75, 0.9, 1.05, 1.25)

_CENTRE_U_MM, _CENTRE_U_SD_MM = 62.0, 13.0

_CENTRE_V_MM, _CENTRE_V_SD_MM = 25.0, 16.0

_CENTRE_ABOVE_T12_MM, _CENTRE_ABOVE_T12_SD_MM = -38.0, 25.0
"""The centre lies at L1 and L2: 30 to 57 mm below the T12 body's lower end in four label maps; bodies of psoas (below), spleen
and liver (above) lie further off."""

_PLACE_WEIGHT = 0.05
"""Where its centre lies (assumed, wide), and how much of the score a standard deviation costs."""

_LEAST_IN_VIEW = 0.4
"""Share of the surface inside the scan, below which a place is no candidate; what lies beyond the scan's ends is not judged."""

_LEAST_SCORE = 0.42
"""Mean of surface seen and inside soft, below which no kidney is drawn: half a surface and a soft inside have 0.6."""

_DIRECTIONS = 200

_POLAR = 0.75
"""Directions this steep meet a pole: psoas and bowel look like a kidney in every section but have no poles."""

_ILIUM_BESIDE_MM = 52.0
"""Bone at least this far beside the canal and 14 mm thick is ilium: a kidney's centre lies above its crest."""

_CREST_BELOW_T12_MM = 85.0
"""The crest stands at L4, 105 mm below the T12 body, at L3 in some; thick bone above is a kidney full of contrast."""

_GAP_MM = 20.0

_STEP = 2
"""The ellipsoid is moved over every second voxel."""


def placed(image: CoarseImage, shown: Float32Array, side: Side, t12_lower_end_s_mm: float | None) -> Fit | None:
    """The ellipsoid where its surface is seen best."""
    directions = sphere(_DIRECTIONS)
    best: Fit | None = None
    place = _place_penalty(image, side, t12_lower_end_s_mm)
    place[: crest_row(image, side, t12_lower_end_s_mm) // _STEP] += 1.0
    for scale in _SCALES:
        radii = ellipsoid_radii(directions, side) * scale / image.spacing_mm
        score = _scores(shown, directions[::5], radii[::5]) - place
        centre = np.array(np.unravel_index(int(score.argmax()), score.shape))
        if best is None or score.max() > best.score:
            best = Fit(np.asarray(centre * _STEP, dtype=np.float64), directions, np.asarray(radii), float(score.max()))
    return best if best is not None and best.score >= _LEAST_SCORE else None


def crest_row(image: CoarseImage, side: Side, t12_lower_end_s_mm: float | None) -> int:
    """The slice of the highest ilium that is traced from the scan's lower end; 0 where there is none."""
    beside = image.bone & (image.u_mm * side.sign > _ILIUM_BESIDE_MM)
    if t12_lower_end_s_mm is not None:
        beside &= image.s_mm < t12_lower_end_s_mm - _CREST_BELOW_T12_MM
    thick = opened(closed(beside, image.ball(6.0)), image.ball(6.0))
    rows = np.flatnonzero(thick.any(axis=(1, 2)))
    gap = image.ball(_GAP_MM)
    if len(rows) == 0 or rows[0] > gap:
        return 0
    breaks = np.flatnonzero(np.diff(rows) > gap)
    return int(rows[breaks[0]] if len(breaks) else rows[-1])


def _place_penalty(image: CoarseImage, side: Side, t12_lower_end_s_mm: float | None) -> Float32Array:
    u, v = (values[::_STEP, ::_STEP, ::_STEP] for values in (image.u_mm, image.v_mm))
    square = ((u * side.sign - _CENTRE_U_MM) / _CENTRE_U_SD_MM) ** 2 + ((v - _CENTRE_V_MM) / _CENTRE_V_SD_MM) ** 2
    if t12_lower_end_s_mm is not None:
        above = image.s_mm[::_STEP, ::_STEP, ::_STEP] - t12_lower_end_s_mm
        square = square + ((above - _CENTRE_ABOVE_T12_MM) / _CENTRE_ABOVE_T12_SD_MM) ** 2
    return np.asarray(_PLACE_WEIGHT * square, dtype=np.float32)


def _scores(shown: Float32Array, directions: FloatArray, radii: FloatArray) -> Float32Array:
    """How much of the surface has an edge outwards, and how soft it is inside, with the centre at every second voxel.

    Directions that leave the scan through its first or last slice are not judged; -1 where too few are left.
    """
    margin = int(np.ceil(radii.max() * 1.3)) + 2
    padded = np.pad(shown, margin, mode="edge")
    shape = tuple(-(-n // _STEP) for n in shown.shape)
    sides, poles, soft = (np.zeros(shape, dtype=np.float32) for _ in range(3))
    sides_seen, poles_seen = (np.full((shape[0], 1, 1), 1e-3, dtype=np.float32) for _ in range(2))
    rows = np.arange(shape[0], dtype=np.float32)[:, None, None] * _STEP
    for direction, radius in zip(directions, radii, strict=True):
        inner, middle, outer = (
            _seen_from(padded, direction * distance, margin, shown.shape)
            for distance in (radius - 2.5, radius * 0.75, radius + 2.5)
        )
        end = rows + direction[0] * (radius + 2.5)
        in_view = ((end >= 0) & (end <= shown.shape[0] - 1)).astype(np.float32)
        at_pole = abs(direction[0]) > _POLAR
        edge, seen = (poles, poles_seen) if at_pole else (sides, sides_seen)
        edge += in_view * np.clip((inner - outer) / EDGE_HU, 0.0, 1.0)
        seen += in_view
        soft += in_view * np.clip((middle - FAT_HU) / 100.0, 0.0, 1.0)
    seen = sides_seen + poles_seen
    pole_weight = np.float32(0.25) * np.minimum(
        1.0, poles_seen / max(1, int((np.abs(directions[:, 0]) > _POLAR).sum()))
    )
    score = (0.65 - pole_weight) * sides / sides_seen + pole_weight * poles / poles_seen + 0.35 * soft / seen
    return np.asarray(np.where(seen < _LEAST_IN_VIEW * len(radii), -1.0, score), dtype=np.float32)


def _seen_from(padded: Float32Array, offset: FloatArray, margin: int, shape: tuple[int, ...]) -> Float32Array:
    k, j, i = (margin + round(float(d)) for d in offset)
    return padded[k : k + shape[0] : _STEP, j : j + shape[1] : _STEP, i : i + shape[2] : _STEP]
