"""A direction between those of the sweep: the best within one step of a candidate, and on to where no turn is better.

In: what the screening kept, one of its candidates. Out: an outward unit vector, judged by interpolated room: to be measured
before it is shown. The grid of directions goes with the scan's axes, the place where this ends does not.
"""

from __future__ import annotations

import numpy as np

from planner.costs import price
from planner.geometry import FloatArray, unit
from planner.hand.robustness import tolerance_deg
from planner.rules import first_broken, hard_limits
from planner.search import Screened
from planner.situation import Candidates, Feasible, Situation
from planner.skin import exact_exit
from planner.sweep.fan import STEP
from planner.sweep.reach import NEAR_MM, Reach
from planner.trajectories import Trajectories

FINEST = STEP / 16
"""A tangent: 0.03 degrees, 0.05 mm at 100 mm."""

MOST_ROUNDS = 24


def _square(steps: FloatArray) -> FloatArray:
    """(n * n, 2) offsets; the middle one is none."""
    grid: FloatArray = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    return grid


_OFFSETS = _square(np.arange(-2, 3) * np.float64(STEP / 2))
_AROUND = _square(np.arange(-1, 2) * np.float64(1.0))
_RING = np.concatenate([np.zeros((1, 2)), np.stack([f(np.arange(16) * np.pi / 8) for f in (np.cos, np.sin)], axis=1)])
"""Tangents by which a direction is turned; in a ring, since along an obstacle's edge only few turns are better."""


def refined(screened: Screened, reach: Reach, index: int) -> tuple[int, FloatArray]:
    """Tip index and outward unit vector of the best direction within one step of a candidate."""
    candidates = screened.feasible.candidates
    one = candidates.only(np.array([index]))
    tip, depth = int(one.tips[0]), float(one.paths.lengths_mm[0])
    turned = _turned(-one.paths.directions[0], _OFFSETS)
    depths = np.full(len(turned), depth)
    points = _points(screened, tip, turned, depths, _spare_mm(screened, reach, tip, turned, depths))
    return tip, turned[_best(points, len(points) // 2)]


def converged(screened: Screened, reach: Reach, tip: int, outward: FloatArray, spare_mm: float) -> FloatArray:
    """From a direction on, by ever smaller turns, to one that no turn of ``FINEST`` makes better.

    The skin is taken as the plane that fits it around the first direction: the steps of its voxels are no reason to turn.
    ``spare_mm`` is the first direction's measured room: by what it differs from the fields' there, theirs is corrected.
    """
    skin = _skin_plane(screened, tip, outward)
    off_mm = spare_mm - float(_spare_mm(screened, reach, tip, outward[None], skin[:1])[0])
    middle, step = np.zeros(2), STEP / 2
    for _ in range(MOST_ROUNDS):
        offsets = middle + step * _RING
        turned, depths = _turned(outward, offsets), skin[0] + offsets @ skin[1:]
        points = _points(screened, tip, turned, depths, _spare_mm(screened, reach, tip, turned, depths) + off_mm)
        best = _best(points, 0)
        middle = offsets[best]
        if best == 0:
            step /= 2
        if step < FINEST:
            break
    found: FloatArray = _turned(outward, middle[None])[0]
    return found


def _turned(outward: FloatArray, offsets: FloatArray) -> FloatArray:
    across = unit(np.cross(outward, [0.0, 0.0, 1.0]))
    turned: FloatArray = unit(outward + offsets[:, :1] * across + offsets[:, 1:] * np.cross(outward, across))
    return turned


def _skin_plane(screened: Screened, tip: int, outward: FloatArray) -> FloatArray:
    """(3,) depth of the tip below the skin [mm], and how it changes with both tangents."""
    situation = screened.feasible.candidates.situation
    point, around = situation.target.tips_mm[tip], situation.anatomy.surroundings
    reach_mm, is_rehearsal = situation.usable_length_mm + 1.0, situation.is_rehearsal
    offsets = 3 * STEP * _AROUND
    depths = [
        exact_exit(around, point, one, reach_mm, table_is_air=is_rehearsal)[0] for one in _turned(outward, offsets)
    ]
    return np.asarray(np.linalg.lstsq(np.column_stack([np.ones(len(offsets)), offsets]), np.array(depths))[0])


def _spare_mm(screened: Screened, reach: Reach, tip: int, outward: FloatArray, depths_mm: FloatArray) -> FloatArray:
    situation = screened.feasible.candidates.situation
    room = _sampled_room(situation, reach, situation.target.tips_mm[tip], outward, float(depths_mm.max()))
    spare_mm: FloatArray = room - situation.radius_mm
    return spare_mm


def _points(
    screened: Screened, tip: int, outward: FloatArray, depths_mm: FloatArray, spare_mm: FloatArray
) -> FloatArray:
    """(n,) price of directions to one tip, infinite where a rule is broken."""
    candidates = screened.feasible.candidates
    situation = candidates.situation
    point = situation.target.tips_mm[tip]
    tips = np.broadcast_to(point, outward.shape)
    binding = candidates.binding[np.flatnonzero(candidates.tips == tip)[:1]]
    near = Candidates(
        situation,
        Trajectories(tips + depths_mm[:, None] * outward, tips),
        np.full(len(outward), tip),
        np.zeros(len(outward), dtype=np.intp),
        spare_mm,
        np.repeat(binding, len(outward)),
    )
    total = price(Feasible(near, tolerance_deg(outward, screened.borders[tip], STEP)))
    rules = hard_limits(situation.obstacles, situation.site)
    points: FloatArray = np.where(first_broken(near, rules) == len(rules), total, np.inf)
    return points


def _best(points: FloatArray, unturned: int) -> int:
    """The cheapest; the one that is not turned where it is as cheap, or where none is possible."""
    best = int(np.argmin(points))
    return best if points[best] < points[unturned] else unturned


def _sampled_room(
    situation: Situation, reach: Reach, tip_mm: FloatArray, outward: FloatArray, depth_mm: float
) -> FloatArray:
    """(n,) least interpolated room along directions from one tip, every half lattice step."""
    near = np.arange(0.0, min(NEAR_MM, depth_mm), 0.25)
    far = np.arange(min(NEAR_MM, depth_mm), depth_mm, 0.5)
    at_near = tip_mm + near[None, :, None] * outward[:, None, :]
    at_far = tip_mm + far[None, :, None] * outward[:, None, :]
    growth = situation.growth
    far_room = (reach.far.spare.at(at_far) + growth * far).min(axis=1, initial=np.inf)
    room: FloatArray = np.minimum((reach.near.spare.at(at_near) + growth * near).min(axis=1), far_room)
    room = room - growth * depth_mm
    own = situation.own_nerve
    if own is not None and reach.near.own is not None:
        nerve = situation.obstacles[own]
        margin = np.where(near < nerve.tip_zone_mm, 0.0, nerve.margin_at_mm(depth_mm - near))
        room = np.minimum(room, (reach.near.own.at(at_near) - margin).min(axis=1))
    return room
