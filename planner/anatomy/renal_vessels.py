"""The renal vessels between the kidneys' hila and aorta and cava: outlines where contrast shows them, else zones to keep clear.

In: the coarse image, the kidneys and the great vessels that were found. Out: for each side an artery and a vein as ``Zone``; one that is
seen has the confidence of what is seen of it. All lengths are mm.

Each runs nearly straight across from the hilum to its trunk (the left vein before the aorta, the right artery behind the cava), in most
people at L1 and L2, and there may be several: the zone is higher than one vessel is thick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region, bounding_box, dilated, grown_inside
from planner.anatomy.kidney_doubts import Kidneys
from planner.anatomy.vessel_zones import Zone
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.structures import Side, Structure

_ZONE_CONFIDENCE, _ZONE_UNCERTAINTY_MM = 0.15, 3.0
"""As little as of the other vessels' zones: their course is the usual one, between two organs that are seen."""

_HALF_MM, _HALF_HEIGHT_MM = 6.0, 14.0
"""Half the zone across the line, and along the spine: a vessel of 6 mm with its bow, a second one above or below (assumed)."""

_SEEN_AROUND_MM = 10.0
"""How far from the line a bright vessel may bow."""

_MIDDLE_MM = 15.0
"""Around the kidney's middle height its inner border is the hilum."""

_LEAST_CONTRAST_HU, _BETWEEN = 110.0, 0.55
"""A trunk darker than this shows no branch; a branch has at least this share of the trunk's step above muscle, thin as it is."""

_MUSCLE_HU = 55.0
_LEAST_SPAN = 0.5
"""The bright part must span this share of the way to be called the vessel."""

_TRUNKS = {Structure.ARTERY: Structure.AORTA, Structure.VEIN: Structure.INFERIOR_VENA_CAVA}


@dataclass(frozen=True, slots=True, eq=False)
class Trunk:
    """Aorta or cava as it was found: its course (n, 3), its voxels on the coarse grid, and its median HU."""

    structure: Structure
    course_mm: FloatArray
    mask: BoolArray
    hu: float


def renal_vessels(
    image: CoarseImage, kidneys: Kidneys, trunks: tuple[Trunk, ...], taken: BoolArray
) -> tuple[Zone, ...]:
    """What lies between each kidney and each trunk; ``taken`` (coarse grid) has another name."""
    found = {Side.LEFT: kidneys.left, Side.RIGHT: kidneys.right}
    ways = [
        _between(image, side, kidney, (name, trunk), taken)
        for side, kidney in found.items()
        if kidney is not None
        for name, of in _TRUNKS.items()
        for trunk in trunks
        if trunk.structure is of
    ]
    return tuple(zone for zone in ways if zone is not None)


def _between(
    image: CoarseImage, side: Side, kidney: Region, of: tuple[Structure, Trunk], taken: BoolArray
) -> Zone | None:
    name, trunk = of
    hilum = _hilum(image, side, kidney)
    goal = _at_height(image.frame.from_lps(trunk.course_mm), hilum[0])
    if goal is None:
        return None
    way = np.stack([goal, hilum])
    renal = kidney.on(image.geometry)
    free = image.body & ~image.bone & ~taken & ~renal & ~trunk.mask
    seen = _seen(image, way, free, trunk)
    words = f"{side} renal {name.words}"
    if seen is not None:
        mask, share = seen
        said = f"{words}: seen over {share:.0%} of the way from the kidney to the {trunk.structure.words}"
        return _zone(image, mask, (name, side), way, (share * 0.8, 3.0, said))
    said = (
        f"{words}: not seen; a band from the kidney to the {trunk.structure.words} is kept clear "
        f"(confidence {_ZONE_CONFIDENCE})"
    )
    mask = _near(image, way, _HALF_MM) & free
    return _zone(image, mask, (name, side), way, (_ZONE_CONFIDENCE, _ZONE_UNCERTAINTY_MM, said))


def _zone(
    image: CoarseImage,
    mask: BoolArray,
    name: tuple[Structure, Side],
    way: FloatArray,
    worth: tuple[float, float, str],
) -> Zone | None:
    confidence, uncertainty_mm, said = worth
    region = image.region(mask, confidence, uncertainty_mm)
    return None if region is None else Zone(*name, region, image.frame.to_lps(way), said)


def _hilum(image: CoarseImage, side: Side, kidney: Region) -> FloatArray:
    """(3,) s, u, v of the middle of the kidney's inner border."""
    s, u, v = image.frame.from_lps(kidney.geometry.points_mm(np.argwhere(kidney.mask))).T
    near = np.abs(s - np.median(s)) < _MIDDLE_MM
    inner = near & (side.sign * u <= np.percentile(side.sign * u[near], 8.0))
    return np.array([np.median(s), np.median(u[inner]), np.median(v[inner])])


def _at_height(course: FloatArray, s_mm: float) -> FloatArray | None:
    """(3,) the trunk's s, u, v at a height; None where it is not drawn there."""
    order = np.argsort(course[:, 0])
    s, u, v = course[order].T
    if not s[0] <= s_mm <= s[-1]:
        return None
    return np.array([s_mm, np.interp(s_mm, s, u), np.interp(s_mm, s, v)])


def _near(image: CoarseImage, way: FloatArray, half_mm: float) -> BoolArray:
    """Voxels near the straight way from trunk to hilum."""
    (s, u0, v0), (_, u1, v1) = way
    du, dv = u1 - u0, v1 - v0
    near: BoolArray = np.asarray(np.abs(image.s_mm - s) < _HALF_HEIGHT_MM)
    near &= (image.u_mm > min(u0, u1) - half_mm) & (image.u_mm < max(u0, u1) + half_mm)
    u, v = image.u_mm[near], image.v_mm[near]
    share = np.clip(((u - u0) * du + (v - v0) * dv) / max(du * du + dv * dv, 1e-6), 0.0, 1.0)
    near[near] = np.hypot(u - u0 - share * du, v - v0 - share * dv) < half_mm
    return near


def _seen(image: CoarseImage, way: FloatArray, free: BoolArray, trunk: Trunk) -> tuple[BoolArray, float] | None:
    """What is as bright as the trunk and hangs on it, with the share of the way it spans; None where that is too little."""
    if trunk.hu < _LEAST_CONTRAST_HU:
        return None
    least = _MUSCLE_HU + _BETWEEN * (trunk.hu - _MUSCLE_HU)
    bright = _near(image, way, _SEEN_AROUND_MM) & free & (image.hu > least)
    box = bounding_box(bright | trunk.mask, 2)
    if box is None or not bright.any():
        return None
    hanging = np.zeros_like(bright)
    seed = dilated(trunk.mask[box], 2) & bright[box]
    hanging[box] = grown_inside(seed, bright[box]) & bright[box]
    span = _span(image.u_mm[hanging], way)
    if span < _LEAST_SPAN:
        return None
    return dilated(hanging, 1) & free, span


def _span(u_mm: Float32Array, way: FloatArray) -> float:
    """Share of the way across, in steps of 2 mm, that holds a voxel."""
    low, high = sorted((float(way[0, 1]), float(way[1, 1])))
    steps = np.arange(low, high, 2.0)
    if not len(steps) or not len(u_mm):
        return 0.0
    held = np.histogram(u_mm, bins=np.append(steps, steps[-1] + 2.0))[0] > 0
    return float(held.mean())
