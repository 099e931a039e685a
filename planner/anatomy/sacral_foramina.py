"""The sacral foramina of S1 and S2: short tunnels between the sacrum's back and front, beside its canal.

In: a CT volume, the canal and the lumbosacral disc. Out: ``SacralForamen`` values, points LPS mm. A tunnel is a straight way
from back to front with a roof and a floor brighter than itself all along; marrow, however dark, is closed at its ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy import itk
from planner.anatomy.model import SacralForamen
from planner.anatomy.pelvic_bone import disc_axes
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import CanalTrack, DiscLevel
from planner.geometry import BoolArray, Float32Array, FloatArray, VolumeGeometry, frozen
from planner.structures import Interspace, Side, SpineLevel
from planner.volume import Volume, linear, nearest

_STEP_MM = 1.0
_UP_MM, _DOWN_MM, _BACK_MM, _FRONT_MM, _ASIDE_MM = 0.0, 85.0, 70.0, 30.0, 55.0
"""Around the lumbosacral disc's middle, in its own axes: S1 and S2 with their tunnels."""

_WALL_MM = (3, 9)
"""From a tunnel's middle to its roof and floor: it is 6 to 15 mm high (assumed)."""

_MOST_HU = 250.0
"""Contrast of walls beyond which more says nothing: dense cortex is no better a wall than thin."""

_LEAST_HU = 25.0
"""Contrast of roof and floor to the way between them, in the weakest quarter of the way: noise leaves less."""

_CLEAR_HU = 120.0
"""Mean contrast of a tunnel with walls of 1 mm in slices of 2 mm (assumed)."""

_THROUGH_MM = (-26.0, -10.0)
"""In front of the disc's middle: from behind the sacral canal to the front of the sacrum beside the body. A way without cortex
on all of it leads through; cortex at either end makes it marrow."""

_FROM_OUTSIDE_MM, _SOFT_HU = (-38.0, 2.0), 70.0
"""From the muscle behind the sacrum to the pelvis: what is denser than muscle on this way is cortex."""

_SHORTEST_MM = 6.0
_LEAST_CONFIDENCE = 0.3
"""A way that is less sure is not offered (assumed; of a sacrum in 3 mm slices all four right ones were above)."""

_END_SHARE = 0.4
"""Of the way's own contrast: where less is left of roof or floor, the tunnel has ended."""

_SURROUNDED, _DOUBTED_MM = 0.4, 20.0
"""Of the directions across a tunnel: its dorsal opening is a funnel cut obliquely. Roof and floor may seem to go on behind it, in muscle
between processes; at so many mm nothing is left of the confidence (assumed)."""

_WIDEST_MM = 9.0
"""Half of the widest foramen (assumed)."""

_S1_BELOW_MM, _S1_OUT_MM = (-41.0, -23.0), (14.0, 32.0)
_S2_BELOW_FIRST_MM, _S2_OUT_MM = (-32.0, -16.0), (10.0, 30.0)
"""Where the tunnel is 16 mm behind the disc's middle. The first lies above the border of S1 (30 mm high, half a disc of 5 mm
above it) to S2; the second one segment of 20 to 30 mm further (assumed)."""

_PLACED_AT_MM = 16.0
_LEANS = np.tan(np.radians(np.arange(-40.0, 41.0, 10.0)))
_TURNS = np.tan(np.radians(np.arange(-30.0, 31.0, 10.0)))
_DEPTHS_MM = np.arange(-60.0, 21.0, _STEP_MM)

_UNCERTAINTY_MM = 3.5
"""Of an opening's middle, beside half a voxel: its border is no line but a funnel (up to 3.8 mm in all was seen on phantoms)."""

_PLACED = 0.5
"""What a tunnel that is seen says of where its dorsal opening lies: on phantoms 12 of 74 lay within 3 mm, 3 of 29 among the clearest
tunnels. So no place is sure enough to be planned without a person's look (0.5)."""

_ALIKE_MM = 10.0
"""How far the two sides' places may differ before both are doubted."""

_CENTRED_AT_MM, _ROUNDS = (-22.0, -2.0), 6
"""Two places on the way beside the body, and how often it is moved there to the middle between its walls."""

_OFF_PLACE_HU = 60.0
"""Contrast that a way at the edge of the sought place loses against one in its middle (assumed)."""

_TURN = np.arange(16) * np.pi / 8.0
_ACROSS = np.stack([np.cos(_TURN), 0.0 * _TURN, np.sin(_TURN)], axis=1)
"""(16, 3) directions across a tunnel, in the disc's axes."""


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The sacrum in the disc's axes: HU, and how much brighter roof and floor are than what lies between, on ``grid``."""

    grid: VolumeGeometry
    origin_mm: FloatArray
    axes: FloatArray
    hu: Float32Array
    contrast_hu: Float32Array


@dataclass(frozen=True, slots=True, eq=False)
class _Tunnel:
    """In the disc's axes (below, forward, left): the ends, the width at the back, and the walls' mean contrast."""

    back_mm: FloatArray
    front_mm: FloatArray
    width_mm: float
    contrast_hu: float
    end_doubt_mm: float
    """How far two ways of telling the dorsal end differ: where roof and floor end, and where bone stops to surround the way."""


def find_sacral_foramina(volume: Volume, canal: CanalTrack, disc: DiscLevel) -> tuple[SacralForamen, ...]:
    """Those of S1 and S2 that are seen, on both sides."""
    block = _block(volume, canal.frame, disc)
    first = {side: _tunnel(block, side, _S1_BELOW_MM, _S1_OUT_MM) for side in Side}
    found = _pair(block, Interspace(SpineLevel.S1, SpineLevel.S2), first, volume)
    seen = [(tunnel.back_mm[0] + tunnel.front_mm[0]) / 2.0 for tunnel in first.values() if tunnel is not None]
    if found:
        low, high = (float(np.mean(seen)) + mm for mm in _S2_BELOW_FIRST_MM)
        second = {side: _tunnel(block, side, (low, high), _S2_OUT_MM) for side in Side}
        found += _pair(block, Interspace(SpineLevel.S2, SpineLevel.S3), second, volume)
    return tuple(found)


def _block(volume: Volume, frame: SpineFrame, disc: DiscLevel) -> _Block:
    left, forward = disc_axes(frame, disc)
    middle = disc.center_mm + ((frame.at(disc.s_mm)[0] - disc.center_mm) @ left) * left
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([disc.normal, -forward, left], axis=1) * _STEP_MM
    matrix[:3, 3] = middle - _DOWN_MM * disc.normal + _FRONT_MM * forward - _ASIDE_MM * left
    k, j, i = (round(mm / _STEP_MM) + 1 for mm in (_DOWN_MM + _UP_MM, _BACK_MM + _FRONT_MM, 2.0 * _ASIDE_MM))
    grid = VolumeGeometry(matrix, (k, j, i), volume.geometry.frame_of_reference_uid)
    hu = itk.smoothed(itk.resampled(_cropped(volume, grid), grid).voxels, grid, 0.7)
    hu = np.clip(hu, -200.0, 600.0)
    contrast = np.minimum(_brightest(hu, 1), _brightest(hu, -1)) - itk.smoothed(hu, grid, 1.0)
    axes = np.stack([disc.normal, forward, left], axis=0)
    return _Block(grid, middle, axes, hu, np.minimum(contrast, _MOST_HU).astype(np.float32))


def _brightest(hu: Float32Array, sign: int) -> Float32Array:
    """The highest value where a roof (1) or floor (-1) may be; the edge's own beyond the block."""
    shifts = range(_WALL_MM[0], _WALL_MM[1] + 1)
    padded = np.pad(hu, ((_WALL_MM[1], _WALL_MM[1]), (0, 0), (0, 0)), mode="edge")
    start, n = _WALL_MM[1], len(hu)
    return np.asarray(np.max([padded[start + sign * m : start + sign * m + n] for m in shifts], axis=0))


def _box(geometry: VolumeGeometry, grid: VolumeGeometry) -> tuple[slice, slice, slice]:
    ends = np.round(geometry.indices(grid.corners_mm)).astype(int)
    low, high = np.clip(ends.min(axis=0) - 2, 0, None), ends.max(axis=0) + 3
    k, j, i = (slice(int(a), min(n, int(b))) for a, b, n in zip(low, high, geometry.shape, strict=True))
    return k, j, i


def _cropped(volume: Volume, grid: VolumeGeometry) -> Volume:
    box = _box(volume.geometry, grid)
    return Volume(itk.crop(volume.geometry, box), volume.voxels[box])


def _tunnel(block: _Block, side: Side, below_mm: tuple[float, float], out_mm: tuple[float, float]) -> _Tunnel | None:
    """The widest straight way on one side; None where there is none."""
    below, out, lean, turn = (
        a.ravel()
        for a in np.meshgrid(np.arange(*below_mm, 1.5), np.arange(*out_mm, 1.5), _LEANS, _TURNS, indexing="ij")
    )
    lines = np.stack([below, side.sign * out, lean, side.sign * turn], axis=1)
    return _best(block, lines)


def _best(block: _Block, lines: FloatArray) -> _Tunnel | None:
    """The line (below and left 16 mm behind the disc's middle, and their slopes) with the clearest roof and floor."""
    points = _points(lines)
    index = block.grid.indices(block.origin_mm + points @ block.axes)
    contrast, hu = nearest(block.contrast_hu, index, -200.0), nearest(block.hu, index, 0.0)
    through = _between(_THROUGH_MM)
    least = np.percentile(contrast[:, through], 20, axis=1)
    mean = contrast[:, through].mean(axis=1)
    crossed = _between(_FROM_OUTSIDE_MM)
    blocked = np.clip(hu[:, crossed].max(axis=1) - _SOFT_HU, 0.0, None)
    score = least + mean - blocked - 0.5 * hu[:, through].mean(axis=1)
    score -= _OFF_PLACE_HU * (_from_middle(lines[:, 0]) + _from_middle(lines[:, 1]))
    score = np.where(least >= _LEAST_HU, score, -np.inf)
    n = int(score.argmax())
    if not np.isfinite(score[n]):
        return None
    first, last = _ends((contrast[n] >= _END_SHARE * float(mean[n])) & crossed)
    if (last - first) * _STEP_MM < _SHORTEST_MM:
        return None
    least_back, last = int(np.flatnonzero(through)[0]), max(last, int(np.flatnonzero(through)[-1]))
    dorsal = min(least_back, max(first, _surrounded_from(block, points[n], float(mean[n]))))
    doubt = max(0, dorsal - min(first, least_back)) * _STEP_MM
    back, front = _centred_way(block, points[n], _DEPTHS_MM[[dorsal, last]])
    return _Tunnel(back, front, _width_mm(block, back), float(mean[n]), float(doubt))


def _surrounded_from(block: _Block, way: FloatArray, contrast_hu: float) -> int:
    """The most dorsal place of the way, seen from within, up to which enough directions across it meet bone."""
    inner = int(np.argmin(np.abs(_DEPTHS_MM - _THROUGH_MM[1])))
    radius = np.arange(0.0, _WIDEST_MM + 0.1, 0.5)
    points = way[:inner, None, None, :] + radius[:, None] * _ACROSS[:, None, :]  # (depths, directions, radii, 3)
    hu = linear(block.hu, block.grid.indices(block.origin_mm + points @ block.axes), 600.0)
    wall = np.median(hu[:, 0, 0]) + 0.5 * min(contrast_hu, _MOST_HU)
    met = (hu[..., 1:] >= wall).any(axis=2).mean(axis=1)
    held = (met >= _SURROUNDED) & (hu[:, 0, 0] < wall)
    first = inner
    while first > 0 and held[first - 1]:
        first -= 1
    return first


def _between(span_mm: tuple[float, float]) -> BoolArray:
    """(depths,) which lie in the span."""
    away = np.abs(_DEPTHS_MM - (span_mm[0] + span_mm[1]) / 2.0)
    return np.asarray(away <= (span_mm[1] - span_mm[0]) / 2.0)


def _centred_way(block: _Block, way: FloatArray, ends_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Back and front end at the given depths, the way moved to the middle between its walls at two places."""
    near, far = (_centred(block, way[int(np.argmin(np.abs(_DEPTHS_MM - mm)))]) for mm in _CENTRED_AT_MM)
    share = (ends_mm - near[1]) / (far[1] - near[1])
    back, front = near + share[:, None] * (far - near)
    return back, front


def _centred(block: _Block, middle_mm: FloatArray) -> FloatArray:
    """Moved across the tunnel to where opposite walls are equally far."""
    for _ in range(_ROUNDS):
        reach, across = _reach_mm(block, middle_mm)
        step = (across * reach[:, None]).mean(axis=0)
        middle_mm = middle_mm + step
    return middle_mm


def _width_mm(block: _Block, middle_mm: FloatArray) -> float:
    """Of the narrowest way across, between the half levels of opposite walls."""
    reach, _ = _reach_mm(block, middle_mm)
    return float((reach[:8] + reach[8:]).min())


def _reach_mm(block: _Block, middle_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(16,) way to the walls' half level, and (16, 3) its directions across the tunnel."""
    radius = np.arange(0.0, _WIDEST_MM + 0.1, 0.5)
    points = middle_mm + radius[None, :, None] * _ACROSS[:, None, :]
    hu = linear(block.hu, block.grid.indices(block.origin_mm + points @ block.axes), 600.0)
    wall = hu[:, :1] + 0.5 * (hu.max(axis=1, keepdims=True) - hu[:, :1]).clip(_LEAST_HU, _MOST_HU)
    met = hu >= wall
    return np.where(met.any(axis=1), radius[met.argmax(axis=1)], _WIDEST_MM), _ACROSS


def _from_middle(values: FloatArray) -> FloatArray:
    """(n,) squared distance from the middle of the range, 1 at its ends."""
    low, high = float(values.min()), float(values.max())
    return np.square((2.0 * values - low - high) / max(high - low, 1.0))


def _points(lines: FloatArray) -> FloatArray:
    """(n, depths, 3) below, forward and left along each line."""
    from_middle = _DEPTHS_MM + _PLACED_AT_MM
    below = lines[:, 0, None] + lines[:, 2, None] * from_middle
    left = lines[:, 1, None] + lines[:, 3, None] * from_middle
    return np.stack([below, np.broadcast_to(_DEPTHS_MM, below.shape), left], axis=-1)


def _ends(held: BoolArray) -> tuple[int, int]:
    """First and last place of the longest run of True; the first place alone where there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
    if not len(edges):
        return 0, 0
    starts, ends = edges[::2], edges[1::2]
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest]) - 1


def _pair(
    block: _Block, between: Interspace, tunnels: dict[Side, _Tunnel | None], volume: Volume
) -> list[SacralForamen]:
    """Both sides' foramina; each is surer where the other lies as its mirror image."""
    both = [t for t in tunnels.values() if t is not None]
    alike = 0.5
    if len(both) == 2:
        apart = (both[0].back_mm + both[0].front_mm - both[1].back_mm - both[1].front_mm)[:2] / 2.0
        alike = float(np.clip(1.0 - float(np.linalg.norm(apart)) / (2.0 * _ALIKE_MM), 0.2, 1.0))
    near = float(volume.geometry.spacing_mm.max()) / 2.0
    found = []
    for side, tunnel in tunnels.items():
        if tunnel is None:
            continue
        agreed = max(0.0, 1.0 - tunnel.end_doubt_mm / _DOUBTED_MM)
        sure = float(np.clip(alike * agreed * min(tunnel.contrast_hu / _CLEAR_HU, 0.95), 0.05, 0.95))
        if sure < _LEAST_CONFIDENCE:
            continue
        found.append(
            SacralForamen(
                between,
                side,
                frozen(block.origin_mm + tunnel.back_mm @ block.axes),
                frozen(block.origin_mm + tunnel.front_mm @ block.axes),
                round(tunnel.width_mm, 2),
                round(near + _UNCERTAINTY_MM * (2.0 - sure), 2),
                round(_PLACED * sure, 3),
            )
        )
    return found
