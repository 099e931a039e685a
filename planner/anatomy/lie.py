"""How the body lies: on which side the table is, and whether the spine agrees.

In: the body and the objects around it on one grid in the patient's axes. Out: a ``Lie`` with its evidence in words.
The table decides where it is seen; else the flattened side of the body, with less confidence.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.anatomy.model import Lie
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.structures import Pose

_REACH_MM = 120.0
"""A table lies no further below the body than this, cushions included (assumed)."""

_FLAT_MM = 6.0
"""Skin within this depth of the lowest plane counts as resting on it (assumed: a mattress gives way by this)."""

_SIDES = {
    Pose.SUPINE: ("posterior", (1, False)),
    Pose.PRONE: ("anterior", (1, True)),
    Pose.LEFT_SIDE: ("left", (2, False)),
    Pose.RIGHT_SIDE: ("right", (2, True)),
}
"""Which side of the body faces the table, as the grid's axis and whether it runs backwards."""


def lie_on_table(body: BoolArray, objects: BoolArray, grid: VolumeGeometry) -> Lie:
    """The pose whose side faces the table; by the flattened side where no table is in the image."""
    under = {pose: _covered_share(body, objects, grid, pose) for pose in _SIDES}
    best, second = sorted(under, key=lambda pose: -under[pose])[:2]
    if under[best] >= 0.3 and under[best] > 1.5 * under[second]:
        confidence = min(0.99, 0.6 + under[best] / 2)
        return Lie(best, confidence, f"a table under {under[best]:.0%} of the {_SIDES[best][0]} side")
    return _by_flatness(body, grid)


def agrees_with_spine(lie: Lie, body: BoolArray, geometry: VolumeGeometry, centreline_mm: FloatArray) -> Lie:
    """The lie with the spine's side added: a canal in the anterior half says that the axes are wrong.

    Only where front and back of the body lie in the image: a crop has no depth to compare with.
    """
    offsets = []
    for point in centreline_mm[:: max(1, len(centreline_mm) // 20)]:
        k, j, i = (round(float(x)) for x in geometry.indices(point))
        if 0 <= k < body.shape[0] and 0 <= i < body.shape[2]:
            rows = np.flatnonzero(body[k, :, i])
            if len(rows) and rows[0] > 0 and rows[-1] < body.shape[1] - 1:
                offsets.append((j - rows[0]) / max(1, rows[-1] - rows[0]))
    if not offsets:
        return lie
    share = float(np.median(offsets))
    if share >= 0.5:
        return replace(lie, evidence=f"{lie.evidence}; spine at {share:.0%} of the depth from the front")
    return Lie(Pose.UNKNOWN, 0.0, f"{lie.evidence}; but the spine is at {share:.0%} of the depth from the front")


def _towards(array: BoolArray, pose: Pose) -> BoolArray:
    """(k, across, down) view whose last axis runs from the body towards the pose's table."""
    axis, backwards = _SIDES[pose][1]
    turned = array if axis == 2 else array.swapaxes(1, 2)
    return turned[:, :, ::-1] if backwards else turned


def _covered_share(body: BoolArray, objects: BoolArray, grid: VolumeGeometry, pose: Pose) -> float:
    down_mm = float(grid.spacing_mm[_SIDES[pose][1][0]])
    solid, other = _towards(body, pose), _towards(objects, pose)
    columns = solid.any(axis=2)
    last = solid.shape[2] - 1 - np.argmax(solid[:, :, ::-1], axis=2)
    depth = np.arange(solid.shape[2])
    below = depth > last[:, :, None]
    near = depth <= last[:, :, None] + _REACH_MM / down_mm
    covered = (other & below & near).any(axis=2) & columns
    return float(covered.sum() / max(1, columns.sum()))


def _by_flatness(body: BoolArray, grid: VolumeGeometry) -> Lie:
    flat = {pose: _flat_share(body, grid, pose) for pose in _SIDES}
    best, second = sorted(flat, key=lambda pose: -flat[pose])[:2]
    if flat[best] < 1.3 * flat[second] or flat[best] < 0.1:
        return Lie(Pose.UNKNOWN, 0.0, "no table in the image and no side clearly flattened")
    margin = flat[best] / max(flat[second], 1e-6)
    return Lie(best, min(0.7, 0.3 * margin), f"no table in the image; the {_SIDES[best][0]} side is flattest")


def _flat_share(body: BoolArray, grid: VolumeGeometry, pose: Pose) -> float:
    down_mm = float(grid.spacing_mm[_SIDES[pose][1][0]])
    solid = _towards(body, pose)
    if solid[:, :, -1].any():
        return 0.0  # cut by the image's edge: a flat cut is not a flat back
    columns = solid.any(axis=2)
    last = solid.shape[2] - 1 - np.argmax(solid[:, :, ::-1], axis=2)
    lowest = np.percentile(last[columns], 99) if columns.any() else 0.0
    resting = columns & (last >= lowest - _FLAT_MM / down_mm)
    return float(resting.sum() / max(1, columns.sum()))
