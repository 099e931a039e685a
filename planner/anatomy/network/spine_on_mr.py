"""The spine on an MR, as the network sees it: canal, discs, bodies counted from below.

In: an MR volume on any grid, and the network. Out: an ``MrSpine`` on 1.5 mm cubes in the patient's axes, points in LPS mm.
T1, T2 and fat-suppressed images go the same way: the network was shown all orders of brightness. Levels get no names here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from planner.anatomy import itk
from planner.anatomy.network.disc_level import disc_level, evenly_deep
from planner.anatomy.network.opinion import SpineOpinion, long_canal, look
from planner.anatomy.network.session import Network, Share
from planner.anatomy.network.windows import SPACING_MM
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import CanalTrack, DiscLevel
from planner.errors import AnatomyError
from planner.geometry import BoolArray, Float32Array, FloatArray, VolumeGeometry
from planner.volume import Volume

_SMOOTH_MM, _CALM_MM = 6.0, 10.0
"""Of the canal's middle, as on CT: a vertebra's height leaves no room for sharper bends."""

_SHORTEST_MM = 40.0
_SMALLEST_DISC_MM3 = 800.0
"""The T1/T2 disc, the smallest, is 2.5 mL times 0.4 of it seen in a slab (assumed)."""

_SURER = (0.6, 0.7, 0.8)
"""Shares of disc at which a piece that is no plate is looked at again (assumed)."""

_NEAREST_MM = 10.0
"""Two discs are never closer: the T1 body with half a disc on either side is 17 mm high."""


@dataclass(frozen=True, slots=True, eq=False)
class MrSpine:
    """``body`` holds vertebra number + 1 (vertebra 0 lies below ``discs[0]``), ``disc`` disc number + 1, 0 elsewhere."""

    geometry: VolumeGeometry
    canal: CanalTrack
    discs: tuple[DiscLevel, ...]
    body: npt.NDArray[np.uint8]
    disc: npt.NDArray[np.uint8]
    posterior: BoolArray
    sacrum: BoolArray
    opinion: SpineOpinion
    notes: tuple[str, ...] = ()
    """What a person should know of how it was seen."""


def spine_on_mr(volume: Volume, network: Network) -> MrSpine:
    """Canal, discs and bodies of an MR; refused where no canal of 40 mm shows."""
    return spine_of(look(volume, network))


def spine_of(opinion: SpineOpinion) -> MrSpine:
    """The same of an opinion that is known."""
    shares, geometry = opinion.shares, opinion.box
    piece = long_canal(opinion.mask(Share.CANAL), geometry)
    canal = _track(piece, shares[Share.CANAL], geometry)
    found = _discs(opinion.mask(Share.DISC), shares[Share.DISC], canal, geometry)
    discs = tuple(level for level, _ in found)
    numbered = np.zeros(geometry.shape, dtype=np.uint8)
    for number, (_, mask) in enumerate(found, start=1):
        numbered[mask] = number
    body = _numbered_bodies(opinion.mask(Share.BODY), discs, geometry)
    arch = opinion.mask(Share.POSTERIOR, Share.SUPERIOR_PROCESS, Share.INFERIOR_PROCESS)
    return MrSpine(geometry, canal, discs, body, numbered, arch, opinion.mask(Share.SACRUM), opinion)


def _track(piece: BoolArray, share: Float32Array, geometry: VolumeGeometry) -> CanalTrack:
    """The canal's frame along its middle, with how sure the network is at each millimetre."""
    k, j, i = np.nonzero(piece)
    count = np.bincount(k, minlength=len(piece))
    rows = np.flatnonzero(count)
    middles = [np.bincount(k, weights=axis, minlength=len(piece))[rows] / count[rows] for axis in (j, i)]
    points = geometry.points_mm(np.stack([rows.astype(np.float64), *middles], axis=1))
    if np.ptp(points[:, 2]) < _SHORTEST_MM - 2 * SPACING_MM:
        raise AnatomyError("spinal canal", f"{np.ptp(points[:, 2]):.0f} mm of one", f"{_SHORTEST_MM:.0f} mm are needed")
    frame = SpineFrame.along(_smooth(points), calm_mm=_CALM_MM)
    radius = np.interp(frame.centres_mm[:, 2], points[:, 2], np.sqrt(count[rows] / np.pi) * SPACING_MM)
    sure = _values(share, geometry, frame.centres_mm)
    return CanalTrack(frame, piece, radius, sure, round(float(sure.mean()), 3))


def _values(share: Float32Array, geometry: VolumeGeometry, points_mm: FloatArray) -> FloatArray:
    """(n,) share at the nearest cube to each point; 0 beyond."""
    index = np.floor(geometry.indices(points_mm) + 0.5).astype(int)
    inside = np.asarray(((index >= 0) & (index < np.array(share.shape))).all(axis=1))
    k, j, i = np.where(inside[:, None], index, 0).T
    return np.where(inside, share[k, j, i], 0.0).astype(np.float64)


def _smooth(points: FloatArray) -> FloatArray:
    """(n, 3) every millimetre along the line, smoothed; its ends go on as they were."""
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    even = np.stack([np.interp(np.arange(0.0, s[-1], 1.0), s, points[:, axis]) for axis in range(3)], axis=1)
    half = min(int(3 * _SMOOTH_MM), len(even) - 1)
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / _SMOOTH_MM) ** 2)
    padded = np.pad(even, ((half, half), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T], axis=1)


def _discs(
    mask: BoolArray, share: Float32Array, canal: CanalTrack, geometry: VolumeGeometry
) -> list[tuple[DiscLevel, BoolArray]]:
    """Each plate of disc that lies across the canal's front, caudal to cranial."""
    found: list[tuple[DiscLevel, BoolArray]] = []
    for piece in _pieces(mask):
        for plate in chain((piece,), _parted(piece, share)):
            level = disc_level(plate, share, canal, geometry)
            if level is not None and all(abs(level.s_mm - other.s_mm) > _NEAREST_MM for other, _ in found):
                found.append((level, plate))
                if plate is piece:
                    break
    return evenly_deep(sorted(found, key=lambda one: one[0].s_mm), canal, geometry)


def _pieces(mask: BoolArray) -> Iterator[BoolArray]:
    """Connected ones that are large enough, the largest first."""
    pieces = itk.components(mask)
    for number in range(1, int(pieces.max()) + 1):
        piece: BoolArray = np.asarray(pieces == number)
        if piece.sum() * SPACING_MM**3 < _SMALLEST_DISC_MM3:
            return  # numbered by size
        yield piece


def _parted(piece: BoolArray, share: Float32Array) -> Iterator[BoolArray]:
    """What is left of a piece where the network is surer: two discs that touch in coarse voxels come apart."""
    for least in _SURER:
        yield from _pieces(np.asarray(piece & (share > least)))


def _numbered_bodies(mask: BoolArray, discs: tuple[DiscLevel, ...], geometry: VolumeGeometry) -> npt.NDArray[np.uint8]:
    """Each body voxel's vertebra: how many discs lie below it, and one."""
    index = np.argwhere(mask)
    points = geometry.points_mm(index)
    number = np.ones(len(points), dtype=np.uint8)
    for disc in discs:
        number += ((points - disc.center_mm) @ disc.normal > 0.0).astype(np.uint8)
    bodies = np.zeros(mask.shape, dtype=np.uint8)
    bodies[tuple(index.T)] = number
    return bodies
