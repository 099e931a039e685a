"""The spine's curve: one frame and one set of sizes for each vertebra, T10 to S1.

In: ``PhantomParameters``. Out: ``Spine``: vertebrae and interspaces, cranial to caudal, in LPS mm.
A vertebra's frame sits in the middle of its body; local x is left, y posterior, z cranial.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from planner.geometry import FloatArray, frozen, unit
from planner.structures import Interspace, SpineLevel
from sample_data.parameters import PhantomParameters
from sample_data.shapes import Frame, smooth_path, turn_about

CANAL_OFFSET_MM = 9.0
"""From a body's posterior wall to the middle of the canal."""

SACRUM_MM = frozen([0.0, 50.0, -108.0])
"""LPS centre of S1's body; a straight spine of five lumbar vertebrae then has L3's at (0, 20, 0)."""

CANAL_HALF_WIDTH_MM = 11.3
"""Of the canal, 22.6 mm wide (Panjabi 1992, doi:10.1097/00007632-199203000-00010, rounded)."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """One vertebra's measures [mm, degrees]: plausible adult values, assumed, near Panjabi 1992.

    ``tilt_deg``: the body's cranial axis leans to anterior. ``disc_mm``: the disc below. ``facet_deg``: of the joint
    below, from the sagittal plane; ``facet_x_mm``: of that joint's middle from the midline.
    """

    width: float
    depth: float
    height: float
    disc: float
    pedicle_width: float
    pedicle_height: float
    tilt_deg: float
    facet_deg: float
    facet_x: float
    transverse_reach: float


_THORACIC = {
    SpineLevel.T10: Sizes(33, 28, 21.5, 5, 7.5, 14, -6, 75, 13, 26),
    SpineLevel.T11: Sizes(36, 29, 22.5, 6, 8.5, 15, -8, 65, 13.5, 24),
    SpineLevel.T12: Sizes(40, 30, 24, 7.5, 9, 15.5, -9, 28, 16, 24),
}
_LUMBAR = (
    Sizes(43, 31.5, 25.5, 8.5, 8.5, 15.5, -8, 28, 16, 38),
    Sizes(45, 32.5, 26.5, 9.5, 9, 15, -5, 32, 16, 43),
    Sizes(47, 33.5, 27, 10.5, 10, 14.5, 0, 37, 16.5, 48),
    Sizes(49, 34, 27, 11.5, 12, 14.5, 7, 43, 18, 44),
    Sizes(51, 34.5, 26.5, 10.5, 14, 14, 20, 50, 20.5, 42),
)
_S1 = Sizes(50, 31, 30, 4, 15, 15, 38, 0, 22, 45)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedVertebra:
    """One vertebra: its name, sizes and frame."""

    level: SpineLevel
    sizes: Sizes
    frame: Frame

    @property
    def back_wall_mm(self) -> float:
        """Local y of the body's posterior wall."""
        return self.sizes.depth / 2

    @property
    def pedicle_z_mm(self) -> float:
        """Local z of the pedicle's middle."""
        return self.sizes.height / 2 - self.sizes.pedicle_height / 2 - 1.0

    @property
    def pedicle_x_mm(self) -> float:
        """Local x of the left pedicle's middle; its inner wall touches the canal."""
        return CANAL_HALF_WIDTH_MM + 0.4 + self.sizes.pedicle_width / 2


@dataclass(frozen=True, slots=True, eq=False)
class PlacedInterspace:
    """Between two vertebrae: a frame in the middle of the disc, its height, and both vertebrae."""

    upper: PlacedVertebra
    lower: PlacedVertebra
    frame: Frame
    height_mm: float

    @property
    def name(self) -> Interspace:
        """``L4/L5``."""
        return Interspace(self.upper.level, self.lower.level)

    @property
    def depth_mm(self) -> float:
        """Anteroposterior size of the disc."""
        return (self.upper.sizes.depth + self.lower.sizes.depth) / 2

    @property
    def width_mm(self) -> float:
        """Left-right size of the disc."""
        return (self.upper.sizes.width + self.lower.sizes.width) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Spine:
    """Vertebrae and interspaces, cranial to caudal; the last vertebra is S1."""

    vertebrae: tuple[PlacedVertebra, ...]
    interspaces: tuple[PlacedInterspace, ...]

    def vertebra(self, level: SpineLevel) -> PlacedVertebra:
        """The vertebra of that name."""
        return next(v for v in self.vertebrae if v.level is level)

    @property
    def last_lumbar(self) -> PlacedVertebra:
        """L4, L5 or L6."""
        return self.vertebrae[-2]

    def beside(self, x_mm: float, y_mm: float, *, from_front: bool = False) -> FloatArray:
        """(n, 3) a point beside each vertebra and disc, cranial to caudal.

        ``y_mm`` counts from the posterior wall, or from the anterior one.
        """
        places: list[FloatArray] = []
        for n, v in enumerate(self.vertebrae):
            sign = -1.0 if from_front else 1.0
            places.append(v.frame.point(x_mm, sign * v.sizes.depth / 2 + y_mm, 0.0))
            if n < len(self.interspaces):
                gap = self.interspaces[n]
                places.append(gap.frame.point(x_mm, sign * gap.depth_mm / 2 + y_mm, 0.0))
        return np.stack(places)

    def at_height(self, z_mm: float) -> FloatArray:
        """(3,) point of the line through the body centres at LPS z; straight on beyond its ends."""
        line = smooth_path(np.stack([v.frame.origin_mm for v in self.vertebrae]))[::-1]
        point = np.array([np.interp(z_mm, line[:, 2], line[:, axis]) for axis in range(3)])
        point[2] = z_mm
        return frozen(point)


def lumbar_levels(count: int) -> tuple[SpineLevel, ...]:
    """L1 to L4, L5 or L6."""
    return tuple(SpineLevel(f"L{n}") for n in range(1, count + 1))


def lumbar_sizes(count: int) -> tuple[Sizes, ...]:
    """The five lumbar sizes, stretched to 4, 5 or 6 vertebrae."""
    rows = np.array([[getattr(s, f.name) for f in fields(Sizes)] for s in _LUMBAR])
    where = np.linspace(0, len(rows) - 1, count)
    columns = [np.interp(where, np.arange(len(rows)), rows[:, c]) for c in range(rows.shape[1])]
    return tuple(Sizes(*(float(value) for value in row)) for row in np.transpose(columns))


def place_spine(parameters: PhantomParameters) -> Spine:
    """All vertebrae on the curve, S1's body at ``SACRUM_MM``."""
    count = parameters.lumbar_count
    named = [*_THORACIC.items(), *zip(lumbar_levels(count), lumbar_sizes(count), strict=True), (SpineLevel.S1, _S1)]
    turns = [_orientation(n, named[n][1].tilt_deg, len(named), parameters) for n in range(len(named))]
    centers = _stacked([sizes for _, sizes in named], turns)
    centers = centers - centers[-1] + SACRUM_MM
    vertebrae = tuple(
        PlacedVertebra(level, sizes, Frame(frozen(center), frozen(turn)))
        for (level, sizes), center, turn in zip(named, centers, turns, strict=True)
    )
    return Spine(vertebrae, tuple(_between(a, b) for a, b in pairwise(vertebrae)))


def _orientation(n: int, tilt_deg: float, count: int, parameters: PhantomParameters) -> FloatArray:
    """Axes of the n-th vertebra: lateral bend, then lean to anterior, then axial rotation."""
    height = (count - 1 - n) / (count - 1)  # 0 at S1, 1 at T10
    bend = -parameters.scoliosis_deg / 2 * np.sin(2 * np.pi * np.clip(height * 1.05, 0, 1)) if height > 0 else 0.0
    rotation = parameters.axial_rotation_deg * np.sin(np.pi * height) ** 2
    # About the left axis a right-handed turn takes cranial to anterior; about the cranial axis, anterior to the left.
    return turn_about(1, -float(bend)) @ turn_about(0, tilt_deg) @ turn_about(2, float(rotation))


def _stacked(sizes: list[Sizes], turns: list[FloatArray]) -> FloatArray:
    """(n, 3) centres: half a body, the disc along the mean axis, half a body; from the top down."""
    centers = [np.zeros(3)]
    for above, below, up, down in zip(sizes[:-1], sizes[1:], turns[:-1], turns[1:], strict=True):
        edge = centers[-1] - up[:, 2] * above.height / 2
        edge = edge - unit(up[:, 2] + down[:, 2]) * above.disc
        centers.append(edge - down[:, 2] * below.height / 2)
    return np.stack(centers)


def _between(upper: PlacedVertebra, lower: PlacedVertebra) -> PlacedInterspace:
    top = upper.frame.point(0, 0, -upper.sizes.height / 2)
    bottom = lower.frame.point(0, 0, lower.sizes.height / 2)
    cranial = unit(upper.frame.axes[:, 2] + lower.frame.axes[:, 2])
    left = upper.frame.axes[:, 0] + lower.frame.axes[:, 0]
    left = unit(left - left @ cranial * cranial)
    axes = np.stack([left, np.cross(cranial, left), cranial], axis=1)
    return PlacedInterspace(upper, lower, Frame(frozen((top + bottom) / 2), frozen(axes)), upper.sizes.disc)
