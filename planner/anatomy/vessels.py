"""The great vessels in front of the spine: aorta, inferior vena cava, common iliac arteries and veins.

In: the scan and the coarse image. Out: for each vessel a region, its course and its outline, with or without contrast.

The aorta is the tube in front and to the left of the bodies, the cava the one to the right of it; each runs on into one
iliac vessel. The other iliac vessel is the tube that joins it from below: where it joins is the bifurcation.
All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region
from planner.anatomy.outlines import USUAL, Rule, Tube, drawn, outlined
from planner.anatomy.tubes import COUNTS_SCORE, Track, TrackGrid
from planner.anatomy.vessel_tracks import Fork, joined, track_vessels
from planner.anatomy.vessel_zones import ZONE_CONFIDENCE, Zone, iliac_zones, led_on
from planner.geometry import FloatArray
from planner.structures import Side, Structure
from planner.volume import Volume

_STRANGE_HU, _STRANGE_SHARE = 50.0, 0.4
"""An end whose lumen is off by more is another tube: mixing of contrast stays below (40 % in a cava)."""

_LEAST_SCORE = 0.45

_CLEAR, _DOUBT_MM = 0.6, 10.0
"""A tube that is less sure may run beside the true one: a cava of 0.43, mixing with renal blood, lay up to 6 mm off over 90 % of it."""

_BESIDE_MM = 8.0
"""How far beside its carried outline a cava may run where none of its rim is seen: in the liver 6 to 9 mm were seen on three scans."""

_SURE_BRANCH = 0.8
"""An iliac vessel drawn with less confidence may be another tube beside it: its band is kept clear all the same."""

_OF_ARTERIES = Rule(rise=0.3)
"""Calcified walls are met on the inner side, and the artery ends on the outer."""


@dataclass(frozen=True, slots=True, eq=False)
class Vessel:
    """One vessel: its voxels, its course (n, 3) caudal to cranial, its radius and HU along it."""

    structure: Structure
    side: Side | None
    region: Region
    course_mm: FloatArray
    radius_mm: FloatArray
    hu: FloatArray
    beside: Region | None = None
    """Around the part that is carried and not seen: how far off it may run."""

    @property
    def confidence(self) -> float:
        """As of its region."""
        return self.region.confidence


@dataclass(frozen=True, slots=True, eq=False)
class Vessels:
    """The great vessels that were found, and what is doubtful about them."""

    found: tuple[Vessel, ...]
    warnings: tuple[str, ...] = ()
    zones: tuple[Zone, ...] = ()
    """Kept clear where a vessel runs but is not seen."""

    def of(self, structure: Structure) -> tuple[Vessel, ...]:
        """The vessels of one kind."""
        return tuple(vessel for vessel in self.found if vessel.structure is structure)


def find_vessels(volume: Volume, image: CoarseImage, t12_lower_end_s_mm: float | None = None) -> Vessels:
    """Aorta, cava and iliac vessels with their outlines, as far as the scan shows them, and zones where it does not.

    ``t12_lower_end_s_mm`` is where the T12 body ends along the canal, None where T12 is not named.
    """
    tracks = track_vessels(image, t12_lower_end_s_mm)
    found = (
        *_parts(volume, tracks.grid, tracks.arteries, (Structure.AORTA, Structure.ARTERY)),
        *_parts(volume, tracks.grid, tracks.veins, (Structure.INFERIOR_VENA_CAVA, Structure.VEIN)),
    )
    trunks = [vessel for vessel in found if vessel.side is None]
    led = tuple(
        zone for v in trunks for zone in led_on(image, v.structure, v.course_mm, v.radius_mm, t12_lower_end_s_mm)
    )
    around = tuple(zone for v in trunks for zone in _beside(v))
    ends_z_mm = {
        (v.structure, v.side): float(v.course_mm[0, 2]) for v in found if v.side and v.confidence >= _SURE_BRANCH
    }
    bands, said = iliac_zones(image, (Structure.ARTERY, Structure.VEIN), t12_lower_end_s_mm, ends_z_mm)
    doubts = tuple(zone.warning for zone in (*led, *around))
    return Vessels(found, (*_warnings(found), *doubts, *said), (*led, *around, *bands))


def _beside(vessel: Vessel) -> tuple[Zone, ...]:
    """A zone around the part of a cava that is not seen."""
    if vessel.beside is None:
        return ()
    said = (
        f"{vessel.structure.words}: carried along its usual course where its outline is not seen; up to {_BESIDE_MM:.0f} mm around "
        f"it are kept clear there (confidence {ZONE_CONFIDENCE})"
    )
    return (Zone(vessel.structure, None, vessel.beside, vessel.course_mm, said),)


def carried(tube: Tube, grid: TrackGrid, uncertainty_mm: float) -> Region | None:
    """The outline where no slice counts by itself, wider the less of its rim is seen; None where all count."""
    unseen = np.flatnonzero(tube.track.score < COUNTS_SCORE)
    if len(unseen) < 3:
        return None
    a, b = int(unseen[0]), int(unseen[-1]) + 1
    counts = (tube.track.score[a:b] >= COUNTS_SCORE)[:, None]
    wider = tube.reach_mm[a:b] + np.where(counts, 0.0, _BESIDE_MM * (1.0 - tube.rim_seen[a:b, None]))
    part = Tube(
        tube.track.between(tube.track.first + a, tube.track.first + b),
        tube.centres_mm[a:b],
        wider,
        tube.rim_seen[a:b],
        tube.hu[a:b],
    )
    return drawn(part, grid, ZONE_CONFIDENCE, uncertainty_mm)


def _parts(volume: Volume, grid: TrackGrid, fork: Fork, names: tuple[Structure, Structure]) -> list[Vessel]:
    """Trunk and branches with their outlines."""
    if fork.trunk is None:
        return []
    found = _drawn(volume, grid, fork.trunk, (names[0], None))
    for side, branch in fork.branches.items():
        found += _drawn(volume, grid, joined(branch, fork.trunk), (names[1], side))
    return found


def _drawn(volume: Volume, grid: TrackGrid, track: Track, name: tuple[Structure, Side | None]) -> list[Vessel]:
    if len(track.v_mm) < 3:
        return []
    rule = _OF_ARTERIES if name[0] in (Structure.AORTA, Structure.ARTERY) else USUAL
    tube = outlined(volume, grid, track, rule)
    kept = _alike(tube.hu)
    if kept.stop - kept.start < len(track.v_mm):
        if kept.stop - kept.start < 3:
            return []
        track = track.between(track.first + kept.start, track.first + kept.stop)
        tube = outlined(volume, grid, track, rule)
    region = drawn(tube, grid, _confidence(tube), _uncertainty_mm(tube))
    if region is None:
        return []
    is_cava = name[0] is Structure.INFERIOR_VENA_CAVA
    beside = carried(tube, grid, region.uncertainty_mm) if is_cava else None
    return [Vessel(*name, region, tube.centres_mm, tube.radius_mm, tube.hu, beside)]


def _alike(hu: FloatArray) -> slice:
    """The part between the ends where the lumen is as bright as on the whole; a track may run on into something else."""
    middle = float(np.median(hu))
    alike = np.flatnonzero(np.abs(hu - middle) < max(_STRANGE_HU, _STRANGE_SHARE * abs(middle)))
    return slice(int(alike[0]), int(alike[-1]) + 1) if len(alike) else slice(0, 0)


def _confidence(tube: Tube) -> float:
    """Mean of the track's score and the share of the rim that is seen."""
    return float(np.clip(0.5 * tube.track.score.mean() + 0.5 * tube.rim_seen.mean(), 0.0, 1.0))


def _uncertainty_mm(tube: Tube) -> float:
    """2 mm where the whole rim is seen (its wall, and half a step of the outline); 3 mm more where none is, and more for doubt."""
    doubt = max(0.0, _CLEAR - _confidence(tube))
    return float(2.0 + 3.0 * (1.0 - tube.rim_seen.mean()) + _DOUBT_MM * doubt)


def _warnings(found: tuple[Vessel, ...]) -> tuple[str, ...]:
    names = {vessel.structure for vessel in found}
    missing = tuple(
        f"{structure.words}: no tube in front of the spine that could be it; none is drawn"
        for structure in (Structure.AORTA, Structure.INFERIOR_VENA_CAVA)
        if structure not in names
    )
    doubtful = tuple(
        f"{vessel.structure.words}: its outline is doubtful (confidence {vessel.confidence:.2f})"
        for vessel in found
        if vessel.confidence < _LEAST_SCORE
    )
    return missing + doubtful + _wrong_side(found)


def _wrong_side(found: tuple[Vessel, ...]) -> tuple[str, ...]:
    """Aorta to the right of the cava: the image may be mirrored, or the organs are."""
    course = {vessel.structure: vessel.course_mm for vessel in found if vessel.side is None}
    if len(course) < 2:
        return ()
    aorta, cava = course[Structure.AORTA], course[Structure.INFERIOR_VENA_CAVA]
    low, high = max(aorta[0, 2], cava[0, 2]), min(aorta[-1, 2], cava[-1, 2])
    z = np.linspace(low, high, 20)
    apart = np.interp(z, aorta[:, 2], aorta[:, 0]) - np.interp(z, cava[:, 2], cava[:, 0])
    if high <= low or np.median(apart) > 0:
        return ()
    off_mm = -float(np.median(apart))
    why = "the image may be mirrored or the organs transposed; confirm the side"
    return (f"the aorta lies {off_mm:.0f} mm to the right of the vena cava: {why}",)
