"""The same patient on another day: each vertebra moved by a motion of its own, what lies between bent smoothly.

In: a scan of a phantom and a motion for each vertebra. Out: the scan of the moved patient on the same grid, and the motions as truth.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name the whole field uses

from planner.geometry import AnyArray, FloatArray, VolumeGeometry
from planner.motion import RigidMotion
from planner.structures import LevelName, SpineLevel, Structure
from planner.volume import LabelMap, Volume
from sample_data.images import as_image
from sample_data.phantom import Phantom

_FIELD_MM = 3.0
"""Between the places where the bend is computed; linear between them."""

_NEAR_MM = 0.05
"""Far under a voxel: within it a place belongs to its vertebra alone."""

_SACRAL = (SpineLevel.S1, SpineLevel.S2, SpineLevel.S3)
"""They move as one bone."""

_POWER = 3.0
"""How fast a vertebra's pull fades (inverse distance weighting, Shepard 1968)."""


def moved(volume: Volume, phantom: Phantom, today_from_earlier: Mapping[LevelName, RigidMotion]) -> Volume:
    """The scan as it was on the earlier day, when vertebra ``n`` lay where ``today_from_earlier[n]`` brings it to today's place.

    A vertebra moves stiffly; between vertebrae each place follows the near ones by inverse distance.
    """
    bend = _bend_mm(phantom, volume.geometry, today_from_earlier)
    voxels = _bent(volume.voxels, volume.geometry, bend, sitk.sitkLinear, int(volume.voxels.min()))
    return Volume(volume.geometry, voxels.astype(np.int16), volume.modality, volume.padding_value)


def moved_labels(phantom: Phantom, today_from_earlier: Mapping[LevelName, RigidMotion]) -> LabelMap:
    """The truth of the earlier day on the phantom's own grid."""
    labels = phantom.truth
    bend = _bend_mm(phantom, labels.geometry, today_from_earlier)
    voxels = _bent(labels.labels, labels.geometry, bend, sitk.sitkNearestNeighbor, 0)
    return LabelMap(labels.geometry, voxels, labels.entries)


def _bent(voxels: AnyArray, geometry: VolumeGeometry, bend: sitk.Image, how: int, background: int) -> AnyArray:
    image = as_image(voxels, geometry)
    moved_by = sitk.DisplacementFieldTransform(sitk.Image(bend))
    return np.asarray(sitk.GetArrayFromImage(sitk.Resample(image, image, moved_by, how, background)))


def _bend_mm(phantom: Phantom, geometry: VolumeGeometry, motions: Mapping[LevelName, RigidMotion]) -> sitk.Image:
    step = np.maximum(1, np.floor(_FIELD_MM / geometry.spacing_mm)).astype(int)
    count = -(-(np.array(geometry.shape) - 1) // step) + 1
    matrix = geometry.lps_from_index.copy()
    matrix[:3, :3] *= step
    coarse = VolumeGeometry(matrix, (int(count[0]), int(count[1]), int(count[2])))
    points = coarse.points_mm(np.stack(np.meshgrid(*(np.arange(n) for n in coarse.shape), indexing="ij"), axis=-1))
    return sitk.Cast(as_image(displacement_mm(phantom, points, motions), coarse, vector=True), sitk.sitkVectorFloat64)


def displacement_mm(phantom: Phantom, points_mm: FloatArray, motions: Mapping[LevelName, RigidMotion]) -> FloatArray:
    """(..., 3) from a place on the earlier day to where the same tissue lies today."""
    total, weights = np.zeros_like(points_mm), np.zeros(points_mm.shape[:-1])
    for level, motion in motions.items():
        today = motion.of(points_mm)
        bone = (Structure.SACRUM, None) if level in _SACRAL else (Structure.VERTEBRA, level)
        away = np.maximum(phantom.signed_distance_mm(bone[0], today, bone[1]), 0.0) + _NEAR_MM
        weight = away**-_POWER
        total += weight[..., None] * (today - points_mm)
        weights += weight
    return np.asarray(total / weights[..., None])
