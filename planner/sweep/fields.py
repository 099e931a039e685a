"""Distances from obstacles, exact against the label map with its boundary at the voxel faces.

In: masks on a box of a label map's voxels. Out: distances [mm] at the nodes of a lattice whose nodes lie on the
voxel faces; the lattice has the label map's own axes, so nothing is resampled. Only this module and ``planner/anatomy``
use SimpleITK.

The point of a voxel that is nearest to a node has, along each axis, either the node's coordinate or that of a face: so it
is a node itself, and the distance to the nearest node of a structure, its faces included, is the distance to the structure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from planner.geometry import AnyArray, BoolArray, Float32Array, FloatArray, VolumeGeometry
from planner.volume import linear

Patch: TypeAlias = tuple[slice, slice, slice]
"""A box of a lattice's nodes."""

NOWHERE: Patch = (slice(0, 0), slice(0, 0), slice(0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Nodes on the faces (and between them) of a box of voxels.

    ``first`` and ``voxels`` are the box in voxel indices (k, j, i). ``blocks`` voxels are joined to one along each axis
    where voxels are finer than asked for; each (joined) voxel is cut into ``cuts`` steps. ``geometry`` places the nodes.
    """

    geometry: VolumeGeometry
    first: tuple[int, int, int]
    voxels: tuple[int, int, int]
    blocks: tuple[int, int, int]
    cuts: tuple[int, int, int]

    @classmethod
    def around(cls, grid: VolumeGeometry, points_mm: FloatArray, pad_mm: float, step_mm: float) -> Lattice:
        """Lattice over the voxels that hold the points and ``pad_mm`` around them, steps of about ``step_mm``."""
        spacing = grid.spacing_mm
        indices = grid.indices(points_mm).reshape(-1, 3)
        pad = pad_mm / spacing
        last_voxel = np.array(grid.shape) - 1
        blocks = np.maximum(1, np.floor(step_mm / spacing + 1e-6)).astype(int)
        low = np.clip(np.floor(indices.min(axis=0) - pad), 0, last_voxel).astype(int) // blocks * blocks
        high = np.clip(np.ceil(indices.max(axis=0) + pad), 0, last_voxel).astype(int)
        high = np.minimum((high // blocks + 1) * blocks - 1, last_voxel)  # whole blocks: two lattices share their nodes
        cuts = np.maximum(1, np.rint(spacing / step_mm)).astype(int)
        count = -(-(high - low + 1) // blocks)
        matrix = grid.lps_from_index.copy()
        matrix[:3, :3] *= blocks / cuts
        matrix[:3, 3] = grid.points_mm(low - 0.5)
        nodes = VolumeGeometry(matrix, _three(count * cuts + 1), grid.frame_of_reference_uid)
        return cls(nodes, _three(low), _three(high - low + 1), _three(blocks), _three(cuts))

    def crop(self, array: AnyArray) -> AnyArray:
        """View of the box in an array on the label map's grid."""
        return array[tuple(slice(f, f + n) for f, n in zip(self.first, self.voxels, strict=True))]

    def nodes_of(self, box: AnyArray) -> AnyArray:
        """The largest value among the voxels that touch each node: a mask with its faces, as nodes."""
        for axis, (block, cut) in enumerate(zip(self.blocks, self.cuts, strict=True)):
            box = _along(_joined(box, axis, block), axis, cut)
        return box

    def widened(self, shape: tuple[int, ...], by_mm: float) -> Lattice:
        """The same nodes and more: whole voxels for ``by_mm`` more on every side, as far as an image of that shape goes."""
        first, voxels, blocks, cuts = (np.array(one) for one in (self.first, self.voxels, self.blocks, self.cuts))
        pad = np.ceil(by_mm / (self.geometry.spacing_mm * cuts)).astype(int) * blocks
        low, high = np.maximum(first - pad, 0), np.minimum(first + voxels + pad, shape)
        matrix = self.geometry.lps_from_index.copy()
        matrix[:3, 3] = self.geometry.points_mm((low - first) // blocks * cuts)
        nodes = -(-(high - low) // blocks) * cuts + 1
        geometry = VolumeGeometry(matrix, _three(nodes), self.geometry.frame_of_reference_uid)
        return Lattice(geometry, _three(low), _three(high - low), self.blocks, self.cuts)

    def near(self, box: BoolArray, within_mm: float) -> Patch:
        """The nodes, voxel by voxel, that can lie within ``within_mm`` of a mask; none where it has no voxel."""
        return self._padded(self._filled(box), within_mm)

    def distances_within(self, wide: Lattice, box: BoolArray, cap_mm: float) -> tuple[Patch, Float32Array]:
        """Distances on this lattice's nodes to a mask that is drawn on a wider one, and which nodes they are for.

        Every other node of this lattice lies beyond the cap. The map is made of the nodes asked for and the mask's voxels
        within the cap of them, and of no others.
        """
        filled = wide._filled(box)
        starts = [(a - b) // n * c for a, b, n, c in zip(self.first, wide.first, self.blocks, self.cuts, strict=True)]
        inner = _patch([slice(a, a + n) for a, n in zip(starts, self.geometry.shape, strict=True)])
        own = _common(wide._padded(filled, cap_mm), inner)
        reaching = _common(filled, wide._padded(own, cap_mm))
        if NOWHERE in (own, reaching):
            return NOWHERE, np.zeros((0, 0, 0), dtype=np.float32)
        around = _patch([slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(own, reaching, strict=True)])
        values = wide.distance_on(around, box, cap_mm)[_moved(own, [part.start for part in around])]
        return _moved(own, starts), np.ascontiguousarray(values)

    def _filled(self, box: BoolArray) -> Patch:
        """The nodes of the box around a mask."""
        found = []
        for axis, (block, cut) in enumerate(zip(self.blocks, self.cuts, strict=True)):
            others = tuple(other for other in range(3) if other != axis)
            filled = np.flatnonzero(box.any(axis=others)) // block
            if not len(filled):
                return NOWHERE
            found.append(slice(int(filled[0]) * cut, (int(filled[-1]) + 1) * cut + 1))
        return _patch(found)

    def _padded(self, patch: Patch, by_mm: float) -> Patch:
        """Whole voxels more on every side of a patch, as far as the lattice goes."""
        if patch == NOWHERE:
            return NOWHERE
        shape, steps = self.geometry.shape, self.geometry.spacing_mm * self.cuts
        pads = [int(np.ceil(by_mm / step)) * cut for step, cut in zip(steps.tolist(), self.cuts, strict=True)]
        return _patch(
            [slice(max(p.start - n, 0), min(p.stop + n, last)) for p, n, last in zip(patch, pads, shape, strict=True)]
        )

    def distance_mm(self, box: BoolArray, cap_mm: float) -> Float32Array:
        """Distance to a mask at each node, cut off at ``cap_mm``; 0 on its boundary and within.

        How deep a node lies within is not told: a path through a structure is refused, not graded. And so a larger
        mask never makes a distance larger.
        """
        distances = np.full(self.geometry.shape, cap_mm, dtype=np.float32)
        patch = self.near(box, cap_mm)
        distances[patch] = self.distance_on(patch, box, cap_mm)
        return distances

    def distance_on(self, patch: Patch, box: BoolArray, cap_mm: float) -> Float32Array:
        """The part of ``distance_mm`` on ``near(box, cap_mm)``; every other node lies beyond the cap."""
        if patch == NOWHERE:
            return np.zeros((0, 0, 0), dtype=np.float32)
        nodes = self.nodes_of(box[self._voxels_of(patch)])
        if nodes.all() or not nodes.any():
            return np.full(nodes.shape, 0.0 if nodes.all() else cap_mm, dtype=np.float32)
        import SimpleITK as sitk  # noqa: N813, PLC0415 - 110 MB that whoever only names a procedure does without

        image = sitk.GetImageFromArray(nodes.view(np.uint8))
        image.SetSpacing(self.geometry.spacing_mm[::-1].tolist())
        found = sitk.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
        distances: Float32Array = sitk.GetArrayFromImage(found)
        return np.clip(distances, np.float32(0.0), np.float32(cap_mm), out=distances)

    def _voxels_of(self, patch: Patch) -> Patch:
        """The voxels between the first and the last node of a patch."""
        k, j, i = (
            slice(part.start // cut * block, (part.stop - 1) // cut * block)
            for part, block, cut in zip(patch, self.blocks, self.cuts, strict=True)
        )
        return k, j, i


@dataclass(frozen=True, slots=True, eq=False)
class DistanceField:
    """Distances [mm] at a lattice's nodes; beyond the lattice the cap, which is all that is known there."""

    lattice: Lattice
    values_mm: Float32Array
    cap_mm: float

    def at(self, points_mm: npt.ArrayLike) -> FloatArray:
        """(...) trilinear distance at LPS points."""
        return linear(self.values_mm, self.lattice.geometry.indices(points_mm), self.cap_mm)


def _three(values: npt.NDArray[np.int_]) -> tuple[int, int, int]:
    k, j, i = (int(v) for v in values)
    return k, j, i


def _patch(parts: list[slice]) -> Patch:
    k, j, i = parts
    return k, j, i


def _moved(patch: Patch, first: list[int]) -> Patch:
    """The same nodes, counted from another one."""
    return _patch([slice(part.start - n, part.stop - n) for part, n in zip(patch, first, strict=True)])


def _common(one: Patch, other: Patch) -> Patch:
    """Nodes of both."""
    parts = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(one, other, strict=True)]
    return _patch(parts) if all(part.start < part.stop for part in parts) else NOWHERE


def _joined(box: AnyArray, axis: int, block: int) -> AnyArray:
    """Largest value of each ``block`` voxels along an axis."""
    if block == 1:
        return box
    joined: AnyArray = np.maximum.reduceat(box, np.arange(0, box.shape[axis], block), axis=axis)
    return joined


def _along(box: AnyArray, axis: int, cut: int) -> AnyArray:
    """Values at the nodes along one axis: a face takes the larger of its two voxels."""
    count = box.shape[axis]
    node = np.arange(count * cut + 1)
    before = np.clip(-(-node // cut) - 1, 0, count - 1)
    after = np.clip(node // cut, 0, count - 1)
    nodes: AnyArray = np.maximum(np.take(box, before, axis=axis), np.take(box, after, axis=axis))
    return nodes
