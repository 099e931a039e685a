"""No path of a procedure is lost on a patient of known truth: the sweep and the plan against paths tried one by one."""

from dataclasses import dataclass

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.geometry import BoolArray, FloatArray, IntArray, unit
from planner.measure import clearances_of
from planner.obstacles import ordered, with_roots
from planner.planning import Setting, plan_prepared, prepare
from planner.prepared import Prepared
from planner.procedures import PROCEDURES
from planner.rules import first_broken, hard_limits
from planner.search import Sweep, sweep
from planner.situation import Candidates, Situation
from planner.skin import exact_exit
from planner.structures import Side
from planner.sweep.fan import STEP, Exit, in_window
from planner.sweep.reach import QUANTUM_MM
from planner.targets import TargetRequest, find_targets
from planner.trajectories import Trajectories

PLACES = [("prt", "L3/L4"), ("prt", "L4/L5"), ("facet", "L4/L5"), ("medial-branch", "L4/L5")]
INSIDE_DEG, SPARE_MM = 1.0, 2.0
"""A path that keeps window, length and midline by this is not refused for a direction's or a skin's rounding."""

STATED_BOUND_MM = 0.125
"""Of ``clearance.py``."""


@dataclass(frozen=True)
class Tried:
    """One path to a tip, as slow code judges it."""

    tip: int
    outward: FloatArray
    depth_mm: float
    spare_mm: float


def prepared(anatomy: Anatomy, key: str, level: str) -> Prepared:
    anatomy, procedure = ordered(anatomy), PROCEDURES[key]
    (target, *_) = find_targets(anatomy, procedure, TargetRequest(Side.LEFT, level=level))
    return prepare(Setting(anatomy, with_roots(anatomy), procedure, False), target)


def tried(ready: Prepared, count: int, seed: int) -> list[Tried]:
    """Random directions well inside the window, to random tips, that meet skin within the needle's reach on the target's side."""
    situation, rng = ready.situations[0], np.random.default_rng(seed)
    around, longest = situation.anatomy.surroundings, situation.usable_length_mm
    outward = unit(rng.normal(size=(60 * count, 3)))
    outward = outward[in_window(outward, situation.approach, situation.target.side) >= INSIDE_DEG][:count]
    found = []
    for one, tip in zip(outward, rng.integers(0, len(situation.target.tips_mm), len(outward)).tolist(), strict=True):
        point = situation.target.tips_mm[tip]
        depth, kind = exact_exit(around, point, one, longest, table_is_air=situation.is_rehearsal)
        if kind is not Exit.SKIN or depth > longest - SPARE_MM:
            continue
        entry = point + depth * one
        rows = clearances_of(situation, ready.reach.surfaces, entry, point)
        spare = min((row.spare_mm for _, row in rows), default=np.inf)
        found.append(Tried(tip, one, depth, spare - STATED_BOUND_MM))
    return found


def kept(situation: Situation, found: Sweep) -> BoolArray:
    """(n,) directions of the sweep that break no rule."""
    tips = situation.target.tips_mm[found.tips]
    paths = Trajectories(tips + found.depth_mm[:, None] * found.outward, tips)
    room = found.room_mm - situation.radius_mm
    candidates = Candidates(situation, paths, found.tips, found.kinds, room, found.binding)
    rules = hard_limits(situation.obstacles, situation.site)
    return np.asarray(first_broken(candidates, rules) == len(rules))


def other_rules_keep(situation: Situation, one: Tried) -> bool:
    """Everything but clearance, by more than a rounding."""
    point = situation.target.tips_mm[one.tip]
    entry = point + one.depth_mm * one.outward
    candidate = Candidates(
        situation,
        Trajectories(entry[None], point[None]),
        np.array([one.tip]),
        np.array([int(Exit.SKIN)]),
        np.array([np.inf]),
        np.array([-1]),
    )
    rules = [rule for rule in hard_limits(situation.obstacles, situation.site) if not rule.name.startswith("clearance")]
    least = {"mm": SPARE_MM, "deg": INSIDE_DEG, "1": 1.0}
    needed = [0.0 if rule.name == "arterial quadrant" else least[rule.unit] for rule in rules]
    return all(float(rule.margin(candidate)[0]) >= mm for rule, mm in zip(rules, needed, strict=True))


def nearest(found: Sweep, one: Tried) -> int:
    """The sweep's direction next to a path, to the same tip."""
    same: IntArray = np.flatnonzero(found.tips == one.tip)
    return int(same[np.argmax(found.outward[same] @ one.outward)])


@pytest.mark.slow
@pytest.mark.parametrize(("key", "level"), PLACES)
def test_on_a_phantom_every_path_that_is_surely_free_is_kept_and_one_is_planned(
    anatomy: Anatomy, key: str, level: str
) -> None:
    ready = prepared(anatomy, key, level)
    situation = ready.situations[0]
    found = sweep(situation, ready.reach, ready.faces)
    is_kept, free = kept(situation, found), 0
    for one in tried(ready, 120, seed=7):
        index = nearest(found, one)
        beside_mm = one.depth_mm * float(np.linalg.norm(found.outward[index] - one.outward))
        assert beside_mm <= one.depth_mm * STEP
        surely_mm = one.spare_mm - beside_mm - found.slack_mm[index] - QUANTUM_MM
        if surely_mm > 0 and other_rules_keep(situation, one):
            assert is_kept[index]
            free += 1
    assert free
    assert plan_prepared(ready).plan.trajectories
