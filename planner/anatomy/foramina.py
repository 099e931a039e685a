"""Intervertebral foramina: the openings between the pedicles, seen in a sagittal sheet through the pedicles' middle.

In: the straightened spine with its pedicles. Out: one ``Foramen`` for each interspace and side whose opening was seen.
Spine coordinates inside, LPS mm outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.column import Pedicle, SpineColumn
from planner.anatomy.model import Foramen
from planner.anatomy.rings import cheapest_ring, outward_drop
from planner.anatomy.straight import StraightGrid
from planner.geometry import Float32Array, FloatArray, frozen
from planner.structures import Interspace, Side
from planner.volume import linear

_ANGLES = 48
_THETA = 2.0 * np.pi * np.arange(_ANGLES) / _ANGLES
_RADII_MM = np.arange(1.0, 17.0, 0.5)
"""A lumbar foramen is 11 to 24 mm high and 5 to 13 mm wide (Stephens 1991, Spine 16:525)."""

_ACROSS_MM = np.array([-1.5, -0.75, 0.0, 0.75, 1.5])
"""Beside the sheet, over which it is averaged: less than half the narrowest pedicle."""

_SOFT_HU, _SOLID_HU = 0.0, 300.0
"""Fat and nerve count alike; so do trabecular bone at its edge and cortex."""

_CLEAR_EDGE_HU = 120.0
"""Between what fills a foramen (-100 to 60 HU) and half a cortex thinned by 2 to 3 mm voxels (assumed)."""

_HALF_SOLID = 0.5
_WEAK_PEDICLE = 0.5
_LARGEST_RATIO = 2.0
_LARGEST_HEIGHT_RATIO = 1.35
"""Of one side to the other: beyond them a border may have been missed on one side (assumed)."""

_MIRRORED_APART_MM = 10.0
"""Between one side's middle and the other's mirrored at the canal: so far apart one of them is something else (assumed)."""

_SPREAD_MM, _UNSEEN_EDGE_MM = 1.5, 3.0
"""Of a clearly seen middle (the bar for its median; on phantoms of 2 mm slices 0.8 to 1.7 mm above L5/S1), and what is added where none
of the edge is seen: half of a foramen's width (assumed)."""

_SMALLEST_MM2, _LARGEST_MM2 = 25.0, 300.0
"""Lumbar foramina measure 40 to 160 mm2 (Stephens 1991), stenotic ones less; margins assumed."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A sagittal sheet from the middle of one pedicle to that of the next; (s, v) are its coordinates."""

    grid: StraightGrid
    below: Pedicle
    above: Pedicle

    def u_mm(self, s_mm: FloatArray | float) -> FloatArray:
        """The sheet's distance from the canal's middle, to the left."""
        between = [self.below.s_mm, self.above.s_mm]
        return np.asarray(np.interp(s_mm, between, [self.below.u_mm, self.above.u_mm]))

    @property
    def assumed_out_mm(self) -> float:
        """How far its middle lies outwards for a pedicle's width that was not seen."""
        return (self.below.assumed_out_mm + self.above.assumed_out_mm) / 2.0

    def sampled(self, image: Float32Array, s_mm: FloatArray, v_mm: FloatArray) -> FloatArray:
        """Image at (s, v), averaged over 3 mm across the sheet; solid beyond the grid."""
        across = self.u_mm(s_mm)[..., None] + _ACROSS_MM
        suv = np.stack(np.broadcast_arrays(s_mm[..., None], across, v_mm[..., None]), axis=-1)
        mean: FloatArray = linear(image, self.grid.index(suv), _SOLID_HU).mean(axis=-1)
        return mean

    def point_mm(self, s_mm: float, v_mm: float) -> FloatArray:
        """(3,) LPS of a place in the sheet."""
        return frozen(self.grid.frame.to_lps([s_mm, float(self.u_mm(s_mm)), v_mm]))


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """One foramen in its sheet: (n_angles,) contour around (s, v), and the share of it on a clear edge."""

    between: Interspace
    side: Side
    sheet: Sheet
    s_mm: float
    v_mm: float
    radius_mm: FloatArray
    edge_share: float

    @property
    def contour_sv_mm(self) -> tuple[FloatArray, FloatArray]:
        """(n_angles,) s and v of the polygon's corners."""
        return self.s_mm + self.radius_mm * np.cos(_THETA), self.v_mm + self.radius_mm * np.sin(_THETA)

    @property
    def area_mm2(self) -> float:
        """Of the polygon."""
        s, v = self.contour_sv_mm
        return float(abs(np.sum(s * np.roll(v, -1) - v * np.roll(s, -1))) / 2.0)

    @property
    def centroid_sv_mm(self) -> tuple[float, float]:
        """The polygon's centre of area."""
        weights = self.radius_mm * np.roll(self.radius_mm, -1)
        s, v = self.contour_sv_mm
        middle_s = np.average((s + np.roll(s, -1) + self.s_mm) / 3.0, weights=weights)
        middle_v = np.average((v + np.roll(v, -1) + self.v_mm) / 3.0, weights=weights)
        return float(middle_s), float(middle_v)

    @property
    def roof_and_floor_sv_mm(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Where the contour meets the upper and the lower pedicle: towards their middles, over 15 degrees."""
        above, below = self.sheet.above, self.sheet.below
        return self._towards(above.s_mm, above.v_mm), self._towards(below.s_mm, below.v_mm)

    @property
    def height_mm(self) -> float:
        """From the lower pedicle to the upper one, along the canal."""
        (roof, _), (floor, _) = self.roof_and_floor_sv_mm
        return roof - floor

    def _towards(self, s_mm: float, v_mm: float) -> tuple[float, float]:
        angle = np.arctan2(v_mm - self.v_mm, s_mm - self.s_mm)
        near = angle + np.arange(-1, 2) * 2 * np.pi / _ANGLES
        radius = np.interp(near, _THETA, self.radius_mm, period=2 * np.pi)
        return float(np.mean(self.s_mm + radius * np.cos(near))), float(np.mean(self.v_mm + radius * np.sin(near)))


def find_openings(column: SpineColumn, interspaces: tuple[Interspace, ...]) -> tuple[Opening, ...]:
    """Openings between vertebra n and n + 1 of the column, named by ``interspaces[n]``, on both sides."""
    image = np.clip(column.hu, _SOFT_HU, _SOLID_HU)
    image[(column.body > 0) | (column.disc > 0)] = _SOLID_HU
    return tuple(
        _opening(image, Sheet(column.grid, below[side], above[side]), column, between)
        for between, below, above in zip(interspaces, column.pedicles[:-1], column.pedicles[1:], strict=True)
        for side in Side
        if side in below and side in above and min(below[side].confidence, above[side].confidence) > 0.0
    )


def _opening(image: Float32Array, sheet: Sheet, column: SpineColumn, between: Interspace) -> Opening:
    s, v = _emptiest(image, sheet, column)
    opening = Opening(between, sheet.above.side, sheet, s, v, np.full(_ANGLES, 3.0), 0.0)
    for _ in range(4):
        opening = _outlined(image, opening)
        s, v = opening.centroid_sv_mm
        outlined, opening = opening, replace(opening, s_mm=s, v_mm=v)
    return outlined


def _outlined(image: Float32Array, opening: Opening) -> Opening:
    """The opening with the contour on which dark turns bright, seen from its centre."""
    s = opening.s_mm + _RADII_MM * np.cos(_THETA)[:, None]
    v = opening.v_mm + _RADII_MM * np.sin(_THETA)[:, None]
    rays = opening.sheet.sampled(image, s, v)
    rise = -outward_drop(rays[None], 3)[0] / _CLEAR_EDGE_HU
    crossed = np.cumsum(rays > _HALF_SOLID * _SOLID_HU, axis=1)
    ring = cheapest_ring((-np.clip(rise, -0.5, 1.5) + 0.25 * crossed)[None], bend=0.1)[0]
    clear = np.clip(np.take_along_axis(rise, ring[:, None], axis=1), 0.0, 1.0)
    return replace(opening, radius_mm=_RADII_MM[ring], edge_share=float(clear.mean()))


def _emptiest(image: Float32Array, sheet: Sheet, column: SpineColumn) -> tuple[float, float]:
    """The place between two pedicles around which 3 mm hold least bone; half-way and at the canal's front if in doubt."""
    row = int(np.clip(np.searchsorted(column.grid.s_mm, sheet.above.s_mm), 0, column.grid.shape[0] - 1))
    front = float(column.walls.front_mm[row])
    span = sheet.above.s_mm - sheet.below.s_mm
    s, v = np.meshgrid(
        np.arange(sheet.below.s_mm + 0.2 * span, sheet.above.s_mm - 0.1 * span, 1.0),
        np.arange(-5.0, front + 8.0, 1.0),
        indexing="ij",
    )
    disk = [(0.0, 0.0), *[(r * np.cos(a), r * np.sin(a)) for r in (1.5, 3.0) for a in _THETA[::6]]]
    filled = np.mean([sheet.sampled(image, s + ds, v + dv) for ds, dv in disk], axis=0) / _SOLID_HU
    unlikely = ((s - sheet.below.s_mm - 0.6 * span) / span) ** 2 + ((v - front + 2.0) / 20.0) ** 2
    best = np.unravel_index(np.argmin(filled + unlikely), s.shape)
    return float(s[best]), float(v[best])


def foramina(openings: tuple[Opening, ...], voxel_mm: float = 1.0) -> tuple[Foramen, ...]:
    """Landmarks in LPS mm, each with a confidence and an uncertainty from its edge, its size, the other side and the voxels."""
    return tuple(_foramen(opening, openings, voxel_mm) for opening in openings)


def _foramen(opening: Opening, openings: tuple[Opening, ...], voxel_mm: float) -> Foramen:
    roof, floor = opening.roof_and_floor_sv_mm
    points = [opening.sheet.point_mm(*sv) for sv in (opening.centroid_sv_mm, roof, floor)]
    confidence = foramen_confidence(opening, openings)
    apart = mirrored_apart_mm(opening, openings) or 0.0
    uncertainty = _SPREAD_MM + voxel_mm / 2.0 + apart / 2.0 + _UNSEEN_EDGE_MM * (1.0 - confidence)
    uncertainty += opening.sheet.assumed_out_mm
    return Foramen(
        opening.between,
        opening.side,
        points[0],
        points[1],
        points[2],
        opening.area_mm2,
        confidence,
        round(uncertainty, 2),
    )


def mirrored_apart_mm(opening: Opening, openings: tuple[Opening, ...]) -> float | None:
    """From the middle to that of the other side mirrored at the canal; None where the other side is not seen."""
    opposite = [o for o in openings if o.between == opening.between and o.side is opening.side.other]
    if not opposite:
        return None
    here, there = (
        np.array([s, abs(float(one.sheet.u_mm(s))), v])
        for one in (opening, opposite[0])
        for s, v in (one.centroid_sv_mm,)
    )
    return float(np.linalg.norm(here - there))


def foramen_confidence(opening: Opening, openings: tuple[Opening, ...]) -> float:
    """Share of clear edge, times how nearly the other side is its mirror image, halved for each doubt.

    Doubts: no opening on the other side, or one that differs; an unlikely area; a pedicle that is hardly seen.
    """
    opposite = [o for o in openings if o.between == opening.between and o.side is opening.side.other]
    doubts = [
        not opposite or sides_differ(opening, opposite[0]),
        not _SMALLEST_MM2 <= opening.area_mm2 <= _LARGEST_MM2,
        min(opening.sheet.below.confidence, opening.sheet.above.confidence) < _WEAK_PEDICLE,
    ]
    apart = mirrored_apart_mm(opening, openings)
    alike = 1.0 if apart is None else max(0.0, 1.0 - apart / _MIRRORED_APART_MM)
    return round(opening.edge_share * alike * 0.5 ** sum(doubts), 3)


def sides_differ(one: Opening, other: Opening) -> bool:
    """The two foramina of an interspace differ by a factor of two in area, or by a third in height."""
    areas = sorted([one.area_mm2, other.area_mm2])
    heights = sorted([one.height_mm, other.height_mm])
    return areas[1] > _LARGEST_RATIO * areas[0] or heights[1] > _LARGEST_HEIGHT_RATIO * heights[0]
