"""Where a great vessel must be but is not seen: zones to keep clear, never outlines.

In: the vessels that were found, the coarse image, and where T12 ends. Out: zones as ``Region`` of confidence 0.2, and a sentence for each.
A trunk that ends inside the scan is led on along the spine; iliac vessels that are not seen lie in a band in front of L4 to S1.
All lengths are mm; u to the patient's left and v to anterior of the canal, in the axial plane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region
from planner.anatomy.vessel_courses import cava_course
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

_LUNG_HU = -400.0
"""Below is lung or gas, where no vessel of this size runs unseen."""

_WIDENS = 0.12
"""Per length led on: a cava bends 7 degrees from the spine's line (assumed)."""

_L4_BELOW_T12_MM = 125.0
"""Middle of L4 below the lower end of T12: 118 to 129 mm in three adults."""

_CANAL_ENDS_MM = 65.0
"""Below L4's middle, at S1: the bands are given from the canal's middle there (where the labels' sac ends)."""

_HEIGHTS_MM = np.array([-185.0, -170.0, -150.0, -130.0, -110.0, -90.0, -70.0, -50.0, -30.0, -10.0, 25.0])
"""Above the middle of L4: from the hip joints to above the highest bifurcation."""


@dataclass(frozen=True, slots=True, eq=False)
class _Band:
    """Where a kind of iliac vessel may lie at each of ``_HEIGHTS_MM``, in front of and beside the canal's middle [mm].

    What 98 % of the labelled voxels of three adults' common and external iliac vessels span, and 6 mm more, 12 mm
    behind below S1, where the pelvis tilts; a negative
    ``inner`` crosses the midline, as the left common vein does. Internal iliac vessels are in none of these labels.
    """

    inner_mm: FloatArray
    outer_mm: FloatArray
    back_mm: FloatArray
    front_mm: FloatArray

    def holds(self, height: Float32Array, beside: Float32Array, v: Float32Array) -> BoolArray:
        """Which places lie in it, by height above L4, distance to the side, and v."""
        inner, outer, back, front = (
            np.interp(height, _HEIGHTS_MM, limit)
            for limit in (self.inner_mm, self.outer_mm, self.back_mm, self.front_mm)
        )
        within = (height > _HEIGHTS_MM[0]) & (height < _HEIGHTS_MM[-1])
        return np.asarray(within & (beside > inner) & (beside < outer) & (v > back) & (v < front))


_BANDS = {
    Structure.ARTERY: _Band(
        np.array([52.0, 52.0, 47.0, 40.0, 36.0, 30.0, 8.0, -16.0, -16.0, -16.0, -16.0]),
        np.array([93.0, 93.0, 90.0, 81.0, 75.0, 63.0, 57.0, 56.0, 48.0, 30.0, 22.0]),
        np.array([102.0, 102.0, 98.0, 82.0, 66.0, 54.0, 48.0, 33.0, 34.0, 44.0, 50.0]),
        np.array([136.0, 136.0, 135.0, 127.0, 126.0, 108.0, 103.0, 94.0, 88.0, 78.0, 78.0]),
    ),
    Structure.VEIN: _Band(
        np.array([40.0, 37.0, 34.0, 30.0, 28.0, 27.0, -3.0, -16.0, -16.0, -16.0, -16.0]),
        np.array([84.0, 84.0, 81.0, 72.0, 64.0, 61.0, 57.0, 50.0, 38.0, 29.0, 22.0]),
        np.array([99.0, 92.0, 66.0, 52.0, 44.0, 38.0, 35.0, 33.0, 34.0, 41.0, 47.0]),
        np.array([139.0, 139.0, 136.0, 123.0, 110.0, 90.0, 81.0, 82.0, 81.0, 70.0, 72.0]),
    ),
}

_ILIAC = {Structure.ARTERY: "iliac arteries", Structure.VEIN: "iliac veins"}


def usual_iliac(
    structure: Structure, above_t12_mm: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Middle of a vessel's band beside and before the canal at heights above T12's lower end, and a quarter of its widths."""
    band = _BANDS[structure]
    inner, outer, back, front = (
        np.interp(above_t12_mm + _L4_BELOW_T12_MM, _HEIGHTS_MM, limit)
        for limit in (band.inner_mm, band.outer_mm, band.back_mm, band.front_mm)
    )
    return (inner + outer) / 2.0, (back + front) / 2.0, (outer - inner) / 4.0, (front - back) / 4.0


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
    upper = _continued(
        image, (structure, "cranially"), _End(s[-10:], u[-10:], v[-10:], radius_mm[-10:]), last_mm, t12_lower_end_s_mm
    )
    lower = _continued(
        image, (structure, "caudally"), _End(s[:10], u[:10], v[:10], radius_mm[:10]), first_mm, t12_lower_end_s_mm
    )
    return tuple(zone for zone in (upper, lower) if zone is not None)


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """The last centimetres of a course in spine coordinates."""

    s_mm: FloatArray
    u_mm: FloatArray
    v_mm: FloatArray
    radius_mm: FloatArray


def _continued(
    image: CoarseImage,
    name: tuple[Structure, str],
    end: _End,
    scan_end_mm: float,
    t12_lower_end_s_mm: float | None,
) -> Zone | None:
    structure, way = name
    from_mm = float(end.s_mm[-1] if way == "cranially" else end.s_mm[0])
    away = 1.0 if way == "cranially" else -1.0
    length_mm = min(_LED_MM, away * (scan_end_mm - from_mm))
    if length_mm < _GAP_MM:
        return None
    beyond = away * (image.s_mm - from_mm)
    du, dv = _bends(structure, image.s_mm, from_mm, t12_lower_end_s_mm)
    off = np.hypot(image.u_mm - np.median(end.u_mm) - du, image.v_mm - np.median(end.v_mm) - dv)
    inside = (beyond > 0.0) & (beyond < length_mm) & (off < np.median(end.radius_mm) + _WIDENS * beyond)
    course = np.array([[from_mm + away * d, np.median(end.u_mm), np.median(end.v_mm)] for d in (0.0, length_mm)])
    said = (
        f"{structure.words}: not seen over {length_mm:.0f} mm {way} of where it is drawn; a zone along the spine is kept "
        f"clear there (confidence {ZONE_CONFIDENCE})"
    )
    return _zone(image, inside, (structure, None), image.frame.to_lps(course[:: int(away)]), said)


def _bends(
    structure: Structure, s_mm: Float32Array, from_mm: float, t12_lower_end_s_mm: float | None
) -> tuple[FloatArray, FloatArray]:
    """How far the vessel's usual course leaves the spine's line from where it was lost; 0 for the aorta."""
    if structure is not Structure.INFERIOR_VENA_CAVA or t12_lower_end_s_mm is None:
        return np.zeros(1), np.zeros(1)
    u, v = cava_course(s_mm - t12_lower_end_s_mm)
    first_u, first_v = cava_course(from_mm - t12_lower_end_s_mm)
    return u - first_u, v - first_v


def iliac_zones(
    image: CoarseImage,
    structures: tuple[Structure, ...],
    t12_lower_end_s_mm: float | None,
    ends_z_mm: Mapping[tuple[Structure, Side], float] = MappingProxyType({}),
) -> tuple[tuple[Zone, ...], tuple[str, ...]]:
    """A band for each iliac vessel where it is not seen, and what is said of them; nothing where the scan ends above.

    ``ends_z_mm`` is how far down each vessel that was found is drawn. Without T12's name the place of L4 is not known: nothing
    is drawn, and that is said.
    """
    if not structures:
        return (), ()
    words = " and ".join(_ILIAC[structure] for structure in structures)
    if t12_lower_end_s_mm is None:
        return (), (f"{words}: not seen, and T12 is not named: no zone is drawn for them",)
    height, u, v = _axial(image, t12_lower_end_s_mm - _L4_BELOW_T12_MM)
    low_z_mm = float(image.frame.to_lps(np.array([[t12_lower_end_s_mm - _L4_BELOW_T12_MM, 0.0, 0.0]]))[0, 2])
    said = (
        f"{words}: not seen in this scan, or not to their ends; the band in front of L4 to S1 and along the pelvic brim where they "
        f"run in most people is kept clear there (confidence {ZONE_CONFIDENCE})"
    )
    drawn = []
    for structure in structures:
        for side in Side:
            inside = _BANDS[structure].holds(height, u * np.float32(side.sign), v)
            inside &= height < ends_z_mm.get((structure, side), np.inf) - low_z_mm
            drawn.append(_zone(image, inside, (structure, side), np.zeros((0, 3)), said))
    zones = tuple(zone for zone in drawn if zone is not None)
    return zones, (said,) if zones else ()


def _axial(image: CoarseImage, middle_s_mm: float) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Height above L4's middle, and u, v from the canal's middle in each slice, down to S1, where the sacral canal turns away: (k, 1, 1),
    (k, 1, i) and (k, j, 1).
    """
    centres = image.frame.centres_mm
    geometry = image.geometry
    z, y, x = (
        geometry.points_mm(np.outer(np.arange(n), np.eye(3)[axis]))[:, 2 - axis]
        for axis, n in enumerate(geometry.shape)
    )
    low = image.frame.to_lps(np.array([[middle_s_mm, 0.0, 0.0]]))[0, 2]
    order = np.argsort(centres[:, 2], kind="stable")
    held = np.maximum(z, low - _CANAL_ENDS_MM)
    middle_x, middle_y = (np.interp(held, centres[order, 2], centres[order, axis]) for axis in (0, 1))
    height = (z - low)[:, None, None]
    u = (x[None, :] - middle_x[:, None])[:, None, :]
    v = (middle_y[:, None] - y[None, :])[:, :, None]
    return height.astype(np.float32), u.astype(np.float32), v.astype(np.float32)


def _zone(
    image: CoarseImage, inside: BoolArray, name: tuple[Structure, Side | None], course_mm: FloatArray, said: str
) -> Zone | None:
    region = image.region(
        inside & image.body & ~image.bone & (image.hu > _LUNG_HU), ZONE_CONFIDENCE, _ZONE_UNCERTAINTY_MM
    )
    return None if region is None else Zone(*name, region, course_mm, said)


def cleared(image: CoarseImage, zones: tuple[Zone, ...], taken: BoolArray) -> tuple[Zone, ...]:
    """The zones without what is seen to be something else."""
    left = ((zone, zone.region.on(image.geometry) & ~taken) for zone in zones)
    regions = ((zone, image.region(mask, zone.region.confidence, zone.region.uncertainty_mm)) for zone, mask in left)
    return tuple(replace(zone, region=region) for zone, region in regions if region is not None)
