"""The courses of the great vessels: which tube is the aorta, which the cava, and where each divides.

In: the coarse image. Out: ``VesselTracks``: for arteries and for veins a trunk and, where it divides in the scan, its two
branches. All lengths are mm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.tubes import Track, TrackGrid, best_track, circle_scores, track_grid
from planner.anatomy.vessel_courses import CavaPlace, body_front_mm
from planner.anatomy.vessel_places import AORTA_PLACE, Place, iliac_places
from planner.geometry import BoolArray, Float32Array, FloatArray, IntArray
from planner.structures import Side, Structure

_RADII_MM = np.array([3.0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 21, 24])
"""From a narrow iliac artery (3 mm) over a normal aorta (8-12 mm) to an aneurysm of 48 mm."""

_AORTA, _CAVA, _ILIAC = slice(1, 16), slice(3, 13), slice(1, 8)
"""Which radii each vessel may have: 4-24, 6-16 (the right crus has 5) and 4-10 mm."""

_FLAT = 0.5
"""Height to width of a cava that is not full (0.3 to 1)."""

_BODY_CENTRE_MM, _BODY_RADII_MM = (0.0, 26.0), (23.0, 19.0)
"""u, v of a vertebral body in the canal's axes and its half-axes: no vessel's centre lies inside (assumed)."""

_JOIN_MM = 8.0
"""Where a tube joins another, their outlines are nearer than this: two walls of 2 mm and two steps of the grid."""

_SHORTEST_MM = 30.0
"""A tube shorter than this is no great vessel; a common iliac artery has 40 mm."""

_LEAVES_MM, _AWAY_SLICES = 8.0, 10
"""Each iliac vessel leaves the trunk's line by more than this to its own side."""

_ALIKE_RADIUS = 0.5
"""The two iliac vessels of a kind differ by less than a factor of two."""

_JOIN_SLICES = 6
"""Over 12 mm the last stretch between branch and trunk is led on, where their outlines touch."""

_TAPER, _TAPER_SLICES = 0.75, 8
"""Below its bifurcation the track has at most this share of its radius (an iliac artery has 0.6 of the aorta's), as the
medians of 30 mm above and below tell, 16 mm at least."""

_FORK_BELOW_T12_MM, _CONFLUENCE_BELOW_T12_MM, _FORK_SD_MM = 126.0, 138.0, 14.0
"""The aorta divides before L4, the cava begins before L5 (75 % and more of people; heights below the T12 body as of three adults)."""

_TAPER_NEAR, _TAPER_SPREAD = 0.88, 0.15
"""Near there a tenth less of radius tells it; a taper that is as much further is worth a standard deviation in height."""

_FORK_SLICES, _CONFLUENCE_SLICES = 12, 20
"""The branches meet the trunk within 24 mm of where it tapers; the veins up to 40 mm below the arteries."""

_NOWHERE = -1000


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """What all tracks of one scan share; ``taken`` (slices, rows, columns) is where no further tube may run."""

    grid: TrackGrid
    round_scores: Float32Array
    flat_scores: Float32Array
    taken: BoolArray

    def track(self, radii: slice, place: Place, goal: BoolArray | None = None) -> Track | None:
        """The best tube outside what is taken; with ``goal``, one that comes from below and ends where it meets it."""
        scores = self.round_scores if place.shape == "round" else self.flat_scores
        scores = scores[radii] - place.penalty(self.grid)
        scores -= place.radius_penalty(_RADII_MM[radii])[:, None, None, None]
        np.copyto(scores, np.float32(-1.0), where=self.taken)
        return best_track(self.grid, scores, _RADII_MM[radii], place.thresholds(self.grid), goal)

    def without(self, *tracks: Track | None) -> _Search:
        """The same search with the tracks' insides taken."""
        taken = self.taken.copy()
        for track in tracks:
            if track is not None:
                taken |= _around(self.grid, track, 2.0)
        return _Search(self.grid, self.round_scores, self.flat_scores, taken)


@dataclass(frozen=True, slots=True, eq=False)
class VesselTracks:
    """The grid of all tracks, and the tracks of arteries and veins."""

    grid: TrackGrid
    arteries: Fork
    veins: Fork


def track_vessels(image: CoarseImage, t12_lower_end_s_mm: float | None = None) -> VesselTracks:
    """Aorta, cava and iliac vessels, as far as the scan shows them."""
    t12 = None if t12_lower_end_s_mm is None else float(image.frame.to_lps([t12_lower_end_s_mm, 0.0, 0.0])[2])
    search = _search(image)
    aorta = _long_enough(search.track(_AORTA, AORTA_PLACE), search.grid)
    cava = _long_enough(search.without(aorta).track(_CAVA, CavaPlace(t12, body_front_mm(image))), search.grid)
    fork = _fork_row(aorta, search.grid, None if t12 is None else t12 - _FORK_BELOW_T12_MM)
    arteries = _forked(search.without(cava), aorta, (fork, fork + _FORK_SLICES), iliac_places(Structure.ARTERY, t12))
    taken = search.without(arteries.trunk, *arteries.branches.values())
    confluence = _fork_row(cava, search.grid, None if t12 is None else t12 - _CONFLUENCE_BELOW_T12_MM)
    low = arteries.row - _CONFLUENCE_SLICES if confluence == _NOWHERE else confluence
    veins = _forked(taken, cava, (low, max(arteries.row, low + _FORK_SLICES)), iliac_places(Structure.VEIN, t12))
    return VesselTracks(search.grid, arteries, veins)


def _long_enough(track: Track | None, grid: TrackGrid) -> Track | None:
    return track if track is not None and len(track.v_mm) * grid.step_mm >= _SHORTEST_MM else None


def _fork_row(trunk: Track | None, grid: TrackGrid, usual_z_mm: float | None) -> int:
    """The slice below which the trunk is much narrower than above, as where it goes on into one branch; else -1000.

    Where the usual height of its end is known, less of a taper is enough near it.
    """
    if trunk is None:
        return _NOWHERE
    rows = np.arange(_TAPER_SLICES, len(trunk.radius_mm) - _TAPER_SLICES)
    ratios = np.array(
        [np.median(trunk.radius_mm[max(0, k - 15) : k]) / np.median(trunk.radius_mm[k : k + 15]) for k in rows]
    )
    if usual_z_mm is None:
        found = len(ratios) > 0 and ratios.min() <= _TAPER
        return int(trunk.first + rows[ratios.argmin()]) if found else _NOWHERE
    off_mm = grid.z_mm[trunk.first + rows] - usual_z_mm
    if len(ratios) and (np.abs(off_mm) < 2.5 * _FORK_SD_MM).any():
        seen = -np.log(ratios) / _TAPER_SPREAD - 0.5 * np.square(off_mm / _FORK_SD_MM)
        best = int(seen.argmax())
        if ratios[best] <= _TAPER_NEAR:
            return int(trunk.first + rows[best])
    goes_on = grid.z_mm[trunk.first] < usual_z_mm - 2.0 * _FORK_SD_MM
    return low_fork(trunk, int(np.searchsorted(grid.z_mm, usual_z_mm)), rows, ratios) if goes_on else _NOWHERE


def low_fork(trunk: Track, usual: int, rows: IntArray, ratios: FloatArray) -> int:
    """For a trunk as wide below its usual end: the highest slice below where it tapers or leaves its own line."""
    below = trunk.rows < usual
    line_mm = float(np.median(trunk.u_mm[~below]))
    ends = np.concatenate(
        [
            trunk.first + rows[ratios <= _TAPER_NEAR],
            trunk.rows[np.abs(trunk.u_mm - line_mm) > _LEAVES_MM],
        ]
    )
    ends = ends[ends < usual]
    return int(ends.max()) if len(ends) else int(trunk.first)


@dataclass(frozen=True, slots=True, eq=False)
class Fork:
    """A trunk that ends at its bifurcation in slice ``row``, and the branches below."""

    trunk: Track | None
    branches: Mapping[Side, Track]
    row: int


def _forked(search: _Search, trunk: Track | None, fork: tuple[int, int], places: Mapping[Side, Place]) -> Fork:
    """The trunk cut at its bifurcation between two slices, and the branches that are seen; where none is, the one it goes on into."""
    whole = _going_on(trunk, fork[0])
    if trunk is None or fork[1] <= trunk.first:
        return whole
    upper = trunk.between(max(fork[0], trunk.first), int(trunk.rows[-1]) + 1)
    near = upper.between(upper.first, fork[1])
    goal = _around(search.grid, near, _JOIN_MM)
    free, branches = search.without(upper), dict[Side, Track]()
    for side, place in places.items():
        branch = _long_enough(free.without(*branches.values()).track(_ILIAC, place, goal), search.grid)
        if branch is not None and _is_branch(search.grid, trunk, branch, side):
            branches[side] = branch
    if not branches or not _of_a_size(branches):
        return whole
    row = min(int(branch.rows[-1]) + 1 for branch in branches.values())
    return Fork(trunk.between(row, int(trunk.rows[-1]) + 1), {**whole.branches, **branches}, row)


def _going_on(trunk: Track | None, row: int) -> Fork:
    """The trunk cut where it tapers, what lies below as the branch of the side it goes to; uncut where it goes to none."""
    if trunk is None or not trunk.first < row < trunk.rows[-1]:
        return Fork(trunk, {}, _NOWHERE)
    upper, lower = trunk.between(row, int(trunk.rows[-1]) + 1), trunk.between(trunk.first, row)
    away_mm = float(lower.u_mm[0] - upper.u_mm[0])
    side = Side.LEFT if away_mm > 0 else Side.RIGHT
    if abs(away_mm) < _LEAVES_MM:
        return Fork(trunk, {}, _NOWHERE)
    return Fork(upper, {side: lower}, row)


def _of_a_size(branches: Mapping[Side, Track]) -> bool:
    radii = [float(np.median(branch.radius_mm)) for branch in branches.values()]
    return min(radii) >= _ALIKE_RADIUS * max(radii)


def _is_branch(grid: TrackGrid, trunk: Track, branch: Track, side: Side) -> bool:
    """It leaves the trunk to its own side, and is as bright as the trunk."""
    blood = _lumen_hu(grid, trunk)
    from_mm = float(np.interp(branch.rows[-1], trunk.rows, trunk.u_mm))
    away = side.sign * (branch.u_mm[-_AWAY_SLICES:].mean() - from_mm)
    leaves = side.sign * (branch.u_mm[: max(3, len(branch.u_mm) - _AWAY_SLICES)].mean() - from_mm)
    return max(away, leaves) >= _LEAVES_MM and abs(_lumen_hu(grid, branch) - blood) <= max(35.0, 0.35 * blood)


def _lumen_hu(grid: TrackGrid, track: Track) -> float:
    """Median HU on the track's axis."""
    row = np.round((track.v_mm - grid.first_v_mm) / grid.step_mm).astype(int)
    column = np.round((track.u_mm - grid.first_u_mm) / grid.step_mm).astype(int)
    return float(np.median(grid.hu[track.rows, row, column]))


def _search(image: CoarseImage) -> _Search:
    grid = track_grid(image, (-72.0, 72.0), (0.0, 116.0))
    noise = _noise_hu(image)
    circles = circle_scores(grid, _RADII_MM, noise)
    ellipses = circles.copy()
    ellipses[_CAVA] = np.maximum(circles[_CAVA], circle_scores(grid, _RADII_MM[_CAVA], noise, _FLAT))
    return _Search(grid, circles, ellipses, np.broadcast_to(_in_body(grid), grid.hu.shape).copy())


def _noise_hu(image: CoarseImage) -> float:
    """Noise of the coarse image, from neighbouring voxels of soft tissue."""
    left, right = image.hu[:, :, :-1], image.hu[:, :, 1:]
    soft = (left > 0) & (left < 120) & (right > 0) & (right < 120)
    if soft.sum() < 1000:
        return 10.0
    return float(1.48 * np.median(np.abs(left[soft] - right[soft])) / np.sqrt(2.0))


def _in_body(grid: TrackGrid) -> BoolArray:
    off_u = (grid.u_mm - _BODY_CENTRE_MM[0]) / _BODY_RADII_MM[0]
    off_v = (grid.v_mm - _BODY_CENTRE_MM[1]) / _BODY_RADII_MM[1]
    behind = grid.v_mm < _BODY_CENTRE_MM[1]
    column = behind[:, None] & (np.abs(off_u) < 1.0)[None, :]
    return np.asarray((np.square(off_v)[:, None] + np.square(off_u)[None, :] < 1.0) | column)


def _around(grid: TrackGrid, track: Track, margin_mm: float) -> BoolArray:
    """(slices, rows, columns) within the track's circles grown by a margin."""
    near = np.zeros(grid.hu.shape, dtype=bool)
    du = grid.u_mm[None, None, :] - track.u_mm[:, None, None]
    dv = grid.v_mm[None, :, None] - track.v_mm[:, None, None]
    near[track.rows] = np.hypot(du, dv) < (track.radius_mm + margin_mm)[:, None, None]
    return near


def joined(branch: Track, trunk: Track) -> Track:
    """The branch led on to the trunk's axis over the slices above its end."""
    above = trunk.between(int(branch.rows[-1]) + 1, int(branch.rows[-1]) + 1 + _JOIN_SLICES)
    share = (np.arange(len(above.v_mm)) + 1) / (_JOIN_SLICES + 1)

    def led(of_branch: FloatArray, of_trunk: FloatArray) -> FloatArray:
        return np.concatenate([of_branch, of_branch[-1] + share * (of_trunk - of_branch[-1])])

    radius = np.concatenate([branch.radius_mm, np.full(len(share), branch.radius_mm[-1])])
    score = np.concatenate([branch.score, np.full(len(share), branch.score[-1])])
    return Track(branch.first, led(branch.v_mm, above.v_mm), led(branch.u_mm, above.u_mm), radius, score)
