"""Facet joints: a dark sheet of cartilage between two bright plates, where two neighbouring vertebrae meet.

In: the scan, the straightened spine and its vertebrae. Out: one ``Facet`` per joint, with a confidence that falls where
the voxels are too coarse to show the gap. Measured in a small cube of fine voxels along the patient's axes around each joint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.column import SpineColumn
from planner.anatomy.itk import components
from planner.anatomy.model import Facet
from planner.anatomy.straight import StraightGrid, gaussian
from planner.anatomy.vertebrae import PartCode, Vertebrae, distance_mm
from planner.geometry import BoolArray, Float32Array, FloatArray, IntArray, VolumeGeometry, frozen, unit
from planner.structures import Interspace, Side
from planner.volume import Volume, linear

_STEP_MM = 0.7
_HALF_MM = 13.0
"""Half of the cube's edge: a lumbar joint is 16 mm high and 14 mm wide (Panjabi 1993, Spine 18:1298)."""

_SIGMAS_MM = (0.8, 1.2)
"""Of the Hessian: the gap with its cartilage is 2 to 4 mm wide (Panjabi 1993), blurred by 0.7 to 3 mm voxels."""

_PLATE_MM = 2.4
"""From the gap's middle to the subchondral plates on its sides."""

_PLATE_HU = 250.0
"""Subchondral bone, also where it is porotic and blurred (assumed)."""

_NEAR_MM = 4.0
"""From both vertebrae: where a gap can lie."""

_BRIGHTER_HU = 120.0
"""Over the darkest of the dark sheets: marrow is brighter than cartilage (by 50 to 150 HU; assumed)."""

_EVEN_MM = 1.5
_WORTHY = 0.2
"""Of the sheet's best points: what is weaker does not say where the gap ends (assumed)."""

_BRIDGED_VOXELS = 1.5
"""Holes of 2 mm do not part a sheet; the next dark sheet, a process's marrow, is 4 mm away."""

_UNEVEN_MM = 2.0
"""How much nearer to one vertebra than to the other: the marrow inside a process is a dark sheet between plates too."""

_CLEAR_DIP_HU = 150.0
"""Between the plates and the gap: a joint that is resolved (assumed; 3 mm voxels show 0 to 60 HU)."""

_RESOLVED_MM = 1.6
"""Voxels above this do not resolve the gap (no joint was within 2 mm on 3 mm voxels)."""

_FACING_COSINE = 0.3
"""Between the sheet's normal and the line from process to process: not along it (assumed)."""

_INWARD_MM, _OUTWARD_MM = 3.0, 8.0
"""Beyond the lower pedicle's borders: where a joint lies from T9 to S1 (assumed)."""

_STEEPEST = 0.6
"""Cranial part of a sheet's normal: every joint from T9 to S1 stands upright; the gap under a process's tip does not."""

_FEWEST = 30
"""Voxels of 0.7 mm in a sheet: 15 mm2 of a joint of 150 to 200 mm2."""


@dataclass(frozen=True, slots=True, eq=False)
class _Cube:
    """Fine voxels (k, j, i) around one joint and which of them lie between its two processes; ``evenness`` is 1 half-way.

    ``apart`` points from the lower vertebra's process to the upper one's, ``cranial`` along the canal; unit vectors.
    """

    geometry: VolumeGeometry
    hu: Float32Array
    between: BoolArray
    evenness: FloatArray
    apart: FloatArray
    cranial: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Points of a joint's gap (n, 3) LPS, directions across it, how much each looks like it, and the dip [HU]."""

    points_mm: FloatArray
    normals: FloatArray
    weight: FloatArray
    dip_hu: float


def find_facets(
    volume: Volume, column: SpineColumn, vertebrae: Vertebrae, interspaces: tuple[Interspace, ...]
) -> tuple[Facet, ...]:
    """Joints between vertebra n and n + 1 of the column, named by ``interspaces[n]``."""
    coarse_mm = float(volume.geometry.spacing_mm.max())
    found = []
    for n, between in enumerate(interspaces):
        for side in Side:
            cube = _cube(volume, column, vertebrae, n, side)
            sheet = None if cube is None else _sheet(cube)
            if sheet is not None:
                found.append(_facet(column, sheet, between, side, coarse_mm))
    return tuple(found)


def _facet(column: SpineColumn, sheet: Sheet, between: Interspace, side: Side, coarse_mm: float) -> Facet:
    suv = column.grid.frame.from_lps(sheet.points_mm)
    cranial = column.grid.frame.at(np.average(suv[:, 0], weights=sheet.weight))[3]
    normal = _normal(sheet)
    axis = unit(cranial - (cranial @ normal) * normal)
    resolved = min(1.0, (_RESOLVED_MM / coarse_mm) ** 2)
    clear = float(np.clip(sheet.dip_hu / _CLEAR_DIP_HU, 0.0, 1.0))
    return Facet(between, side, frozen(_posterior_point(sheet, suv)), frozen(axis), round(clear * resolved, 3))


def _normal(sheet: Sheet) -> FloatArray:
    """(3,) mean direction across the sheet, whichever way each points."""
    spread = (sheet.normals * sheet.weight[:, None]).T @ sheet.normals
    normal: FloatArray = np.linalg.eigh(spread)[1][:, 2]
    return normal


def _posterior_point(sheet: Sheet, suv: FloatArray) -> FloatArray:
    """(3,) on the gap at mid-height, its most posterior fifth."""
    middle = np.median(suv[:, 0])
    level = np.abs(suv[:, 0] - middle) <= max(2.0, float(np.percentile(np.abs(suv[:, 0] - middle), 30)))
    level &= sheet.weight >= _WORTHY * np.percentile(sheet.weight, 90)
    back = level & (suv[:, 2] <= np.percentile(suv[level, 2], 20))
    return np.average(sheet.points_mm[back], axis=0, weights=sheet.weight[back])


def _cube(volume: Volume, column: SpineColumn, vertebrae: Vertebrae, n: int, side: Side) -> _Cube | None:
    grid = column.grid
    mine = side.sign * grid.u_mm > 0
    lower = (vertebrae.number == n + 1) & (vertebrae.part == PartCode.SUPERIOR_ARTICULAR_PROCESS) & mine
    upper = (vertebrae.number == n + 2) & (vertebrae.part == PartCode.INFERIOR_ARTICULAR_PROCESS) & mine
    if not lower.any() or not upper.any():
        return None
    middles = [np.argwhere(mask).mean(axis=0) for mask in (lower, upper)]
    centre = grid.points_mm((middles[0] + middles[1]) / 2.0)
    points, geometry = _fine_points(centre)
    index = _straight_index(grid, geometry)
    low, high = (_distance_at(mask, index) for mask in (lower, upper))
    hu = volume.linear(points, outside=0.0).astype(np.float32)
    u = side.sign * (index[..., 2] * grid.step_mm + grid.first_mm[2])
    pedicle = column.pedicles[n][side]
    inner, outer = (abs(pedicle.u_mm) + end * pedicle.width_mm / 2.0 for end in (-1.0, 1.0))
    beside = (u >= inner - _INWARD_MM) & (u <= outer + _OUTWARD_MM)
    between = (np.maximum(low, high) <= _NEAR_MM) & (np.abs(low - high) <= _UNEVEN_MM) & beside
    cranial = grid.frame.at(grid.suv_mm((middles[0] + middles[1]) / 2.0)[0])[3]
    evenness = np.exp(-(((low - high) / _EVEN_MM) ** 2))
    return _Cube(
        geometry, hu, between, evenness, unit(grid.points_mm(middles[1]) - grid.points_mm(middles[0])), cranial
    )


def _fine_points(centre_mm: FloatArray) -> tuple[FloatArray, VolumeGeometry]:
    count = int(2 * _HALF_MM / _STEP_MM) + 1
    x, y, z = (centre_mm - _HALF_MM).tolist()
    geometry = VolumeGeometry.from_spacing((count, count, count), (_STEP_MM,) * 3, (x, y, z))
    axes = np.meshgrid(*[np.arange(count)] * 3, indexing="ij")
    return geometry.points_mm(np.stack(axes, axis=-1)), geometry


def _straight_index(grid: StraightGrid, geometry: VolumeGeometry) -> FloatArray:
    """(k, j, i, 3) indices on the straight grid, linear between 5 x 5 x 5 nodes: wrong by 0.1 mm at most."""
    last = geometry.shape[0] - 1
    nodes = np.stack(np.meshgrid(*[np.linspace(0, last, 5)] * 3, indexing="ij"), axis=-1)
    coarse = grid.index(grid.frame.from_lps(geometry.points_mm(nodes)))
    fine = np.stack(np.meshgrid(*[np.linspace(0, 4, last + 1)] * 3, indexing="ij"), axis=-1)
    return np.stack([linear(coarse[..., axis], fine, 0.0) for axis in range(3)], axis=-1)


def _distance_at(mask: BoolArray, index: FloatArray) -> FloatArray:
    """Distance to a mask on the straight grid, at fractional indices near it [mm]."""
    low = np.maximum(np.floor(index.min(axis=(0, 1, 2))).astype(int), 0)
    high = np.minimum(np.ceil(index.max(axis=(0, 1, 2))).astype(int) + 2, mask.shape)
    box = tuple(slice(a, max(a + 1, b)) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    return linear(distance_mm(mask[box]), index - low, 99.0)


def _sheet(cube: _Cube) -> Sheet | None:
    """The largest connected dark sheet between the processes; None where there is none."""
    darkness, normal = _dark_sheets(cube)
    where = np.argwhere(cube.between & (darkness > 0))
    if len(where) < _FEWEST:
        return None
    step = normal[tuple(where.T)] * (_PLATE_MM / _STEP_MM)
    plates = [linear(cube.hu, where + sign * step, 0.0) for sign in (-1.0, 1.0)]
    inner = linear(gaussian(cube.hu, 0.5), where.astype(np.float64), 0.0)
    dip = np.minimum(plates[0], plates[1]) - inner
    across = normal[tuple(where.T)][:, ::-1]
    upright = (np.abs(across @ cube.apart) > _FACING_COSINE) & (np.abs(across @ cube.cranial) < _STEEPEST)
    good = upright & (dip > 0) & (np.minimum(plates[0], plates[1]) > _PLATE_HU)
    if not good.any():
        return None
    brighter = np.maximum(inner - np.percentile(inner[good], 15), 0.0)
    worth = dip * cube.evenness[tuple(where.T)] * np.exp(-brighter / _BRIGHTER_HU)
    return _largest_sheet(cube, where[good], across[good], np.stack([dip, worth])[:, good])


def _largest_sheet(cube: _Cube, where: IntArray, normals: FloatArray, dip_and_worth: FloatArray) -> Sheet | None:
    if len(where) < _FEWEST:
        return None
    dip, worth = dip_and_worth
    weight = np.zeros(cube.hu.shape)
    weight[tuple(where.T)] = worth
    parts = components(distance_mm(weight > 0) < _BRIDGED_VOXELS)
    strength = np.bincount(parts.ravel(), weights=weight.ravel())
    strength[0] = 0.0
    chosen = parts[tuple(where.T)] == strength.argmax()
    if np.count_nonzero(chosen) < _FEWEST:
        return None
    points = cube.geometry.points_mm(where[chosen])
    return Sheet(points, normals[chosen], worth[chosen], float(np.average(dip[chosen], weights=worth[chosen])))


def _dark_sheets(cube: _Cube) -> tuple[FloatArray, FloatArray]:
    """(k, j, i) how sheet-like dark each voxel is, and the direction across [voxel axes], best of all scales."""
    darkness = np.zeros(cube.hu.shape)
    normal = np.zeros((*cube.hu.shape, 3))
    where = np.nonzero(cube.between)
    for sigma in _SIGMAS_MM:
        values, vectors = np.linalg.eigh(_hessian(gaussian(cube.hu, sigma / _STEP_MM))[where])
        score = sigma**2 * (values[:, 2] - np.maximum(np.abs(values[:, 0]), np.abs(values[:, 1])))
        better = score > darkness[where]
        index = tuple(axis[better] for axis in where)
        darkness[index] = score[better]
        normal[index] = vectors[better][:, :, 2]
    return darkness, normal


def _hessian(smooth: Float32Array) -> FloatArray:
    """(..., 3, 3) second derivatives along the voxel axes."""
    first = np.gradient(smooth.astype(np.float64))
    rows = [np.gradient(one) for one in first]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
