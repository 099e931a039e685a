"""Whether two drawn kidneys are plausible: a pole that is missing must not look sure.

In: what was drawn on each side and the grid it was sought on. Out: ``Kidneys``, with lower confidence, more uncertainty and a
sentence where the lengths say that a part is missing or too much is drawn. Nothing is redrawn. All lengths are mm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.coarse import Region
from planner.geometry import FloatArray, VolumeGeometry
from planner.structures import Side

_LENGTH_MM = (80.0, 145.0)
"""Along the body: 95 % of adult kidneys are 95 to 130 mm long (Emamian 1993, doi:10.2214/ajr.160.1.8416654); less 10 % for
their tilt, and the drawing's own error on both sides."""

_LARGEST_DIFFERENCE_MM = 20.0
"""Between left and right: 5 mm in the mean, over 15 mm is held abnormal (as above); and the drawing's own error."""

_MOST_MM = 25.0
"""No uncertainty is larger: beyond, a pole is not uncertain but unknown, and the sentence says so."""


@dataclass(frozen=True, slots=True, eq=False)
class Kidneys:
    """What was found on each side; a side without kidney, or with a doubtful one, has a sentence in ``warnings``."""

    left: Region | None
    right: Region | None
    warnings: tuple[str, ...] = ()


def doubted(found: Mapping[Side, Region | None], scan: VolumeGeometry) -> Kidneys:
    """The same drawings; an implausible one is less sure, and its poles are as uncertain as it is too short."""
    judged, warnings = dict(found), list[str]()
    for side, region in found.items():
        if region is None:
            warnings.append(f"{side} kidney: no place beside the psoas where a kidney's surface is seen; none is drawn")
            continue
        judged[side], said = _judged(side, region, found[side.other], scan)
        warnings += said
    return Kidneys(judged[Side.LEFT], judged[Side.RIGHT], tuple(warnings))


def _judged(side: Side, region: Region, other: Region | None, scan: VolumeGeometry) -> tuple[Region, list[str]]:
    low, high = _ends_mm(region)
    length_mm = high - low
    if _is_cut(region, scan):
        return region, []
    if length_mm > _LENGTH_MM[1]:
        why = f"{length_mm:.0f} mm long, more than {_LENGTH_MM[1]:.0f}: it may hold something else"
        return _less_sure(region, _LENGTH_MM[1] / length_mm, 0.0), [f"{side} kidney: {why}"]
    whole_mm = _expected_mm(other, scan)
    missing_mm = whole_mm - length_mm
    if missing_mm <= 0.0:
        return region, []
    why = f"{length_mm:.0f} mm long, at least {whole_mm:.0f} expected: a pole may be missing; its border may lie"
    doubtful = _less_sure(region, length_mm / whole_mm, missing_mm)
    return doubtful, [f"{side} kidney: {why} {doubtful.uncertainty_mm:.0f} mm further out"]


def _expected_mm(other: Region | None, scan: VolumeGeometry) -> float:
    """The least length that raises no doubt: an adult's, and the other side's where that is whole and plausible."""
    if other is None or _is_cut(other, scan):
        return _LENGTH_MM[0]
    low, high = _ends_mm(other)
    compared_mm = high - low if high - low <= _LENGTH_MM[1] else 0.0
    return max(_LENGTH_MM[0], float(compared_mm) - _LARGEST_DIFFERENCE_MM)


def _less_sure(region: Region, share: float, missing_mm: float) -> Region:
    """The allowed difference is missing too, once the length is in doubt at all."""
    more_mm = missing_mm + _LARGEST_DIFFERENCE_MM if missing_mm > 0.0 else 0.0
    uncertainty_mm = max(region.uncertainty_mm, min(_MOST_MM, more_mm))
    return replace(region, confidence=region.confidence * min(share, 0.7), uncertainty_mm=uncertainty_mm)


def _ends_mm(region: Region) -> FloatArray:
    """(2,) lowest and highest face of its voxels along z."""
    used = np.flatnonzero(region.mask.any(axis=(1, 2)))
    ends: FloatArray = region.geometry.points_mm([[used[0] - 0.5, 0.0, 0.0], [used[-1] + 0.5, 0.0, 0.0]])[:, 2]
    return ends


def _is_cut(region: Region, scan: VolumeGeometry) -> bool:
    """The scan ends within two voxels: what lies beyond is not seen, and not missing from the drawing."""
    low, high = _ends_mm(region)
    first, last = np.sort(scan.points_mm([[-0.5, 0.0, 0.0], [scan.shape[0] - 0.5, 0.0, 0.0]])[:, 2])
    near = 2.0 * float(scan.spacing_mm[0]) + 1e-6
    return bool(low - first < near or last - high < near)
