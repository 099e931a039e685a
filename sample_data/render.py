"""Paints solids into voxels: HU with partial volume, labels by the centre of each voxel.

In: layers of solids in painting order, and a grid. Out: float32 HU or uint16 labels, (k, j, i).
A thick slice is the mean of thinner ones. Each solid is evaluated only inside its own box, slab by slab.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.geometry import AnyArray, Float32Array, FloatArray, VolumeGeometry
from sample_data.scene import Solid
from sample_data.shapes import Shape

_SLAB = 12
"""Slices painted at once: small enough for the processor's cache."""

_THIN_SLICE_MM = 1.3
"""Thicker slices are averaged from thinner ones."""

Window = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, eq=False)
class Slab:
    """Some neighbouring slices of a grid; ``flip`` reads the patient in a mirror at x = 0."""

    geometry: VolumeGeometry
    flip: bool

    def window(self, shapes: Iterable[Shape], margin_mm: float) -> Window | None:
        """Indices of the smallest box of voxels that holds all shapes; None where they are elsewhere."""
        boxes = [shape.bounds_mm for shape in shapes]
        low = np.min([box[0] for box in boxes], axis=0) - margin_mm
        high = np.max([box[1] for box in boxes], axis=0) + margin_mm
        if self.flip:
            low, high = np.array([-high[0], *low[1:]]), np.array([-low[0], *high[1:]])
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1)
        indices = self.geometry.indices(corners.reshape(-1, 3))
        first = np.maximum(np.ceil(indices.min(axis=0)).astype(int), 0)
        last = np.minimum(np.floor(indices.max(axis=0)).astype(int) + 1, self.geometry.shape)
        if (first >= last).any():
            return None
        k, j, i = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        return k, j, i

    def points(self, window: Window) -> Float32Array:
        """(3, ...) world points of a window's voxel centres."""
        matrix = self.geometry.lps_from_index
        k, j, i = (np.arange(part.start, part.stop, dtype=np.float32) for part in window)
        rows = [
            np.float32(matrix[axis, 3])
            + np.float32(matrix[axis, 0]) * k[:, None, None]
            + np.float32(matrix[axis, 1]) * j[None, :, None]
            + np.float32(matrix[axis, 2]) * i[None, None, :]
            for axis in range(3)
        ]
        if self.flip:
            rows[0] = -rows[0]
        return np.stack(rows)

    def distance(self, shapes: Sequence[Shape], window: Window, margin_mm: float) -> Float32Array:
        """Signed distance to the union inside a window; large where no shape is within the margin."""
        nearest = np.full([part.stop - part.start for part in window], np.float32(1e3), dtype=np.float32)
        for shape in shapes:
            box = self.window([shape], margin_mm)
            if box is None:
                continue
            k, j, i = (slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, window, strict=True))
            here = nearest[k, j, i]
            np.minimum(here, shape.distance_mm(self.points(box)), out=here)
        return nearest


def slabs(geometry: VolumeGeometry, *, flip: bool) -> Iterator[tuple[slice, Slab]]:
    """All slices of a grid, a few at a time."""
    count, rows, columns = geometry.shape
    for first in range(0, count, _SLAB):
        last = min(first + _SLAB, count)
        yield slice(first, last), Slab(geometry.cropped((first, 0, 0), (last - first, rows, columns)), flip)


def paint_hu(layers: Sequence[Sequence[Solid]], geometry: VolumeGeometry, *, flip: bool = False) -> Float32Array:
    """(k, j, i) noiseless HU; solids of one layer share their marrow where they overlap."""
    parts = max(1, round(float(geometry.spacing_mm[0]) / _THIN_SLICE_MM))
    thin = _thinner(geometry, parts)
    image = np.empty(geometry.shape, dtype=np.float32)
    per_slab = max(1, _SLAB // parts)
    for first in range(0, geometry.shape[0], per_slab):
        last = min(first + per_slab, geometry.shape[0])
        piece = thin.cropped((first * parts, 0, 0), ((last - first) * parts, *geometry.shape[1:]))
        fine = _painted_slab(layers, Slab(piece, flip))
        image[first:last] = fine.reshape(last - first, parts, *geometry.shape[1:]).mean(axis=1)
    return image


def _thinner(geometry: VolumeGeometry, parts: int) -> VolumeGeometry:
    matrix = geometry.lps_from_index.copy()
    matrix[:3, 3] = geometry.points_mm([-0.5 + 0.5 / parts, 0, 0])
    matrix[:3, 0] /= parts
    return VolumeGeometry(matrix, (geometry.shape[0] * parts, *geometry.shape[1:]), geometry.frame_of_reference_uid)


def _painted_slab(layers: Sequence[Sequence[Solid]], slab: Slab) -> Float32Array:
    image = np.full(slab.geometry.shape, -1000.0, dtype=np.float32)
    pixel_mm = float(slab.geometry.spacing_mm[1:].mean())
    for layer in layers:
        painted = [(solid, *found) for solid in layer if (found := _distance(solid, slab, pixel_mm)) is not None]
        for solid, window, distance in painted:
            hu = solid.material.shell_hu if solid.material.shell_mm > 0 else solid.material.hu
            _blend(image[window], distance, pixel_mm, hu)
        for solid, window, distance in painted:
            if solid.material.shell_mm > 0:
                _blend(image[window], distance + solid.material.shell_mm, pixel_mm, solid.material.hu)
    return image


def _distance(solid: Solid, slab: Slab, pixel_mm: float) -> tuple[Window, Float32Array] | None:
    window = slab.window(solid.shapes, pixel_mm)
    return None if window is None else (window, slab.distance(solid.shapes, window, pixel_mm))


def _blend(image: AnyArray, distance: Float32Array, pixel_mm: float, hu: float) -> None:
    share = np.clip(0.5 - distance / np.float32(pixel_mm), 0, 1)
    image += share * (np.float32(hu) - image)


def paint_labels(
    solids: Sequence[tuple[int, Solid]], geometry: VolumeGeometry, *, flip: bool = False
) -> npt.NDArray[np.uint16]:
    """(k, j, i) label of each voxel's centre; a later solid wins."""
    labels = np.zeros(geometry.shape, dtype=np.uint16)
    for where, slab in slabs(geometry, flip=flip):
        piece = labels[where]
        for value, solid in solids:
            found = _distance(solid, slab, 0.1)
            if found is not None:
                piece[found[0]][found[1] < 0] = value
    return labels


def with_noise(image: Float32Array, noise_hu: float, blur_pixels: float, rng: np.random.Generator) -> Float32Array:
    """Image plus Gaussian noise whose grain is as wide as the kernel's point spread, slice by slice."""
    weights = gaussian_weights(blur_pixels)
    gain = float(np.sum(np.outer(weights, weights) ** 2)) ** 0.5
    for n, plane in enumerate(image):
        grain = blurred_plane(rng.standard_normal(plane.shape, dtype=np.float32), weights)
        image[n] = plane + np.float32(noise_hu / gain) * grain
    return image


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
