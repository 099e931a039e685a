"""The spinal canal: found where bone surrounds a soft tube in front of which vertebral bodies lie, and followed.

In: a CT volume in the patient's axes, its skin and bone. Out: a ``CanalTrack``: a frame along the canal, caudal to
cranial, with the vertebrae's axial rotation, and the canal's mask on the volume's grid.
Every slice is scored at every place; the best connected path with free ends is taken, so that no slice is decided alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy import itk
from planner.anatomy.canal_ring import canal_mask, canal_rings, recentred
from planner.anatomy.enclosure import IN_SLICE, meets
from planner.anatomy.rotation import axial_rotation_deg
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, Skin
from planner.errors import AnatomyError
from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, VolumeGeometry
from planner.volume import Volume

_WORK_MM = 1.5
_LOOK_MM = 24.0
"""A canal is at most 30 mm wide (lumbar, with its recesses); from its middle bone is met within this."""

_SHORTEST_MM = 55.0
"""One lumbar vertebra with its disc and half of the next; less cannot be told from the space between scapula and ribs."""

_WORTH = 0.2
"""Score from which a place speaks for a canal; below, a slice costs."""

_SLIDE_COST = 0.03
"""Per mm that the path moves sideways from slice to slice, in units of the score."""

_PASSAGE_MM = 20.0
_DOUBTFUL = 0.4
"""Mean score over a passage: a true canal scores above 0.5 over any 20 mm, its discs' slices included."""

_FURTHEST_VOXELS = 2
_STEP_MM = 1.0

CALM_MM = 12.0
"""Over which the planes across the canal turn: a third of a vertebra. The centreline wavers by a millimetre within a vertebra, which
tilts its own tangent by 10 degrees; then planes 40 mm in front of it would cross."""


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """The spine's surroundings at the working resolution."""

    volume: Volume
    bone: Volume
    """0 or 100 per voxel, linear between: how much of it is bone."""


def track_canal(volume: Volume, skin: Skin, bone: Bone) -> CanalTrack:
    """The canal in this volume; refused where nothing looks like one."""
    look = _look(volume, skin, bone)
    score = canal_score(look.volume, look.bone.voxels >= 50)
    path, worth = unbroken_path(score)
    points = look.volume.geometry.points_mm(path)
    _require_a_spine(points, worth)
    centres = _every_mm(_along_smooth(points, 6.0))
    for _ in range(3):
        frame = SpineFrame.along(centres, calm_mm=CALM_MM)
        centres = _every_mm(_along_smooth(recentred(look.bone, frame), 4.0))
    turn = axial_rotation_deg(look.volume, SpineFrame.along(centres, calm_mm=CALM_MM))
    frame = SpineFrame.along(centres, turn, CALM_MM)
    rings = canal_rings(look.bone, frame)
    along = np.interp(frame.centres_mm[:, 2], points[:, 2], worth)
    confidence = float(np.clip(np.median(along) / 0.6, 0.0, 0.99))
    return CanalTrack(
        frame,
        canal_mask(volume.geometry, frame, rings),
        np.sqrt((rings**2).mean(axis=1)),
        np.clip(along, 0.0, 1.0),
        round(confidence, 3),
    )


def _look(volume: Volume, skin: Skin, bone: Bone) -> _Look:
    box = itk.box_around(bone.mask if bone.mask.any() else skin.body, volume.geometry, 15.0)
    own = itk.crop(volume.geometry, box)
    grid = itk.isotropic_grid(own, _WORK_MM)
    share = Volume(own, bone.mask[box].astype(np.int16) * 100)
    return _Look(itk.resampled(Volume(own, volume.voxels[box]), grid), itk.resampled(share, grid, outside=0))


def canal_score(volume: Volume, bone: BoolArray) -> Float32Array:
    """(k, j, i) how much each place looks like the middle of a canal, 0 to 1.

    Bone around it in the slice (behind it most of all), room for a canal, soft contents, bodies in front, and as much
    bone on the left as on the right: the marrow of the iliac wing or a femur has all but the last two.
    """
    grid = volume.geometry
    reach = _LOOK_MM / _WORK_MM
    behind = np.zeros(bone.shape, dtype=np.float32)
    around = np.zeros(bone.shape, dtype=np.float32)
    for step in IN_SLICE:
        met = meets(bone, step, reach)
        around += met
        if step[1] > 0:
            behind += met
    rear = sum(1 for step in IN_SLICE if step[1] > 0)
    enclosed = 0.5 * around / len(IN_SLICE) + 0.5 * behind / rear
    here = _room(bone, grid) * _softness(volume)
    return np.asarray(enclosed**2 * here * _bodies_in_front(bone) * _likeness_of_sides(bone), dtype=np.float32)


def _room(bone: BoolArray, grid: VolumeGeometry) -> Float32Array:
    """1 where the nearest bone is as far as in a canal: 5 to 11 mm; the sacral canal is narrower and scores less."""
    distance = np.minimum(itk.signed_distance_mm(bone, grid), 40.0)
    wide = np.exp(-(np.maximum(distance - 11.0, 0.0) ** 2) / (2 * 2.0**2))
    return np.asarray(np.clip(distance / 5.0, 0.0, 1.0) * wide, dtype=np.float32)


def _softness(volume: Volume) -> Float32Array:
    """1 for cord, CSF and epidural fat (-110 to 70 HU); intrathecal contrast is still possible, gas is not.

    Trabecular bone is above in all but the osteoporotic, where its emptiness in front tells it.
    """
    mean = itk.smoothed(volume.voxels, volume.geometry, 2.0)
    too_soft = np.exp(-(np.maximum(-110.0 - mean, 0.0) ** 2) / (2 * 60.0**2))
    too_hard = 0.3 + 0.7 * np.exp(-(np.maximum(mean - 70.0, 0.0) ** 2) / (2 * 50.0**2))
    return np.asarray(too_soft * too_hard, dtype=np.float32)


def _bodies_in_front(bone: BoolArray) -> Float32Array:
    """1 where a vertebra's worth of bone lies 16 to 36 mm in front, within 20 mm above and below.

    From within a body that is the soft tissue in front of it.
    """
    share = _box_mean(bone.astype(np.float32), _voxels(20.0, 10.0, 15.0))
    return np.asarray(np.clip(_seen_from(share, (0, *_voxels(-26.0, 0.0))) / 0.1, 0.0, 1.0), dtype=np.float32)


def _likeness_of_sides(bone: BoolArray) -> Float32Array:
    """1 where the bone to the left and to the right is alike in amount, a half is enough; near by and far out.

    Far out it tells the canal from the marrow of the iliac bone, which has the sacrum on one side only.
    """
    near = _alike(bone, from_mm=8.0, to_mm=42.0)
    return np.asarray(near * _alike(bone, from_mm=8.0, to_mm=74.0))


def _alike(bone: BoolArray, from_mm: float, to_mm: float) -> Float32Array:
    middle, half = (from_mm + to_mm) / 2.0, (to_mm - from_mm) / 2.0
    share = _box_mean(bone.astype(np.float32), _voxels(20.0, 15.0, half))
    left, right = (_seen_from(share, (0, *_voxels(0.0, mm))) for mm in (middle, -middle))
    inside = np.ones(bone.shape, dtype=np.float32)
    both_seen = np.minimum(*(_seen_from(inside, (0, *_voxels(0.0, mm))) for mm in (middle, -middle))) > 0
    ratio = np.clip(2.0 * np.minimum(left, right) / np.maximum(np.maximum(left, right), 0.01), 0.0, 1.0)
    return np.asarray(np.where(both_seen, ratio, 1.0), dtype=np.float32)


def _voxels(*lengths_mm: float) -> tuple[int, ...]:
    return tuple(round(mm / _WORK_MM) for mm in lengths_mm)


def _seen_from(values: Float32Array, offset: tuple[int, ...]) -> Float32Array:
    """``result[x] = values[x + offset]``, 0 from beyond the image."""
    moved = np.zeros_like(values)
    here = tuple(slice(max(0, -d), n - max(0, d)) for n, d in zip(values.shape, offset, strict=True))
    there = tuple(slice(max(0, d), n - max(0, -d)) for n, d in zip(values.shape, offset, strict=True))
    if all(abs(d) < n for n, d in zip(values.shape, offset, strict=True)):
        moved[here] = values[there]
    return moved


def _box_mean(values: Float32Array, half: tuple[int, ...]) -> Float32Array:
    """Mean over a box of 2 half + 1 voxels; at the image's edge over what there is."""
    result = values
    for axis, h in enumerate(half):
        n = result.shape[axis]
        total = np.concatenate([np.zeros_like(result.take([0], axis)), np.cumsum(result, axis=axis)], axis=axis)
        high, low = np.minimum(np.arange(n) + h + 1, n), np.maximum(np.arange(n) - h, 0)
        shape = [1, 1, 1]
        shape[axis] = n
        result = (total.take(high, axis) - total.take(low, axis)) / (high - low).reshape(shape)
    return np.asarray(result, dtype=np.float32)


def unbroken_path(score: Float32Array) -> tuple[FloatArray, FloatArray]:
    """The best path's best stretch without a doubtful passage, gone on with from its ends, straight on.

    A path through a foramen into the marrow of the iliac wing scores well in total but has such a passage.
    """
    first = _best_stretch(*best_path(score))
    return _best_stretch(*best_path(np.where(_straight_on(first[0], score.shape), score, 0.0).astype(np.float32)))


def _best_stretch(path: FloatArray, worth: FloatArray) -> tuple[FloatArray, FloatArray]:
    width = max(1, round(_PASSAGE_MM / _WORK_MM))
    padded = np.pad(worth, (width // 2, width - 1 - width // 2), mode="edge")
    running = np.convolve(padded, np.ones(width) / width, mode="valid")
    edges = np.flatnonzero(np.diff(np.concatenate([[0], running >= _DOUBTFUL, [0]])))
    stretches = [slice(a, b) for a, b in edges.reshape(-1, 2)]
    best = max(stretches, key=lambda s: float(worth[s].sum()), default=slice(0, 0))
    return path[best], worth[best]


def _straight_on(path: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    """Where a canal can be that goes through the path: near it, and sideways within a cone beyond its ends."""
    allowed = np.zeros(shape, dtype=bool)
    if not len(path):
        return ~allowed
    columns = np.arange(shape[2])
    ends = path[0, 0], path[-1, 0]
    for k in range(shape[0]):
        beyond = max(0.0, ends[0] - k, k - ends[1])
        middle = np.interp(k, path[:, 0], path[:, 2])
        allowed[k] = np.abs(columns - middle)[None, :] <= 12.0 / _WORK_MM + 0.35 * beyond
    return allowed


def best_path(score: Float32Array) -> tuple[FloatArray, FloatArray]:
    """(n, 3) indices of the best path, caudal to cranial, and (n,) its scores.

    One place per slice, neighbours at most two voxels apart; it starts and ends where going on would cost.
    """
    shifts = [
        (dj, di)
        for dj in range(-_FURTHEST_VOXELS, _FURTHEST_VOXELS + 1)
        for di in range(-_FURTHEST_VOXELS, _FURTHEST_VOXELS + 1)
    ]
    box = itk.box_around(score > 0.02, VolumeGeometry.from_spacing(score.shape, (1, 1, 1)))
    gain = score[box] - _WORTH
    total = np.empty(gain.shape, dtype=np.float32)
    came = np.full(gain.shape, -1, dtype=np.int8)
    total[0] = gain[0]
    for k in range(1, len(gain)):
        best = np.zeros(gain.shape[1:], dtype=np.float32)
        for number, (dj, di) in enumerate(shifts):
            cost = _SLIDE_COST * _WORK_MM * float(np.hypot(dj, di))
            reached = _moved(total[k - 1], dj, di) - cost
            better = reached > best
            best[better] = reached[better]
            came[k][better] = number
        total[k] = gain[k] + best
    return _walk_back(total, came, shifts, gain, box)


def _moved(plane: Float32Array, dj: int, di: int) -> Float32Array:
    """``result[j, i] = plane[j - dj, i - di]``, worthless from beyond the edge."""
    padded = np.pad(plane, _FURTHEST_VOXELS, constant_values=-1e6)
    f = _FURTHEST_VOXELS
    return np.asarray(padded[f - dj : f - dj + plane.shape[0], f - di : f - di + plane.shape[1]])


def _walk_back(
    total: Float32Array,
    came: AnyArray,
    shifts: list[tuple[int, int]],
    gain: Float32Array,
    box: tuple[slice, slice, slice],
) -> tuple[FloatArray, FloatArray]:
    k, j, i = (int(x) for x in np.unravel_index(int(np.argmax(total)), total.shape))
    path = [(k, j, i)]
    while came[k, j, i] >= 0:
        dj, di = shifts[int(came[k, j, i])]
        k, j, i = k - 1, j - dj, i - di
        path.append((k, j, i))
    places = np.array(path[::-1])
    worth = gain[tuple(places.T)] + _WORTH
    return places + np.array([s.start for s in box], dtype=np.float64), worth.astype(np.float64)


def _require_a_spine(points: FloatArray, worth: FloatArray) -> None:
    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum()) if len(points) > 1 else 0.0
    if length < _SHORTEST_MM or float(np.median(worth)) < _WORTH:
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
