"""The spine laid straight with its bodies: what instances, foramina, joints, roots and the sac are all found from.

In: the volume in patient axes, bone, canal and discs. Out: image, masks, bodies and pedicles on one straight grid.
All lengths are mm. Vertebra 0 lies below ``discs[0]``, vertebra n + 1 above ``discs[n]``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from planner.anatomy.bodies import Body, body_mask, disc_mask, disc_planes, find_bodies
from planner.anatomy.joints import JointPlace, Sheet, expected_place, find_sheet
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel
from planner.anatomy.straight import StraightGrid, straighten, straighten_mask
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.structures import Side
from planner.volume import Volume

STEP_MM = 1.0
_ABOVE_AND_BELOW_MM = 45.0
"""Of the outer discs: a lumbar vertebra with its disc is at most that high (Panjabi 1992, Spine 17:299; margin assumed)."""

_BEHIND_MM, _IN_FRONT_MM, _ASIDE_MM = 64.0, 60.0, 70.0
"""Around the canal: the longest spinous process, a body with spurs, transverse processes and the roots of the ribs."""

_PEDICLE_ROWS = (0.4, 0.95)
"""Share of the way from disc to disc that holds the pedicle: it springs from the body's upper half (Panjabi 1992)."""

_WIDEST_MM, _NARROWEST_MM = 18.0, 4.0
"""Of pedicles: T5 is narrowest with a mean of 4.5 mm, L5 widest with 18 mm (Zindrick 1987, Spine 12:160)."""


_BACK_WALL_MM = 6.0
"""Between a body's contour and its back cortex: more is no wall but an arch (assumed)."""

_PEDICLE_HU = 200.0
"""Cortex; counts even where the canal's mask, which keeps a margin, covers it."""

_LIKE_NEIGHBOUR = 0.6
"""Of the narrower neighbour's width: L4's is 0.7 of L5's, no pedicle is narrower beside its neighbour (Zindrick 1987). Less is a row
that a foramen cuts: S1's pedicle goes over into the ala and has no outer border of its own."""

_INSIDE_MM = 4.0
"""How much further in than the canal's widest place a pedicle may begin."""


@dataclass(frozen=True, slots=True, eq=False)
class Pedicle:
    """One pedicle: its middle in spine coordinates (s, u, v), its extent and how clearly it was seen, 0 to 1."""

    side: Side
    s_mm: float
    u_mm: float
    v_mm: float
    low_s_mm: float
    high_s_mm: float
    width_mm: float
    confidence: float
    assumed_out_mm: float = 0.0
    """How far its middle was moved outwards for a width that its neighbours have, and the image does not show."""


@dataclass(frozen=True, slots=True, eq=False)
class CanalWalls:
    """Half width, front and back wall [mm from the centre] of the canal in each slice of the grid; medians over 9 mm."""

    half_width_mm: FloatArray
    front_mm: FloatArray
    back_mm: FloatArray

    @classmethod
    def of(cls, canal: BoolArray, grid: StraightGrid) -> CanalWalls:
        """Walls of a canal's mask; where it is absent, those of the nearest slice."""
        across: BoolArray = np.asarray(canal.any(axis=1))
        along: BoolArray = np.asarray(canal.any(axis=2))
        half_width = across.sum(axis=1) * grid.step_mm / 2.0
        front = (along & (grid.v_mm > 0)).sum(axis=1) * grid.step_mm
        back = (along & (grid.v_mm <= 0)).sum(axis=1) * grid.step_mm
        present = np.flatnonzero(across.any(axis=1))
        if len(present) == 0:
            return cls(*(np.full(len(canal), 8.0) for _ in range(3)))
        return cls(*(_smooth_median(wall, present) for wall in (half_width, front, back)))


def _smooth_median(wall: FloatArray, present: npt.NDArray[np.intp]) -> FloatArray:
    filled = wall[present[np.abs(np.arange(len(wall))[:, None] - present).argmin(axis=1)]]
    padded = np.pad(filled, 4, mode="edge")
    median: FloatArray = np.median(np.lib.stride_tricks.sliding_window_view(padded, 9), axis=1)
    return median


@dataclass(frozen=True, slots=True, eq=False)
class SpineColumn:
    """The straightened spine. ``body`` and ``disc`` (n_s, n_v, n_u) hold vertebra or disc number + 1, 0 elsewhere.

    ``joints[n]`` are the gaps seen between vertebra n and n + 1.
    """

    grid: StraightGrid
    hu: Float32Array
    bone: BoolArray
    canal: BoolArray
    walls: CanalWalls
    bodies: tuple[Body, ...]
    body: npt.NDArray[np.uint8]
    disc: npt.NDArray[np.uint8]
    pedicles: tuple[dict[Side, Pedicle], ...]
    joints: tuple[dict[Side, Sheet], ...] = ()
    voxel_mm: float = STEP_MM
    """The longest edge of the scan's own voxels: no landmark is known better than to half of it."""

    @property
    def solid(self) -> BoolArray:
        """Bone, bodies and discs: what no nerve runs through."""
        return self.bone | (self.body > 0) | (self.disc > 0)


def lay_straight(volume: Volume, bone: Bone, canal: CanalTrack, discs: tuple[DiscLevel, ...]) -> SpineColumn:
    """The spine between 45 mm below the first and above the last disc, as far as the canal is known."""
    known = canal.frame.s_mm
    low = max(float(known[0]), discs[0].s_mm - _ABOVE_AND_BELOW_MM)
    high = min(float(known[-1]), discs[-1].s_mm + _ABOVE_AND_BELOW_MM)
    aside = (-_ASIDE_MM, _ASIDE_MM)
    grid = StraightGrid.around(canal.frame, (low, high), (-_BEHIND_MM, _IN_FRONT_MM), aside, STEP_MM)
    hu = straighten(volume.voxels, volume.geometry, grid)
    hollow = straighten_mask(canal.mask, volume.geometry, grid)
    bones = straighten_mask(bone.mask, volume.geometry, grid) & ~hollow
    bodies = find_bodies(hu, grid, disc_planes(discs, grid), hollow)
    body, disc = _numbered(bodies, grid, hollow, bones)
    walls = CanalWalls.of(hollow, grid)
    pedicles = tuple(_pedicles(bones | (body > 0) | (hu > _PEDICLE_HU), grid, walls, one) for one in bodies)
    pedicles = _with_cut_ends(with_likely_widths(pedicles), bodies, grid)
    joints = tuple(_joints(volume, grid, walls, *pair) for pair in pairwise(pedicles))
    longest = float(volume.geometry.spacing_mm.max())
    return SpineColumn(grid, hu, bones, hollow, walls, bodies, body, disc, pedicles, joints, longest)


def _numbered(
    bodies: tuple[Body, ...], grid: StraightGrid, canal: BoolArray, bones: BoolArray
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    body = np.zeros(grid.shape, dtype=np.uint8)
    disc = np.zeros(grid.shape, dtype=np.uint8)
    for n, one in enumerate(bodies):
        rows = one.rows(grid)
        own = body_mask(one, grid)
        body[rows][(own | _back_wall(own, bones[rows], canal[rows])) & ~canal[rows]] = n + 1
    for n, (below, above) in enumerate(pairwise(bodies)):
        for one, other in ((below, above), (above, below)):
            rows = one.rows(grid)
            disc[rows][disc_mask(one, other, grid) & ~canal[rows] & (body[rows] == 0)] = n + 1
    return body, disc


def _back_wall(body: BoolArray, bone: BoolArray, canal: BoolArray) -> BoolArray:
    """What lies between a body's core and the cortex in front of the canal: its back wall, which a smooth contour rounds off."""
    reach = round(_BACK_WALL_MM / STEP_MM)
    before_canal = bone & np.asarray(canal.any(axis=1))[:, None, :]
    ahead, behind = np.zeros_like(body), before_canal.copy()
    for step in range(1, reach + 1):
        ahead[:, :-step] |= body[:, step:]
        behind[:, step:] |= before_canal[:, :-step]
    return ahead & behind


def _pedicles(solid: BoolArray, grid: StraightGrid, walls: CanalWalls, body: Body) -> dict[Side, Pedicle]:
    middle = (int(np.argmin(np.abs(grid.v_mm))), int(np.argmin(np.abs(grid.u_mm))))
    low, high = float(body.low_s_mm[middle]), float(body.high_s_mm[middle])
    ends = (low + _PEDICLE_ROWS[0] * (high - low), low + _PEDICLE_ROWS[1] * (high - low))
    rows = np.flatnonzero((grid.s_mm >= ends[0]) & (grid.s_mm <= ends[1]))
    if len(rows) < 4:
        return {}
    found = {side: _pedicle(solid, grid, walls, rows, side) for side in Side}
    return {side: pedicle for side, pedicle in found.items() if pedicle is not None}


def with_likely_widths(pedicles: tuple[dict[Side, Pedicle], ...]) -> tuple[dict[Side, Pedicle], ...]:
    """Each pedicle at least nearly as wide as its neighbours of that side, from its inner border outwards."""
    likely = []
    for n, pair in enumerate(pedicles):
        beside = [one for one in (*pedicles[max(0, n - 1) : n], *pedicles[n + 1 : n + 2]) if one]
        likely.append(
            {side: _widened(one, [b[side].width_mm for b in beside if side in b]) for side, one in pair.items()}
        )
    return tuple(likely)


def _widened(pedicle: Pedicle, beside_mm: list[float]) -> Pedicle:
    width = min(beside_mm, default=0.0)
    if pedicle.width_mm >= _LIKE_NEIGHBOUR * width:
        return pedicle
    out_mm = (width - pedicle.width_mm) / 2.0
    return replace(pedicle, u_mm=pedicle.u_mm + pedicle.side.sign * out_mm, width_mm=width, assumed_out_mm=out_mm)


def _with_cut_ends(
    pedicles: tuple[dict[Side, Pedicle], ...], bodies: tuple[Body, ...], grid: StraightGrid
) -> tuple[dict[Side, Pedicle], ...]:
    """Where the image cuts the uppermost vertebra below its pedicles they are expected, unseen, one level above the next lower.

    Its inferior processes are in the image, and their joints are found from the pedicles of both vertebrae.
    """
    if len(pedicles) < 2 or pedicles[-1]:
        return pedicles
    middle = (int(np.argmin(np.abs(grid.v_mm))), int(np.argmin(np.abs(grid.u_mm))))
    level_mm = float(bodies[-2].high_s_mm[middle] - bodies[-2].low_s_mm[middle])
    expected = {
        side: replace(one, s_mm=one.s_mm + level_mm, low_s_mm=one.low_s_mm + level_mm,
                      high_s_mm=one.high_s_mm + level_mm, confidence=0.0)
        for side, one in pedicles[-2].items()
    }  # fmt: skip
    return (*pedicles[:-1], expected)


def _pedicle(
    solid: BoolArray, grid: StraightGrid, walls: CanalWalls, rows: npt.NDArray[np.intp], side: Side
) -> Pedicle | None:
    """The run of rows in which bone stands beside the canal, in front of its centre."""
    half = float(np.median(walls.half_width_mm[rows]))
    front = float(np.median(walls.front_mm[rows]))
    band = (grid.v_mm >= 0.0) & (grid.v_mm <= front)
    beyond = side.sign * grid.u_mm - half  # distance outside the canal's side wall
    order = np.flatnonzero((beyond >= -_INSIDE_MM) & (beyond <= _WIDEST_MM))[:: side.sign]
    share = solid[np.ix_(rows, np.flatnonzero(band), order)].mean(axis=1)  # (rows, outwards)
    near = share[:, int(_INSIDE_MM) : int(_INSIDE_MM + _NARROWEST_MM + 2.0)].mean(axis=1)
    run = _longest_run(near >= 0.5 * near.max()) if near.max() > 0.3 else None
    if run is None:
        return None
    inner, width = _extent(share[run] >= 0.5)
    s = grid.s_mm[rows[run]]
    u = half - _INSIDE_MM + inner * grid.step_mm + width / 2.0
    seen = float(near[run].mean())
    return Pedicle(side, float(s.mean()), side.sign * u, front / 2.0, float(s[0]), float(s[-1]), width, seen)


def _extent(filled: BoolArray) -> tuple[float, float]:
    """Where bone starts outwards and how wide it is: the lower third over the rows, since ribs widen some of them."""
    starts = np.where(filled.any(axis=1), filled.argmax(axis=1), 0)
    beyond = ~filled & (np.arange(filled.shape[1]) > starts[:, None])
    ends = np.where(beyond.any(axis=1), beyond.argmax(axis=1), filled.shape[1])
    width = float(np.clip(np.percentile(ends - starts, 33) * STEP_MM, _NARROWEST_MM, _WIDEST_MM))
    return float(np.median(starts)), width


def _joints(
    volume: Volume, grid: StraightGrid, walls: CanalWalls, below: dict[Side, Pedicle], above: dict[Side, Pedicle]
) -> dict[Side, Sheet]:
    """The joints' gaps between two vertebrae of which both pedicles are known."""
    found = {}
    for side in below.keys() & above.keys():
        sheet = find_sheet(volume, grid, joint_place(grid, walls, below[side], above[side]))
        if sheet is not None:
            found[side] = sheet
    return found


def joint_place(grid: StraightGrid, walls: CanalWalls, below: Pedicle, above: Pedicle) -> JointPlace:
    """Where the joint between two vertebrae is expected, from their pedicles of one side."""
    row = int(np.clip(np.searchsorted(grid.s_mm, (below.s_mm + above.s_mm) / 2.0), 0, grid.shape[0] - 1))
    ends = (below.s_mm, below.u_mm), (above.s_mm, above.u_mm)
    return expected_place(below.side, *ends, float(walls.back_mm[row]))


def _longest_run(row: BoolArray) -> slice | None:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if len(starts) == 0:
        return None
    best = int((ends - starts).argmax())
    return slice(int(starts[best]), int(ends[best]))
