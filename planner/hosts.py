"""The bones that hold a target: no obstacle where the needle meets them on purpose.

In: a label map, the cones of a target. Out: a label map for planning alone, without the host's voxels in the cones; bone
outside them stays an obstacle.
"""

from __future__ import annotations

import numpy as np

from planner.geometry import VolumeGeometry
from planner.target import HostCone, Target
from planner.volume import LabelMap

NO_STRUCTURE = 0


def without_hosts(labels: LabelMap, target: Target) -> LabelMap:
    """The map with each cone's host voxels unlabelled; the same map where the target has no cone."""
    if not target.cones:
        return labels
    left = labels.labels.copy()
    for cone in target.cones:
        box, low = _box(labels.geometry, cone)
        part = left[box]
        indices = np.argwhere(np.isin(part, _values(labels, cone)))
        inside = indices[cone.contains(labels.geometry.points_mm(indices + low))]
        part[tuple(inside.T)] = NO_STRUCTURE
    return LabelMap(labels.geometry, left, labels.entries)


def _values(labels: LabelMap, cone: HostCone) -> list[int]:
    return [
        value
        for value, entry in labels.entries.items()
        if entry.side in (None, cone.side)
        and any(
            entry.structure is structure and level in (None, entry.level) and part in (None, entry.part)
            for structure, level, part in cone.hosts
        )
    ]


def _box(grid: VolumeGeometry, cone: HostCone) -> tuple[tuple[slice, ...], np.ndarray[tuple[int], np.dtype[np.intp]]]:
    wide = cone.radius_mm + cone.length_mm * (1.0 + np.tan(np.radians(cone.half_angle_deg)))
    corners = cone.apex_mm + wide * np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1]), axis=-1).reshape(-1, 3)
    indices = grid.indices(corners)
    low = np.clip(np.floor(indices.min(axis=0)), 0, grid.shape).astype(np.intp)
    high = np.clip(np.ceil(indices.max(axis=0)) + 1, 0, grid.shape).astype(np.intp)
    return tuple(slice(a, b) for a, b in zip(low, high, strict=True)), low
