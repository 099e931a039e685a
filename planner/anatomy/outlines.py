"""The outline of a tube around its track, in axial slices, and the voxels inside it.

In: the scan and a track of circles. Out: for every slice a centre and a radius in each direction, how much of the rim
is really seen, and a ``Region``. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import Region, region_of
from planner.anatomy.tubes import Track, TrackGrid
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.volume import Volume

_ANGLES = 36
_RAY_STEP_MM = 0.5
_BEYOND_MM = 8.0
"""Rays end this far outside the tracked circle: an ellipse of the same area with axes 1 : 2 fits."""

_EDGE_HU = 80.0
"""A step this high is a whole edge; blood to fat is 130 HU, to plain muscle 10 HU."""

_FAT_BELOW_HU = 60.0
"""With contrast a whole edge is the lumen's height above -60 HU: lower ones are the blur beside it."""

_SEEN_HU = 35.0
"""A step this high is an edge and not noise (three slices and three rays averaged)."""


_CALCIFIED = 0.25
"""Brighter than the lumen counts a quarter: a calcified wall belongs to the vessel, a vertebra behind it does not."""

_RASTER_MM = 1.0


@dataclass(frozen=True, slots=True)
class Rule:
    """What an outline is drawn by.

    ``rise`` is what an edge counts for beyond which it is brighter: an artery's calcified wall is one, and no end of the artery.
    ``hold`` pulls towards the tracked section where no edge is seen: as strong as a fifth of an edge at 35 % off.
    ``flatness`` is the tracked section's height to its width.
    """

    rise: float = 1.0
    hold: float = 0.2
    flatness: float = 1.0

    def section_mm(self, radius_mm: FloatArray) -> FloatArray:
        """(n, 36) how far the tracked ellipse of the circle's area reaches in each direction."""
        angles = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
        high, wide = np.sqrt(self.flatness), 1.0 / np.sqrt(self.flatness)
        reach = 1.0 / np.hypot(np.cos(angles) / high, np.sin(angles) / wide)
        return np.asarray(radius_mm[:, None] * reach[None, :])


USUAL = Rule()


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A vessel's course and outline: ``centres_mm`` (n, 3) caudal to cranial, ``reach_mm`` (n, 36) around them.

    Directions run from anterior to the patient's left. ``rim_seen`` (n,) is the share of the rim with an edge;
    ``hu`` (n,) the mean inside.
    """

    track: Track
    centres_mm: FloatArray
    reach_mm: FloatArray
    rim_seen: FloatArray
    hu: FloatArray

    @property
    def radius_mm(self) -> FloatArray:
        """(n,) radius of the circle of the same area."""
        return np.asarray(np.sqrt(np.mean(np.square(self.reach_mm), axis=1)))


def outlined(volume: Volume, grid: TrackGrid, track: Track, rule: Rule = USUAL) -> Tube:
    """The track with its outline found on the scan's own voxels."""
    track = _smoothed_track(track)
    reach = np.arange(0.0, float(track.radius_mm.max()) + _BEYOND_MM, _RAY_STEP_MM)
    rays = _averaged(_rays(volume, grid, track, reach))  # (n, angles, steps)
    lumen = _lumen_hu(rays, track, reach)
    edges = _edges(rays, rule.rise)
    cost = _cost(rays, edges, lumen, reach) + _held(track, reach, rule)
    index = _smooth_outline(reach[_closed_paths(cost)])
    nearest = np.clip(np.round(index / _RAY_STEP_MM).astype(int), 0, len(reach) - 1)
    seen = np.take_along_axis(edges, nearest[..., None], axis=2)[..., 0] > _SEEN_HU
    return Tube(track, grid.points_mm(track.rows, track.v_mm, track.u_mm), index, seen.mean(axis=1), lumen)


def _held(track: Track, reach: FloatArray, rule: Rule) -> FloatArray:
    """(n, angles, steps) what it costs to leave the tracked section."""
    section = rule.section_mm(track.radius_mm)[..., None]
    return np.asarray(rule.hold * np.square((reach - section) / (0.35 * section)))


def _smoothed_track(track: Track) -> Track:
    v, u, radius = (_running(values, 2.0) for values in (track.v_mm, track.u_mm, track.radius_mm))
    return Track(track.first, v, u, radius, track.score)


def _running(values: FloatArray, sigma: float) -> FloatArray:
    """Gaussian along the first axis, edges held."""
    half = int(3 * sigma) + 1
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    weights /= weights.sum()
    padded = np.concatenate([np.repeat(values[:1], half, axis=0), values, np.repeat(values[-1:], half, axis=0)])
    return np.asarray(sum(w * padded[n : n + len(values)] for n, w in enumerate(weights)))


def _rays(volume: Volume, grid: TrackGrid, track: Track, reach: FloatArray) -> FloatArray:
    angles = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    v = track.v_mm[:, None, None] + np.cos(angles)[None, :, None] * reach
    u = track.u_mm[:, None, None] + np.sin(angles)[None, :, None] * reach
    rows = np.broadcast_to(track.rows[:, None, None], v.shape)
    return np.clip(volume.linear(grid.points_mm(rows, v, u)), -150.0, 600.0)


def _averaged(rays: FloatArray) -> FloatArray:
    """Noise down: three slices, three directions, 1.5 mm along the ray."""
    along = _running(rays, 0.7)
    around = (np.roll(along, 1, axis=1) + 2 * along + np.roll(along, -1, axis=1)) / 4
    padded = np.pad(around, ((0, 0), (0, 0), (1, 1)), mode="edge")
    return np.asarray((padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]) / 3)


def _lumen_hu(rays: FloatArray, track: Track, reach: FloatArray) -> FloatArray:
    inside = reach[None, :] <= np.maximum(0.6 * track.radius_mm[:, None], 1.0)
    weights = np.where(inside, reach[None, :] + 0.1, 0.0)
    return np.asarray((rays.mean(axis=1) * weights).sum(axis=1) / weights.sum(axis=1))


def _edges(rays: FloatArray, rise: float) -> FloatArray:
    """Height of the step at each place of a ray: mean of 1.5 mm outside minus 1.5 mm inside, either sign, a rise weighted."""
    width = 3
    padded = np.pad(rays, ((0, 0), (0, 0), (width, width)), mode="edge")
    total = np.cumsum(np.pad(padded, ((0, 0), (0, 0), (1, 0))), axis=2)
    n = rays.shape[2]
    before = total[..., width : width + n] - total[..., :n]
    after = total[..., 2 * width + 1 : 2 * width + 1 + n] - total[..., width + 1 : width + 1 + n]
    step = (after - before) / width
    return np.asarray(np.where(step > 0.0, rise * step, -step))


def _cost(rays: FloatArray, edges: FloatArray, lumen: FloatArray, reach: FloatArray) -> FloatArray:
    """Low where an edge is and where all before it is lumen."""
    above = rays - lumen[:, None, None]
    strange = np.minimum(np.where(above > 0, _CALCIFIED * above, -above) / _EDGE_HU, 1.0)
    before = np.cumsum(strange, axis=2) * _RAY_STEP_MM / 4.0
    before = np.concatenate([np.zeros_like(before[..., :3]), before[..., :-3]], axis=2)
    whole = np.maximum(_EDGE_HU, lumen + _FAT_BELOW_HU)[:, None, None]
    cost = -np.minimum(edges / whole, 1.0) + before
    cost[..., reach < 2.0] += 10.0
    return np.asarray(cost)


def _closed_paths(cost: FloatArray) -> np.ndarray:
    """(n, angles) index along each ray of the cheapest outline that moves by at most one step between rays.

    Two turns are run and the second half of the first with the first half of the second is kept: the outline closes.
    """
    turns = np.concatenate([cost, cost], axis=1)
    total = turns[:, 0]
    moves = []
    for angle in range(1, turns.shape[1]):
        choices = np.stack([_moved(total, shift) for shift in (-1, 0, 1)])
        choice = choices.argmin(axis=0)
        moves.append(choice - 1)
        total = np.take_along_axis(choices, choice[None], axis=0)[0] + turns[:, angle]
    index = total.argmin(axis=1)
    path = [index]
    for move in moves[::-1]:
        index = index + np.take_along_axis(move, index[:, None], axis=1)[:, 0]
        path.append(index)
    whole = np.stack(path[::-1], axis=1)
    n = cost.shape[1]
    middle = whole[:, n // 2 : n // 2 + n]
    return np.roll(middle, n // 2, axis=1)


def _moved(total: FloatArray, shift: int) -> FloatArray:
    """Value at index + shift, infinite beyond."""
    result = np.full_like(total, np.inf)
    if shift == 0:
        return total
    if shift > 0:
        result[:, :-1] = total[:, 1:] + 0.03
    else:
        result[:, 1:] = total[:, :-1] + 0.03
    return result


def _smooth_outline(reach_mm: FloatArray) -> FloatArray:
    """Outline agreed with its neighbours: median of three slices, then a Gaussian of one slice and one direction."""
    padded = np.concatenate([reach_mm[:1], reach_mm, reach_mm[-1:]])
    median = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    along = _running(median, 1.0)
    return np.asarray((np.roll(along, 1, axis=1) + 2 * along + np.roll(along, -1, axis=1)) / 4)


def drawn(tube: Tube, grid: TrackGrid, confidence: float, uncertainty_mm: float) -> Region | None:
    """The voxels inside the outline, on a grid of 1 mm in the slices."""
    margin = float(tube.reach_mm.max()) + 2.0
    low = tube.centres_mm.min(axis=0) - margin
    high = tube.centres_mm.max(axis=0) + margin
    columns, rows = (int(np.ceil((high[axis] - low[axis]) / _RASTER_MM)) for axis in (0, 1))
    n = len(tube.centres_mm)
    geometry = VolumeGeometry.from_spacing(
        (n, rows, columns),
        (grid.step_mm, _RASTER_MM, _RASTER_MM),
        (float(low[0]), float(low[1]), float(tube.centres_mm[0, 2])),
    )
    y = low[1] + np.arange(rows) * _RASTER_MM
    x = low[0] + np.arange(columns) * _RASTER_MM
    mask = np.stack([_slice_inside(tube, grid, k, y, x) for k in range(n)])
    return region_of(geometry, mask, confidence, uncertainty_mm)


def _slice_inside(tube: Tube, grid: TrackGrid, k: int, y: FloatArray, x: FloatArray) -> BoolArray:
    row = int(tube.track.rows[k])
    dx, dy = x[None, :] - tube.centres_mm[k, 0], y[:, None] - tube.centres_mm[k, 1]
    u = dx * grid.left[row, 0] + dy * grid.left[row, 1]
    v = dx * grid.front[row, 0] + dy * grid.front[row, 1]
    turn = np.arctan2(u, v) / (2 * np.pi) * _ANGLES
    reach = np.interp(turn.ravel() % _ANGLES, np.arange(_ANGLES + 1), np.append(tube.reach_mm[k], tube.reach_mm[k, :1]))
    return np.asarray(np.hypot(u, v) < reach.reshape(u.shape))
