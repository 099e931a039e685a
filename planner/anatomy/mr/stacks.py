"""Two stacks of one study used together: thick sagittal and thick axial slices see across each other's gaps.

In: MR volumes in one frame of reference. Out: one volume on 1.5 mm cubes over all of them, each as bright as the first where both are. A
stack counts by how thin its slices are; two of opposite brightness (T2 and STIR) are not joined. For the network and for landmarks; labels
stay on the stack that is planned on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.anatomy import itk
from planner.anatomy.mr.bias import evened
from planner.anatomy.network.windows import SPACING_MM
from planner.anatomy.skin import not_reconstructed
from planner.anatomy.working_grid import WorkingGrid
from planner.errors import AnatomyError, FrameMismatchError
from planner.geometry import BoolArray, Float32Array, FloatArray, VolumeGeometry
from planner.volume import Modality, Volume

_OUTSIDE = -32768
_UNSEEN = -1
"""Where no stack reaches: no image, and no air."""

_ROUNDS = 4
"""After which the joined volume changes by less than a percent on phantoms."""

_LEAST_SHARED = 2000
"""Of 1.5 mm cubes: 7 mL in both stacks; less does not tell how bright one is against the other (assumed)."""

LEAST_ALIKE = 0.5
"""Rank correlation of two stacks' signals where both are. On phantoms two of one weighting have 0.85 to 0.88, T1 and T2 0.70 to 0.74 (both
show fat bright), STIR and either -0.50 to -0.59: there bright fat would cancel out against dark (the limit itself is assumed)."""

_NEAR = 30.0
"""Signal below which a voxel says nothing of brightness: noise and air."""


def with_others(even: Volume, others: Sequence[Volume]) -> Volume:
    """A stack without its shading and other stacks as one volume; alone it stays as it is."""
    grids = (WorkingGrid.of(one).volume for one in others)
    return together((even, *(evened(one, not_reconstructed(one)) for one in grids))) if others else even


def together(stacks: Sequence[Volume]) -> Volume:
    """The stacks as one volume; refused where they share no frame of reference or hardly any place."""
    first = stacks[0]
    for other in stacks[1:]:
        _require_one_frame(first.geometry, other.geometry)
        _require_alike(first, other)
    grid = _around([one.geometry for one in stacks])
    scaled = _evenly_bright(stacks, grid)
    sampled = [_sampled(one, grid) for one in scaled]
    seen = np.isfinite(sampled).any(axis=0)
    mean = _mean(sampled, scaled)
    for _ in range(_ROUNDS):
        mean = np.maximum(mean + _mean([_missing(one, mean, grid) for one in scaled], scaled), 0.0)
    joined = _as_volume(np.where(seen, mean, np.float32(_UNSEEN)), grid)
    return replace(joined, padding_value=_UNSEEN)


def likeness(one: Volume, other: Volume) -> float | None:
    """Rank correlation (Spearman) of two stacks' signals, -1 to 1, where both are; None where they share too little."""
    left, right, shared = _shared(one, other)
    if np.count_nonzero(shared) < _LEAST_SHARED:
        return None
    return float(np.corrcoef(_ranks(left[shared]), _ranks(right[shared]))[0, 1])


def _ranks(values: Float32Array) -> FloatArray:
    """(n,) how many are darker; whole numbers that tie share no rank, which 2,000 of them and more do not feel."""
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _require_alike(one: Volume, other: Volume) -> None:
    alike = likeness(one, other)
    if alike is None:
        _, _, shared = _shared(one, other)
        raise AnatomyError(
            "place that both stacks show",
            f"{np.count_nonzero(shared) * SPACING_MM**3 / 1000:.0f} mL, {_LEAST_SHARED * SPACING_MM**3 / 1000:.0f} mL are needed",
            "give stacks of the same region, or plan on one of them",
        )
    if alike < LEAST_ALIKE:
        raise AnatomyError(
            "second stack that is bright where the first is",
            f"a rank correlation of {alike:.2f} where both are, {LEAST_ALIKE:g} is needed",
            "give a stack of the same weighting, or plan on one of them",
        )


def _shared(one: Volume, other: Volume) -> tuple[Float32Array, Float32Array, BoolArray]:
    """Both on the cubes around them, and where both say something."""
    grid = _around([one.geometry, other.geometry])
    left, right = _sampled(one, grid), _sampled(other, grid)
    return left, right, np.asarray((left > _NEAR) & (right > _NEAR))


def _evenly_bright(stacks: Sequence[Volume], grid: VolumeGeometry) -> tuple[Volume, ...]:
    """Every stack as bright as the first where both are."""
    reference = _sampled(stacks[0], grid)
    ratios = [1.0, *(_ratio(reference, _sampled(one, grid)) for one in stacks[1:])]
    return tuple(
        replace(one, voxels=np.clip(np.rint(ratio * one.voxels), 0, 32767).astype(np.int16))
        for one, ratio in zip(stacks, ratios, strict=True)
    )


def _mean(sampled: Sequence[Float32Array], stacks: Sequence[Volume]) -> Float32Array:
    """Over the stacks that reach a place, thin slices counting more; NaN is where one does not."""
    total, weights = np.zeros_like(sampled[0]), np.zeros_like(sampled[0])
    for signal, one in zip(sampled, stacks, strict=True):
        weight = np.float32(1.0 / float(one.geometry.spacing_mm.max()))
        known = np.isfinite(signal)
        total += np.where(known, weight * signal, 0.0).astype(np.float32)
        weights += np.where(known, weight, 0.0).astype(np.float32)
    return np.asarray(total / np.maximum(weights, 1e-6), dtype=np.float32)


def _missing(one: Volume, mean: Float32Array, grid: VolumeGeometry) -> Float32Array:
    """What the stack shows and the joined volume, seen in the stack's own slices, does not (Irani 1991, iterative back-projection)."""
    own = one.in_patient_axes()
    seen = itk.resampled(_as_volume(mean, grid), own.geometry, outside=0).voxels
    left = Volume(own.geometry, (own.voxels.astype(np.int32) - seen).clip(-32768, 32767).astype(np.int16), Modality.MR)
    back = itk.resampled(left, grid, outside=_OUTSIDE).voxels.astype(np.float32)
    return np.where(back > _OUTSIDE, back, np.nan).astype(np.float32)


def _as_volume(mean: Float32Array, grid: VolumeGeometry) -> Volume:
    return Volume(grid, np.clip(np.rint(mean), _UNSEEN, 32767).astype(np.int16), Modality.MR)


def _require_one_frame(one: VolumeGeometry, other: VolumeGeometry) -> None:
    left, right = one.frame_of_reference_uid, other.frame_of_reference_uid
    if left != right:
        raise FrameMismatchError(left or "none stated", right or "none stated")


def _around(geometries: Sequence[VolumeGeometry]) -> VolumeGeometry:
    """1.5 mm cubes over the box that holds every stack."""
    corners = np.concatenate([one.corners_mm for one in geometries])
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y, z = (max(1, int(np.ceil(mm / SPACING_MM))) for mm in high - low)
    first = low + SPACING_MM / 2.0
    return VolumeGeometry.from_spacing(
        (z, y, x),
        (SPACING_MM,) * 3,
        (float(first[0]), float(first[1]), float(first[2])),
        geometries[0].frame_of_reference_uid,
    )


def _sampled(one: Volume, grid: VolumeGeometry) -> Float32Array:
    """The stack on the grid; NaN beyond it."""
    signal = itk.resampled(one.in_patient_axes(), grid, outside=_OUTSIDE).voxels.astype(np.float32)
    return np.where(signal > _OUTSIDE, signal, np.nan).astype(np.float32)


def _ratio(reference: Float32Array, signal: Float32Array) -> float:
    shared = (reference > _NEAR) & (signal > _NEAR)
    return float(np.median(reference[shared]) / max(float(np.median(signal[shared])), 1.0))
