"""Label maps made ready for the painter: what tissue each voxel is, and what the network is to say of it.

In: a map of named labels (vertebrae by level, cord, sacrum, organs) on any grid. Out: a ``TrainingMap`` on 1.5 mm cubes,
(k, j, i) cranial, posterior, left. Bodies, arches, articular processes, discs, canal and the ligaments between are derived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from planner.anatomy import itk
from planner.anatomy.network.session import Share
from planner.anatomy.network.windows import SPACING_MM
from planner.geometry import BoolArray, VolumeGeometry
from training.tissues import OTHER_BONES, Tissue, tissue_of

NO_HU = -32768
"""Where a map has no real image."""

_LEVELS = tuple(f"vertebrae_{name}" for name in (
    "S1", "L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10", "T9", "T8", "T7", "T6", "T5", "T4", "T3", "T2", "T1",
    "C7", "C6", "C5", "C4", "C3", "C2", "C1",
))  # fmt: skip

_AROUND_CORD_MM = 3.2
_PROCESS_REACH_MM = 8.0
"""An articular process is what of an arch lies this near to the next one's: as thick as a lumbar process (Panjabi 1993)."""
_MIDLINE_MM = 7.0
_DISC_BALL_MM = 20.0
"""What cannot enter between two bodies: between plates 12 mm apart it leaves a rim of 1 mm."""

_ANNULUS_MM = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class TrainingMap:
    """One patient: ``tissue`` and ``target`` (k, j, i) uint8, ``hu`` int16 with ``NO_HU`` where there is no image."""

    name: str
    tissue: npt.NDArray[np.uint8]
    target: npt.NDArray[np.uint8]
    hu: npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a spine is made of, each (k, j, i) bool on one grid."""

    body: BoolArray
    posterior: BoolArray
    superior: BoolArray
    inferior: BoolArray
    disc: BoolArray
    canal: BoolArray
    cord: BoolArray
    sacrum: BoolArray
    other: BoolArray


def masks_by_name(labels: npt.NDArray[np.uint8], names: Mapping[int, str]) -> dict[str, BoolArray]:
    """Each label that occurs, by name."""
    return {names[int(v)]: np.asarray(labels == v) for v in np.unique(labels) if int(v) in names}


def parts_of(masks: Mapping[str, BoolArray], grid: VolumeGeometry) -> Parts:
    """A spine's parts from whole vertebrae, the cord's label (it holds the sac) and the sacrum."""
    nothing = np.zeros(grid.shape, dtype=bool)
    cord = masks.get("spinal_cord", nothing)
    levels = [name for name in _LEVELS if name in masks]
    canal_x, canal_y = _middles(cord)
    split = {name: _split(masks[name], canal_x, canal_y) for name in levels if name != "vertebrae_S1"}
    sacrum = masks.get("sacrum", nothing) | masks.get("vertebrae_S1", nothing)
    bones = sacrum.copy()
    body, posterior, disc = nothing.copy(), nothing.copy(), nothing.copy()
    superior, inferior = nothing.copy(), nothing.copy()
    for name in split:
        body |= split[name][0]
        posterior |= split[name][1]
    bones |= body | posterior
    canal = itk.dilated(cord, grid, _AROUND_CORD_MM) & ~bones
    arches = {name: arch for name, (_, arch) in split.items()}
    arches["vertebrae_S1"] = sacrum
    columns = {name: front for name, (front, _) in split.items()}
    columns["vertebrae_S1"] = _front_of(sacrum, canal_y)
    chain = [name for name in _LEVELS if name in columns and columns[name].any()]
    for below, above in pairwise(chain):
        low, high = _joint(arches[below], arches[above], canal_x, grid)
        superior |= low & ~sacrum
        inferior |= high
        disc |= _between(columns[below], columns[above], grid)
    disc &= ~(bones | canal)
    other = nothing.copy()
    for name, mask in masks.items():
        if name.startswith(OTHER_BONES):
            other |= mask & ~bones
    return Parts(body, posterior & ~(superior | inferior), superior, inferior, disc, canal, cord, sacrum, other)


def _middles(cord: BoolArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(k,) middle of the cord in each slice along i and j, continued straight where it is not seen."""
    k, j, i = np.nonzero(cord)
    count = np.bincount(k, minlength=len(cord)).astype(float)
    seen = np.flatnonzero(count)
    x = np.bincount(k, i, len(cord))[seen] / count[seen]
    y = np.bincount(k, j, len(cord))[seen] / count[seen]
    rows = np.arange(len(cord))
    return np.interp(rows, seen, x), np.interp(rows, seen, y)


def _split(
    vertebra: BoolArray, canal_x: npt.NDArray[np.float64], canal_y: npt.NDArray[np.float64]
) -> tuple[BoolArray, BoolArray]:
    """Body and arch: cut along the body's back wall, a plane fitted to the bone just in front of the canal."""
    k, j, i = np.nonzero(vertebra)
    near = (np.abs(i - canal_x[k]) <= 3.0) & (j < canal_y[k])
    rows = np.unique(k[near])
    if len(rows) < 4:
        return np.zeros_like(vertebra), vertebra.copy()
    wall = np.array([j[near & (k == row)].max() for row in rows], dtype=float)
    inner = slice(len(rows) // 6, len(rows) - len(rows) // 6)
    slope, start = np.polyfit(rows[inner], wall[inner], 1)
    front = j <= slope * k + start + 0.5
    body = np.zeros_like(vertebra)
    body[k[front], j[front], i[front]] = True
    body = itk.largest_component(body)
    return body, vertebra & ~body


def _front_of(sacrum: BoolArray, canal_y: npt.NDArray[np.float64]) -> BoolArray:
    """What of the sacrum lies before the canal."""
    rows = np.arange(sacrum.shape[1])
    return sacrum & (rows[None, :, None] < canal_y[:, None, None])


def _joint(
    below: BoolArray, above: BoolArray, canal_x: npt.NDArray[np.float64], grid: VolumeGeometry
) -> tuple[BoolArray, BoolArray]:
    """Superior processes of the lower and inferior processes of the upper vertebra: arches near to each other, off midline."""
    columns = np.arange(below.shape[2])
    lateral = np.abs(columns[None, None, :] - canal_x[:, None, None]) * SPACING_MM > _MIDLINE_MM
    low = below & itk.dilated(above, grid, _PROCESS_REACH_MM) & lateral
    high = above & itk.dilated(below, grid, _PROCESS_REACH_MM) & lateral
    return low, high


def _between(below: BoolArray, above: BoolArray, grid: VolumeGeometry) -> BoolArray:
    """The disc: what a ball cannot enter between two bodies."""
    box = itk.grown_box(itk.true_box(below | above) or (slice(0, 1),) * 3, (12, 12, 12), below.shape)
    small = itk.crop(grid, box)
    pair = below[box] | above[box]
    near = itk.dilated(below[box], small, 12.0) & itk.dilated(above[box], small, 12.0)
    disc = np.zeros_like(below)
    disc[box] = itk.closed(pair, small, _DISC_BALL_MM) & near & ~pair
    return disc


def targets_of(parts: Parts) -> npt.NDArray[np.uint8]:
    """(k, j, i) ``Share`` of each voxel."""
    target = np.zeros(parts.body.shape, dtype=np.uint8)
    for mask, value in (
        (parts.other, Share.OTHER_BONE),
        (parts.disc, Share.DISC),
        (parts.canal, Share.CANAL),
        (parts.sacrum, Share.SACRUM),
        (parts.body, Share.BODY),
        (parts.posterior, Share.POSTERIOR),
        (parts.superior, Share.SUPERIOR_PROCESS),
        (parts.inferior, Share.INFERIOR_PROCESS),
    ):
        target[mask] = value
    return target


def tissues_of(
    parts: Parts, masks: Mapping[str, BoolArray], trunk: BoolArray, grid: VolumeGeometry
) -> npt.NDArray[np.uint8]:
    """(k, j, i) ``Tissue`` of each voxel: named organs, then what lies around the arches, then the spine itself."""
    tissue = np.zeros(grid.shape, dtype=np.uint8)
    tissue[trunk] = Tissue.SOFT
    tissue[trunk & ~itk.eroded(trunk, grid, 9.0)] = Tissue.SKIN_FAT
    for name, mask in masks.items():
        painted = tissue_of(name)
        if painted is not None:
            tissue[mask] = painted
    arch = parts.posterior | parts.superior | parts.inferior
    spine = arch | parts.body | parts.sacrum | parts.disc
    open_to = np.isin(tissue, (Tissue.SOFT, Tissue.BACK_MUSCLE, Tissue.PSOAS, Tissue.SKIN_FAT))
    tissue[itk.dilated(arch, grid, 4.5) & open_to] = Tissue.LAMINAR
    inside = itk.closed(spine | parts.canal, grid, 7.5) & ~(spine | parts.canal) & open_to
    behind = _behind_canal(parts.canal)
    tissue[inside & ~behind] = Tissue.FORAMINAL
    tissue[inside & behind] = Tissue.INTERSPINOUS
    tissue[itk.dilated(parts.canal, grid, 4.5) & inside & behind] = Tissue.FLAVUM
    joint = itk.dilated(parts.superior, grid, 2.5) & itk.dilated(parts.inferior, grid, 2.5) & ~spine
    tissue[joint] = Tissue.JOINT
    tissue[parts.canal] = Tissue.EPIDURAL
    tissue[parts.cord] = Tissue.SAC
    tissue[itk.eroded(parts.cord, grid, 3.0)] = Tissue.CORD
    tissue[parts.disc] = Tissue.ANNULUS
    tissue[itk.eroded(parts.disc | parts.body | parts.sacrum, grid, _ANNULUS_MM) & parts.disc] = Tissue.NUCLEUS
    for mask, cortex, marrow in (
        (parts.other, Tissue.OTHER_CORTEX, Tissue.OTHER_MARROW),
        (parts.sacrum, Tissue.SACRUM_CORTEX, Tissue.SACRUM_MARROW),
        (arch, Tissue.POSTERIOR_CORTEX, Tissue.POSTERIOR_MARROW),
        (parts.body, Tissue.BODY_CORTEX, Tissue.BODY_MARROW),
    ):
        tissue[mask] = cortex
        tissue[itk.eroded(mask, grid, SPACING_MM * 1.01)] = marrow
    return tissue


def _behind_canal(canal: BoolArray) -> BoolArray:
    """Behind the canal's middle in each slice."""
    _, middle = _middles(canal)
    rows = np.arange(canal.shape[1])
    return np.asarray(np.broadcast_to(rows[None, :, None] > middle[:, None, None], canal.shape))
