"""The pelvis around the spine's lower end: which disc is the lumbosacral one, the sacrum and the iliac bones.

In: a CT volume, its filled bone, canal and discs. Out: a ``Pelvis``: the anchor that names the lumbar spine, how sure, and masks.
Below the lumbosacral disc the alae lie beside the body as solid bone; beside a lumbar body there is muscle.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from planner.anatomy.pelvic_bone import PelvicBone, ala_share, pelvic_bone
from planner.anatomy.sacroiliac import part_pelvis
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.structures import Side
from planner.volume import Volume, nearest

_BESIDE_MM = np.arange(32.0, 51.0, 2.0)
_DEPTH_MM = np.arange(-25.0, 31.0, 2.0)
"""Beside the canal, where the sacral ala and the iliac bone are and a transverse process is only a rod."""

_STEP_MM = 2.0
_CONTINUOUS = 0.06
"""Share of bone beside the canal in the sacrum; beside a transverse process as much, for 20 mm at most (assumed)."""

_NEVER_BELOW = 0.035
"""What the sacrum keeps where its fatty ala leaves only two cortices of 1 to 2 mm in 56 (assumed); beside a lumbar disc
there is muscle: 0 to 0.03 was seen."""

_MEAN = 0.10
_SHORTEST_MM = 18.0
"""Of sacrum below its disc: S1 alone is 30 mm; less can be one broad transverse process."""

_TO_DISC_MM = 20.0

_SEEN_BONE = 0.12
"""Of the place of an ala in dense bone alone, on the side that has less; a lumbar body that has less needs no closer look:
beside a fatty sacrum a third was seen, beside lumbar bodies above L5 a tenth at most."""

_ALA, _NO_ALA = 0.6, 0.4
"""Of an ala's place filled with bone and marrow: above the first it is one, below the second a transverse process. Sacra
were seen from 0.75, the lowest lumbar vertebrae up to 0.38."""

_CLEAR_STEP = 0.4
"""How much more bone lies below the lumbosacral disc than below the next one where there is no doubt (assumed)."""

_CANDIDATES = 3
"""Discs that may be the lumbosacral one, from below: S1/S2 or S2/S3 may be counted as discs."""


@dataclass(frozen=True, slots=True, eq=False)
class Pelvis:
    """``lumbosacral`` is the place in the discs of the one above the sacrum; None where no sacrum shows.

    ``confidence`` is the anchor's; the drawn bones have their own.
    """

    lumbosacral: int | None
    confidence: float
    sacrum: BoolArray
    ilium: dict[Side, BoolArray]
    sacrum_confidence: float = 0.0
    ilium_confidence: dict[Side, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Lumbosacral:
    """The disc above the sacrum by its place in the discs, how sure that is, and the bone that tells."""

    place: int
    confidence: float
    bone: PelvicBone


def find_pelvis(volume: Volume, bone: Bone, canal: CanalTrack, discs: tuple[DiscLevel, ...]) -> Pelvis:
    """The pelvis where it is in the image; empty masks where it is not."""
    return draw_pelvis(volume, bone, canal, discs, find_lumbosacral(volume, bone, canal, discs))


def find_lumbosacral(volume: Volume, bone: Bone, canal: CanalTrack, discs: tuple[DiscLevel, ...]) -> Lumbosacral | None:
    """The disc above the sacrum; None where no sacrum shows."""
    low = discs[:_CANDIDATES]
    if not any(ala_share(bone.mask, volume.geometry, canal.frame, disc) >= _SEEN_BONE for disc in low):
        return None
    pelvic = pelvic_bone(volume, bone, canal, low)
    filled = np.array([ala_share(pelvic.solid, pelvic.grid, canal.frame, disc) for disc in discs[: _CANDIDATES + 1]])
    share = bone_beside(volume.geometry, bone, canal.frame)
    place, confidence = lumbosacral_disc(filled, lumbosacral_by_stretch(share, discs, canal.frame), discs)
    return None if place is None else Lumbosacral(place, confidence, pelvic)


def draw_pelvis(
    volume: Volume, bone: Bone, canal: CanalTrack, discs: tuple[DiscLevel, ...], found: Lumbosacral | None
) -> Pelvis:
    """Sacrum and iliac bones below the lumbosacral disc; empty masks where there is none."""
    if found is None:
        none = np.zeros(volume.geometry.shape, dtype=bool)
        return Pelvis(None, 0.0, none, dict.fromkeys(Side, none))
    parted = part_pelvis(volume, bone, canal, found.bone, discs[found.place])
    return Pelvis(
        found.place,
        found.confidence,
        parted.sacrum,
        parted.ilium,
        parted.sacrum_confidence,
        parted.ilium_confidence,
    )


def lumbosacral_disc(
    filled: FloatArray, by_stretch: int | None, discs: tuple[DiscLevel, ...]
) -> tuple[int | None, float]:
    """The highest of the lowest discs with an ala below it, and how sure that is.

    ``filled`` is how much of the place of an ala below each disc is bone; ``by_stretch`` the disc at which bone beside the
    canal ends: a second way, which confirms.
    """
    sacral = np.flatnonzero(filled[:_CANDIDATES] >= _ALA)
    if not len(sacral):
        return None, 0.0
    place = int(sacral[-1])
    above = float(filled[place + 1]) if place + 1 < len(filled) else _NO_ALA
    step = float(np.clip((filled[place] - above) / _CLEAR_STEP, 0.0, 1.0))
    agree = {place: 1.0, None: 0.6}.get(by_stretch, 0.4)
    sure = step * (0.65 + 0.2 * agree + 0.15 * discs[place].confidence)
    return place, round(float(np.clip(sure, 0.05, 0.98)), 3)


def bone_beside(geometry: VolumeGeometry, bone: Bone, frame: SpineFrame) -> FloatArray:
    """(n,) every 2 mm of the canal: how much of the region beside it is bone, on the side that has less."""
    s = np.arange(frame.s_mm[0], frame.s_mm[-1], _STEP_MM)
    sides = []
    for side in Side:
        along, depth, across = np.broadcast_arrays(
            s[:, None, None], _DEPTH_MM[None, :, None], side.sign * _BESIDE_MM[None, None, :]
        )
        points = frame.to_lps(np.stack([along, across, depth], axis=-1))
        sides.append(nearest(bone.mask.view(np.uint8), geometry.indices(points), 0).mean(axis=(1, 2)))
    return np.asarray(np.minimum(sides[0], sides[1]))


def lumbosacral_by_stretch(share: FloatArray, discs: tuple[DiscLevel, ...], frame: SpineFrame) -> int | None:
    """The disc at the upper end of the lowest stretch with bone on both sides throughout; None where there is none."""
    smooth = np.convolve(np.pad(share, 1, mode="edge"), np.ones(3) / 3.0, mode="valid")
    for first, last in _stretches(smooth):
        if (last - first) * _STEP_MM < _SHORTEST_MM or share[first:last].mean() < _MEAN:
            continue
        end_s = frame.s_mm[0] + last * _STEP_MM
        near = [n for n, disc in enumerate(discs) if abs(disc.s_mm - end_s) <= _TO_DISC_MM]
        if not near or first * _STEP_MM > _SHORTEST_MM:
            return None  # bone on both sides, but not where the canal ends, or without a disc above
        return min(near, key=lambda n: abs(discs[n].s_mm - end_s))
    return None


def _stretches(share: FloatArray) -> list[tuple[int, int]]:
    """Where the share stays above what a disc leaves and rises to the sacrum's: first and last + 1, trimmed to its ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], share >= _NEVER_BELOW, [0]])))
    found = []
    for first, last in edges.reshape(-1, 2):
        clear = first + np.flatnonzero(share[first:last] >= _CONTINUOUS)
        if len(clear):
            found.append((int(clear[0]), int(clear[-1]) + 1))
    return found
