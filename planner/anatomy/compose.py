"""One label per voxel from all structures: the most specific wins.

In: masks on one grid, each with what it means. Out: a ``LabelMap`` and, per structure, confidence and uncertainty.
Values are given in the order of painting, so the same structures get the same values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from planner.anatomy.itk import true_box
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import LevelName, Part, Side, SpineLevel, Structure
from planner.volume import LabelEntry, LabelMap

_SKIN_MM = 2.0
"""Epidermis and dermis of the trunk (Laurent 2007, doi:10.1016/j.vaccine.2007.05.046: means of 1.91 mm at the waist and
2.54 mm above the scapula)."""

PAINTED = (
    Structure.BODY,
    Structure.SKIN,
    Structure.MUSCLE,
    Structure.PSOAS,
    Structure.CRUS,
    Structure.PLEURAL_ZONE,
    Structure.LIVER,
    Structure.SPLEEN,
    Structure.BOWEL,
    Structure.GAS,
    Structure.LUNG,
    Structure.KIDNEY,
    Structure.URETER,
    Structure.VEIN,
    Structure.INFERIOR_VENA_CAVA,
    Structure.ARTERY,
    Structure.AORTA,
    Structure.BONE,
    Structure.ILIUM,
    Structure.SACRUM,
    Structure.RIB,
    Structure.DISC,
    Structure.VERTEBRA,
    Structure.CANAL,
    Structure.THECAL_SAC,
    Structure.NERVE_ROOT,
    Structure.METAL,
)
"""From the most general to the most specific; the later is painted over the earlier."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One structure's voxels: a mask on a part of the grid, and what it means.

    ``box`` is where the mask lies in the whole grid; 95 % of the border lies within ``uncertainty_mm``.
    """

    mask: BoolArray
    box: tuple[slice, slice, slice]
    entry: LabelEntry
    uncertainty_mm: float
    is_zone: bool = False
    """Kept clear for a vessel that is not seen: it gives way to every vessel that is."""


def piece(
    mask: BoolArray,
    entry: LabelEntry,
    uncertainty_mm: float,
    corner: tuple[int, int, int] = (0, 0, 0),
    *,
    is_zone: bool = False,
) -> Piece | None:
    """A piece cut to the box it fills; None where the mask is empty. ``corner`` is where the mask lies in the grid."""
    box = true_box(mask)
    if box is None:
        return None
    k, j, i = (slice(low + span.start, low + span.stop) for low, span in zip(corner, box, strict=True))
    return Piece(np.ascontiguousarray(mask[box]), (k, j, i), entry, uncertainty_mm, is_zone)


def compose(geometry: VolumeGeometry, pieces: Iterable[Piece | None]) -> LabelMap:
    """All pieces in the order of ``PAINTED``; a piece of which nothing stays visible has no value."""
    found = sorted((one for one in pieces if one is not None), key=_rank)
    labels = np.zeros(geometry.shape, dtype=np.uint16)
    for value, one in enumerate(found, start=1):
        labels[one.box][one.mask] = value
    is_visible = np.zeros(len(found) + 1, dtype=bool)
    for plane in labels:  # one at a time: indexing makes 64-bit copies
        is_visible[plane] = True
    visible = set(np.flatnonzero(is_visible).tolist())
    entries = {value: one.entry for value, one in enumerate(found, start=1) if value in visible}
    return LabelMap(geometry, labels, entries)


def _rank(one: Piece) -> tuple[int, int, int, int]:
    entry, parts, sides = one.entry, [None, *Part], [None, *Side]
    place = PAINTED.index(entry.structure)
    if one.is_zone:
        place = min(place, PAINTED.index(Structure.URETER))
    return place, -_level_rank(entry.level), parts.index(entry.part), sides.index(entry.side)


def _level_rank(level: LevelName | None) -> int:
    if level is None:
        return -1
    return level.order if isinstance(level, SpineLevel) else 1000 - level.index


def confidences(pieces: Iterable[Piece | None]) -> Mapping[Structure, float]:
    """Per structure the mean over its pieces, weighed by their size."""
    sums: dict[Structure, tuple[float, float]] = {}
    for one in pieces:
        if one is not None:
            weight, total = sums.get(one.entry.structure, (0.0, 0.0))
            size = float(one.mask.sum())
            sums[one.entry.structure] = weight + size, total + size * one.entry.confidence
    return {structure: round(total / weight, 3) for structure, (weight, total) in sums.items() if weight > 0}


def uncertainties_mm(pieces: Iterable[Piece | None]) -> Mapping[Structure, float]:
    """Per structure the largest of its pieces: a margin must hold for each of them."""
    largest: dict[Structure, float] = {}
    for one in pieces:
        if one is not None:
            largest[one.entry.structure] = max(one.uncertainty_mm, largest.get(one.entry.structure, 0.0))
    return largest


def skin_layer(body: BoolArray, geometry: VolumeGeometry) -> BoolArray:
    """The outermost 2 mm of the body; the image's edge is no skin."""
    k, j, i = (max(1, round(_SKIN_MM / float(mm))) for mm in geometry.spacing_mm)
    layer = np.empty_like(body)
    for n, plane in enumerate(body):
        deep = np.logical_and.reduce(body[max(0, n - k) : n + k + 1])
        for axis, steps in ((0, j), (1, i)):
            for step in range(1, steps + 1):
                low, high = [slice(None)] * 2, [slice(None)] * 2
                low[axis], high[axis] = slice(None, -step), slice(step, None)
                deep[tuple(low)] &= plane[tuple(high)]
                deep[tuple(high)] &= plane[tuple(low)]
        np.logical_and(plane, ~deep, out=layer[n])
    return layer
