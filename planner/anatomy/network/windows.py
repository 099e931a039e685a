"""An image cut into the windows that the network knows, and its answers put together again.

In: a volume on any grid. Out: the image on 1.5 mm cubes, and (classes, k, j, i) shares in 0..1 on them.
Where windows overlap, a Gaussian gives the middle of each the greater say; where none lies, all shares are 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from planner.anatomy import itk
from planner.anatomy.network.session import WINDOW, Network, Share
from planner.geometry import BoolArray, Float32Array, VolumeGeometry
from planner.volume import Modality, Volume

SPACING_MM = 1.5
CT_RANGE_HU = (-250.0, 1000.0)
"""As in training: fat to cortex; beyond them nothing tells bone from bone."""

_OUTSIDE = -32000
"""Below all HU and signals; for what lies outside an oblique scan's box."""

_WEIGHT_SIGMA = WINDOW / 6.0
_FLAT = 1e-3
_LEAST_SEEN = 0.05
"""Of a window: with less of it inside the image there is nothing to ask about."""

Corner: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class WindowedImage:
    """The image as the network takes it: float32 on 1.5 mm cubes, and where there is any image."""

    geometry: VolumeGeometry
    voxels: Float32Array
    known: BoolArray

    @classmethod
    def of(cls, volume: Volume) -> WindowedImage:
        """Resampled from any grid; CT cut to the range of training."""
        turned = volume.in_patient_axes()
        grid = upright_grid(turned.geometry)
        voxels = itk.resampled(turned, grid, outside=_OUTSIDE).voxels.astype(np.float32)
        known = voxels > (_OUTSIDE if volume.padding_value is None else max(_OUTSIDE, volume.padding_value))
        if volume.modality is Modality.CT:
            voxels = np.clip(voxels, *CT_RANGE_HU)
        return cls(grid, voxels, known)

    def window(self, corner: Corner) -> Float32Array | None:
        """(64, 64, 64) from ``corner`` on, mean 0 and deviation 1 over what is image, 0 elsewhere; None where none is."""
        inner, outer = _overlap(corner, self.voxels.shape)
        seen = self.known[outer]
        if seen.sum() < _LEAST_SEEN * WINDOW**3:
            return None
        values = self.voxels[outer]
        shown = values[seen]
        normal = (values - shown.mean()) / max(float(shown.std()), _FLAT)
        window = np.zeros((WINDOW,) * 3, dtype=np.float32)
        window[inner] = np.where(seen, normal, 0.0)
        return window


def upright_grid(geometry: VolumeGeometry) -> VolumeGeometry:
    """1.5 mm cubes along the patient's axes over the whole of a grid, whatever its own axes."""
    corners = geometry.corners_mm
    low, high = corners.min(axis=0), corners.max(axis=0)
    k, j, i = (max(1, int(np.floor(length / SPACING_MM + 1e-6))) for length in (high - low)[::-1])
    first = (low + high) / 2.0 - (np.array([i, j, k]) - 1) * SPACING_MM / 2.0
    return VolumeGeometry.from_spacing(
        (k, j, i),
        (SPACING_MM,) * 3,
        (float(first[0]), float(first[1]), float(first[2])),
        geometry.frame_of_reference_uid,
    )


def answers(image: WindowedImage, corners: Iterable[Corner], network: Network) -> Float32Array:
    """(classes, k, j, i) shares in 0..1, blended over all windows."""
    total = np.zeros((len(Share), *image.voxels.shape), dtype=np.float32)
    weights = np.zeros(image.voxels.shape, dtype=np.float32)
    say = _gaussian()
    for corner in corners:
        window = image.window(corner)
        if window is not None:
            inner, outer = _overlap(corner, image.voxels.shape)
            total[(slice(None), *outer)] += network(window)[(slice(None), *inner)] * say[inner]
            weights[outer] += say[inner]
    share: Float32Array = (image.known / np.maximum(weights, np.float32(1e-6))).astype(np.float32)
    blended: Float32Array = total * share
    return blended


def _overlap(corner: Corner, shape: tuple[int, ...]) -> tuple[itk.Box, itk.Box]:
    """The part of a window that lies in the image: in the window's own indices, and in the image's."""
    low = [max(0, c) for c in corner]
    high = [min(n, c + WINDOW) for c, n in zip(corner, shape, strict=True)]
    inner = tuple(slice(a - c, max(a, b) - c) for a, b, c in zip(low, high, corner, strict=True))
    outer = tuple(slice(a, max(a, b)) for a, b in zip(low, high, strict=True))
    return (inner[0], inner[1], inner[2]), (outer[0], outer[1], outer[2])


def _gaussian() -> Float32Array:
    """(64, 64, 64) highest in the middle, never nothing."""
    line = np.exp(-0.5 * ((np.arange(WINDOW) - (WINDOW - 1) / 2.0) / _WEIGHT_SIGMA) ** 2)
    cube = line[:, None, None] * line[None, :, None] * line[None, None, :]
    return np.asarray(np.maximum(cube, 1e-3), dtype=np.float32)


def corners_anywhere(shape: tuple[int, ...], step: int) -> list[Corner]:
    """Windows over the whole image, evenly spread, no further apart than ``step``."""
    starts = [_starts(n, step) for n in shape]
    return [(k, j, i) for k in starts[0] for j in starts[1] for i in starts[2]]


def _starts(length: int, step: int) -> list[int]:
    if length <= WINDOW:
        return [(length - WINDOW) // 2]
    count = int(np.ceil((length - WINDOW) / step)) + 1
    return [int(n) for n in np.round(np.linspace(0, length - WINDOW, count))]
