"""Bone: cortex by its density, marrow by being enclosed, contrast-filled organs by being smooth and without a shell.

In: a CT volume in the patient's axes and its skin. Out: a ``Bone`` on the same grid, spinal canal open, metal apart.
Marrow is never found by its density: in osteoporosis it is 50 HU, below muscle.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk  # noqa: N813

from planner.anatomy import aligned, itk
from planner.anatomy.enclosure import ALL_AROUND, directions_met
from planner.anatomy.stages import Bone, CanalCourse, CanalTrack, Skin
from planner.geometry import AnyArray, BoolArray, Float32Array, VolumeGeometry
from planner.side_by_side import side_by_side
from planner.volume import Volume

_METAL_HU = 2500
"""Denser than any cortex (up to 2000) and enamel aside; clipped series end below and show no metal."""

_CORTEX_HU = 140.0
"""Above muscle and unenhanced organs with their noise, below a thin cortex blurred to half of 300 HU."""

_THICK_MM = 5.0
"""Half of the thinnest vessel that is told from bone by its thickness; cortex is thinner but in a femur's shaft."""

_STANDS_OUT_HU = 90.0
"""Osteoporotic cortex stands 150 HU and more out of its marrow, a kidney's cortex 60 out of the medulla."""

_RIM_MM = 4.0
"""What the thickness test misses at the rounded rim of a vessel: it is no brighter than the vessel's own middle."""

_DENSEST_CONTRAST_HU = 650.0
"""Arteries at their peak are below; sclerotic bone thicker than a vessel is above."""

_SMALLEST_CORTEX_MM3 = 120.0
_FROM_CORTEX_MM = 4.0
_WORK_MM = 1.5
_MARROW_REACH_MM = 40.0
"""Half of the widest lumbar body (60 mm) and a margin."""

_MARROW_HU, _DENSE_MARROW_DIRECTIONS = 110.0, 17
"""Denser than muscle and disc (up to 100 HU): then half of the sides and a few more are enough."""

_MARROW_DIRECTIONS = 25
"""Of 26. A thoracic foramen, closed by the rib's head, is enclosed in up to 24."""

_CORRIDOR_MM, _CORRIDOR_BACK_MM, _BEHIND_BODY_MM = 45.0, 28.0, 2.0
"""Beside the canal, out to the ribs' necks and back to the laminae: foramina and facet joints, not marrow."""

_SMALLEST_BONE_MM3 = 60.0

_NOISY_HU = 35.0
"""Above this a threshold that noise does not reach loses thin cortex; the image is calmed first."""

_FLOW_STEP, _FLOW_STEPS, _CALMED = 0.0625, 8, 0.55
"""Curvature flow, stable below the first in three dimensions; so many steps leave that share of white noise (measured)."""

_CLIPPED_HU = (-300.0, 1500.0)
_SOFT_HU = (-150, 200)
"""Between fat with its noise and dense contrast: where noise is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """The body's box at the working resolution."""

    volume: Volume
    body: BoolArray
    noise_hu: float


def find_bone(volume: Volume, skin: Skin) -> Bone:
    """Cortex and dense marrow on the volume's own grid; ``with_marrow`` adds the rest once the canal is known."""
    work = _work(volume, skin)
    calm = _calm(work)
    threshold = max(_CORTEX_HU, 60.0 + 3.0 * calm.noise_hu)
    dense = _near_cortex(calm.volume, calm.body, calm.noise_hu, threshold)
    dense = itk.without_specks(dense, work.volume.geometry, _SMALLEST_BONE_MM3)
    mask = _at_own_resolution(volume, skin, work, dense)
    metal = np.asarray(volume.voxels >= _METAL_HU)
    metal &= skin.body
    return Bone(mask, metal, _confidence(work, dense))


def with_marrow(volume: Volume, skin: Skin, bone: Bone, canal: CanalTrack) -> Bone:
    """The bone with the marrow that it encloses, at any density, without the canal."""
    filled = find_enclosed(volume, bone).filled(volume.geometry, bone, canal)
    return without_canal(filled, skin, bone, canal)


def without_canal(filled: BoolArray, skin: Skin, bone: Bone, canal: CanalTrack) -> Bone:
    """The filled bone inside the skin, the canal open."""
    inside = filled & skin.body
    return replace(bone, mask=np.greater(inside, canal.mask, out=inside))  # in the one, not in the other


@dataclass(frozen=True, slots=True, eq=False)
class Enclosed:
    """What bone encloses in the box around it, on a coarser grid: marrow, and the canal with what opens beside it."""

    box: itk.Box
    grid: VolumeGeometry
    mask: BoolArray

    def filled(self, geometry: VolumeGeometry, bone: Bone, canal: CanalCourse) -> BoolArray:
        """The bone with its marrow.

        The canal must be known: it, and the foramina and joints beside it, are as enclosed as marrow is. There nothing is
        filled; a pedicle's marrow is reached through its cortex only.
        """
        filled = bone.mask.copy()
        marrow = _not_beside_canal(self.mask, self.grid, canal)
        filled[self.box] |= itk.labels_on(marrow, self.grid, itk.crop(geometry, self.box)).astype(bool, copy=False)
        return filled


def find_enclosed(volume: Volume, bone: Bone) -> Enclosed:
    """It needs no canal: it may be sought beside it."""
    box = itk.box_around(bone.mask, volume.geometry, 3.0)
    own = itk.crop(volume.geometry, box)
    grid = itk.isotropic_grid(own, _WORK_MM)
    looks: tuple[Callable[[], AnyArray], ...] = (
        lambda: itk.mask_on(bone.mask[box], own, grid),
        lambda: itk.smoothed(itk.resampled(Volume(own, volume.voxels[box]), grid).voxels, grid, 2.0),
    )
    dense, mean = side_by_side(lambda look: look(), looks)
    return Enclosed(box, grid, enclosed_marrow(dense, mean, grid))


def _not_beside_canal(marrow: BoolArray, grid: VolumeGeometry, canal: CanalCourse) -> BoolArray:
    voxels = np.argwhere(marrow)
    suv = canal.frame.from_lps(grid.points_mm(voxels), rounds=4)
    front = np.interp(suv[:, 0], canal.frame.s_mm, canal.radius_mm) + _BEHIND_BODY_MM
    along = (suv[:, 0] >= 0.0) & (suv[:, 0] <= canal.frame.s_mm[-1])
    open_place = along & (np.abs(suv[:, 1]) < _CORRIDOR_MM) & (suv[:, 2] > -_CORRIDOR_BACK_MM) & (suv[:, 2] < front)
    kept = marrow.copy()
    kept[tuple(voxels[open_place].T)] = False
    return kept


def _work(volume: Volume, skin: Skin) -> _Work:
    box = itk.box_around(skin.body, volume.geometry, 2.0)
    grid = itk.isotropic_grid(itk.crop(volume.geometry, box), _WORK_MM)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(itk.mask_on, skin.body, volume.geometry, grid)
        coarse, body = itk.resampled(volume, grid), waiting.result()
    return _Work(coarse, body, noise_of(coarse, body))


def _calm(work: _Work) -> _Work:
    """The same with its noise averaged, where a threshold above it would lose a thin transverse process."""
    if work.noise_hu <= _NOISY_HU:
        return work
    hu = _calmed(work.volume, itk.box_around(work.body, work.volume.geometry, 3.0))
    return _Work(replace(work.volume, voxels=np.rint(hu).astype(np.int16)), work.body, _CALMED * work.noise_hu)


def noise_of(volume: Volume, body: BoolArray) -> float:
    """Robust standard deviation of the image noise in soft tissue [HU]: neighbour differences, median-based."""
    voxels = volume.voxels
    soft = body & (voxels > _SOFT_HU[0]) & (voxels < _SOFT_HU[1])
    both = soft[:, :, 1:-1] & soft[:, :, :-2] & soft[:, :, 2:]
    twice = 2 * voxels[:, :, 1:-1][both] - voxels[:, :, :-2][both] - voxels[:, :, 2:][both]  # small: all are soft
    if len(twice) < 100:
        return 20.0
    return float(1.4826 * np.float32(0.5 * np.median(np.abs(twice))) / np.sqrt(1.5))


def thin_and_bright(volume: Volume, body: BoolArray, noise_hu: float) -> BoolArray:
    """Cortex, end-plates and trabeculae: brighter than all that is 10 mm thick around them, and what hangs on them.

    A vessel, a kidney or the heart full of contrast medium is not, however bright it is.
    """
    grid = volume.geometry
    mean = itk.smoothed(volume.voxels, grid, 1.0)
    thick = itk.grey_dilated(itk.grey_opened(mean, grid, _THICK_MM), grid, _RIM_MM)
    rise = np.subtract(mean, thick, out=thick)
    noise = 1.5 * noise_hu
    sure = (rise > max(_STANDS_OUT_HU, noise)) & (mean > _CORTEX_HU + 40.0)
    sure = itk.without_specks((sure | (mean > _DENSEST_CONTRAST_HU)) & body, grid, _SMALLEST_CORTEX_MM3)
    weak = (rise > max(0.5 * _STANDS_OUT_HU, noise)) & (mean > _CORTEX_HU) & body
    return sure | itk.touched_by(weak | sure, sure)


def _near_cortex(volume: Volume, body: BoolArray, noise_hu: float, threshold_hu: float) -> BoolArray:
    """Dense voxels at most 4 mm from thin bright bone that is more than a speck; enclosed marrow comes later."""
    grid = volume.geometry
    cortex = thin_and_bright(volume, body, noise_hu)
    return (volume.voxels > threshold_hu) & body & itk.dilated(cortex, grid, _FROM_CORTEX_MM)


def enclosed_marrow(dense: BoolArray, mean_hu: Float32Array, grid: VolumeGeometry) -> BoolArray:
    """What dense bone surrounds in nearly every direction, or in most where it is denser than a disc."""
    met = directions_met(dense, ALL_AROUND, _MARROW_REACH_MM / _WORK_MM)
    marrow = (met >= _MARROW_DIRECTIONS) | ((met >= _DENSE_MARROW_DIRECTIONS) & (mean_hu > _MARROW_HU))
    return itk.opened(marrow | dense, grid, 1.0) & ~dense


def _at_own_resolution(volume: Volume, skin: Skin, work: _Work, dense: BoolArray) -> BoolArray:
    near = itk.dilated(dense, work.volume.geometry, _WORK_MM)
    hu: AnyArray = volume.voxels
    noise_hu = work.noise_hu
    if noise_hu > _NOISY_HU:
        own = itk.labels_on(near.view(np.uint8), work.volume.geometry, volume.geometry) > 0
        hu, noise_hu = _calmed(volume, itk.box_around(own, volume.geometry, 3.0)), _CALMED * noise_hu
    threshold = max(_CORTEX_HU, 60.0 + 2.0 * noise_hu)
    mask = np.empty(hu.shape, dtype=bool)

    def draw(k: int, here: BoolArray) -> None:
        mask[k] = here & (hu[k] > threshold) & skin.body[k]

    aligned.each_nearest_slice(draw, near, work.volume.geometry, volume.geometry)
    return mask


def _calmed(volume: Volume, box: tuple[slice, slice, slice]) -> Float32Array:
    """HU with noise averaged along the borders of what is seen, not across them; outside the box as it was."""
    hu = volume.voxels.astype(np.float32)
    image = itk.to_image(np.clip(hu[box], *_CLIPPED_HU), itk.crop(volume.geometry, box))
    image.SetSpacing([1.0, 1.0, 1.0])  # noise is of voxels
    hu[box] = itk.to_array(sitk.CurvatureFlow(image, _FLOW_STEP, _FLOW_STEPS))
    return hu


def _confidence(work: _Work, dense: BoolArray) -> float:
    """How far the cortex stands out of the noise: its contrast to soft tissue in noise units, 5 is plenty."""
    if not dense.any():
        return 0.0
    contrast = float(np.median(work.volume.voxels[dense])) - 60.0
    return round(float(np.clip(contrast / (5.0 * max(work.noise_hu, 1.0)), 0.0, 0.99)), 3)
