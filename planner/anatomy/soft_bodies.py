"""Soft tissue taken apart into bodies, to complete an organ of which a part was found.

In: the coarse image, what is soft and free, and a part of the organ. Out: the whole body that holds the part, or the part
itself where no body does. All lengths are mm.

Bodies that touch are parted by erosion at several depths and, with contrast, at several levels of HU.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.anatomy.coarse import CoarseImage, bounding_box, components, dilated, distance_outside
from planner.geometry import BoolArray, Float32Array, FloatArray

_LEVELS_HU = (0.0, 85.0, 120.0, 150.0)
"""Plain kidney is 30 HU, with contrast 120-250 HU: above liver and spleen in the phases where they touch unseen."""

_DEPTHS_MM = (4.0, 6.0, 8.0, 10.0)
"""Half the width of the bridges that are cut."""

_LEAST_HELD = 0.75
"""The body holds at least this share of the part's soft voxels."""

_WORTH = 1.25
"""A body less than this much larger adds vessels and ureter, no missing pole."""

_LEAST_COMPACT = 0.76
"""Share of a body inside the ellipsoid of its own volume and axes: 0.75 and more for one organ, less for two."""

_ALIKE_HU, _ALIKE_SHARE = 10.0, 0.15
"""What is added is as dense as the part, within these: a plain spleen is 15 HU brighter than the kidney, one beside a kidney
full of contrast 50 HU darker."""


@dataclass(frozen=True, slots=True)
class Size:
    """The largest an organ may be."""

    volume_ml: float
    length_mm: float
    width_mm: float


def completed(image: CoarseImage, free: BoolArray, part: BoolArray, largest: Size) -> BoolArray:
    """The part together with the largest body that holds it and is no larger than the organ may be."""
    best = part
    for body in _bodies(image, free, part):
        larger = body.sum() > max(_WORTH * part.sum(), best.sum())
        if larger and _as_dense(image.hu, body & ~part, part) and _is_one(body, image.spacing_mm, largest):
            best = body
    return best | part


def _as_dense(hu: Float32Array, added: BoolArray, part: BoolArray) -> bool:
    """Medians of soft tissue, so that sinus fat does not count."""
    more, own = hu[added & (hu > 0.0)], hu[part & (hu > 0.0)]
    if not len(more) or not len(own):
        return True
    middle = float(np.median(own))
    return abs(float(np.median(more)) - middle) <= max(_ALIKE_HU, _ALIKE_SHARE * middle)


def with_poles(image: CoarseImage, soft: BoolArray, part: BoolArray, largest: Size) -> BoolArray:
    """The part with what hangs on it by a broad face and on nothing else, as a pole that the fitted form did not reach."""
    box = bounding_box(part, image.ball(_POLE_MM))
    if box is None:
        return part
    best = part
    for depth in _POLE_DEPTHS_MM:
        whole = part.copy()
        for body in _hanging(image.cut(box), soft[box], part[box], depth):
            union = whole.copy()
            union[box] |= body
            fits = body.sum() < part.sum() and _as_dense(image.hu[box], body, part[box])
            if fits and _is_one(union, image.spacing_mm, largest):
                whole = union
        best = whole if whole.sum() > best.sum() else best
    return best


def _hanging(image: CoarseImage, soft: BoolArray, part: BoolArray, depth_mm: float) -> Iterator[BoolArray]:
    """Bodies of the rest, parted by erosion, that share a broad face with the part and end inside the box."""
    rest = soft & ~part
    cores, sizes = components(~image.near(~rest, depth_mm), _LEAST_POLE_VOXELS)
    near = dilated(part, int(depth_mm / image.spacing_mm) + 1)
    faces = np.bincount(cores[near], minlength=len(sizes))
    faces[0] = 0
    for number in np.flatnonzero(faces > _BROAD * sizes ** (2.0 / 3.0)):
        body = _grown_back(cores, int(number), rest, depth_mm / image.spacing_mm)
        if not _touches_side(body):
            yield body


_POLE_MM = 45.0
"""No missing pole is longer: less than half a kidney."""
_POLE_DEPTHS_MM = (2.0, 4.0, 6.0)
_LEAST_POLE_VOXELS = 20
_BROAD = 0.5
"""Of a body's voxels to the power of two thirds (a cube's face is 1): narrower is a touch, not a cut through one organ."""


def _touches_side(body: BoolArray) -> bool:
    """Goes on beyond the box, across: colon, liver and psoas do, a pole does not."""
    return bool(body[:, [0, -1]].any() or body[:, :, [0, -1]].any())


def _bodies(image: CoarseImage, free: BoolArray, part: BoolArray) -> Iterator[BoolArray]:
    """At each level and depth the body that holds the part."""
    for level in _LEVELS_HU:
        soft = free & (image.hu > level)
        wanted = part & soft
        if wanted.sum() < 0.3 * part.sum():
            continue
        for depth in _DEPTHS_MM:
            cores, sizes = components(~image.near(~soft, depth), 20)
            held = np.bincount(cores[wanted], minlength=len(sizes))
            held[0] = 0
            body = _grown_back(cores, int(held.argmax()), soft, depth / image.spacing_mm)
            if (body & wanted).sum() >= _LEAST_HELD * wanted.sum():
                yield body


def _grown_back(cores: npt.NDArray[np.int32], number: int, soft: BoolArray, depth: float) -> BoolArray:
    """The core with its surface: what is soft, near, and nearer to it than to the other cores."""
    grown = np.zeros_like(soft)
    box = bounding_box(cores == number, int(depth) + 2) if number else None
    if box is None:
        return grown
    own = distance_outside(cores[box] == number)
    others = distance_outside((cores[box] > 0) & (cores[box] != number))
    grown[box] = soft[box] & (own <= depth + 1) & (own <= others)
    return grown


def _is_one(body: BoolArray, spacing_mm: float, largest: Size) -> bool:
    """No larger than the organ may be, and compact."""
    index = np.argwhere(body)
    if len(index) * spacing_mm**3 / 1000.0 > largest.volume_ml:
        return False
    extent = (index.max(axis=0) - index.min(axis=0) + 1) * spacing_mm
    if extent[0] > largest.length_mm or extent[1:].max() > largest.width_mm:
        return False
    return _compactness(index) >= _LEAST_COMPACT


def _compactness(index: npt.NDArray[np.intp]) -> float:
    """Share of the body that lies inside the ellipsoid of its own volume and axes."""
    centred: FloatArray = index - index.mean(axis=0)
    spread = np.cov(centred.T) + np.eye(3) * 0.1
    square = np.sum(centred @ np.linalg.inv(spread) * centred, axis=1)
    volume = 4.0 / 3.0 * np.pi * np.sqrt(np.linalg.det(spread))
    return float((square <= (len(index) / volume) ** (2.0 / 3.0)).mean())
