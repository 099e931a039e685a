"""The spinal canal: found where bone surrounds a soft tube in front of which vertebral bodies lie, and followed.

In: a CT volume in the patient's axes, its skin and bone. Out: a ``CanalTrack``: a frame along the canal, caudal to
cranial, with the vertebrae's axial rotation, and the canal's mask on the volume's grid.
Every slice is scored at every place; the best connected path with free ends is taken, so that no slice is decided alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.anatomy import itk
from planner.anatomy.canal_path import WORK_MM, WORTH, unbroken_path
from planner.anatomy.canal_ring import canal_mask, canal_rings, recentred
from planner.anatomy.enclosure import IN_SLICE, meets
from planner.anatomy.rotation import axial_rotation_deg
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, Skin
from planner.errors import AnatomyError
from planner.geometry import BoolArray, Float32Array, FloatArray, VolumeGeometry, unit
from planner.side_by_side import side_by_side
from planner.volume import Volume

_LOOK_MM = 24.0
"""A canal is at most 30 mm wide (lumbar, with its recesses); from its middle bone is met within this."""

_SHORTEST_MM = 55.0
"""One lumbar vertebra with its disc and half of the next; less cannot be told from the space between scapula and ribs."""

_STEP_MM = 1.0

_OFF_PATH_MM = 4.0
"""That the middle of the ring may lie from the path: half of a narrow canal. In a fatty sacrum the ring is open to a foramen on one
side, and its middle would wander out through it."""

_TO_EDGE_MM, _BEYOND_EDGE_MM = 6.0, 4.0
"""A canal that ends nearer to the image's edge than the first, two places of the coarse path and its planes' tilt, is cut by the
edge; it goes on beyond by the second, so that tilted planes hold its corners."""

_STRAIGHT = 15
"""Millimetres of the line that say where it goes on: half a vertebra (assumed)."""

CALM_MM = 12.0
"""Over which the planes across the canal turn: a third of a vertebra. The centreline wavers by a millimetre within a vertebra, which
tilts its own tangent by 10 degrees; then planes 40 mm in front of it would cross."""


@dataclass(frozen=True, slots=True, eq=False)
class CanalLine:
    """A ``CanalTrack`` whose mask is not drawn yet: ``drawn`` takes as long as all else, and discs need none."""

    frame: SpineFrame
    radius_mm: FloatArray
    score: FloatArray
    confidence: float
    _turn_deg: FloatArray
    _bone: Volume

    def drawn(self, geometry: VolumeGeometry) -> CanalTrack:
        """The line with its mask on a grid; where the image's edge cuts the canal, up to that edge."""
        mask = _mask_to_edges(self.frame, self._turn_deg, self._bone, geometry)
        return CanalTrack(self.frame, mask, self.radius_mm, self.score, self.confidence)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """The spine's surroundings at the working resolution."""

    volume: Volume
    bone: Volume
    """0 or 100 per voxel, linear between: how much of it is bone."""


def track_canal(volume: Volume, skin: Skin, bone: Bone) -> CanalTrack:
    """The canal in this volume; refused where nothing looks like one."""
    return canal_line(volume, skin, bone).drawn(volume.geometry)


def canal_line(volume: Volume, skin: Skin, bone: Bone) -> CanalLine:
    """Where the canal runs in this volume; refused where nothing looks like one."""
    look = _look(volume, skin, bone)
    score = canal_score(look.volume, look.bone.voxels >= 50)
    path, worth = unbroken_path(score)
    points = look.volume.geometry.points_mm(path)
    _require_a_spine(points, worth)
    path_mm = centres = _every_mm(_along_smooth(points, 6.0))
    for _ in range(3):
        frame = SpineFrame.along(centres, calm_mm=CALM_MM)
        centres = _every_mm(_along_smooth(_near(path_mm, recentred(look.bone, frame)), 4.0))
    turn = axial_rotation_deg(look.volume, SpineFrame.along(centres, calm_mm=CALM_MM))
    frame = SpineFrame.along(centres, turn, CALM_MM)
    rings = canal_rings(look.bone, frame)
    along = np.interp(frame.centres_mm[:, 2], points[:, 2], worth)
    confidence = float(np.clip(np.median(along) / 0.6, 0.0, 0.99))
    radius_mm = np.sqrt((rings**2).mean(axis=1))
    return CanalLine(frame, radius_mm, np.clip(along, 0.0, 1.0), round(confidence, 3), turn, look.bone)


def _near(path_mm: FloatArray, points_mm: FloatArray) -> FloatArray:
    """(n, 3) the points, drawn back to the path where they lie further from it than a ring's middle does."""
    nearest = path_mm[np.linalg.norm(points_mm[:, None] - path_mm, axis=2).argmin(axis=1)]
    off = points_mm - nearest
    away = np.linalg.norm(off, axis=1, keepdims=True)
    return np.asarray(nearest + off * np.minimum(1.0, _OFF_PATH_MM / np.maximum(away, 1e-9)))


def _mask_to_edges(frame: SpineFrame, turn_deg: FloatArray, bone: Volume, geometry: VolumeGeometry) -> BoolArray:
    """The canal, where the image's edge cuts it up to that edge: the frame itself ends where levels can still be told."""
    centres, below = to_edges(frame.centres_mm, geometry)
    turn = np.interp(np.arange(len(centres)) - below, np.arange(len(turn_deg)), turn_deg)
    longer = SpineFrame.along(centres, turn, CALM_MM)
    return canal_mask(geometry, longer, canal_rings(bone, longer))


def to_edges(centres_mm: FloatArray, geometry: VolumeGeometry) -> tuple[FloatArray, int]:
    """(n, 3) the line, gone straight on through the edge of the image where it ends just before it, and how many points lie below it."""
    steps = np.arange(1.0, _TO_EDGE_MM + _BEYOND_EDGE_MM + 0.1)[:, None] * _STEP_MM
    low = centres_mm[0] - steps * unit(centres_mm[_STRAIGHT] - centres_mm[0])
    high = centres_mm[-1] + steps * unit(centres_mm[-1] - centres_mm[-1 - _STRAIGHT])
    below = _through_edge(low, geometry)[::-1]
    return np.concatenate([below, centres_mm, _through_edge(high, geometry)]), len(below)


def _through_edge(beyond_mm: FloatArray, geometry: VolumeGeometry) -> FloatArray:
    """Of points a millimetre apart those up to a little beyond the edge; none where it is far."""
    inside = int(np.count_nonzero(geometry.contains(beyond_mm)))
    return beyond_mm[: inside + round(_BEYOND_EDGE_MM)] if inside <= _TO_EDGE_MM else beyond_mm[:0]


def _look(volume: Volume, skin: Skin, bone: Bone) -> _Look:
    box = itk.box_around(bone.mask if bone.mask.any() else skin.body, volume.geometry, 15.0)
    own = itk.crop(volume.geometry, box)
    grid = itk.isotropic_grid(own, WORK_MM)
    looks: tuple[Callable[[], Volume], ...] = (
        lambda: itk.resampled(Volume(own, volume.voxels[box]), grid),
        lambda: Volume(grid, itk.percent_on(bone.mask[box], own, grid)),
    )
    return _Look(*side_by_side(lambda look: look(), looks))


def canal_score(volume: Volume, bone: BoolArray) -> Float32Array:
    """(k, j, i) how much each place looks like the middle of a canal, 0 to 1.

    Bone around it in the slice (behind it most of all), room for a canal, soft contents, bodies in front, and as much
    bone on the left as on the right: the marrow of the iliac wing or a femur has all but the last two.
    """
    looks: tuple[Callable[[], Float32Array], ...] = (
        lambda: itk.signed_distance_mm(bone, volume.geometry),
        lambda: itk.smoothed(volume.voxels, volume.geometry, 2.0),
        lambda: _mean_along(bone.astype(np.float32), 0, *_voxels(20.0)),
    )
    distance, mean, tall = side_by_side(lambda look: look(), looks)

    def slab(rows: slice) -> Float32Array:
        here = _room(distance[rows]) * _softness(mean[rows])
        return np.asarray(_enclosed(bone[rows]) ** 2 * here * _bodies_in_front_and_sides_alike(tall[rows]))

    return np.concatenate(side_by_side(slab, [slice(k, k + _TOGETHER) for k in range(0, len(bone), _TOGETHER)]))


_TOGETHER = 6
"""Slices that are scored together: what they need stays in a core's own memory."""


def _enclosed(bone: BoolArray) -> Float32Array:
    """0 to 1: in how many directions of the slice bone is met, those to behind once more."""
    behind = np.zeros(bone.shape, dtype=np.uint8)
    around = np.zeros(bone.shape, dtype=np.uint8)
    for step in IN_SLICE:
        met = meets(bone, step, _LOOK_MM / WORK_MM)
        around += met
        if step[1] > 0:
            behind += met
    rear = sum(1 for step in IN_SLICE if step[1] > 0)
    half = np.float32(0.5)
    return np.asarray(half * around / np.float32(len(IN_SLICE)) + half * behind / np.float32(rear), dtype=np.float32)


def _room(distance_mm: Float32Array) -> Float32Array:
    """1 where the nearest bone is as far as in a canal: 5 to 11 mm; the sacral canal is narrower and scores less."""
    distance = np.minimum(distance_mm, 40.0)
    wide = np.exp(-(np.maximum(distance - 11.0, 0.0) ** 2) / (2 * 2.0**2))
    return np.asarray(np.clip(distance / 5.0, 0.0, 1.0) * wide, dtype=np.float32)


def _softness(mean: Float32Array) -> Float32Array:
    """1 for cord, CSF and epidural fat (-110 to 70 HU); intrathecal contrast is still possible, gas is not.

    Trabecular bone is above in all but the osteoporotic, where its emptiness in front tells it.
    """
    too_soft = np.exp(-(np.maximum(-110.0 - mean, 0.0) ** 2) / (2 * 60.0**2))
    too_hard = 0.3 + 0.7 * np.exp(-(np.maximum(mean - 70.0, 0.0) ** 2) / (2 * 50.0**2))
    return np.asarray(too_soft * too_hard, dtype=np.float32)


def _bodies_in_front_and_sides_alike(tall: Float32Array) -> Float32Array:
    """The two that compare means over boxes, as tall as a vertebra with its disc: ``tall`` is bone's mean 20 mm up and down."""
    in_front = _bodies_in_front(tall)
    deep = _mean_along(tall, 1, *_voxels(15.0))
    return np.asarray(in_front * _alike(deep, from_mm=8.0, to_mm=42.0) * _alike(deep, from_mm=8.0, to_mm=74.0))


def _bodies_in_front(tall: Float32Array) -> Float32Array:
    """1 where a vertebra's worth of bone lies 16 to 36 mm in front, within 20 mm above and below.

    From within a body that is the soft tissue in front of it.
    """
    share = _mean_along(_mean_along(tall, 1, *_voxels(10.0)), 2, *_voxels(15.0))
    return np.asarray(np.clip(_seen_from(share, (0, *_voxels(-26.0, 0.0))) / np.float32(0.1), 0.0, 1.0))


def _alike(deep: Float32Array, from_mm: float, to_mm: float) -> Float32Array:
    """1 where the bone to the left and to the right is alike in amount, a half is enough; near by and far out.

    Far out it tells the canal from the marrow of the iliac bone, which has the sacrum on one side only.
    """
    middle, half = (from_mm + to_mm) / 2.0, (to_mm - from_mm) / 2.0
    share = _mean_along(deep, 2, *_voxels(half))
    left, right = (_seen_from(share, (0, *_voxels(0.0, mm))) for mm in (middle, -middle))
    (away,) = _voxels(middle)
    column = np.arange(share.shape[2])
    both_seen = (column >= away) & (column < share.shape[2] - away)
    ratio = np.clip(np.float32(2.0) * np.minimum(left, right) / np.maximum(np.maximum(left, right), 0.01), 0.0, 1.0)
    return np.asarray(np.where(both_seen, ratio, np.float32(1.0)))


def _voxels(*lengths_mm: float) -> tuple[int, ...]:
    return tuple(round(mm / WORK_MM) for mm in lengths_mm)


def _seen_from(values: Float32Array, offset: tuple[int, ...]) -> Float32Array:
    """``result[x] = values[x + offset]``, 0 from beyond the image."""
    moved = np.zeros_like(values)
    here = tuple(slice(max(0, -d), n - max(0, d)) for n, d in zip(values.shape, offset, strict=True))
    there = tuple(slice(max(0, d), n - max(0, -d)) for n, d in zip(values.shape, offset, strict=True))
    if all(abs(d) < n for n, d in zip(values.shape, offset, strict=True)):
        moved[here] = values[there]
    return moved


def _mean_along(values: Float32Array, axis: int, half: int) -> Float32Array:
    """Mean over 2 half + 1 voxels along an axis; at the image's edge over what there is."""
    n = values.shape[axis]
    moved = np.moveaxis(values, axis, 0)
    total = np.zeros((n + 2 * half + 1, *moved.shape[1:]), dtype=np.float32)
    np.cumsum(moved, axis=0, out=total[half + 1 : half + 1 + n])
    total[half + 1 + n :] = total[half + n]
    place = np.arange(n)
    count = np.minimum(place + half + 1, n) - np.maximum(place - half, 0)
    mean = (total[2 * half + 1 :] - total[:n]) / count[:, None, None].astype(np.float32)
    return np.asarray(np.moveaxis(mean, 0, axis))


def _require_a_spine(points: FloatArray, worth: FloatArray) -> None:
    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum()) if len(points) > 1 else 0.0
    if length < _SHORTEST_MM or float(np.median(worth)) < WORTH:
        raise AnatomyError(
            "spinal canal",
            f"the longest stretch that looks like one is {length:.0f} mm, {_SHORTEST_MM:.0f} mm are needed",
            "send a CT that shows at least 70 mm of the thoracic or lumbar spine or the sacrum",
        )


def _along_smooth(points: FloatArray, sigma_mm: float) -> FloatArray:
    """Points smoothed along their order with a Gaussian; straight lines and ends stay where they are."""
    step = float(np.linalg.norm(np.diff(points, axis=0), axis=1).mean())
    half = max(1, int(3 * sigma_mm / step))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) * step / sigma_mm) ** 2)
    n = min(half, len(points) - 1)
    padded = np.pad(points, ((n, n), (0, 0)), mode="reflect", reflect_type="odd")
    kernel = kernel[half - n : half + n + 1]
    return np.stack([np.convolve(padded[:, a], kernel / kernel.sum(), mode="valid") for a in range(3)], axis=1)


def _every_mm(points: FloatArray) -> FloatArray:
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    places = np.arange(0.0, s[-1] + 1e-9, _STEP_MM)
    return np.stack([np.interp(places, s, points[:, axis]) for axis in range(3)], axis=1)
