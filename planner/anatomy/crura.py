"""The crura of the diaphragm: bands of muscle before and beside the bodies of T12 to L2, to both sides of the aorta.

In: the coarse image, the aorta, what has a name already, and where T12 ends. Out: one ``Region`` per side, or None where none is seen.
A needle to the celiac plexus passes one of them. Rough: within the band a crus may lie in, what is as dense as muscle and goes on
from slice to slice is called crus; nodes, the azygos vein and the cisterna chyli behind it go with it. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region, bounding_box, components, dilated
from planner.anatomy.vessel_courses import body_front_mm
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.structures import Side

_ABOVE_T12_MM = (-80.0, 40.0)
"""From the L2/L3 disc, where the right one begins, to T11, where they join the diaphragm (Gray's Anatomy; heights assumed)."""

_FROM_AORTA_MM, _FROM_BODY_MM = 11.0, 9.0
"""How far its outer side lies from the aorta, with the fat between them, and from a body; it is 4 to 10 mm thick (assumed)."""

_BEHIND_FRONT_MM, _BESIDE_MM = 20.0, 32.0
"""It reaches no further back along a body than this, and no further to the side of the canal (assumed)."""

_UNITE_MM, _BEFORE_AORTA_MM = -25.0, 20.0
"""Above L1 they meet before the aorta (the median arcuate ligament); below they lie beside and behind it."""

_SPUR_MM, _HALF_DISC_MM = 3.0, 8.0
"""Bone further before the bodies' front is a calcified or contrasted vessel; a disc is no higher than twice the second (assumed)."""

_MUSCLE_HU = (0.0, 115.0)
"""Half muscle, half fat at its border; below contrast in vessels and kidneys."""

_FAT_HU = -20.0
_LEAST_LENGTH_MM, _LEAST_ML = 30.0, 1.0
_EXPECTED_MM = (-45.0, 15.0)
"""Where both are there in everybody: L1 and T12."""


@dataclass(frozen=True, slots=True, eq=False)
class Crura:
    """Each side's crus, and what is said of the ones not seen."""

    left: Region | None = None
    right: Region | None = None
    warnings: tuple[str, ...] = ()


def find_crura(image: CoarseImage, aorta: BoolArray, other: BoolArray, t12_lower_end_s_mm: float | None) -> Crura:
    """Both crura; ``aorta`` and ``other`` (what has a name) are on the coarse grid. None is sought without T12's name or an aorta."""
    if t12_lower_end_s_mm is None or not aorta.any():
        return Crura(
            warnings=("crura: sought beside the aorta by T12's height; one of the two is missing, none is drawn",)
        )
    height = image.s_mm - np.float32(t12_lower_end_s_mm)
    rows = np.asarray(((height > _ABOVE_T12_MM[0]) & (height < _ABOVE_T12_MM[1]) & aorta).any(axis=(1, 2)))
    box = bounding_box(np.broadcast_to(rows[:, None, None], aorta.shape) & image.near(aorta, 45.0))
    if box is None:
        return Crura(warnings=("crura: T12 to L2 are not in this scan; none is drawn",))
    part = image.cut(box)
    band = _band(part, aorta[box], height[box]) & ~other[box]
    found = {side: _crus(part, band, aorta[box], height[box], side) for side in Side}
    said = tuple(
        f"{side} crus: no band of muscle beside the aorta; none is drawn" for side in Side if found[side] is None
    )
    return Crura(found[Side.LEFT], found[Side.RIGHT], said)


def _band(image: CoarseImage, aorta: BoolArray, height: Float32Array) -> BoolArray:
    """Where a crus may lie, as far as it is muscle there."""
    front = body_front_mm(image)[:, None, None]
    beside = np.abs(image.u_mm)
    column = _column(image, front)
    place = image.near(aorta, _FROM_AORTA_MM) | image.near(column, _FROM_BODY_MM)
    place &= (image.v_mm > front - _BEHIND_FRONT_MM) & (beside < _BESIDE_MM)
    place &= (height > _ABOVE_T12_MM[0]) & (height < _ABOVE_T12_MM[1])
    foremost = _axis_mm(aorta, image.v_mm)[:, None, None] + np.where(height > _UNITE_MM, _BEFORE_AORTA_MM, 0.0)
    muscle = (image.hu > _MUSCLE_HU[0]) & (image.hu < _MUSCLE_HU[1])
    return np.asarray(place & (image.v_mm < foremost) & muscle & ~column & ~image.bone & ~aorta & image.body)


def _column(image: CoarseImage, front_mm: FloatArray) -> BoolArray:
    """The bodies and the discs between them: a disc's place is bone above or below."""
    bone = image.bone & (np.abs(image.u_mm) < _BESIDE_MM) & (image.v_mm < front_mm + _SPUR_MM)
    rows = image.ball(_HALF_DISC_MM)
    padded = np.pad(bone, ((rows, rows), (0, 0), (0, 0)))
    return np.asarray(np.logical_or.reduce([padded[n : n + len(bone)] for n in range(2 * rows + 1)]))


def _crus(image: CoarseImage, band: BoolArray, aorta: BoolArray, height: Float32Array, side: Side) -> Region | None:
    """What of the band lies on one side of the aorta's axis and goes on over centimetres."""
    own = band & (side.sign * (image.u_mm - _axis_mm(aorta, image.u_mm)[:, None, None]) > 0.0)
    labels, sizes = components(own, 20)
    lengths = np.array([(labels == n).any(axis=(1, 2)).sum() for n in range(1, len(sizes))]) * image.spacing_mm
    keep = np.zeros(len(sizes), dtype=bool)
    keep[1:] = lengths >= _LEAST_LENGTH_MM
    crus: BoolArray = np.asarray(keep[labels])
    if crus.sum() * image.spacing_mm**3 / 1000.0 < _LEAST_ML:
        return None
    seen = _seen(image, crus)
    return image.region(crus, seen * _continuity(crus, height), 2.0 + 4.0 * (1.0 - seen))


def _axis_mm(aorta: BoolArray, place_mm: Float32Array) -> FloatArray:
    """(slices,) u or v of the aorta's middle; in slices without it, of its neighbours."""
    count = aorta.sum(axis=(1, 2))
    total = np.where(aorta, place_mm, 0.0).sum(axis=(1, 2))
    rows = np.flatnonzero(count)
    return np.asarray(np.interp(np.arange(len(aorta)), rows, total[rows] / count[rows]))


def _seen(image: CoarseImage, crus: BoolArray) -> float:
    """Share of its surroundings that is fat, lung or bone: elsewhere it was cut off where the band ends."""
    shell = dilated(crus, 1) & ~crus
    return float(((image.hu < _FAT_HU) | image.bone)[shell].mean())


def _continuity(crus: BoolArray, height: Float32Array) -> float:
    """Share of the slices of L1 and T12 that show it."""
    rows = np.flatnonzero(((height > _EXPECTED_MM[0]) & (height < _EXPECTED_MM[1])).any(axis=(1, 2)))
    return float(crus[rows].any(axis=(1, 2)).mean()) if len(rows) else 0.0
