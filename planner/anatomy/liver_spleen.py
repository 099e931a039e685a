"""Liver and spleen as what is large and even under the diaphragm, on their sides.

In: the coarse image, lung, gas and what has a name already, and the inside of the wall. Out: two masks on the coarse grid, and how sure each is.
Rough and on the safe side: a neighbour as bright as the organ and without fat between goes with it. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813

from planner.anatomy.coarse import CoarseImage, components, dilated, eroded, grown_inside, to_array
from planner.geometry import BoolArray, Float32Array
from planner.structures import Side

_ORGAN_HU = (25.0, 200.0)
_SMOOTH_VOXELS = 1.0
"""Noise of a thin slice makes holes of single voxels, and a hole takes a whole core away."""

_WALL_MM, _RIBS_BESIDE_MM = 6.0, 75.0
"""Skin, and the muscle over the ribs: in slices with bone this far to the side, liver and spleen lie against the ribs' inner
side; in others the wall of the abdomen is thicker."""

_BESIDE_SPINE_MM, _BEHIND_MM, _IN_CHEST_MM = 30.0, -40.0, 45.0
"""Neither lies behind the bodies' sides or nearer to the middle; between the lungs' bases the heart does."""

_CHEST_SHARE = 0.3
"""A slice with more lung than this share of the body holds the heart too."""

_DOME_MM2 = 100.0
"""A section of the liver's right dome is larger; above it nothing is liver: the heart lies on the lower middle part (assumed)."""

_UNDER_DIAPHRAGM_MM = 30.0
"""How far below the lung's base the organ's even core may end: both hang from the diaphragm; gluteal muscle, as large and
as even, does not."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where an organ's middle lies, how thick it is where it hangs together, and the least that is called by its name.

    In a scan that cuts them there may be little more than ``least_ml``.
    """

    side: Side
    beside_mm: float
    before_mm: float
    core_mm: float
    least_ml: float


_LIVER = _Kind(Side.RIGHT, 15.0, 200.0, 12.0, 250.0)
_SPLEEN = _Kind(Side.LEFT, 55.0, 62.0, 8.0, 40.0)
"""The spleen's middle lies 16 to 41 mm before the canal and 80 to 110 mm beside it in four adults' label maps, the stomach's
further forward."""


def find_liver_and_spleen(
    image: CoarseImage, lung: BoolArray, other: BoolArray, inside_wall: BoolArray
) -> tuple[BoolArray, BoolArray]:
    """Both masks; empty where no body is large, even and in its place.

    ``other`` is gas and what has a name; ``inside_wall`` what lies deeper than the muscle of the abdomen's wall.
    """
    free = _free(image, lung, other, inside_wall)
    even = free & _soft(_smoothed(image.hu))
    surface = even | (free & _soft(image.hu))
    liver = _organ(image, even, surface, lung, _LIVER)
    liver = _risen(image, liver, _soft(image.hu) & ~(other | lung | dilated(image.bone, 1)), lung)
    spleen = _organ(image, even & ~liver, surface & ~liver, lung, _SPLEEN)
    return liver, spleen


def evenness(image: CoarseImage, mask: BoolArray) -> float:
    """How sure: how even the inside is (spread of HU), and how much of its border faces fat, lung or bone, mean of both."""
    core = eroded(mask, 2)
    if core.sum() < 100:
        return 0.1 if mask.any() else 0.0
    shell = dilated(mask, 1) & ~mask
    free = float(((image.hu < 0.0) | image.bone)[shell].mean())
    even = float(np.clip(1.0 - np.std(image.hu[core]) / 50.0, 0.0, 1.0))
    return float(np.clip(0.5 * even + 0.5 * free, 0.1, 0.9))


def _free(image: CoarseImage, lung: BoolArray, other: BoolArray, inside_wall: BoolArray) -> BoolArray:
    """What has no name inside the wall of the trunk, beside and in front of the spine."""
    beside: Float32Array = np.asarray(np.abs(image.u_mm))
    place: BoolArray = np.asarray((beside > _BESIDE_SPINE_MM) | (image.v_mm > _IN_CHEST_MM))
    place &= image.v_mm > _BEHIND_MM
    place &= ~(_chest(image, lung)[:, None, None] & (beside <= _IN_CHEST_MM))
    ribbed: BoolArray = np.asarray((image.bone & (beside > _RIBS_BESIDE_MM)).any(axis=(1, 2)))
    inside = np.asarray(np.where(ribbed[:, None, None], eroded(image.body, image.ball(_WALL_MM)), inside_wall))
    return np.asarray(place & inside & ~dilated(image.bone, 1) & ~other & ~lung)


def _chest(image: CoarseImage, lung: BoolArray) -> BoolArray:
    """(slices,) where the lungs are a large part of the body."""
    return np.asarray(lung.sum(axis=(1, 2)) > _CHEST_SHARE * np.maximum(image.body.sum(axis=(1, 2)), 1))


def _risen(image: CoarseImage, liver: BoolArray, soft: BoolArray, lung: BoolArray) -> BoolArray:
    """With its dome between the lungs' bases: what is soft within the section below, as far up as the right lung's base shows a dome."""
    risen = liver.copy()
    right = image.u_mm < -_IN_CHEST_MM
    least = _DOME_MM2 / image.spacing_mm**2
    for k in np.flatnonzero(_chest(image, lung)):
        section = soft[k] & risen[k - 1] if k > 0 else liver[k]
        if (section & right[k]).sum() < least:
            break
        risen[k] |= section
    return risen


def _soft(hu: Float32Array) -> BoolArray:
    return np.asarray((hu > _ORGAN_HU[0]) & (hu < _ORGAN_HU[1]))


def _smoothed(hu: Float32Array) -> Float32Array:
    limited = sitk.GetImageFromArray(np.clip(hu, -200.0, 300.0))
    return to_array(sitk.SmoothingRecursiveGaussian(limited, _SMOOTH_VOXELS)).astype(np.float32)


def _organ(image: CoarseImage, even: BoolArray, surface: BoolArray, lung: BoolArray, kind: _Kind) -> BoolArray:
    """The largest even body in its place, grown back to its surface."""
    half = even & (image.u_mm * kind.side.sign > -_IN_CHEST_MM)
    labels, sizes = components(~image.near(~half, kind.core_mm), 20)
    lowest = _diaphragm_row(image, lung, kind.side) - image.ball(_UNDER_DIAPHRAGM_MM)
    for number in range(1, min(len(sizes), 8)):
        body = labels == number
        in_place = float((image.u_mm * kind.side.sign)[body].mean()) > kind.beside_mm
        in_place = in_place and float(image.v_mm[body].mean()) < kind.before_mm
        if in_place and int(np.flatnonzero(body.any(axis=(1, 2)))[-1]) >= lowest:
            grown = grown_inside(body, surface & image.near(body, kind.core_mm + 4.0))
            if grown.sum() * image.spacing_mm**3 / 1000.0 >= kind.least_ml:
                return grown
    return np.zeros_like(even)


def _diaphragm_row(image: CoarseImage, lung: BoolArray, side: Side) -> int:
    """The slice of the lung's base on a side; the scan's upper end where it shows no lung there."""
    rows = np.flatnonzero((lung & (image.u_mm * side.sign > 0)).any(axis=(1, 2)))
    return int(rows[0]) if len(rows) else len(lung) - 1
