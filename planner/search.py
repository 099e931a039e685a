"""From fields to a few measured paths: sweep, screen, rank, refine, measure again.

In: a situation and the fields around it. Out: distinct paths that keep every limit when measured exactly, the best first, and
how many directions each rule refused. Nothing from the sweep itself is ever shown as a clearance.

A direction is kept by the sweep's estimate, which may lie on both sides of the true room: what is kept is a candidate, measured
again before anybody sees it. Only ``Screened.certified`` directions surely keep every clearance as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from planner.costs import costs, price, weighted
from planner.geometry import AnyArray, BoolArray, FloatArray, IntArray, unit
from planner.hand.entry_shift import last_kept_entries_mm
from planner.hand.robustness import broken_border, tolerance_deg
from planner.rules import first_broken, hard_limits
from planner.side_by_side import side_by_side
from planner.situation import Candidates, Feasible, Situation
from planner.sweep.fan import STEP, Exits, Face, Swept
from planner.sweep.least import Rising, slack_mm, sweep_least
from planner.sweep.reach import NEAR_MM, Reach, Zone, rising_words, unpacked, unpacked_wide, widened
from planner.trajectories import Trajectories

CELL_DEG = 2.0
"""Of paths that leave in nearly the same direction, only the best is looked at again."""

DISTINCT_DEG, DISTINCT_MM = 8.0, 10.0
"""Two alternatives differ by at least one of these: direction, or place on the skin."""


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """What the sweep found for one needle diameter."""

    feasible: Feasible
    borders: tuple[FloatArray, ...]
    """For each tip: outward unit vectors that break a rule, next to ones that do not."""
    rejected: Mapping[str, int]
    examined: int
    rims: tuple[FloatArray, ...] = ()
    """For each tip: entries of the last directions that keep every rule, LPS mm."""
    certified: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """(n,) in the sweep's order: kept, and clear of every obstacle even by the lower bound of its room."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """All directions of all tips; ``room_mm`` is the sweep's least room before the needle's radius is taken off."""

    faces: tuple[Face, ...]
    tips: IntArray
    outward: FloatArray
    depth_mm: FloatArray
    kinds: IntArray
    room_mm: FloatArray
    binding: IntArray
    slack_mm: FloatArray
    """How far the true room may lie above ``room_mm``."""
    surely_mm: FloatArray
    """The true room is at least this: from tip to the exit found here no point of the path is closer."""


def sweep(situation: Situation, reach: Reach, faces: tuple[Face, ...]) -> Sweep:
    """Depth, kind of exit, least room and binding obstacle of every direction to every tip."""
    places = [
        (face, index, exits)
        for index, exits_of_tip in enumerate(reach.entries)
        for face, exits in zip(faces, exits_of_tip, strict=True)
    ]
    parts = side_by_side(lambda place: _sweep_face(situation, reach, *place), places)
    return Sweep(faces, *(np.concatenate(column) for column in zip(*parts, strict=True)))


def _sweep_face(situation: Situation, reach: Reach, face: Face, tip_index: int, exits: Exits) -> tuple[AnyArray, ...]:
    tip = situation.target.tips_mm[tip_index]
    end = exits.depth_mm / face.norms
    near_end, start = np.minimum(NEAR_MM, end), np.zeros(())
    growth = situation.growth
    near, far = _words(reach, face, tip, (start, near_end, end), growth)
    grown = growth * exits.depth_mm
    read = unpacked_wide if growth else unpacked
    room, binding = read(np.minimum(near, far))
    room = room - grown
    (near_above, near_below), (far_above, far_below) = (_bounds(zone, face, growth) for zone in (reach.near, reach.far))
    near_room, far_room = (read(words)[0] - grown for words in (near, far))
    highest = np.minimum(near_room + near_above, far_room + far_above)
    surely = np.minimum(near_room - near_below, far_room - far_below)
    own = situation.own_nerve
    if own is not None and reach.near.own_swept is not None:
        nerve = situation.obstacles[own]
        zone_end = np.minimum(nerve.tip_zone_mm, exits.depth_mm) / face.norms
        nerve_room = np.minimum(
            _least(reach.near.own_swept, face, tip, (start, zone_end)),
            _least(reach.near.own_swept, face, tip, (zone_end, near_end), growth) - nerve.margin_mm - grown,
        )
        binding = np.where(nerve_room < room, own, binding)
        room, highest = np.minimum(nerve_room, room), np.minimum(nerve_room + near_above, highest)
        surely = np.minimum(nerve_room - near_below, surely)
    tips = np.full(face.norms.shape, tip_index)
    columns = (tips, exits.depth_mm, exits.kind.astype(np.intp), room, binding, highest - room, surely)
    flat = [np.asarray(column).reshape(-1) for column in columns]
    return flat[0], unit(face.lps).reshape(-1, 3), *flat[1:]


def _bounds(zone: Zone, face: Face, growth: float) -> tuple[float, FloatArray]:
    """How far the true room may lie above a sweep's, and below it (rows, columns).

    Below, a whole step between planes counts, not half of one: none lies beyond the tip or the skin. A margin that grows makes
    room change faster than a distance.
    """
    above, below = slack_mm(zone.lattice, face)
    half_step = face.norms * float(zone.lattice.geometry.spacing_mm[face.axis]) / 2
    return above, (below + half_step) * (1.0 + growth)


def _words(
    reach: Reach, face: Face, tip_mm: FloatArray, depths_s_mm: tuple[FloatArray, FloatArray, FloatArray], growth: float
) -> tuple[AnyArray, AnyArray]:
    """Least room and its obstacle in the near part of each path and in the far one, packed."""
    start, change, end = depths_s_mm
    nothing = np.full((), 0xFFFF, dtype=np.uint16)
    rising = None
    if growth:
        nothing, rising = widened(nothing), Rising(growth * face.norms, widened, rising_words)
    near = sweep_least(nothing, reach.near.packed, face, tip_mm, (start, change), rising)
    return near, sweep_least(nothing, reach.far.packed, face, tip_mm, (change, end), rising)


def _least(
    swept: Swept,
    face: Face,
    tip_mm: FloatArray,
    between_s_mm: tuple[FloatArray, FloatArray],
    growth: float = 0.0,
) -> FloatArray:
    rising = Rising(growth * face.norms, np.asarray, _single) if growth else None
    nothing = np.full((), np.inf, dtype=np.float32)
    return sweep_least(nothing, swept, face, tip_mm, between_s_mm, rising).astype(np.float64)


def _single(added_mm: FloatArray) -> AnyArray:
    return added_mm.astype(np.float32)


def screen(situation: Situation, swept: Sweep) -> Screened:
    """Keep the directions that break no rule; count the others by the first rule they break.

    What is kept is an estimate on both sides: some of it breaks a limit when measured (``measure.py``), which is why nothing is
    shown before. Where none passes by the sweep's own estimate, those that its error could hide are kept, to be measured exactly.
    ``certified`` are those that pass by its lower bound too, and so pass when measured.
    """
    room = swept.room_mm - situation.radius_mm
    rules = hard_limits(situation.obstacles, situation.site)
    broken = first_broken(_candidates(situation, swept, room), rules)
    certified = (broken == len(rules)) & (swept.surely_mm >= situation.radius_mm)
    if not (broken == len(rules)).any():
        room = room + swept.slack_mm
        broken = first_broken(_candidates(situation, swept, room), rules)
    keep = broken == len(rules)
    counts = np.bincount(broken, minlength=len(rules))
    rejected = {rule.name: int(n) for rule, n in zip(rules, counts, strict=False) if n}
    tips = range(len(situation.target.tips_mm))
    kept_on = [_as_faces(swept.faces, keep[swept.tips == tip]) for tip in tips]
    depths = [_as_faces(swept.faces, swept.depth_mm[swept.tips == tip]) for tip in tips]
    borders = tuple(broken_border(swept.faces, on_faces) for on_faces in kept_on)
    rims = tuple(
        last_kept_entries_mm(situation.target.tips_mm[tip], swept.faces, kept_on[tip], depths[tip]) for tip in tips
    )
    kept = _best_of_cells(_candidates(situation, swept, room).only(np.flatnonzero(keep)))
    tolerance = np.zeros(len(kept))
    for tip in tips:
        own = kept.tips == tip
        tolerance[own] = tolerance_deg(-kept.paths.directions[own], borders[tip], STEP)
    return Screened(Feasible(kept, tolerance), borders, rejected, len(keep), rims, certified)


def _candidates(situation: Situation, swept: Sweep, room_mm: FloatArray) -> Candidates:
    tips = situation.target.tips_mm[swept.tips]
    paths = Trajectories(tips + swept.depth_mm[:, None] * swept.outward, tips)
    return Candidates(situation, paths, swept.tips, swept.kinds, room_mm, swept.binding)


def _as_faces(faces: tuple[Face, ...], flat: AnyArray) -> tuple[AnyArray, ...]:
    ends = np.cumsum([face.norms.size for face in faces])
    parts = np.split(flat, ends[:-1])
    return tuple(part.reshape(face.norms.shape) for part, face in zip(parts, faces, strict=True))


def ranked(feasible: Feasible) -> IntArray:
    """The best path of each small cell of directions, those that no other one beats in every cost first, then by cost."""
    own_units = costs(feasible)
    total = weighted(own_units, feasible.candidates.situation.site)
    best = _first_of(_cells(feasible.candidates.paths), total)
    return best[np.lexsort((total[best], dominated(own_units[best])))]


def _best_of_cells(kept: Candidates) -> Candidates:
    """For each tip and cell of directions the best path, tolerance aside, which is not known yet."""
    total = price(Feasible(kept, np.full(len(kept), 90.0)))
    return kept.only(_first_of(_cells(kept.paths) + kept.tips * 10**6, total))


def _cells(paths: Trajectories) -> IntArray:
    """(n,) number of the cell of directions each path lies in."""
    row, column = (
        np.floor((angle + 180.0) / CELL_DEG).astype(np.intp) for angle in (paths.obliquity_deg, paths.tilt_deg)
    )
    return row * 1000 + column


def _first_of(groups: IntArray, price: FloatArray) -> IntArray:
    """Indices of the cheapest member of each group, the cheapest first; ties by index."""
    order = np.argsort(price, kind="stable")
    _, first = np.unique(groups[order], return_index=True)
    return order[np.sort(first)]


def dominated(own_units: FloatArray) -> AnyArray:
    """(n,) whether another row is at least as good in every cost and better in one."""
    beaten = np.zeros(len(own_units), dtype=bool)
    for start in range(0, len(own_units), 256):
        rows = own_units[start : start + 256, None, :]
        no_worse = np.all(own_units[None] <= rows, axis=2)
        better = np.any(own_units[None] < rows, axis=2)
        beaten[start : start + 256] = np.any(no_worse & better, axis=1)
    return beaten


def distinct(first: Trajectories, second: Trajectories) -> bool:
    """Whether two single paths are really different."""
    angle = np.degrees(np.arccos(np.clip(float(first.directions[0] @ second.directions[0]), -1.0, 1.0)))
    apart = float(np.linalg.norm(first.entries_mm[0] - second.entries_mm[0]))
    return bool(angle >= DISTINCT_DEG or apart >= DISTINCT_MM)
