"""The part of a scan that one plan needs: around its targets along the body, out to the skin.

In: what a person asked for, and the named discs of the whole scan. Out: a ``Slab``, two LPS z in mm between which structures
are sought; and stage results cut to it. What lies outside is absent by request, and the anatomy says so.

Canal, discs and names are always found in the whole scan: a name needs its anchor, wherever that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from planner.anatomy.model import Slab
from planner.anatomy.stages import DiscLevel
from planner.geometry import VolumeGeometry
from planner.structures import Interspace, LevelName, SpineLevel, Structure
from planner.target import TargetRequest
from planner.volume import Volume

REACH_MM = 80.0
"""Along the body to both sides of a target: a 150 mm needle at 30 degrees of tilt rises 75 mm."""

ORGAN_MARGIN_MM = 40.0
"""Organs are sought this much further, since a kidney that is cut in two looks like none; they are cut afterwards."""

_WHOLE = 0.85
"""A slab that holds this much of the scan is the scan."""

_TO_FIRST_SACRAL_MM = 30.0
"""From the lumbosacral disc down to the first sacral foramen (S1 is 30 mm high; assumed)."""

StageT = TypeVar("StageT")


@dataclass(frozen=True, slots=True)
class Region:
    """What a plan asks of the anatomy: its targets, and the structures that must have been sought for them."""

    requests: tuple[TargetRequest, ...]
    needed: tuple[Structure, ...] = ()
    reach_mm: float = REACH_MM

    def slab(
        self, interspaces: tuple[Interspace, ...], discs: tuple[DiscLevel, ...], scan: VolumeGeometry
    ) -> Slab | None:
        """Where to look; None where a place is not known by its name, or where the slab is nearly all of the scan."""
        places = [_z_mm(request, interspaces, discs) for request in self.requests]
        known = [z for z in places if z is not None]
        corners = scan.corners_mm[:, 2]
        if len(known) < len(places) or not known:
            return None
        low, high = max(min(known) - self.reach_mm, corners.min()), min(max(known) + self.reach_mm, corners.max())
        if high - low >= _WHOLE * float(np.ptp(corners)):
            return None
        return Slab(float(low), float(high))


def _z_mm(request: TargetRequest, interspaces: tuple[Interspace, ...], discs: tuple[DiscLevel, ...]) -> float | None:
    """LPS z of what is asked for, as its disc or vertebra tells it."""
    level = (request.level or "").strip()
    if level.startswith("@"):
        return _number(level[1:])
    if "/" not in level and level:
        return _vertebra_z_mm(level, interspaces, discs)
    if request.root is not None and request.root == SpineLevel.S1:
        above = [disc for between, disc in zip(interspaces, discs, strict=True) if between.lower is SpineLevel.S1]
        return float(above[0].center_mm[2]) - _TO_FIRST_SACRAL_MM if above else None
    for between, disc in zip(interspaces, discs, strict=True):
        if between.is_named and (str(between) == level.upper() or between.root == request.root):
            return float(disc.center_mm[2])
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _vertebra_z_mm(name: str, interspaces: tuple[Interspace, ...], discs: tuple[DiscLevel, ...]) -> float | None:
    beside = [
        float(disc.center_mm[2])
        for between, disc in zip(interspaces, discs, strict=True)
        if name.upper() in (str(between.upper), str(between.lower))
    ]
    return sum(beside) / len(beside) if beside else None


def rows_of(slab: Slab, geometry: VolumeGeometry) -> slice:
    """The axial slices of a grid in the patient's axes whose centres lie in the slab."""
    z = geometry.points_mm(np.array([[k, 0, 0] for k in range(geometry.shape[0])]))[:, 2]
    inside = np.flatnonzero((z >= slab.low_z_mm) & (z <= slab.high_z_mm))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def widened(slab: Slab, margin_mm: float) -> Slab:
    """The slab with ``margin_mm`` more at both ends."""
    return replace(slab, low_z_mm=slab.low_z_mm - margin_mm, high_z_mm=slab.high_z_mm + margin_mm)


def volume_in(volume: Volume, rows: slice) -> Volume:
    """The slices of a volume."""
    return replace(volume, geometry=geometry_in(volume.geometry, rows), voxels=volume.voxels[rows])


def geometry_in(geometry: VolumeGeometry, rows: slice) -> VolumeGeometry:
    """The grid of the slices."""
    _, j, i = geometry.shape
    return geometry.cropped((rows.start, 0, 0), (rows.stop - rows.start, j, i))


def stage_in(stage: StageT, whole: VolumeGeometry, rows: slice) -> StageT:
    """A stage's frozen value with every mask on the whole grid cut to the slices; what is in LPS mm stays."""
    assert is_dataclass(stage)
    cut = {one.name: _cut(getattr(stage, one.name), whole, rows) for one in fields(stage)}
    build: Callable[..., Any] = replace
    return build(stage, **cut)  # type: ignore[no-any-return]


def _cut(value: object, whole: VolumeGeometry, rows: slice) -> object:
    if isinstance(value, np.ndarray) and value.shape == whole.shape:
        return value[rows]
    if isinstance(value, VolumeGeometry) and value.shape == whole.shape:
        return geometry_in(value, rows)
    if isinstance(value, Mapping):
        return {key: _cut(one, whole, rows) for key, one in value.items()}
    return value


def discs_in(slab: Slab, discs: tuple[DiscLevel, ...]) -> slice:
    """The discs whose middle lies in the slab: a stretch without gaps, since they are in order."""
    inside = [n for n, disc in enumerate(discs) if slab.low_z_mm <= float(disc.center_mm[2]) <= slab.high_z_mm]
    return slice(inside[0], inside[-1] + 1) if inside else slice(0, 0)


def names_in(names: tuple[LevelName, ...], discs: slice) -> tuple[LevelName, ...]:
    """The names of the vertebrae below, between and above these discs."""
    return names[discs.start : discs.stop + 1]
