"""Where vessels, kidneys, pleura and bowel must be on an MR: zones to keep clear from spine coordinates, never outlines.

In: a coarse image of the body with spine coordinates, where T12 ends if it is named. Out: ``MrZone`` values of low confidence.
An MR's own organs are not outlined: bowel, vessels and kidneys look alike or differ with every sequence. All lengths are mm; u to the
patient's left and v to anterior of the canal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region
from planner.anatomy.vessel_courses import cava_course
from planner.anatomy.vessel_zones import ZONE_CONFIDENCE
from planner.geometry import BoolArray
from planner.structures import Side, Structure

UNCERTAINTY_MM = 5.0
"""The zones are as wide as people differ; more than a few differ more (assumed, as for the zones on CT)."""

_BEFORE_BODY_MM = 38.0
"""A body's front before the canal's middle, at its least (34 to 46 mm in five adults): no vessel trunk lies further back."""

_AORTA_U_MM, _AORTA_DEEP_MM = (-10.0, 32.0), 40.0
"""Aorta and its tortuosity, from the midline's right to beyond the bodies' left edge (assumed; ``vessel_places``: 10 +- 16 mm)."""

_CAVA_RADIUS_MM, _CAVA_SD_MM = 12.0, 12.0
_L4_BELOW_T12_MM = 140.0
"""Lower end of L4 below that of T12: the trunks have divided there; the iliac vessels go on beside the midline."""

_ILIAC_U_MM, _ILIAC_V_MM = 60.0, 30.0
"""Iliac vessels below L4: within the first of the midline, before the second (bands of ``vessel_zones``, all together)."""

_KIDNEY_ABOVE_T12_MM, _KIDNEY_HALF_MM = -38.0, 80.0
_KIDNEY_U_MM, _KIDNEY_V_MM = (62.0, 42.0), (25.0, 42.0)
"""Middle and half extent: a kidney of 110 x 60 x 50 mm, its centre scattered by 25, 13 and 16 mm (``kidney_place``), one deviation."""

_KIDNEY_LEAST_U_MM = 36.0
"""Psoas lies between kidney and spine: 35 mm to its middle at L2 (``psoas``); nearer to the midline no kidney is."""

_PLEURA_BELOW_T12_MM = 10.0
_PLEURA_U_MM, _PLEURA_V_MM = 18.0, -45.0
"""Inside the ribs: beside the bodies, before the ribs' angles, 45 mm behind the canal at most (assumed)."""

_BOWEL_V_MM, _BOWEL_ASIDE_U_MM, _BOWEL_ASIDE_V_MM = 55.0, 52.0, 5.0
"""Before the great vessels, and beside psoas: the colon's ascending and descending parts reach back beside the kidneys."""


@dataclass(frozen=True, slots=True, eq=False)
class MrZone:
    """One structure's zone; ``said`` is what a person must know."""

    structure: Structure
    side: Side | None
    region: Region
    said: str


def find_zones(image: CoarseImage, t12_end_s_mm: float | None) -> tuple[MrZone, ...]:
    """Every zone that lies in the scan; without T12's name those that need no height are as long as the scan."""
    masks: list[tuple[Structure, Side | None, BoolArray]] = [
        (Structure.AORTA, None, _aorta(image)),
        (Structure.INFERIOR_VENA_CAVA, None, _cava(image, t12_end_s_mm)),
        *((Structure.KIDNEY, side, _kidney(image, side, t12_end_s_mm)) for side in Side),
        (Structure.PLEURAL_ZONE, None, _pleura(image, t12_end_s_mm)),
        (Structure.BOWEL, None, _bowel(image)),
    ]
    found = []
    for structure, side, mask in masks:
        region = image.region(mask & image.body & ~image.bone, ZONE_CONFIDENCE, UNCERTAINTY_MM)
        if region is not None:
            found.append(MrZone(structure, side, region, _said(structure, side)))
    return tuple(found)


def _said(structure: Structure, side: Side | None) -> str:
    name = f"{side} {structure.words}" if side is not None else structure.words
    return f"{name}: not outlined on MR; the zone where it lies in most people is kept clear (confidence {ZONE_CONFIDENCE})"


def _aorta(image: CoarseImage) -> BoolArray:
    beside = (image.u_mm > _AORTA_U_MM[0]) & (image.u_mm < _AORTA_U_MM[1])
    return np.asarray(beside & (image.v_mm > _BEFORE_BODY_MM) & (image.v_mm < _BEFORE_BODY_MM + _AORTA_DEEP_MM))


def _cava(image: CoarseImage, t12_end_s_mm: float | None) -> BoolArray:
    height = image.s_mm - t12_end_s_mm if t12_end_s_mm is not None else np.full_like(image.s_mm, -80.0)
    u, v = cava_course(height)
    off = np.hypot(image.u_mm - u, image.v_mm - v)
    trunk = (off < _CAVA_RADIUS_MM + _CAVA_SD_MM) & (image.v_mm > _BEFORE_BODY_MM - 6.0)
    if t12_end_s_mm is None:
        return np.asarray(trunk)
    iliac = (height < -_L4_BELOW_T12_MM) & (np.abs(image.u_mm) < _ILIAC_U_MM) & (image.v_mm > _ILIAC_V_MM)
    return np.asarray(trunk | iliac)


def _kidney(image: CoarseImage, side: Side, t12_end_s_mm: float | None) -> BoolArray:
    u = (image.u_mm * side.sign - _KIDNEY_U_MM[0]) / _KIDNEY_U_MM[1]
    v = (image.v_mm - _KIDNEY_V_MM[0]) / _KIDNEY_V_MM[1]
    beside = image.u_mm * side.sign > _KIDNEY_LEAST_U_MM
    if t12_end_s_mm is None:
        return np.asarray(beside & (np.hypot(u, v) < 1.0))
    s = (image.s_mm - t12_end_s_mm - _KIDNEY_ABOVE_T12_MM) / _KIDNEY_HALF_MM
    return np.asarray(beside & (u**2 + v**2 + s**2 < 1.0))


def _pleura(image: CoarseImage, t12_end_s_mm: float | None) -> BoolArray:
    """Above its lower border; where T12 is not named nothing tells where that is, and none is drawn: NOT CHECKED."""
    if t12_end_s_mm is None:
        return np.zeros(image.body.shape, dtype=bool)
    above = image.s_mm > t12_end_s_mm - _PLEURA_BELOW_T12_MM
    return np.asarray(above & (np.abs(image.u_mm) > _PLEURA_U_MM) & (image.v_mm > _PLEURA_V_MM))


def _bowel(image: CoarseImage) -> BoolArray:
    aside = (np.abs(image.u_mm) > _BOWEL_ASIDE_U_MM) & (image.v_mm > _BOWEL_ASIDE_V_MM)
    return np.asarray((image.v_mm > _BOWEL_V_MM) | aside)
