"""Whole ribs: the bone that goes on from the traced necks, and the arches that the image cuts from them.

In: a CT volume, its bone, the canal's frame and where necks were traced. Out: a mask of rib bone on the scan's grid. Thick bone
(bodies, hips, a heart full of contrast) is none; above the dome of the lungs' widest slice a rib lies on the lungs' outer
surface: shoulder blade, collar bone and breastbone do not. All lengths are mm.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy import itk
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone
from planner.geometry import AnyArray, BoolArray, FloatArray, VolumeGeometry
from planner.volume import Volume

_WORK_MM = 3.0
_THICKEST_MM = 8.0
"""Half of the thickest rib (14 mm) and a voxel; bodies, hips and great vessels are thicker."""

_COLUMN_HALF_MM, _COLUMN_FRONT_MM = 28.0, 60.0
"""The spine with its transverse processes' roots, from the canal's middle."""

_BREAST_HALF_MM, _BREAST_FRONT_MM = 45.0, 90.0
"""In front of the spine near the midline lies the breastbone with its cartilages, never a rib's bone (assumed)."""

_LATERAL_MM = 50.0
"""A piece without a neck in the image reaches further to the side than transverse processes do."""

_SMALLEST_MM3 = 800.0
"""A rib's section of 80 mm2 over 10 mm; most stones of a kidney are smaller."""

_BELOW_NECK_MM = 130.0
"""How far the lowest ribs' tips hang below the lowest neck; the iliac bones end far below that (assumed)."""

_OUTERMOST = 0.78
"""Of the way from the middle to the outermost bone in the same direction: an arch lies there, contrast in liver, heart,
kidney or bowel does not."""

_AIR_HU = -400
_DIRECTIONS = 120
_OUT_OF_LUNG_MM, _INTO_LUNG_MM = 17.0, 9.0
"""From the lung's surface: pleura and rib, 2 and 8 to 12 mm; the shoulder blade lies behind them and a muscle."""

_AXIS_IN_FRONT_MM = 55.0


def rib_bone(volume: Volume, bone: Bone, frame: SpineFrame, necks_mm: FloatArray) -> BoolArray:
    """The mask; ``necks_mm`` (n, 3) are points of traced necks, without which there is none."""
    mask = np.zeros(volume.geometry.shape, dtype=bool)
    if not len(necks_mm):
        return mask
    box = (slice(0, volume.geometry.shape[0]), *itk.box_around(bone.mask, volume.geometry, 0.0)[1:])
    own = itk.crop(volume.geometry, box)
    grid = itk.isotropic_grid(own, _WORK_MM)
    image = itk.resampled(Volume(own, volume.voxels[box]), grid)
    coarse = itk.mask_on(bone.mask[box], own, grid)
    voxels, suv = _beside_spine(_slender(coarse, grid), grid, frame)
    voxels = voxels[_on_lungs(image, frame, voxels, suv)]
    apart = np.zeros(grid.shape, dtype=bool)
    apart[tuple(voxels.T)] = True
    whole = _chosen(apart, grid, frame, necks_mm)
    near = itk.labels_on(itk.dilated(whole, grid, _WORK_MM).view(np.uint8), grid, own) > 0
    mask[box] = near & bone.mask[box]
    return _without_column(mask, volume.geometry, frame)


def _slender(bone: BoolArray, grid: VolumeGeometry) -> BoolArray:
    thick = itk.eroded(bone, grid, _THICKEST_MM)
    return bone & ~itk.dilated(thick, grid, _THICKEST_MM + _WORK_MM) if thick.any() else bone


def _beside_spine(bone: BoolArray, grid: VolumeGeometry, frame: SpineFrame) -> tuple[AnyArray, FloatArray]:
    """Voxels that are neither column nor breastbone, and their (s, u, v)."""
    voxels = np.argwhere(bone)
    suv = frame.from_lps(grid.points_mm(voxels), rounds=3)
    u, v = np.abs(suv[:, 1]), suv[:, 2]
    column = (u < _COLUMN_HALF_MM) & (v < _COLUMN_FRONT_MM)
    breast = (u < _BREAST_HALF_MM) & (v > _BREAST_FRONT_MM)
    kept = ~column & ~breast
    return voxels[kept], suv[kept]


def _on_lungs(image: Volume, frame: SpineFrame, voxels: AnyArray, suv: FloatArray) -> BoolArray:
    """(n,) whether each voxel lies on the lungs' outer surface; below their widest slice all do."""
    reach, axis, widest = _lung_reach_mm(image, frame)
    points = image.geometry.points_mm(voxels)
    radius, direction = _polar(points, axis[voxels[:, 0]])
    away = radius - reach[voxels[:, 0], direction]
    near_spine = np.abs(suv[:, 1]) < _LATERAL_MM
    low = voxels[:, 0] <= widest
    return np.asarray(low | (near_spine & (suv[:, 2] < 20.0)) | ((away < _OUT_OF_LUNG_MM) & (away > -_INTO_LUNG_MM)))


def _lung_reach_mm(image: Volume, frame: SpineFrame) -> tuple[FloatArray, FloatArray, int]:
    """(slices, directions) how far the lungs reach from (slices, 2) an axis, nan where none is; and the widest slice."""
    grid = image.geometry
    axis = _axis_mm(grid, frame)
    lung = itk.opened(_enclosed_air(image), grid, 2.0 * _WORK_MM)
    voxels = np.argwhere(lung)
    radius, direction = _polar(grid.points_mm(voxels), axis[voxels[:, 0]])
    reach = _widened(voxels[:, 0], direction, radius, grid.shape[0], 3)
    area = lung.sum(axis=(1, 2))
    widest = int(area.argmax()) if area.any() else grid.shape[0]
    return np.where(np.isfinite(reach), reach, np.nan), axis, widest


def _axis_mm(grid: VolumeGeometry, frame: SpineFrame) -> FloatArray:
    """(slices, 2) x and y of the directions' origin: in front of the spine."""
    k = np.arange(grid.shape[0])
    z = grid.points_mm(np.stack([k, 0 * k, 0 * k], axis=1))[:, 2]
    front = frame.centres_mm + _AXIS_IN_FRONT_MM * frame.anterior
    order = np.argsort(front[:, 2], kind="stable")
    return np.stack([np.interp(z, front[order, 2], front[order, c]) for c in (0, 1)], axis=1)


def _enclosed_air(image: Volume) -> BoolArray:
    """Air that does not reach the image's sides."""
    labels = itk.components(image.voxels < _AIR_HU)
    sides = [labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]]
    outside = np.unique(np.concatenate([side.ravel() for side in sides]))
    kept = np.ones(int(labels.max()) + 1, dtype=bool)
    kept[outside] = False
    kept[0] = False
    return np.asarray(kept[labels])


def _polar(points_mm: FloatArray, axis_mm: FloatArray) -> tuple[FloatArray, AnyArray]:
    dx, dy = points_mm[:, 0] - axis_mm[:, 0], points_mm[:, 1] - axis_mm[:, 1]
    turn = np.arctan2(dx, dy) / (2.0 * np.pi)
    return np.hypot(dx, dy), np.floor(turn * _DIRECTIONS).astype(int) % _DIRECTIONS


def _chosen(apart: BoolArray, grid: VolumeGeometry, frame: SpineFrame, necks_mm: FloatArray) -> BoolArray:
    """Pieces that hold a traced neck, and lateral ones whose neck the image does not show."""
    labels = itk.components(apart)
    count = int(labels.max()) + 1
    keep = np.zeros(count, dtype=bool)
    at = np.round(grid.indices(necks_mm)).astype(int)
    inside = ((at >= 0) & (at < np.array(grid.shape))).all(axis=1)
    keep[np.unique(labels[tuple(at[inside].T)])] = True
    keep |= _arches(labels, count, grid, frame) & _high_enough(labels, count, grid, float(necks_mm[:, 2].min()))
    keep[0] = False
    return np.asarray(keep[labels])


def _arches(labels: AnyArray, count: int, grid: VolumeGeometry, frame: SpineFrame) -> BoolArray:
    """(count,) lateral pieces of some size that are the outermost bone where they lie."""
    voxels = np.argwhere(labels > 0)
    own, points = labels[tuple(voxels.T)], grid.points_mm(voxels)
    inmost = np.full(count, np.inf)
    np.minimum.at(inmost, own, np.abs(points[:, 0] - np.interp(points[:, 2], *_midline(frame))))
    radius, direction = _polar(points, _axis_mm(grid, frame)[voxels[:, 0]])
    outmost = _widened(voxels[:, 0], direction, radius, grid.shape[0], 8)[voxels[:, 0], direction]
    size = np.bincount(own, minlength=count)
    share = np.bincount(own, radius / outmost, minlength=count) / np.maximum(size, 1)
    return np.asarray((size * _WORK_MM**3 >= _SMALLEST_MM3) & (inmost > _LATERAL_MM) & (share > _OUTERMOST))


def _high_enough(labels: AnyArray, count: int, grid: VolumeGeometry, neck_z_mm: float) -> BoolArray:
    """(count,) pieces that end above where the lowest rib's tip can hang, and are not cut by the image's lower end."""
    floor = round(float(grid.indices(np.array([[0.0, 0.0, neck_z_mm - _BELOW_NECK_MM]]))[0, 0]))
    high = np.ones(count, dtype=bool)
    high[np.unique(labels[: max(floor, 1)])] = False
    return high


def _widened(k: AnyArray, direction: AnyArray, radius: FloatArray, slices: int, around: int) -> FloatArray:
    """(slices, directions) largest radius, here and up to ``around`` slices and two directions away; -inf where none."""
    reach = np.full((slices, _DIRECTIONS), -np.inf)
    np.maximum.at(reach, (k, direction), radius)
    turned = np.max([np.roll(reach, shift, axis=1) for shift in (-2, -1, 0, 1, 2)], axis=0)
    padded = np.pad(turned, ((around, around), (0, 0)), mode="edge")
    return np.asarray(np.max([padded[n : n + slices] for n in range(2 * around + 1)], axis=0))


def _midline(frame: SpineFrame) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(frame.centres_mm[:, 2], kind="stable")
    return frame.centres_mm[order, 2], frame.centres_mm[order, 0]


def _without_column(mask: BoolArray, geometry: VolumeGeometry, frame: SpineFrame) -> BoolArray:
    """The mask without what reaches into the column, slice by slice."""
    k, i = np.arange(geometry.shape[0]), np.arange(geometry.shape[2])
    z = geometry.points_mm(np.stack([k, 0 * k, 0 * k], axis=1))[:, 2]
    x = geometry.points_mm(np.stack([0 * i, 0 * i, i], axis=1))[:, 0]
    beside = np.abs(x[None, :] - np.interp(z, *_midline(frame))[:, None]) > _COLUMN_HALF_MM - _WORK_MM
    return mask & beside[:, None, :]
