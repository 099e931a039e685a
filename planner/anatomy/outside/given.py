"""What somebody brings, on the working grid: masks by structure, part, level and side, and what could not be used.

In: brought segmentations and the working grid. Out: ``Given``. Resampled through patient coordinates to the nearest voxel;
another frame of reference is refused unless a person confirms it; a segment without a meaning is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy import itk
from planner.brought import Beside, Box, Brought, BroughtError, BroughtSegment, Source
from planner.errors import FrameMismatchError
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import LevelName, Side, SpineLevel, Structure
from planner.volume import LabelEntry

_LEAST_OVERLAP = 0.5
"""Of the smaller of the two grids along each axis: less, and the file belongs to another scan (assumed)."""

_SEEN_MM = 1.5
"""How far a trained model's border may lie from the true one beside half a voxel (95 %; TotalSegmentator reports a normalised
surface Dice of 0.96 at 3 mm, Wasserthal 2023, doi:10.1148/ryai.230024; assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class GivenMask:
    """One segment on the working grid; ``mask`` fills ``box``."""

    meaning: LabelEntry | Beside
    mask: BoolArray
    box: Box
    label: str
    source: Source
    uncertainty_mm: float

    @property
    def entry(self) -> LabelEntry | None:
        """What it draws; None for what only supports."""
        return self.meaning if isinstance(self.meaning, LabelEntry) else None


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """All masks that mean something here, and a sentence for each segment that does not."""

    geometry: VolumeGeometry
    masks: tuple[GivenMask, ...]
    listed: tuple[str, ...]

    def of(self, structure: Structure, level: LevelName | None = None) -> tuple[GivenMask, ...]:
        """The masks of one structure, of one level where that is said."""
        return tuple(
            one
            for one in self.masks
            if one.entry is not None
            and one.entry.structure is structure
            and (level is None or one.entry.level == level)
        )

    def beside(self, what: Beside) -> tuple[GivenMask, ...]:
        """The masks that only support."""
        return tuple(one for one in self.masks if one.meaning is what)

    def drawn(self, masks: Iterable[GivenMask]) -> BoolArray:
        """The union of some masks on the whole grid."""
        whole = np.zeros(self.geometry.shape, dtype=bool)
        for one in masks:
            whole[one.box] |= one.mask
        return whole

    @property
    def levels(self) -> tuple[SpineLevel, ...]:
        """The named vertebrae that are given, cranial to caudal; the sacrum is none."""
        named = {one.entry.level for one in self.of(Structure.VERTEBRA) if one.entry is not None}
        return tuple(level for level in SpineLevel if level in named)


def on_grid(
    sources: Iterable[Brought], scan: VolumeGeometry, grid: VolumeGeometry, *, frame_is_confirmed: bool = False
) -> Given:
    """The sources' segments on the working grid; the first source that gives a voxel's structure is not overruled.

    Parameters
    ----------
    scan : the scan's own grid, whose frame of reference counts.
    frame_is_confirmed : a person says that another frame of reference is this one.
    """
    masks: list[GivenMask] = []
    listed: list[str] = []
    for brought in sources:
        _require_frame(brought, scan, frame_is_confirmed)
        _require_overlap(brought.geometry, grid)
        for segment in brought.segments:
            if segment.meaning is None:
                listed.append(_unknown(segment, brought.source))
            elif segment.meaning is Beside.NOT_USED:
                listed.append(f"segment {segment.label!r} of {brought.source.name}: {segment.meaning}")
            else:
                masks.extend(_placed(segment, segment.meaning, brought, grid, listed))
    return Given(grid, tuple(masks), tuple(listed))


def _unknown(segment: BroughtSegment, source: Source) -> str:
    why = segment.why or "not mapped to a structure; name it in a map (--map)"
    return f"NOT USED: segment {segment.number} {segment.label!r} of {source.name}: {why}"


def _placed(
    segment: BroughtSegment, meaning: LabelEntry | Beside, brought: Brought, grid: VolumeGeometry, listed: list[str]
) -> tuple[GivenMask, ...]:
    own = itk.crop(brought.geometry, segment.box)
    box = _box_of(own, grid)
    if min(part.stop - part.start for part in box) <= 0:
        listed.append(f"NOT USED: segment {segment.number} {segment.label!r} lies outside the scan")
        return ()
    part = _nearest(segment.mask, own, itk.crop(grid, box))
    if not part.any():
        listed.append(f"NOT USED: segment {segment.number} {segment.label!r} holds no voxel of the scan")
        return ()
    coarser = max(float(own.spacing_mm.max()), float(grid.spacing_mm.max()))
    return (GivenMask(meaning, part, box, segment.label, brought.source, round(coarser / 2.0 + _SEEN_MM, 2)),)


def _nearest(mask: BoolArray, own: VolumeGeometry, grid: VolumeGeometry) -> BoolArray:
    """Nearest voxel, nothing beyond the mask's own box: the box is padded, since a resampling repeats its edge."""
    padded = np.pad(mask.astype(np.uint8), 1)
    around = own.cropped((-1, -1, -1), (padded.shape[0], padded.shape[1], padded.shape[2]))
    return np.asarray(itk.labels_on(padded, around, grid) > 0)


def _box_of(own: VolumeGeometry, grid: VolumeGeometry) -> Box:
    corners = grid.indices(own.corners_mm)
    low = np.clip(np.floor(corners.min(axis=0)), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, grid.shape).astype(int)
    k, j, i = (slice(int(a), max(int(a), int(b))) for a, b in zip(low, high, strict=True))
    return k, j, i


def _require_frame(brought: Brought, scan: VolumeGeometry, is_confirmed: bool) -> None:  # noqa: FBT001
    stated, ours = brought.geometry.frame_of_reference_uid, scan.frame_of_reference_uid
    if stated and ours and stated != ours and not is_confirmed:
        raise FrameMismatchError(ours, stated)


def _require_overlap(own: VolumeGeometry, grid: VolumeGeometry) -> None:
    low = np.maximum(own.corners_mm.min(axis=0), grid.corners_mm.min(axis=0))
    high = np.minimum(own.corners_mm.max(axis=0), grid.corners_mm.max(axis=0))
    smaller = np.minimum(np.ptp(own.corners_mm, axis=0), np.ptp(grid.corners_mm, axis=0))
    shared = float(np.clip((high - low) / smaller, 0.0, 1.0).min())
    if shared < _LEAST_OVERLAP:
        raise BroughtError(
            f"the segmentation and the scan share {shared:.0%} of the space along one axis, {_LEAST_OVERLAP:.0%} are needed: "
            "it belongs to another scan, or its orientation is lost; export it again with the scan's geometry"
        )


def kept_where(given: Given, keep: Callable[[GivenMask], bool]) -> Given:
    """The same without some masks."""
    return replace(given, masks=tuple(one for one in given.masks if keep(one)))


def sided(given: Given, structure: Structure, side: Side | None) -> tuple[GivenMask, ...]:
    """Masks of one structure on one side, or of no stated side."""
    return tuple(one for one in given.of(structure) if one.entry is not None and one.entry.side is side)
