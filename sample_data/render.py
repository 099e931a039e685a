"""Paints solids into voxels: HU with partial volume, labels by the centre of each voxel.

In: layers of solids in painting order, and a grid. Out: float32 HU or uint16 labels, (k, j, i).
A thick slice is the mean of thinner ones. Each solid is evaluated only inside its own box, slab by slab.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from planner.geometry import AnyArray, Float32Array, FloatArray, IntArray, VolumeGeometry
from sample_data.scene import Solid

_SLAB = 12
"""Slices painted at once: small enough for the processor's cache."""

_THIN_SLICE_MM = 1.3
"""Thicker slices are averaged from thinner ones."""

_MOST_PARTS = 4

Window: TypeAlias = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, eq=False)
class Boxed:
    """One solid and the boxes of indices that hold its shapes on one grid.

    ``first`` and ``last`` are (n, 3); a shape changes no voxel outside [first, last).
    """

    solid: Solid
    first: IntArray
    last: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A grid to paint on; ``flip`` reads the patient in a mirror at x = 0."""

    geometry: VolumeGeometry
    flip: bool

    @property
    def pixel_mm(self) -> float:
        """Mean voxel size within a slice."""
        return float(self.geometry.spacing_mm[1:].mean())

    def boxed(self, solid: Solid, margin_mm: float) -> Boxed:
        """The solid with its shapes' boxes, grown by a margin."""
        bounds = np.stack([shape.bounds_mm for shape in solid.shapes])  # (n, 2, 3)
        if self.flip:
            bounds = np.stack([bounds[:, ::-1, 0] * -1.0, bounds[..., 1], bounds[..., 2]], axis=-1)
        half = (bounds[:, 1] - bounds[:, 0]) / 2 + margin_mm
        inverse = self.geometry.index_from_lps[:3, :3]
        middle, reach = self.geometry.indices(bounds.mean(axis=1)), half @ np.abs(inverse).T
        first = np.maximum(np.ceil(middle - reach), 0)
        last = np.minimum(np.floor(middle + reach) + 1, self.geometry.shape)
        return Boxed(solid, first.astype(np.intp), last.astype(np.intp))

    def points(self, window: Window) -> list[Float32Array]:
        """World x, y, z of a window's voxel centres; each only as large as it must be."""
        matrix = self.geometry.lps_from_index
        places = [np.arange(part.start, part.stop) for part in window]
        steps = np.ix_(*places)
        rows = [
            sum((matrix[axis, n] * steps[n] for n in range(3) if matrix[axis, n] != 0.0), start=matrix[axis, 3])
            for axis in range(3)
        ]
        if self.flip:
            rows[0] = -rows[0]
        return [np.asarray(row, dtype=np.float32) for row in rows]

    def distance(self, boxed: Boxed, slices: slice) -> tuple[Window, Float32Array] | None:
        """Where a solid shows within some slices, and its signed distance there; None where it does not."""
        first, last = boxed.first.copy(), boxed.last.copy()
        first[:, 0], last[:, 0] = np.maximum(first[:, 0], slices.start), np.minimum(last[:, 0], slices.stop)
        seen = np.flatnonzero((first < last).all(axis=1))
        if not len(seen):
            return None
        low, high = first[seen].min(axis=0), last[seen].max(axis=0)
        nearest = np.full(tuple(high - low), np.float32(1e3), dtype=np.float32)
        for n in seen:
            here = nearest[_window(first[n] - low, last[n] - low)]
            np.minimum(here, boxed.solid.shapes[n].distance_mm(self.points(_window(first[n], last[n]))), out=here)
        return _window(low, high), nearest


def _window(first: IntArray, last: IntArray) -> Window:
    k, j, i = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    return k, j, i


def _slabs(count: int, thickness: int) -> Iterator[slice]:
    return (slice(first, min(first + thickness, count)) for first in range(0, count, thickness))


def paint_hu(layers: Sequence[Sequence[Solid]], geometry: VolumeGeometry, *, flip: bool = False) -> Float32Array:
    """(k, j, i) noiseless HU; solids of one layer share their marrow where they overlap."""
    parts = min(max(1, round(float(geometry.spacing_mm[0]) / _THIN_SLICE_MM)), _MOST_PARTS)
    grid = Grid(_thinner(geometry, parts), flip)
    boxed = [[grid.boxed(solid, grid.pixel_mm) for solid in layer] for layer in layers]
    image = np.empty(geometry.shape, dtype=np.float32)
    for slab in _slabs(geometry.shape[0], max(1, _SLAB // parts)):
        fine = _painted_slab(boxed, grid, slice(slab.start * parts, slab.stop * parts))
        image[slab] = fine.reshape(-1, parts, *geometry.shape[1:]).mean(axis=1)
    return image


def _thinner(geometry: VolumeGeometry, parts: int) -> VolumeGeometry:
    matrix = geometry.lps_from_index.copy()
    matrix[:3, 3] = geometry.points_mm([-0.5 + 0.5 / parts, 0, 0])
    matrix[:3, 0] /= parts
    return VolumeGeometry(matrix, (geometry.shape[0] * parts, *geometry.shape[1:]), geometry.frame_of_reference_uid)


def _painted_slab(layers: Sequence[Sequence[Boxed]], grid: Grid, slices: slice) -> Float32Array:
    image = np.full((slices.stop - slices.start, *grid.geometry.shape[1:]), -1000.0, dtype=np.float32)
    for layer in layers:
        painted = [(b.solid.material, found) for b in layer if (found := grid.distance(b, slices)) is not None]
        for material, (window, distance) in painted:
            _blend(image[_from(window, slices)], distance, grid.pixel_mm, material.surface_hu)
        for material, (window, distance) in painted:
            if material.shell_mm > 0:
                _blend(image[_from(window, slices)], distance + material.shell_mm, grid.pixel_mm, material.hu)
    return image


def _from(window: Window, slices: slice) -> Window:
    return slice(window[0].start - slices.start, window[0].stop - slices.start), window[1], window[2]


def _blend(image: AnyArray, distance: Float32Array, pixel_mm: float, hu: float) -> None:
    share = np.clip(0.5 - distance / np.float32(pixel_mm), 0, 1)
    image += share * (np.float32(hu) - image)


def paint_labels(
    solids: Sequence[tuple[int, Solid]], geometry: VolumeGeometry, *, flip: bool = False
) -> npt.NDArray[np.uint16]:
    """(k, j, i) label of each voxel's centre; a later solid wins."""
    labels = np.zeros(geometry.shape, dtype=np.uint16)
    grid = Grid(geometry, flip)
    boxed = [(value, grid.boxed(solid, 0.1)) for value, solid in solids]
    for slab in _slabs(geometry.shape[0], _SLAB):
        for value, box in boxed:
            if (found := grid.distance(box, slab)) is not None:
                labels[found[0]][found[1] < 0] = value
    return labels


def add_noise(image: Float32Array, noise_hu: float, blur_pixels: float, rng: np.random.Generator) -> None:
    """Gaussian noise, its grain as wide as the kernel's point spread, added in place slice by slice."""
    weights = gaussian_weights(blur_pixels)
    gain = float(np.sum(np.outer(weights, weights) ** 2)) ** 0.5
    for n, plane in enumerate(image):
        grain = blurred_plane(rng.standard_normal(plane.shape, dtype=np.float32), weights)
        image[n] = plane + np.float32(noise_hu / gain) * grain


def gaussian_weights(sigma_pixels: float) -> FloatArray:
    """(2 n + 1,) weights that sum to 1, out to three standard deviations."""
    reach = max(1, int(np.ceil(3 * sigma_pixels)))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / max(sigma_pixels, 1e-3)) ** 2)
    return np.asarray(weights / weights.sum())


def blurred_plane(plane: Float32Array, weights: FloatArray) -> Float32Array:
    """One slice convolved along both axes, its edge repeated."""
    reach = len(weights) // 2
    for axis in (0, 1):
        pad = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
        wide = np.pad(plane, pad, mode="edge")
        length = plane.shape[axis]
        pieces = [np.float32(w) * wide.take(range(n, n + length), axis=axis) for n, w in enumerate(weights.tolist())]
        plane = np.sum(pieces, axis=0, dtype=np.float32)
    return plane
