"""The gaps of facet joints: dark sheets between two bright plates, sought where anatomy puts them.

In: the scan, the canal's frame, its walls and the pedicles. Out: for each interspace and side the sheet of its joint, in LPS mm.
Nothing here knows which bone belongs to which vertebra: the sheets help to tell that. Each joint is looked at in a small cube of
fine voxels whose axes run cranial, anterior and lateral, so that left and right are treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.itk import components
from planner.anatomy.sheet_fit import OFF_SURFACE_MM, near_voxels, off_surface_mm
from planner.anatomy.straight import StraightGrid, gaussian
from planner.geometry import Float32Array, FloatArray, IntArray, VolumeGeometry, unit
from planner.structures import Side
from planner.volume import Volume, linear

_STEP_MM = 0.8
_HALF_MM = (15.0, 13.0, 13.0)
"""Of the cube, cranial, anterior, lateral: a lumbar joint is 16 mm high and 14 mm wide (Panjabi 1993, Spine 18:1298)."""

_SHARE_UP = 0.33
"""Of the way from pedicle to pedicle: where a joint's middle lies from T2 to S1 (0.1 to 0.5 between labelled vertebrae of four adults)."""

_BESIDE, _BEHIND = 0.9, 0.75
"""Of the pedicle's distance from the midline, and of the canal's depth behind its middle: the joint closes the canal's corner."""

SPREAD_MM = (5.0, 4.5, 4.0)
"""Of a joint's middle about that place, with half of its own extent (assumed from the same two adults)."""

_SIGMAS_MM = (0.8, 1.2)
"""Of the Hessian: the gap with its cartilage is 2 to 4 mm wide (Panjabi 1993)."""

_RESOLVED_MM = 1.6
"""Voxels longer than this across the gap blur it; the sheet is then sought as much wider, and believed less."""

_DOUBT, _LEANING = 4.0, np.sin(np.radians(15.0))
"""Power of that length with which a blurred gap's confidence falls (in cubes of 3 mm none of four clear sheets lay within 1 mm of its
joint); and how much of a slice's thickness lies across a gap that leans so far (assumed)."""

_ALIKE = 0.7
"""Bone behind one plate against that behind the other: processes differ by less (assumed)."""

_PLATES_MM = np.arange(1.0, 4.6, 0.5)
"""From the gap's middle to the subchondral plates on its sides."""

_BACKING_MM = np.array([4.5, 5.5, 6.5, 7.5])
"""Where both processes are looked at for their outer cortex: they are 5 to 9 mm thick (Panjabi 1993). The marrow inside one
process is a dark sheet between plates too, but has bone so far out on one side only."""

_USUAL_WIDTH_MM, _WIDTH_SPREAD_MM = 3.5, 1.2
"""From plate to plate, peak to peak: a gap of 2 to 4 mm with blur; marrow between two cortices is 5 mm wide and more (assumed)."""

_BONY_HU = (0.0, 700.0)
_PLATE_HU = 180.0
"""Subchondral bone, also where it is porotic and blurred (assumed)."""

_CLEAR_DIP_HU, _DIP_POWER = 330.0, 4.0
"""Between the plates and the gap: a joint that is resolved, and how steeply less is doubted. True gaps of four adults, osteoporotic
ones too, dipped by 340 to 530 HU; sheets of marrow beside thoracic joints by 160 to 310."""

_BRIGHTER_HU = 120.0
"""Over the darkest of the dark sheets: marrow is brighter than cartilage (by 50 to 150 HU; assumed)."""

LOWER_TO_UPPER = unit(np.array([0.0, -1.0, -1.0]))
"""(z, y, x): posterior and medial."""

FACING = 0.3
"""Cosine between the sheet's normal and the way from the lower process to the upper one, which is medial and posterior: joints
from T1 to S1 turn from 20 degrees beyond coronal to sagittal (Panjabi 1993)."""

STEEPEST = 0.6
"""Cranial part of a sheet's normal: every joint from T1 to S1 stands upright; the gap under a process's tip does not."""

_DOWNWARD = 0.12
"""Of a normal's cranial part below 0, how much is unlikely: from T8 to S1 the upper vertebra's process lies behind the lower one's and
leans over it (0 to 29 degrees in three adults); marrow between the cortices of a thoracic lamina leans the other way."""

_SEEN_MM2 = 50.0
"""Of a gap that is a joint's for sure: a third of a small one's surface (150 to 200 mm2, Panjabi 1993); less may be a nick."""

_WORTHY = 0.1
"""Of a sheet's best points: what is weaker belongs to no sheet (assumed)."""

_TRIED = 3
_SMOOTH_MM, _ROUGH_MM = 0.45, 0.85
"""Median residual of a gap's points, and of those of marrow, which is thick (0.3 to 0.5 and 0.6 to 1.0 mm on phantoms and scans)."""

_FEWEST = 20
"""Voxels of 0.8 mm in a sheet: 13 mm2 of a joint of 150 to 200 mm2."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A joint's gap: ``points_mm`` (n, 3) LPS on it, ``normals`` (n, 3) from the lower vertebra's process to the upper one's.

    ``weight`` (n,) how much each point looks like it, ``dip_hu`` how much darker the gap is than its plates, ``residual_mm`` the
    median distance of the points from a smooth surface, ``backing`` 0..1 how alike the bone behind both plates is.
    """

    points_mm: FloatArray
    normals: FloatArray
    weight: FloatArray
    dip_hu: float
    residual_mm: float
    backing: float
    lean: float
    """Mean cranial part of the normals in the vertebra's axes."""
    resolution: float
    """1 where voxels are small enough to show a gap, less where they blur it."""

    @property
    def smoothness(self) -> float:
        """1 for the points of a thin smooth sheet, towards 0 for a thick or crooked one."""
        return float(np.clip((_ROUGH_MM - self.residual_mm) / (_ROUGH_MM - _SMOOTH_MM), 0.05, 1.0))

    @property
    def confidence(self) -> float:
        """That this is a joint's gap, from the image alone: its contrast, its smoothness, the bone on both sides."""
        clear = min(1.0, self.dip_hu / _CLEAR_DIP_HU) ** _DIP_POWER * min(
            1.0, len(self.weight) * _STEP_MM**2 / _SEEN_MM2
        )
        clear *= float(_likely_lean(np.array(self.lean)))
        return float(clear * self.smoothness * min(1.0, self.backing / _ALIKE) * self.resolution)


@dataclass(frozen=True, slots=True)
class JointPlace:
    """Where a joint is expected: spine coordinates [mm] of its middle."""

    side: Side
    s_mm: float
    u_mm: float
    v_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class _Cube:
    """(z, y, x) HU in fine voxels, cranial, anterior and lateral; ``prior`` how likely a joint is there."""

    hu: Float32Array
    prior: FloatArray
    geometry: VolumeGeometry
    blur: float


def expected_place(
    side: Side, below_su_mm: tuple[float, float], above_su_mm: tuple[float, float], back_mm: float
) -> JointPlace:
    """From the pedicles of both vertebrae (s, u) and the canal's back wall."""
    s = below_su_mm[0] + _SHARE_UP * (above_su_mm[0] - below_su_mm[0])
    beside = _BESIDE * (abs(below_su_mm[1]) + abs(above_su_mm[1])) / 2.0
    return JointPlace(side, s, side.sign * beside, -_BEHIND * back_mm)


def find_sheet(volume: Volume, grid: StraightGrid, place: JointPlace) -> Sheet | None:
    """The joint's sheet at this place; None where nothing looks like one."""
    cube = _cube(volume, grid, place)
    darkness, normal = _dark_sheets(cube)
    where = np.argwhere(darkness > 0)
    across = _facing(normal[tuple(where.T)])
    upright = (across @ LOWER_TO_UPPER > FACING) & (np.abs(across[:, 0]) < STEEPEST)
    where, across = where[upright], across[upright]
    if len(where) < _FEWEST:
        return None
    inner, plates, backing, width = _looks(cube, where, across)
    dip = plates - inner
    good = (dip > 0) & (plates > _PLATE_HU)
    if np.count_nonzero(good) < _FEWEST:
        return None
    brighter = np.maximum(inner - np.percentile(inner[good], 15), 0.0)
    worth = np.minimum(dip, _CLEAR_DIP_HU) * backing**2 * np.exp(-brighter / _BRIGHTER_HU)
    too_wide = np.maximum(width - _USUAL_WIDTH_MM * cube.blur, 0.0) / (_WIDTH_SPREAD_MM * cube.blur)
    worth = worth * cube.prior[tuple(where.T)] * np.exp(-0.5 * too_wide**2) * _likely_lean(across[:, 0])
    return _best_surface(cube, where[good], across[good], np.stack([worth, dip, backing])[:, good])


def _likely_lean(cranial: FloatArray) -> FloatArray:
    """(...,) 1 for normals that point up or level, less the further they point down."""
    return np.exp(-0.5 * (np.minimum(cranial, 0.0) / _DOWNWARD) ** 2)


def _cube(volume: Volume, grid: StraightGrid, place: JointPlace) -> _Cube:
    centre, left, anterior, cranial = grid.frame.at(place.s_mm)
    lateral = place.side.sign * left
    middle = centre + place.u_mm * left + place.v_mm * anterior
    count = tuple(2 * int(half / _STEP_MM) + 1 for half in _HALF_MM)
    half = np.array([(n - 1) / 2.0 for n in count])
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([cranial, anterior, lateral], axis=1) * _STEP_MM
    matrix[:3, 3] = middle - matrix[:3, :3] @ half
    geometry = VolumeGeometry(matrix, (count[0], count[1], count[2]))
    axes = np.meshgrid(*[np.arange(n, dtype=np.float64) for n in count], indexing="ij")
    hu = volume.linear(geometry.points_mm(np.stack(axes, axis=-1)), outside=0.0).astype(np.float32)
    away = [((axis - n) * _STEP_MM / spread) ** 2 for axis, n, spread in zip(axes, half, SPREAD_MM, strict=True)]
    blur = max(1.0, _across_mm(volume.geometry, geometry.axes @ LOWER_TO_UPPER) / _RESOLVED_MM)
    return _Cube(hu, np.exp(-0.5 * np.sum(away, axis=0)), geometry, blur)


def _across_mm(voxels: VolumeGeometry, across: FloatArray) -> float:
    """How long the voxels are in a direction: thick slices show what stands upright in them."""
    along = np.linalg.norm(voxels.spacing_mm * (across @ voxels.axes))
    return float(np.hypot(along, _LEANING * voxels.spacing_mm.max()))


def _dark_sheets(cube: _Cube) -> tuple[FloatArray, FloatArray]:
    """(z, y, x) how sheet-like dark each voxel is, and the direction across [voxel axes], best of all scales."""
    darkness = np.zeros(cube.hu.shape)
    normal = np.zeros((*cube.hu.shape, 3))
    clipped = np.clip(cube.hu, -200.0, 1500.0)
    for sigma in _SIGMAS_MM:
        smooth = gaussian(clipped, sigma * cube.blur / _STEP_MM)
        dark = smooth < gaussian(clipped, 2.5 * sigma * cube.blur / _STEP_MM)
        where = np.nonzero(dark & (cube.prior > 0.03))
        values, vectors = np.linalg.eigh(_hessian(smooth, where))
        score = sigma**2 * (values[:, 2] - np.maximum(np.abs(values[:, 0]), np.abs(values[:, 1])))
        better = score > darkness[where]
        index = tuple(axis[better] for axis in where)
        darkness[index] = score[better]
        normal[index] = vectors[better][:, :, 2]
    return darkness, normal


def _hessian(smooth: Float32Array, where: tuple[IntArray, ...]) -> FloatArray:
    """(n, 3, 3) second derivatives along the voxel axes."""
    rows = [[second[where] for second in np.gradient(first)] for first in np.gradient(smooth)]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _facing(normal: FloatArray) -> FloatArray:
    """The normals, each from the lower process to the upper one."""
    return normal * np.where(normal @ LOWER_TO_UPPER < 0, -1.0, 1.0)[:, None]


def _looks(cube: _Cube, where: IntArray, across: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """(n,) HU in the gap, of the darker plate, how alike the bone behind both plates is, and from plate to plate [mm]."""
    inner = linear(gaussian(cube.hu, 0.5), where.astype(np.float64), 0.0)
    at = where[:, None, :].astype(np.float64)
    plates, bony, apart = [], [], []
    for sign in (-1.0, 1.0):
        step = sign * across[:, None, :] / _STEP_MM * cube.blur
        near = linear(cube.hu, at + step * _PLATES_MM[:, None], 0.0)
        plates.append(near.max(axis=1))
        apart.append(_PLATES_MM[near.argmax(axis=1)] * cube.blur)
        behind = linear(cube.hu, at + step * _BACKING_MM[:, None], 0.0)
        bony.append(np.clip(behind, *_BONY_HU).max(axis=1) + 1.0)
    return inner, np.minimum(*plates), np.minimum(*bony) / np.maximum(*bony), apart[0] + apart[1]


def _best_surface(cube: _Cube, where: IntArray, across: FloatArray, looks: FloatArray) -> Sheet | None:
    """Of the strongest connected sheets the one of most worth that is thin and smooth."""
    worthy = looks[0] > _WORTHY * np.percentile(looks[0], 95)
    parts = components(near_voxels(where[worthy], cube.hu.shape))
    label = np.where(worthy, parts[tuple(where.T)], 0)
    strength = np.bincount(label, weights=looks[0] * worthy)
    strength[0] = 0.0
    best, most = None, 0.0
    for number in np.argsort(strength)[::-1][:_TRIED]:
        mine = (label == number) & worthy
        sheet = _smooth_part(cube, where[mine], across[mine], looks[:, mine])
        if sheet is not None and strength[number] * sheet.smoothness > most:
            best, most = sheet, float(strength[number] * sheet.smoothness)
    return best


def _smooth_part(cube: _Cube, where: IntArray, across: FloatArray, looks: FloatArray) -> Sheet | None:
    """A connected sheet less what lies off its own smooth surface."""
    if len(where) < _FEWEST:
        return None
    worth, dip, backing = looks
    off = off_surface_mm(np.asarray(where * _STEP_MM, dtype=np.float64), across, worth)
    kept = np.abs(off) < OFF_SURFACE_MM
    if np.count_nonzero(kept) < _FEWEST:
        return None
    return Sheet(
        cube.geometry.points_mm(where[kept]),
        across[kept] @ cube.geometry.axes.T,
        worth[kept],
        float(np.average(dip[kept], weights=worth[kept])),
        float(np.median(np.abs(off))),
        float(np.average(backing[kept], weights=worth[kept])),
        float(np.average(across[kept, 0], weights=worth[kept])),
        min(1.0, cube.blur**-_DOUBT),
    )
