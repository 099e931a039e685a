"""Bowel as an obstacle, in what liver and spleen leave of the abdomen.

In: the coarse image and what is already known. Out: ``Abdomen``. Rough and on the safe side. All lengths are mm.

Bowel is not told apart loop by loop: whatever lies inside the wall of the abdomen and is neither fat nor anything that
has a name is called bowel, with gas and what lies within a wall's thickness of it, and the clefts between loops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import (
    CoarseImage,
    Region,
    closed,
    components,
    dilated,
    eroded,
    opened,
)
from planner.anatomy.itk import filled_in_slices
from planner.anatomy.liver_spleen import evenness, find_liver_and_spleen
from planner.geometry import BoolArray

_FAT_HU = -60.0
"""Above it is no fat: stool mixed with fat or small bubbles goes down to this; mesenteric fat is -100 HU, with its noise below -70."""

_WALL_MM, _FRONT_WALL_MM = 14.0, 4.0
"""Muscle of the abdomen's wall where it is thickest, beside the spine; no needle comes from where it is thin, in front: calling some of
it bowel there is the lesser harm (assumed)."""

_THIN_V_MM = 15.0
"""No needle crosses the wall in front of this: from the flank it would have to go through kidney and colon."""

_WALL_GAP_MM = 16.0
"""The wall's ring is closed over gaps twice as wide: its tendons beside the rectus and above the iliac crest are thinner than a voxel."""

_DIRECTIONS = 36
"""Sides of the polygon around the wall in each slice: 10 degrees apart it lies 0.4 % of the radius outside."""

_FLESH_HU = -40.0
"""Half-way between fat and muscle at the wall."""

_GAS_WALL_MM = 4.0
"""Wall around gas: 3 mm where bowel is distended, and one voxel's blur."""

_CLEFT_MM = 8.0
"""Fat between two loops narrower than twice this is no way for a needle, nor is a loop filled with what looks like fat."""

_FRONT_V_MM, _PELVIS_V_MM = 45.0, 20.0
"""In front of the bodies everything soft without a name is the abdomen's content; below the canal's end, in front of the sacrum."""

_PSOAS_U_MM, _PSOAS_V_MM = 55.0, -5.0
"""Further to the side than psoas, content lies as far back as the quadratus lumborum."""

_FLANK_U_MM, _FLANK_V_MM = 75.0, -30.0
"""Beside the quadratus lumborum, colon may lie as far back as this (retrorenal colon)."""

_NEAR_GAS_MM = 15.0
"""What is soft and this near to gas is bowel wherever it lies, behind psoas and kidney too."""

_SPINE_U_MM = 26.0
"""Beside the bodies: between the bodies and behind them lies no bowel."""

_CHEST_SHARE = 0.3
"""A slice with more lung than this share of the body is chest, and what lies above it: heart and shoulders, not bowel."""

_LEAST_VOXELS = 30

_LEAST_SURE, _MOST_SURE = 0.05, 0.3
"""Never sure: the region holds bowel, and also vessels, nodes and pancreas that have no name of their own."""

_BOWEL_UNCERTAINTY_MM = 5.0
_ORGAN_UNCERTAINTY_MM = 8.0

_ILIUM_U_MM, _GAP_MM = 52.0, 20.0
"""Bone further to the side is ilium where it is thick; it is traced upwards over gaps smaller than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Abdomen:
    """Bowel with its content, liver and spleen as obstacles."""

    bowel: Region | None
    liver: Region | None
    spleen: Region | None
    warnings: tuple[str, ...] = ()


def find_abdomen(image: CoarseImage, gas: BoolArray, lung: BoolArray, taken: BoolArray) -> Abdomen:
    """Liver and spleen first, then bowel in what is left of the abdomen.

    ``gas`` is gas outside the lungs; ``taken`` is what has a name already. All are on the coarse grid.
    """
    wall = _wall(image)
    inside = _inside_wall(image, wall)
    before = _polygon(wall, image.spacing_mm) & (image.v_mm > _THIN_V_MM)
    content = _content(image, gas, lung, inside | before)
    liver, spleen = find_liver_and_spleen(image, lung, gas | taken, inside)
    bowel = _bowel(image, gas, content, taken | liver | spleen)
    regions = (
        image.region(bowel, _confidence(image, bowel, gas), _BOWEL_UNCERTAINTY_MM),
        image.region(liver, evenness(image, liver), _ORGAN_UNCERTAINTY_MM),
        image.region(spleen, evenness(image, spleen), _ORGAN_UNCERTAINTY_MM),
    )
    return Abdomen(*regions, warnings=tuple(_missing(*regions)))


def _confidence(image: CoarseImage, bowel: BoolArray, gas: BoolArray) -> float:
    """How much of it lies near gas, which nothing else holds, times how much of its border faces fat, not a neighbour as dense."""
    if not bowel.any():
        return 0.0
    shell = dilated(bowel, 1) & ~bowel
    near_gas = float(image.near(gas & image.near(bowel, _GAS_WALL_MM), _NEAR_GAS_MM)[bowel].mean())
    free = float((image.hu < _FAT_HU)[shell].mean())
    return float(np.clip(_MOST_SURE * np.sqrt(near_gas * free), _LEAST_SURE, _MOST_SURE))


def _missing(bowel: Region | None, liver: Region | None, spleen: Region | None) -> list[str]:
    names = (("bowel", bowel), ("liver", liver), ("spleen", spleen))
    return [f"{name}: none seen in this scan; none is drawn" for name, region in names if region is None]


def _content(image: CoarseImage, gas: BoolArray, lung: BoolArray, inside: BoolArray) -> BoolArray:
    """Inside the wall of the trunk, in front of psoas and the muscles of the back, between the iliac wings."""
    beside = np.abs(image.u_mm)
    front = image.v_mm > np.where(image.s_mm < 0.0, _PELVIS_V_MM, _FRONT_V_MM)
    front |= (beside > _PSOAS_U_MM) & (image.v_mm > _PSOAS_V_MM)
    front |= (beside > _FLANK_U_MM) & (image.v_mm > _FLANK_V_MM)
    front &= ~_beside_wings(image)
    chest = lung.sum(axis=(1, 2)) > _CHEST_SHARE * np.maximum(image.body.sum(axis=(1, 2)), 1)
    front[np.logical_or.accumulate(chest)] = False
    near_gas = image.near(gas & ~image.near(lung, _NEAR_GAS_MM), _NEAR_GAS_MM)
    near_gas &= (image.v_mm > _FLANK_V_MM) & ((beside > _SPINE_U_MM) | (image.v_mm > _FRONT_V_MM))
    return ((inside & front) | near_gas) & image.body & ~dilated(image.bone, 1)


def _beside_wings(image: CoarseImage) -> BoolArray:
    """Behind or beyond the iliac wings: gluteal muscle, slice by slice from the scan's lower end to the crest."""
    far = image.bone & (np.abs(image.u_mm) > _ILIUM_U_MM)
    thick = opened(closed(far, image.ball(6.0)), image.ball(6.0))
    rows = np.flatnonzero(thick.any(axis=(1, 2)))
    outside = np.zeros_like(far)
    if len(rows) == 0 or rows[0] > image.ball(_GAP_MM):
        return outside
    for k in rows[: int(np.argmax(np.append(np.diff(rows) > image.ball(_GAP_MM), True))) + 1]:
        u, v = np.abs(image.u_mm[k]), image.v_mm[k]
        near, beyond = np.percentile(u[thick[k]], (20, 90))
        behind, front = np.percentile(v[thick[k]], (50, 95))
        outside[k] = ((u > beyond) & (v < front)) | ((u > near) & (v < behind))
    return outside


def _wall(image: CoarseImage) -> BoolArray:
    """Muscle of the trunk's wall, and what is as dense inside it."""
    flesh = (image.hu > _FLESH_HU) | (image.hu < -250.0)
    return opened(flesh & eroded(image.body, image.ball(4.0)), 1)


def _inside_wall(image: CoarseImage, wall: BoolArray) -> BoolArray:
    """Deeper than the wall of the abdomen: a ring of muscle under the subcutaneous fat, filled slice by slice."""
    ring = closed(wall, image.ball(_WALL_GAP_MM))
    return eroded(filled_in_slices(ring & image.body), image.ball(_WALL_MM))


def _polygon(wall: BoolArray, spacing_mm: float) -> BoolArray:
    """What lies deeper than a thin wall behind each of the straight lines that touch it, slice by slice: the ring may be open."""
    row, column = (np.arange(n, dtype=np.float32) * np.float32(spacing_mm) for n in wall.shape[1:])
    inside = np.ones(wall.shape, dtype=bool)
    for angle in np.arange(_DIRECTIONS) * 2.0 * np.pi / _DIRECTIONS:
        along = (row[:, None] * np.sin(angle) + column[None, :] * np.cos(angle)).astype(np.float32)
        outermost = np.where(wall, along[None], -np.inf).max(axis=(1, 2))
        inside &= along[None] <= (outermost - _FRONT_WALL_MM)[:, None, None]
    return inside


def _bowel(image: CoarseImage, gas: BoolArray, content: BoolArray, named: BoolArray) -> BoolArray:
    """Content of the abdomen without a name, gas with its wall, and the clefts between."""
    around_gas = dilated(gas, image.ball(_GAS_WALL_MM)) & image.body
    soft = opened((image.hu > _FAT_HU) & content & ~named, 1)
    joined = closed(soft | around_gas, image.ball(_CLEFT_MM)) & (content | around_gas) & ~named & ~image.bone
    labels, _ = components(joined, _LEAST_VOXELS)
    return np.asarray(labels > 0)
