"""Where a great vessel must be but is not seen: zones to keep clear, never outlines.

In: the vessels that were found, the coarse image, and where T12 ends. Out: zones as ``Region`` of confidence 0.2, and a sentence for each.
A trunk that ends inside the scan is led on along the spine; iliac vessels that are not seen lie in a band in front of L4 to S1.
All lengths are mm; u to the patient's left and v to anterior of the canal, in the axial plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.structures import Side, Structure

ZONE_CONFIDENCE = 0.2
"""Below every outline that was seen (0.45 is doubtful already)."""

_ZONE_UNCERTAINTY_MM = 5.0
"""The zones are as wide as people differ; what is left is that more than these few differ (assumed)."""

_LED_MM = 60.0
"""A trunk is led on this far: past the renal veins' level, where a plain cava is lost, to the liver."""

_GAP_MM = 15.0
"""An end nearer to the scan's own, or to the bifurcation, is no loss."""

_WIDENS = 0.12
"""Per length led on: a cava bends 7 degrees from the spine's line (assumed)."""

_L4_BELOW_T12_MM = 125.0
"""Middle of L4 below the lower end of T12: 118 to 129 mm in three adults."""

_BAND_MM = (25.0, -100.0)
"""Along z from the middle of L4: above the highest bifurcation and down to the sacrum's second segment."""

_LOWER_MM = np.array([-100.0, -60.0, -45.0, -30.0, -15.0, 25.0])
_LATERAL_MM = np.array([62.0, 56.0, 54.0, 44.0, 32.0, 22.0])
"""Height from L4's middle, and how far to the side any common or external iliac vessel lies there: the outermost of three
adults and 6 mm more. Medially the band crosses the midline, as the left common iliac vein does."""

_DEPTH_MM = {Structure.ARTERY: (37.0, 102.0), Structure.VEIN: (34.0, 82.0)}
"""In front of the canal's middle, front and back of the same three adults and 2 to 5 mm more; what is bone stays bone."""

_ILIAC = {Structure.ARTERY: "iliac arteries", Structure.VEIN: "iliac veins"}


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """A part of the body where a vessel runs unseen; ``course_mm`` (n, 3) caudal to cranial."""

    structure: Structure
    side: Side | None
    region: Region
    course_mm: FloatArray
    warning: str


def led_on(
    image: CoarseImage,
    structure: Structure,
    course_mm: FloatArray,
    radius_mm: FloatArray,
    t12_lower_end_s_mm: float | None,
) -> tuple[Zone, ...]:
    """The trunk beyond its upper and its lower end, where the scan goes on; downwards as far as L4 where T12 is named."""
    s, u, v = image.frame.from_lps(course_mm).T
    last_mm = float(image.frame.s_mm[-1])
    first_mm = 0.0 if t12_lower_end_s_mm is None else max(0.0, t12_lower_end_s_mm - _L4_BELOW_T12_MM)
    upper = _continued(image, (structure, "cranially"), _End(s[-10:], u[-10:], v[-10:], radius_mm[-10:]), last_mm)
    lower = _continued(image, (structure, "caudally"), _End(s[:10], u[:10], v[:10], radius_mm[:10]), first_mm)
    return tuple(zone for zone in (upper, lower) if zone is not None)


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """The last centimetres of a course in spine coordinates."""

    s_mm: FloatArray
    u_mm: FloatArray
    v_mm: FloatArray
    radius_mm: FloatArray


def _continued(image: CoarseImage, name: tuple[Structure, str], end: _End, scan_end_mm: float) -> Zone | None:
    structure, way = name
    from_mm = float(end.s_mm[-1] if way == "cranially" else end.s_mm[0])
    away = 1.0 if way == "cranially" else -1.0
    length_mm = min(_LED_MM, away * (scan_end_mm - from_mm))
    if length_mm < _GAP_MM:
        return None
    beyond = away * (image.s_mm - from_mm)
    off = np.hypot(image.u_mm - np.median(end.u_mm), image.v_mm - np.median(end.v_mm))
    inside = (beyond > 0.0) & (beyond < length_mm) & (off < np.median(end.radius_mm) + _WIDENS * beyond)
    course = np.array([[from_mm + away * d, np.median(end.u_mm), np.median(end.v_mm)] for d in (0.0, length_mm)])
    said = (
        f"{structure.words}: not seen over {length_mm:.0f} mm {way} of where it is drawn; a zone along the spine is kept "
        f"clear there (confidence {ZONE_CONFIDENCE})"
    )
    return _zone(image, inside, (structure, None), image.frame.to_lps(course[:: int(away)]), said)


def iliac_zones(
    image: CoarseImage, unseen: tuple[Structure, ...], t12_lower_end_s_mm: float | None
) -> tuple[tuple[Zone, ...], tuple[str, ...]]:
    """A band for each kind of iliac vessel that is not seen, and what is said of them; nothing where the scan ends above.

    Without T12's name the place of L4 is not known: nothing is drawn, and that is said.
    """
    words = " and ".join(_ILIAC[structure] for structure in unseen)
    if not unseen:
        return (), ()
    if t12_lower_end_s_mm is None:
        return (), (f"{words}: not seen, and T12 is not named: no zone is drawn for them",)
    middle_s_mm = t12_lower_end_s_mm - _L4_BELOW_T12_MM
    height, u, v = _axial(image, middle_s_mm)
    in_band = (height < _BAND_MM[0]) & (height > _BAND_MM[1]) & (np.abs(u) < np.interp(height, _LOWER_MM, _LATERAL_MM))
    said = (
        f"{words}: not seen in this scan; the band in front of L4 to S1 where they run in most people is kept clear "
        f"(confidence {ZONE_CONFIDENCE})"
    )
    drawn = []
    for structure in unseen:
        deep = in_band & (v > _DEPTH_MM[structure][0]) & (v < _DEPTH_MM[structure][1])
        sides = [_zone(image, deep & (u * side.sign > 0), (structure, side), np.zeros((0, 3)), said) for side in Side]
        drawn += [zone for zone in sides if zone is not None]
    return tuple(drawn), (said,) if drawn else ()


def _axial(image: CoarseImage, middle_s_mm: float) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Height above a place on the canal, and u, v from the canal's middle in each slice (its last one beyond its ends)."""
    centres = image.frame.centres_mm
    geometry = image.geometry
    z, y, x = (
        geometry.points_mm(np.outer(np.arange(n), np.eye(3)[axis]))[:, 2 - axis]
        for axis, n in enumerate(geometry.shape)
    )
    low = image.frame.to_lps(np.array([[middle_s_mm, 0.0, 0.0]]))[0, 2]
    order = np.argsort(centres[:, 2], kind="stable")
    middle_x, middle_y = (np.interp(z, centres[order, 2], centres[order, axis]) for axis in (0, 1))
    shape = geometry.shape
    height = np.broadcast_to((z - low)[:, None, None], shape)
    u = np.broadcast_to((x[None, :] - middle_x[:, None])[:, None, :], shape)
    v = np.broadcast_to((middle_y[:, None] - y[None, :])[:, :, None], shape)
    return height.astype(np.float32), u.astype(np.float32), v.astype(np.float32)


def _zone(
    image: CoarseImage, inside: BoolArray, name: tuple[Structure, Side | None], course_mm: FloatArray, said: str
) -> Zone | None:
    region = image.region(inside & image.body & ~image.bone, ZONE_CONFIDENCE, _ZONE_UNCERTAINTY_MM)
    return None if region is None else Zone(*name, region, course_mm, said)
