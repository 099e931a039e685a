"""Where the slices of one series lie, decided in millimetres at the worst slice.

In: the headers of one series. Out: a ``Stack``: slices in order along the normal, one even grid, and its shear.
All points are LPS mm. What does not fit an even grid is refused, never moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dicom_io.errors import (
    AxesError,
    DuplicatePositionError,
    MissingSliceError,
    MixedGridError,
    NoPositionError,
    OneSliceError,
    ShearError,
    TiltError,
    TwoOrientationsError,
    UnevenSpacingError,
)
from dicom_io.instances import Instance
from planner.geometry import FloatArray, unit

LARGEST_OFF_MM = 0.1
"""No slice may lie further from its place on the grid: a fifth of the 0.5 mm within which clearances are promised."""

LARGEST_CORNER_MM = 0.2
"""No corner of an image may be further off through directions that are rounded or not at right angles."""

LARGEST_TILT_DEG = 35.0
"""CT gantries tilt to 30 degrees (IEC 60601-2-44 class devices); assumed to leave room for rounding."""

_SAME_PLACE = 0.1
"""Slices closer than this share of the usual gap lie at one place."""

_HOLE = 0.25
"""A gap within this share of a whole number (2 or more) of usual gaps is a hole of missing slices."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """n parallel slices, evenly spaced along their normal, each shifted in its plane by a constant shear.

    ``shear`` is (2,): mm along columns (j) and rows (i) per slice; zero where no slice is shifted by more than
    ``LARGEST_OFF_MM``. ``axes`` is (3, 3): unit vectors of k, j, i as columns.
    """

    instances: tuple[Instance, ...]
    first_mm: FloatArray
    axes: FloatArray
    spacing_mm: FloatArray
    shear_mm: FloatArray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        plane = self.instances[0].plane
        return len(self.instances), plane.rows, plane.columns

    @property
    def tilt_deg(self) -> float:
        """Angle between the line through the slices' corners and their normal."""
        return float(np.degrees(np.arctan2(np.linalg.norm(self.shear_mm), self.spacing_mm[0])))

    @property
    def shift_at_last_mm(self) -> float:
        """How far the last slice is shifted against the first."""
        return float(np.linalg.norm(self.shear_mm) * (len(self.instances) - 1))


def stack(instances: tuple[Instance, ...]) -> Stack:
    """The slices of one series as one even grid, or the refusal in mm."""
    _require_planes(instances)
    if len(instances) < 2:
        raise OneSliceError
    _require_same_grid(instances)
    axes = _axes(instances)
    positions = np.array([one.plane.position_mm for one in instances])
    order = np.argsort(positions @ axes[:, 0], kind="stable")
    instances = tuple(instances[index] for index in order)
    along = positions[order] @ axes  # (n, 3): along k, j, i
    _require_even_gaps(along[:, 0], instances)
    index = np.arange(len(instances))
    slope, start = np.polynomial.polynomial.polyfit(index, along, 1)[::-1]
    off = np.abs(along - start - index[:, None] * slope)  # (n, 3)
    _require_even(off[:, 0], along[:, 0], instances)
    shear = _shear(np.hypot(off[:, 1], off[:, 2]), slope, instances)
    plane = instances[0].plane
    spacing = np.array([slope[0], *(plane.pixel_spacing_mm or ())])
    if not shear.any():
        start[1:] = along[:, 1:].mean(axis=0)
    return Stack(instances, axes @ start, axes, spacing, shear)


def _require_planes(instances: tuple[Instance, ...]) -> None:
    for attribute, name in (
        ("position_mm", "Image Position (Patient)"),
        ("orientation", "Image Orientation (Patient)"),
        ("pixel_spacing_mm", "Pixel Spacing"),
    ):
        missing = sum(not getattr(one.plane, attribute) for one in instances)
        if missing:
            raise NoPositionError(name, missing, len(instances))
    flat = sum(min(one.plane.pixel_spacing_mm or (0,)) <= 0 for one in instances)
    if flat:
        raise NoPositionError("Pixel Spacing", flat, len(instances))


def _require_same_grid(instances: tuple[Instance, ...]) -> None:
    first = instances[0].plane
    extent = max(first.rows, first.columns)
    for one in instances:
        plane = one.plane
        if (plane.rows, plane.columns) != (first.rows, first.columns):
            size, wanted = f"{plane.rows} x {plane.columns}", f"{first.rows} x {first.columns}"
            raise MixedGridError("the number of rows and columns", one.words, size, wanted)
        off_mm = np.abs(np.array(plane.pixel_spacing_mm) - np.array(first.pixel_spacing_mm)).max() * extent
        if off_mm > LARGEST_OFF_MM:
            size, wanted = (" x ".join(f"{mm:g}" for mm in p.pixel_spacing_mm or ()) for p in (plane, first))
            raise MixedGridError("Pixel Spacing", one.words, f"{size} mm", f"{wanted} mm")


def _axes(instances: tuple[Instance, ...]) -> FloatArray:
    """(3, 3) unit vectors of k (normal), j (down a column) and i (along a row), as columns."""
    directions = np.array([one.plane.orientation for one in instances]).reshape(-1, 2, 3)
    plane = instances[0].plane
    corner_mm = 0.5 * float(np.hypot(*(np.array(plane.pixel_spacing_mm) * (plane.rows, plane.columns))))
    lengths = np.linalg.norm(directions, axis=2)
    skew = np.abs(np.sum(directions[:, 0] * directions[:, 1], axis=1))
    off_mm = np.maximum(skew * corner_mm, np.where(np.abs(lengths - 1).max(axis=1) > 0.01, corner_mm, 0.0))
    worst = int(off_mm.argmax())
    if off_mm[worst] > LARGEST_CORNER_MM:
        raise AxesError(instances[worst].words, float(off_mm[worst]), LARGEST_CORNER_MM)
    directions = unit(directions)
    turned_mm = np.linalg.norm(directions - directions[0], axis=2).max(axis=1) * corner_mm
    worst = int(turned_mm.argmax())
    if turned_mm[worst] > LARGEST_CORNER_MM:
        angle = 2 * np.degrees(np.arcsin(min(1.0, turned_mm[worst] / corner_mm / 2)))
        raise TwoOrientationsError(instances[worst].words, float(angle), float(turned_mm[worst]), LARGEST_CORNER_MM)
    return _right_angled(directions[0])


def _right_angled(directions: FloatArray) -> FloatArray:
    """Exactly orthonormal axes nearest to the stored ones: the rounding is shared between rows and columns."""
    row, column = directions
    normal = unit(np.cross(row, column))
    middle, across = unit(row + column), unit(row - column)
    row, column = unit(middle + across), unit(middle - across)
    return np.stack([normal, column, row], axis=1)


def _require_even_gaps(depths: FloatArray, instances: tuple[Instance, ...]) -> None:
    gaps = np.diff(depths)
    apart = gaps[gaps > 0.01]
    if not apart.size:
        raise DuplicatePositionError(len(gaps), instances[1].words, float(gaps.max()))
    usual = float(np.median(apart))
    same = np.flatnonzero(gaps < _SAME_PLACE * usual)
    if same.size:
        raise DuplicatePositionError(same.size, instances[same[0] + 1].words, float(gaps[same[0]]))
    steps = np.rint(gaps / usual)
    is_multiple = np.abs(gaps / usual - steps) <= np.minimum(_HOLE, LARGEST_OFF_MM * 2 / usual * np.maximum(steps, 1))
    holes = np.flatnonzero((steps >= 2) & is_multiple)
    if holes.size and is_multiple.all():
        missing = int((steps[holes] - 1).sum())
        raise MissingSliceError(missing, instances[holes[0]].words, float(gaps[holes[0]]), usual)


def _require_even(off_mm: FloatArray, depths: FloatArray, instances: tuple[Instance, ...]) -> None:
    worst = int(off_mm.argmax())
    if off_mm[worst] > LARGEST_OFF_MM:
        gaps = np.diff(depths)
        raise UnevenSpacingError(
            instances[worst].words, float(off_mm[worst]), LARGEST_OFF_MM, float(gaps.min()), float(gaps.max())
        )


def _shear(off_mm: FloatArray, slope: FloatArray, instances: tuple[Instance, ...]) -> FloatArray:
    """(2,) shift per slice along columns and rows [mm]; zero where it never matters."""
    worst = int(off_mm.argmax())
    if off_mm[worst] > LARGEST_OFF_MM:
        raise ShearError(instances[worst].words, float(off_mm[worst]), LARGEST_OFF_MM)
    shift_mm = float(np.hypot(*slope[1:])) * (len(instances) - 1)
    if shift_mm <= LARGEST_OFF_MM:
        return np.zeros(2)
    angle = float(np.degrees(np.arctan2(np.hypot(*slope[1:]), slope[0])))
    if angle > LARGEST_TILT_DEG:
        raise TiltError(angle, LARGEST_TILT_DEG, shift_mm)
    return np.asarray(slope[1:])
