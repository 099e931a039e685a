"""The ureters' usual course as a zone: without contrast in it a ureter is a dot of 4 mm that nothing tells from a vein.

In: the coarse image, the kidneys that were found, and where T12 ends. Out: one ``Zone`` per side, never an outline.

From the kidney's inner border the ureter reaches the front of psoas, runs down on it near the tips of the transverse processes,
and crosses the iliac vessels at the pelvic brim. All lengths are mm, in spine coordinates.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region
from planner.anatomy.kidney_doubts import Kidneys
from planner.anatomy.vessel_zones import Zone
from planner.geometry import FloatArray
from planner.structures import Side, Structure

_CONFIDENCE = 0.1
"""Half of the vessels' zones: nothing of a ureter is looked for, and people differ by its whole width."""

_RADIUS_MM, _UNCERTAINTY_MM = 6.0, 3.0
"""A wider one would close the way to the front of the bodies, where no ureter lies in most people (assumed)."""

_BELOW_T12_MM = np.array([60.0, 85.0, 125.0, 165.0, 180.0])
_BESIDE_MM = np.array([42.0, 42.0, 42.0, 40.0, 38.0])
_FRONT_MM = np.array([36.0, 41.0, 50.0, 62.0, 66.0])
"""L2 to S1: in front of psoas, whose front lies 36, 40, 46, 58 mm before the canal in three adults' label maps, over the tips of
the transverse processes (assumed: 40 mm beside the middle)."""

_ENTRY_MM = 15.0
"""Above the first of these it is led to the inner border of the kidney that was found, at the kidney's middle."""


def ureter_zones(image: CoarseImage, kidneys: Kidneys, t12_lower_end_s_mm: float | None) -> tuple[Zone, ...]:
    """A zone on each side; none without T12's name, which alone tells the height."""
    if t12_lower_end_s_mm is None:
        return ()
    found = {Side.LEFT: kidneys.left, Side.RIGHT: kidneys.right}
    zones = (_zone(image, side, kidney, t12_lower_end_s_mm) for side, kidney in found.items())
    return tuple(zone for zone in zones if zone is not None)


def _zone(image: CoarseImage, side: Side, kidney: Region | None, t12_lower_end_s_mm: float) -> Zone | None:
    course = _course(image, side, kidney, t12_lower_end_s_mm)
    s, u, v = course.T
    inside = (image.s_mm > s[0]) & (image.s_mm < s[-1]) & image.body & ~image.bone
    for values, in_image in ((u, image.u_mm), (v, image.v_mm)):
        inside &= (in_image > values.min() - _RADIUS_MM) & (in_image < values.max() + _RADIUS_MM)
    own = image.s_mm[inside]
    usual_u, usual_v = (np.interp(own, s, values).astype(np.float32) for values in (u, v))
    inside[inside] = np.hypot(image.u_mm[inside] - usual_u, image.v_mm[inside] - usual_v) < _RADIUS_MM
    region = image.region(inside, _CONFIDENCE, _UNCERTAINTY_MM)
    said = (
        f"{side} ureter: not looked for; a zone of {2 * _RADIUS_MM:.0f} mm along its usual course is kept clear "
        f"(confidence {_CONFIDENCE})"
    )
    return None if region is None else Zone(Structure.URETER, side, region, image.frame.to_lps(course), said)


def _course(image: CoarseImage, side: Side, kidney: Region | None, t12_lower_end_s_mm: float) -> FloatArray:
    """(n, 3) s, u, v caudal to cranial."""
    usual = np.column_stack([t12_lower_end_s_mm - _BELOW_T12_MM, side.sign * _BESIDE_MM, _FRONT_MM])[::-1]
    if kidney is None:
        return usual
    s, u, v = image.frame.from_lps(kidney.geometry.points_mm(np.argwhere(kidney.mask))).T
    middle = float(np.percentile(s, 50.0, method="nearest"))  # a voxel's own, so that some lie near it
    near = np.abs(s - middle) < _ENTRY_MM / 2.0
    hilum = np.array([middle, side.sign * float(np.percentile(np.abs(u[near]), 2.0)), np.median(v[near])])
    below = usual[usual[:, 0] < hilum[0] - _ENTRY_MM]
    return np.vstack([below, hilum]) if len(below) else usual
