"""Aerated lung, other gas in the body, and the pleural zone.

In: the coarse image and, where known, how low the T12 body reaches. Out: regions on the coarse grid. All lengths are mm.

Lung touches the rib cage from inside, continues to the scan's upper end or is large, and is spongy: between gas and
water. Gas in bowel is gas throughout. The pleural zone is everything inside the rib cage down to 10 mm below the T12
body, aerated or not, because the costodiaphragmatic recess is collapsed where it is deepest (``safety.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.anatomy.coarse import (
    CoarseImage,
    Region,
    closed,
    components,
    dilated,
    eroded,
    grown_inside,
)
from planner.anatomy.rib_cage import RibCage, rib_cage
from planner.geometry import BoolArray

AIR_HU = -400.0
"""Half-way between inflated lung (-850 HU) and soft tissue (+40 HU): where a border between them lies."""

_GAS_HU = -250.0
"""A bubble of 2 mm between fat (-100 HU) and gas, half filled: small bubbles in bowel must not be missed."""

_SKIN_MM = 6.0
"""Air this close to the body's surface is the room's, averaged into the skin."""

_SLANT_MM = 4.0
"""Beyond the air that counts as skin: two coarse voxels, by which a slanted end is stepped (assumed)."""

_GAS_ONLY_HU = -960.0
"""Lung averaged over 2 mm stays above it, emphysema (-950 HU by densitometry) included; gas (-1000 HU) does not."""

_RIB_REACH_MM = 14.0
"""Pleura, intercostal muscle and half an intercostal space: how far the edge of a lung may lie from the nearest rib."""

_LEAST_RIB_CONTACT = 0.12
"""Share of a part's surface within reach of a rib: a lung base has above 0.3, bowel under the ribs about 0.05."""

_LARGE_LUNG_ML = 300.0
"""A lung this large needs no contact with the scan's upper end (a whole thorax in the scan)."""

_SMALLEST_ML = 0.5
"""Less than the thinnest crescent of a lung base on two slices; smaller parts follow their neighbours."""

_BELOW_T12_MM = 10.0
"""The pleural zone ends this far below the T12 body (safety.md, assumed)."""

_RIB_HEAD_TO_T12_END_MM = 22.0
"""From the twelfth rib's head, at the upper half of T12, to the lower end of that body (assumed: body 26 mm high)."""

_ONE_LEVEL_MM = 32.0
"""A thoracolumbar body with its disc (assumed): in reserve, since the lowest rib seen may be the eleventh."""

_RECESS_BELOW_LUNG_MM = 60.0
"""How far the recess may reach below aerated lung: two levels, as lung ends at T10 and pleura at T12 (assumed)."""

_ZONE_UNCERTAINTY_MM = 5.0
"""The wall is interpolated between ribs; lung bulges out of that line by up to 5 mm (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class Lungs:
    """Aerated lung, gas elsewhere in the body, and the zone where pleura must be expected.

    ``zone_lower_end_s_mm`` is where the zone ends along the canal's frame; None where no zone could be drawn.
    """

    lung: Region | None
    gas: Region | None
    pleural_zone: Region | None
    zone_lower_end_s_mm: float | None
    warnings: tuple[str, ...] = ()


def find_lungs(image: CoarseImage, t12_lower_end_s_mm: float | None = None) -> Lungs:
    """Lung, gas and pleural zone; without the T12 level the zone ends by ribs and lung, and a warning says so."""
    cage = rib_cage(image)
    inner = eroded(image.body, image.ball(_SKIN_MM))
    air = (image.hu < AIR_HU) & inner
    lung, lung_confidence = _lung(air, image, cage)
    filled = _with_vessels(lung, image)
    end, how = _lower_end(image, cage, lung, t12_lower_end_s_mm)
    zone = np.zeros_like(air) if end is None else _zone(image, cage, filled, end)
    found = image.region(zone, cage.confidence(filled, image), _ZONE_UNCERTAINTY_MM)
    return Lungs(
        image.region(filled, lung_confidence, image.spacing_mm),
        image.region((image.hu < _GAS_HU) & inner & ~dilated(filled, 1), 0.9, image.spacing_mm),
        found,
        end if found else None,
        tuple(w for w in (_no_lung(lung), how) if w),
    )


def _no_lung(lung: BoolArray) -> str:
    return "" if lung.any() else "lung: no spongy air that touches ribs from inside in this scan; none is drawn"


def _lung(air: BoolArray, image: CoarseImage, cage: RibCage) -> tuple[BoolArray, float]:
    """Voxels of aerated lung, and how clearly their parts differ from gas (0..1)."""
    parts = _parts(air, image)
    count = int(parts.max()) + 1
    sizes_ml = np.bincount(parts.ravel(), minlength=count) * image.spacing_mm**3 / 1000.0
    contact = _rib_contact(parts, count, image, cage)
    at_top = np.isin(np.arange(count), np.unique(parts[_ends_above(image)]))
    typical_hu = _medians(image.hu, parts, count)
    spongy = typical_hu > _GAS_ONLY_HU
    is_lung = (
        (at_top | (sizes_ml > _LARGE_LUNG_ML)) & spongy & (contact > _LEAST_RIB_CONTACT) & (sizes_ml > _SMALLEST_ML)
    )
    is_lung[0] = False
    if not is_lung.any():
        return np.zeros_like(air), 0.0
    clear = np.clip((contact - _LEAST_RIB_CONTACT) / _LEAST_RIB_CONTACT, 0.0, 1.0)
    confidence = 0.6 + 0.4 * float(np.average(clear[is_lung], weights=sizes_ml[is_lung]))
    sure = is_lung[parts]
    slivers = air & (sizes_ml < _SMALLEST_ML)[parts]
    return grown_inside(sure, sure | slivers), confidence


def _ends_above(image: CoarseImage) -> BoolArray:
    """The scan's upper end: its last two slices, and, where it was cut aslant, air with no body a little above it."""
    ends = np.zeros(image.body.shape, dtype=bool)
    ends[-2:] = True
    step = image.ball(_SKIN_MM + _SLANT_MM)
    ends[:-step] |= ~image.body[step:]
    return ends


def _parts(air: BoolArray, image: CoarseImage) -> npt.NDArray[np.int32]:
    """Air split where it hangs together by less than 4 mm, numbered from 1; thin parts stay parts of their own."""
    cores, _ = components(eroded(air, image.ball(2.0)))
    parts = cores.copy()
    for _ in range(2 * image.ball(2.0)):
        parts = _spread(parts, air)
    loose, _ = components(air & (parts == 0))
    return np.where(loose > 0, loose + parts.max(), parts).astype(np.int32)


def _spread(labels: npt.NDArray[np.int32], allowed: BoolArray) -> npt.NDArray[np.int32]:
    """Labels grown by one voxel across faces into unlabelled allowed voxels; the larger label wins a tie."""
    grown = labels.copy()
    for axis in range(3):
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        below, above = tuple(low), tuple(high)
        grown[above] = np.maximum(grown[above], labels[below])
        grown[below] = np.maximum(grown[below], labels[above])
    return np.where((labels == 0) & allowed, grown, labels)


def _rib_contact(
    parts: npt.NDArray[np.int32], count: int, image: CoarseImage, cage: RibCage
) -> npt.NDArray[np.float64]:
    """Share of each part's surface that lies within reach of a rib."""
    surface = (parts > 0) & ~eroded(parts > 0, 1)
    near = surface & image.near(cage.ribs, _RIB_REACH_MM)
    touching = np.bincount(parts[near], minlength=count)
    return np.asarray(touching / np.maximum(np.bincount(parts[surface], minlength=count), 1))


def _medians(hu: npt.NDArray[np.float32], parts: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.float64]:
    """Median HU of each part; 0 for the background."""
    inside = parts > 0
    order = np.lexsort((hu[inside], parts[inside]))
    labels, values = parts[inside][order], hu[inside][order]
    medians = np.zeros(count)
    first = np.searchsorted(labels, np.arange(count))
    last = np.searchsorted(labels, np.arange(count), side="right")
    present = last > first
    medians[present] = values[(first[present] + last[present]) // 2]
    return medians


def _with_vessels(lung: BoolArray, image: CoarseImage) -> BoolArray:
    """Lung with its vessels: gaps under 8 mm filled, where they are no bone."""
    if not lung.any():
        return lung
    return (closed(lung, image.ball(4.0)) & image.body & ~image.bone) | lung


def _lower_end(
    image: CoarseImage, cage: RibCage, lung: BoolArray, t12_lower_end_s_mm: float | None
) -> tuple[float | None, str]:
    """Where the pleural zone ends along the canal, and what to tell about it."""
    if t12_lower_end_s_mm is not None:
        return t12_lower_end_s_mm - _BELOW_T12_MM, ""
    ends = []
    if lung.any():
        ends.append(float(np.percentile(image.s_mm[lung], 0.5)) - _RECESS_BELOW_LUNG_MM)
    if cage.lowest_head_s_mm is not None:
        reserve = 0.0 if ends else _ONE_LEVEL_MM
        ends.append(cage.lowest_head_s_mm - _RIB_HEAD_TO_T12_END_MM - reserve - _BELOW_T12_MM)
    if not ends:
        return None, "pleural zone: neither ribs nor lung in this scan, and T12 is not named; none is drawn"
    evidence = " and ".join(name for name, seen in _evidence(cage, lung) if seen)
    return min(ends), (
        f"pleural zone: T12 is not named; the zone ends {min(ends):.0f} mm along the canal, by the {evidence} "
        "with a reserve for the collapsed recess; name a level to narrow it"
    )


def _evidence(cage: RibCage, lung: BoolArray) -> tuple[tuple[str, bool], ...]:
    return ("lowest rib", cage.lowest_head_s_mm is not None), ("lowest aerated lung", bool(lung.any()))


def _zone(image: CoarseImage, cage: RibCage, lung: BoolArray, end_s_mm: float) -> BoolArray:
    """Inside the cage above the lower end, spine and bone left out, with all aerated lung and 2 mm around it."""
    inside = cage.inside(image) & (image.s_mm >= end_s_mm)
    return ((inside | dilated(lung, 1)) & image.body & ~image.bone & ~cage.column(image)) | lung
