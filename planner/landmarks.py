"""Landmarks a hand can find: the spinous processes and the iliac crests.

In: an anatomy and a height. Out: points on the tips of the spinous processes and the crests' height, LPS mm; where a skin entry
lies from them.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.model import Anatomy
from planner.geometry import AnyArray, FloatArray
from planner.obstacles import BONES
from planner.palpable import Landmark
from planner.structures import LevelName, Side, Structure

_HALF_WIDTH_MM, _BEHIND_CANAL_MM = 20.0, 14.0
"""Where spinous processes are looked for, from the canal's centre: behind laminae and joints; assumed."""

_TIP_DEPTH_MM = 6.0
"""The most dorsal bone counted as the tip of a process at one height; assumed."""

_CREST_BELOW_END_MM, _MOST_UNEVEN_CRESTS_MM = 5.0, 25.0
"""A crest that ends less below the scan's end may go on; two whose tops differ more in height give no line; assumed."""

_HEIGHT_STEP_MM = 2.0
_REACH_MM = 120.0
"""Above and below the target: further than a needle's entry can be."""


def spinous_processes_mm(anatomy: Anatomy, z_mm: float) -> FloatArray:
    """(m, 3) centres of the processes' tips every 2 mm of height around ``z_mm``, caudal to cranial."""
    labels = anatomy.labels
    points = _behind_canal(anatomy, _points_of(anatomy, z_mm, labels.values_of(*BONES)))
    spread = labels.geometry.spacing_mm.max()
    step = max(_HEIGHT_STEP_MM, float(spread))
    bins = np.rint((points[:, 2] - z_mm) / step).astype(int)
    tips = [_tip(points[bins == height]) for height in np.unique(bins)]
    return np.array(tips).reshape(-1, 3)


def _tip(points_mm: FloatArray) -> FloatArray:
    dorsal = points_mm[:, 1] >= points_mm[:, 1].max() - _TIP_DEPTH_MM
    centre: FloatArray = points_mm[dorsal].mean(axis=0)
    return centre


def process_tips_mm(anatomy: Anatomy, z_mm: float) -> dict[LevelName, FloatArray]:
    """The tip of each vertebra's spinous process within reach of a height: the mean of its most dorsal bone behind the canal.

    A finger feels the most dorsal bone of all: a vertebra whose own bone ends before it (its process cut off by the image,
    operated on, or not known to be its own) has none.
    """
    labels = anatomy.labels
    values: dict[LevelName, list[int]] = {}
    for value, entry in labels.entries.items():
        if entry.structure is Structure.VERTEBRA and entry.level is not None:
            values.setdefault(entry.level, []).append(value)
    found = {level: _behind_canal(anatomy, _points_of(anatomy, z_mm, own)) for level, own in values.items()}
    felt = spinous_processes_mm(anatomy, z_mm)
    seen = _seen_mm(anatomy, z_mm)
    tips = {level: _tip(points) for level, points in found.items() if len(points) and _is_whole(points, seen)}
    return {level: tip for level, tip in tips.items() if _is_felt(tip, felt)}


def _seen_mm(anatomy: Anatomy, z_mm: float) -> tuple[float, float]:
    """Heights between which bone is looked at, one voxel inside: the image's, and what lies within reach."""
    grid = anatomy.labels.geometry
    ends = grid.points_mm(np.array([[0.0, 0.0, 0.0], np.array(grid.shape) - 1.0]))[:, 2]
    canal = anatomy.canal_centreline_mm[:, 2]
    close = canal[np.abs(canal - z_mm) <= _REACH_MM]
    voxel = float(grid.spacing_mm.max())
    return max(ends.min(), close.min(initial=np.inf)) + voxel, min(ends.max(), close.max(initial=-np.inf)) - voxel


def _is_whole(points_mm: FloatArray, seen_mm: tuple[float, float]) -> bool:
    """Whether a process ends before what is seen ends."""
    return bool(points_mm[:, 2].min() > seen_mm[0] and points_mm[:, 2].max() < seen_mm[1])


def _is_felt(tip_mm: FloatArray, felt_mm: FloatArray) -> bool:
    """Whether no other bone lies more dorsal at the tip's height."""
    if not len(felt_mm):
        return False
    return bool(tip_mm[1] >= np.interp(tip_mm[2], felt_mm[:, 2], felt_mm[:, 1]) - _TIP_DEPTH_MM)


def crests_z_mm(anatomy: Anatomy) -> float | None:
    """Height of the line between the tops of both iliac crests, which a hand feels; None where one is not seen whole."""
    tops = [top for side in Side if (top := _crest_z_mm(anatomy, side)) is not None]
    if len(tops) < len(Side) or abs(tops[0] - tops[1]) > _MOST_UNEVEN_CRESTS_MM:
        return None
    grid = anatomy.labels.geometry
    ends = grid.points_mm(np.array([[0.0, 0.0, 0.0], np.array(grid.shape) - 1.0]))[:, 2]
    return float(np.mean(tops)) if max(tops) < ends.max() - _CREST_BELOW_END_MM else None


def _crest_z_mm(anatomy: Anatomy, side: Side) -> float | None:
    """Top of one ilium."""
    labels = anatomy.labels
    wanted = np.zeros(np.iinfo(np.uint16).max + 1, dtype=bool)
    wanted[[v for v, e in labels.entries.items() if e.structure is Structure.ILIUM and e.side is side]] = True
    planes = [k for k, plane in enumerate(labels.labels) if wanted[plane].any()]
    if not planes:
        return None
    ends = [np.argwhere(wanted[labels.labels[k]]) for k in (planes[0], planes[-1])]
    found = [np.insert(end.astype(float), 0, k, axis=1) for end, k in zip(ends, (planes[0], planes[-1]), strict=True)]
    return float(labels.geometry.points_mm(np.concatenate(found))[:, 2].max())


def landmark_of(
    entry_mm: FloatArray,
    tips_mm: dict[LevelName, FloatArray],
    named: LevelName,
    crests_mm: float | None = None,
) -> Landmark | None:
    """From the named vertebra's process, or from the nearest in height where that one was not found; and from the crests."""
    if not tips_mm:
        return None
    nearest = min(tips_mm, key=lambda level: abs(float(tips_mm[level][2] - entry_mm[2])))
    level = named if named in tips_mm else nearest
    offset = entry_mm - tips_mm[level]
    above = None if crests_mm is None else float(entry_mm[2]) - crests_mm
    return Landmark(level, float(offset[2]), float(offset[0]), above)


def _behind_canal(anatomy: Anatomy, points_mm: FloatArray) -> FloatArray:
    """(m, 3) those in the middle behind the canal, where spinous processes are."""
    canal = anatomy.canal_centreline_mm
    order = np.argsort(canal[:, 2], kind="stable")
    if not len(points_mm) or not len(order):
        return np.empty((0, 3))
    x, y = (np.interp(points_mm[:, 2], canal[order, 2], canal[order, axis]) for axis in (0, 1))
    near = (np.abs(points_mm[:, 0] - x) <= _HALF_WIDTH_MM) & (points_mm[:, 1] - y >= _BEHIND_CANAL_MM)
    behind: FloatArray = points_mm[near]
    return behind


def _points_of(anatomy: Anatomy, z_mm: float, values: AnyArray | list[int]) -> FloatArray:
    """Centres of the voxels with these values near the canal, within reach of the height."""
    labels = anatomy.labels
    canal = anatomy.canal_centreline_mm
    close = canal[np.abs(canal[:, 2] - z_mm) <= _REACH_MM]
    if not len(close):
        return np.empty((0, 3))
    corners = np.concatenate([close - np.array([_HALF_WIDTH_MM, 0, 0]), close + np.array([_HALF_WIDTH_MM, 90, 0])])
    indices = labels.geometry.indices(corners)
    low = np.clip(np.floor(indices.min(axis=0)), 0, labels.geometry.shape).astype(int)
    high = np.clip(np.ceil(indices.max(axis=0)) + 1, 0, labels.geometry.shape).astype(int)
    box = labels.labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    wanted = np.zeros(np.iinfo(np.uint16).max + 1, dtype=bool)
    wanted[values] = True
    return labels.geometry.points_mm(np.argwhere(wanted[box]) + low)
