"""What somebody drew in the earlier scan, at its place on today's grid: nerves and vessels that today's scan does not show.

In: a drawing of the earlier scan, a ``Registration``, today's landmarks and grid. Out: masks on today's grid, each with how far its
border may be off. A place follows the two vertebrae it lies between; where one of them does not fit, nothing is carried there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner.anatomy import itk
from planner.anatomy.registration.landmarks import Landmark
from planner.anatomy.registration.register import LevelFit, Registration
from planner.brought import Box, Brought, BroughtSegment
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.structures import Structure
from planner.volume import LabelEntry

CARRIED = (
    Structure.NERVE_ROOT,
    Structure.ARTERY,
    Structure.VEIN,
    Structure.AORTA,
    Structure.INFERIOR_VENA_CAVA,
)
"""What lies on the spine and a CT without contrast may not show; bone is today's own."""

_DRAWN_MM = 1.5
"""How far a drawn border may lie from the true one beside half a voxel, as for any drawing (``outside/given.py``)."""

_VESSEL_MM = 2.0
"""How far a vessel that lies on the spine may lie elsewhere in another position of the body (assumed)."""

_REACH_MM = 60.0
"""From a body's middle: what lies further off does not move with the spine (assumed)."""

_BEYOND_MM = 18.0
"""Above and below the last vertebrae that fit: half a lumbar vertebra with its disc."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One drawn structure today; ``mask`` fills ``box`` of today's grid, ``levels`` are the vertebrae that carried it."""

    entry: LabelEntry
    label: str
    mask: BoolArray
    box: Box
    uncertainty_mm: float
    levels: tuple[LevelFit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Carrier:
    """The vertebrae that fit, caudal first, with the heights at which each is the nearer one."""

    fits: tuple[LevelFit, ...]
    middles_mm: FloatArray
    """(n, 3) of the bodies, today."""

    @classmethod
    def of(cls, registration: Registration, today: tuple[Landmark, ...]) -> Carrier:
        """From all fits within the limit."""
        fits = {fit.level: fit for fit in registration.levels if fit.is_usable}
        marks = sorted((mark for mark in today if mark.level in fits), key=lambda mark: float(mark.body_mm[2]))
        return cls(tuple(fits[mark.level] for mark in marks), np.array([mark.body_mm for mark in marks]).reshape(-1, 3))

    def earlier_of(self, points_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n, 3) places of today in the earlier scan, and (n, fits) the say of each vertebra; no say where nothing is carried."""
        heights = self.middles_mm[:, 2]
        place = np.interp(points_mm[:, 2], heights, np.arange(len(heights), dtype=np.float64))
        say = np.clip(1.0 - np.abs(place[:, None] - np.arange(len(heights))), 0.0, None)
        earlier = np.zeros_like(points_mm)
        for n, fit in enumerate(self.fits):
            earlier += say[:, [n]] * fit.today_from_earlier.inverse.of(points_mm)
        say[~self._holds(points_mm, place)] = 0.0
        return earlier, say

    def bent_mm(self, points_mm: FloatArray, say: FloatArray) -> float:
        """Half of the most that two vertebrae disagree about places which both carry."""
        most = 0.0
        for n, (low, high) in enumerate(zip(self.fits[:-1], self.fits[1:], strict=True)):
            both = (say[:, n] > 0.0) & (say[:, n + 1] > 0.0)
            if both.any():
                places = points_mm[both]
                one, other = (fit.today_from_earlier.inverse.of(places) for fit in (low, high))
                shared = 2.0 * np.minimum(say[both, n], say[both, n + 1])
                most = max(most, float((np.linalg.norm(one - other, axis=1) * shared).max()) / 2.0)
        return most

    def _holds(self, points_mm: FloatArray, place: FloatArray) -> BoolArray:
        heights = self.middles_mm[:, 2]
        orders = np.array([fit.level.order for fit in self.fits])
        below = np.clip(np.floor(place).astype(int), 0, max(len(orders) - 2, 0))
        above = np.minimum(below + 1, len(orders) - 1)
        neighbours = (np.abs(orders[above] - orders[below]) <= 1) | (place == np.round(place))
        inside = (points_mm[:, 2] > heights[0] - _BEYOND_MM) & (points_mm[:, 2] < heights[-1] + _BEYOND_MM)
        middle = np.stack([np.interp(place, np.arange(len(heights)), self.middles_mm[:, axis]) for axis in range(2)], 1)
        near = np.linalg.norm(points_mm[:, :2] - middle, axis=1) <= _REACH_MM
        return np.asarray(neighbours & inside & near)


def sightings(
    drawing: Brought, registration: Registration, today: tuple[Landmark, ...], grid: VolumeGeometry
) -> tuple[tuple[Sighting, ...], tuple[str, ...]]:
    """The nerves and vessels of a drawing on today's grid, and a sentence for each that could not be carried."""
    carrier = Carrier.of(registration, today)
    found: list[Sighting] = []
    left: list[str] = []
    for segment in drawing.segments:
        if isinstance(segment.meaning, LabelEntry) and segment.meaning.structure in CARRIED:
            one = _carried(drawing, segment, segment.meaning, carrier, grid)
            if one is None:
                left.append(f"NOT CARRIED: {segment.label!r} of the earlier scan lies beside no vertebra that fits")
            else:
                found.append(one)
    return tuple(found), tuple(left)


def _carried(
    drawing: Brought, segment: BroughtSegment, entry: LabelEntry, carrier: Carrier, grid: VolumeGeometry
) -> Sighting | None:
    own = itk.crop(drawing.geometry, segment.box)
    box = _box_today(own, carrier, grid)
    part = itk.crop(grid, box)
    if min(part.shape) < 1:
        return None
    points = part.points_mm(np.stack(np.meshgrid(*(np.arange(n) for n in part.shape), indexing="ij"), axis=-1))
    points = points.reshape(-1, 3)
    earlier, say = carrier.earlier_of(points)
    index = np.floor(own.indices(earlier) + 0.5).astype(int)
    inside = ((index >= 0) & (index < own.shape)).all(axis=1) & (say.sum(axis=1) > 0.0)
    hit = np.zeros(len(points), dtype=bool)
    k, j, i = index[inside].T
    hit[inside] = segment.mask[k, j, i]
    if not hit.any():
        return None
    levels = tuple(fit for n, fit in enumerate(carrier.fits) if (say[hit, n] > 0.0).any())
    off = max(fit.residual_mm for fit in levels) + carrier.bent_mm(points[hit], say[hit])
    off += _DRAWN_MM + float(own.spacing_mm.max()) / 2.0
    off += 0.0 if entry.structure is Structure.NERVE_ROOT else _VESSEL_MM
    return Sighting(entry, segment.label, hit.reshape(part.shape), box, round(off, 2), levels)


def _box_today(own: VolumeGeometry, carrier: Carrier, grid: VolumeGeometry) -> Box:
    corners = np.concatenate([fit.today_from_earlier.of(own.corners_mm) for fit in carrier.fits])
    index = grid.indices(corners)
    low = np.clip(np.floor(index.min(axis=0)) - 1, 0, grid.shape).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 2, 0, grid.shape).astype(int)
    k, j, i = (slice(int(a), max(int(a), int(b))) for a, b in zip(low, high, strict=True))
    return k, j, i


def levels_of(found: tuple[Sighting, ...]) -> Iterator[LevelFit]:
    """The vertebrae that carried anything, each once."""
    seen: dict[str, LevelFit] = {str(fit.level): fit for one in found for fit in one.levels}
    yield from seen.values()
