"""Landmarks a hand can find: the spinous processes.

In: an anatomy and a height. Out: points on the tips of the spinous processes, LPS mm.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray
from planner.obstacles import BONES

_HALF_WIDTH_MM, _BEHIND_CANAL_MM = 20.0, 14.0
"""Where spinous processes are looked for, from the canal's centre: behind laminae and joints; assumed."""

_TIP_DEPTH_MM = 6.0
"""The most dorsal bone counted as the tip of a process at one height; assumed."""

_HEIGHT_STEP_MM = 2.0
_REACH_MM = 120.0
"""Above and below the target: further than a needle's entry can be."""


def spinous_processes_mm(anatomy: Anatomy, z_mm: float) -> FloatArray:
    """(m, 3) centres of the processes' tips every 2 mm of height around ``z_mm``, caudal to cranial."""
    labels, canal = anatomy.labels, anatomy.canal_centreline_mm
    order = np.argsort(canal[:, 2], kind="stable")
    points = _bone_points_mm(anatomy, z_mm)
    if not len(points) or not len(order):
        return np.empty((0, 3))
    at_height = [np.interp(points[:, 2], canal[order, 2], canal[order, axis]) for axis in (0, 1)]
    spread = labels.geometry.spacing_mm.max()
    behind = points[:, 1] - at_height[1] >= _BEHIND_CANAL_MM
    near = (np.abs(points[:, 0] - at_height[0]) <= _HALF_WIDTH_MM) & behind
    points = points[near]
    step = max(_HEIGHT_STEP_MM, float(spread))
    bins = np.rint((points[:, 2] - z_mm) / step).astype(int)
    tips = [_tip(points[bins == height]) for height in np.unique(bins)]
    return np.array(tips).reshape(-1, 3)


def _tip(points_mm: FloatArray) -> FloatArray:
    dorsal = points_mm[:, 1] >= points_mm[:, 1].max() - _TIP_DEPTH_MM
    centre: FloatArray = points_mm[dorsal].mean(axis=0)
    return centre


def _bone_points_mm(anatomy: Anatomy, z_mm: float) -> FloatArray:
    """Centres of the bone voxels near the canal, within reach of the height."""
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
    wanted[labels.values_of(*BONES)] = True
    return labels.geometry.points_mm(np.argwhere(wanted[box]) + low)
