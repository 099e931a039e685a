"""The canal from a given canal, sac or cord: the same ``CanalTrack`` as our own stage makes.

In: what is given of it, bone, and our own track where there is one. Out: a frame along its middle and its mask. A given canal
counts in its own slices, ours beyond them. A cord is thinner than the canal: it is held within it, and never stands for it.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy import itk
from planner.anatomy.canal import CALM_MM, track_canal
from planner.anatomy.canal_ring import canal_mask, canal_rings
from planner.anatomy.outside.given import Given
from planner.anatomy.rotation import axial_rotation_deg
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, Skin
from planner.brought import Beside
from planner.errors import AnatomyError
from planner.geometry import BoolArray, FloatArray, IntArray, VolumeGeometry
from planner.structures import Structure
from planner.volume import Volume

_SHORTEST_MM = 55.0
"""As for our own canal: a vertebra with its disc and half of the next."""

_SMOOTH_MM = 6.0
_ROW_MM, _WHOLE = 3.0, 0.5
"""Planes across the canal: a section of less than half the usual area is an end, or the sac's tip (assumed)."""

_RING_MM = 1.5
_CONFIDENCE = 0.9
"""Of a given canal, before the gates (assumed)."""

_NO_RING = 0.6
"""Of a canal that only a given cord shows: its wall is that of the bone around, and nobody has seen it otherwise (assumed)."""

_OFF_MM = 4.0
"""Between our centre and the given one: beyond it one of the two follows something else (the bar of ``anatomy``: at most 4 mm)."""


def find_canal(volume: Volume, skin: Skin, bone: Bone, given: Given) -> tuple[CanalTrack, tuple[str, ...]]:
    """The canal and what is doubtful about it; our own alone where none is given."""
    own = _own(volume, skin, bone, given)
    hollow = given.drawn((*given.of(Structure.CANAL), *given.of(Structure.THECAL_SAC)))
    cord = given.drawn(given.beside(Beside.CORD))
    if not hollow.any() and not cord.any():
        return _require(own), ()
    if not hollow.any() and own is not None:
        return _with_cord(own, cord)
    seen = hollow | cord
    return _from_mask(volume, bone, seen, own, is_wall=bool(given.of(Structure.CANAL)))


def _own(volume: Volume, skin: Skin, bone: Bone, given: Given) -> CanalTrack | None:
    try:
        return track_canal(volume, skin, bone)
    except AnatomyError:
        if given.of(Structure.CANAL) or given.of(Structure.THECAL_SAC) or given.beside(Beside.CORD):
            return None
        raise


def _require(own: CanalTrack | None) -> CanalTrack:
    if own is None:
        raise AnatomyError("spinal canal", "neither in the image nor given", "give the canal or the cord")
    return own


def _with_cord(own: CanalTrack, cord: BoolArray) -> tuple[CanalTrack, tuple[str, ...]]:
    """Our canal and the cord within it; a cord that lies outside says that our canal is doubtful."""
    inside = float((cord & own.mask).sum() / cord.sum())
    said: tuple[str, ...] = ()
    confidence = own.confidence
    if inside < 0.9:
        said = (
            f"{1.0 - inside:.0%} of the given spinal cord lies outside our canal: both are kept clear of; look at it",
        )
        confidence = min(confidence, inside)
    track = CanalTrack(own.frame, own.mask | cord, own.radius_mm, own.score, round(confidence, 3))
    return track, said


def _from_mask(
    volume: Volume, bone: Bone, seen: BoolArray, own: CanalTrack | None, *, is_wall: bool
) -> tuple[CanalTrack, tuple[str, ...]]:
    geometry = volume.geometry
    rows, middles = _middles(seen, geometry)
    middles = _across(seen, geometry, SpineFrame.along(_every_mm(_smooth(middles)), calm_mm=CALM_MM))
    centres = _every_mm(_smooth(_joined(middles, own)))
    frame = SpineFrame.along(centres, axial_rotation_deg(volume, SpineFrame.along(centres, calm_mm=CALM_MM)), CALM_MM)
    rings = canal_rings(_bone_share(volume, bone), frame)
    mask = canal_mask(geometry, frame, rings)
    if is_wall:
        mask[rows[0] : rows[-1] + 1] = False
    mask |= seen
    off = _off_mm(middles, own)
    said = (
        (f"the given canal lies up to {off:.0f} mm beside the one the image shows; the given one is used, look at it",)
        if off > _OFF_MM
        else ()
    )
    confidence = (_CONFIDENCE if is_wall else _NO_RING) * (1.0 if off <= _OFF_MM else 0.5)
    radius = np.sqrt((rings**2).mean(axis=1))
    track = CanalTrack(frame, mask, radius, np.ones(len(radius)), round(confidence, 3))
    return track, said


def _middles(mask: BoolArray, geometry: VolumeGeometry) -> tuple[IntArray, FloatArray]:
    """The slices that hold it, and (n, 3) its middle in each, caudal to cranial."""
    rows = np.flatnonzero(mask.any(axis=(1, 2)))
    length = (rows[-1] - rows[0]) * float(geometry.spacing_mm[0])
    if length < _SHORTEST_MM:
        raise AnatomyError(
            "spinal canal", f"the given one is {length:.0f} mm long, {_SHORTEST_MM:.0f} mm are needed", "give all of it"
        )
    index = np.array([(k, *np.argwhere(mask[k]).mean(axis=0)) for k in rows])
    return rows, geometry.points_mm(index)


def _across(mask: BoolArray, geometry: VolumeGeometry, frame: SpineFrame) -> FloatArray:
    """(n, 3) its middle in planes across it, where they hold a whole section: axial slices cut its ends askew."""
    points = geometry.points_mm(np.argwhere(mask))
    for _ in range(2):
        suv = frame.from_lps(points)
        row = np.round(suv[:, 0] / _ROW_MM).astype(int)
        row -= row.min()
        count = np.bincount(row)
        whole = np.flatnonzero(count >= _WHOLE * np.median(count[count > 0]))
        means = [np.bincount(row, weights=suv[:, axis]) / np.maximum(count, 1) for axis in range(3)]
        middles = frame.to_lps(np.stack([mean[whole] for mean in means], axis=1))
        frame = SpineFrame.along(_every_mm(_smooth(middles)), calm_mm=CALM_MM)
    return middles


def _joined(middles: FloatArray, own: CanalTrack | None) -> FloatArray:
    """The given middles, gone on with by our own beyond them."""
    if own is None:
        return middles
    ours = own.frame.centres_mm
    below = ours[ours[:, 2] < middles[0, 2] - _SMOOTH_MM]
    above = ours[ours[:, 2] > middles[-1, 2] + _SMOOTH_MM]
    return np.concatenate([below, middles, above])


def _off_mm(middles: FloatArray, own: CanalTrack | None) -> float:
    """The 95th percentile of the distance to our own centres, where both are."""
    if own is None:
        return 0.0
    ours = own.frame.centres_mm
    near = middles[(middles[:, 2] >= ours[0, 2]) & (middles[:, 2] <= ours[-1, 2])]
    if not len(near):
        return 0.0
    apart = np.linalg.norm(near[:, None, :] - ours[None, :, :], axis=2).min(axis=1)
    return float(np.percentile(apart, 95))


def _every_mm(points: FloatArray) -> FloatArray:
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    places = np.arange(0.0, s[-1] + 1e-9, 1.0)
    return np.stack([np.interp(places, s, points[:, axis]) for axis in range(3)], axis=1)


def _smooth(points: FloatArray) -> FloatArray:
    """Resampled every millimetre and smoothed with a Gaussian of 6 mm; straight ends stay."""
    even = _every_mm(points)
    half = min(int(3 * _SMOOTH_MM), len(even) - 1)
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / _SMOOTH_MM) ** 2)
    padded = np.pad(even, ((half, half), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(padded[:, a], kernel / kernel.sum(), mode="valid") for a in range(3)], axis=1)


def _bone_share(volume: Volume, bone: Bone) -> Volume:
    box = itk.box_around(bone.mask, volume.geometry, 15.0)
    own = itk.crop(volume.geometry, box)
    grid = itk.isotropic_grid(own, _RING_MM)
    return itk.resampled(Volume(own, bone.mask[box].astype(np.int16) * 100), grid, outside=0)
