"""Screening against exact measurement of every kind of direction, and what must never improve a path."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray
from planner.obstacles import Obstacle, find_obstacles, ordered
from planner.planning import approach_for, needle_groups
from planner.procedures import PROCEDURES
from planner.search import Sweep, dominated, screen, sweep
from planner.situation import Situation
from planner.structures import Side
from planner.sweep.fan import Exit, Face, faces_for
from planner.sweep.kept import reach_of
from planner.sweep.reach import Reach, entries_of
from planner.targets import TargetRequest, find_targets

PRT = PROCEDURES["prt"]
LONGEST_MM = 141.0


@pytest.fixture(scope="module")
def situation(anatomy: Anatomy) -> Situation:
    """The left L4 root with two tip points, to keep it small."""
    anatomy = ordered(anatomy)
    (target,) = find_targets(anatomy, PRT, TargetRequest(Side.LEFT, root="L4"))
    target = replace(target, tips_mm=target.tips_mm[:2])
    obstacles = find_obstacles(anatomy, anatomy.labels, PRT, target.between, target.side)
    needles = needle_groups(PRT)[0]
    approach = approach_for(PRT, target)
    return Situation(target, PRT, approach, needles, obstacles, np.empty((0, 3)), False, anatomy, anatomy.labels)


@pytest.fixture(scope="module")
def faces(situation: Situation) -> tuple[Face, ...]:
    return faces_for(situation.approach, Side.LEFT, situation.labels.geometry.axes)


def fields(situation: Situation, faces: tuple[Face, ...]) -> Reach:
    tips, air = situation.target.tips_mm, situation.anatomy.surroundings
    entries = entries_of(air, tips, faces, LONGEST_MM, table_is_air=False)
    return reach_of(situation.labels, situation.obstacles, tips, faces, entries)


@pytest.fixture(scope="module")
def reach(situation: Situation, faces: tuple[Face, ...]) -> Reach:
    return fields(situation, faces)


@pytest.fixture(scope="module")
def swept(situation: Situation, reach: Reach, faces: tuple[Face, ...]) -> Sweep:
    return sweep(situation, reach, faces)


def exact_room_mm(obstacles: tuple[Obstacle, ...], reach: Reach, entry: FloatArray, tip: FloatArray) -> float:
    """Least room beyond margins, needle radius aside, one obstacle at a time."""
    length = float(np.linalg.norm(entry - tip))
    rooms = []
    for obstacle, surface in zip(obstacles, reach.surfaces, strict=True):
        change = tip + (entry - tip) * (obstacle.tip_zone_mm / length)
        shaft, near = surface.closest(entry, change), surface.closest(change, tip)
        rooms += [shaft.distance_mm - obstacle.margin_mm] if shaft else []
        rooms += [near.distance_mm] if near and obstacle.tip_zone_mm else []
    return min(rooms)


def with_skin(swept: Sweep, count: int, seed: int) -> list[int]:
    found = np.flatnonzero(swept.kinds == Exit.SKIN)
    return np.random.default_rng(seed).choice(found, count, replace=False).tolist()


def test_the_sweep_agrees_with_exact_measurement_within_its_bound(
    situation: Situation, reach: Reach, swept: Sweep
) -> None:
    differences = []
    for index in with_skin(swept, 150, seed=0):
        tip = situation.target.tips_mm[swept.tips[index]]
        entry = tip + swept.depth_mm[index] * swept.outward[index]
        exact = exact_room_mm(situation.obstacles, reach, entry, tip)
        if exact > -0.5 and swept.room_mm[index] < 7:
            differences.append(swept.room_mm[index] - exact)
            assert exact <= swept.room_mm[index] + swept.slack_mm[index] + 0.11
    assert len(differences) > 30
    assert np.abs(np.median(differences)) < 0.3


def rooms_mm(swept: Sweep) -> FloatArray:
    """Of the directions inside the window that meet skin; beyond them nothing is known."""
    wanted = np.concatenate([face.wanted.reshape(-1) for face in swept.faces])
    of_all_tips = np.tile(wanted, len(swept.room_mm) // len(wanted))
    return swept.room_mm[of_all_tips & (swept.kinds == Exit.SKIN)]


def accepted(situation: Situation, swept: Sweep) -> int:
    found = screen(situation, swept)
    return found.examined - sum(found.rejected.values())


def test_a_larger_margin_never_adds_a_path(situation: Situation, swept: Sweep, faces: tuple[Face, ...]) -> None:
    wider = replace(situation, obstacles=tuple(replace(o, reserve_mm=o.reserve_mm + 1.0) for o in situation.obstacles))
    again = sweep(wider, fields(wider, faces), faces)
    assert (rooms_mm(again) <= rooms_mm(swept) + 1e-9).all()
    assert 0 < accepted(wider, again) < accepted(situation, swept)


def test_an_added_obstacle_never_improves_a_path(situation: Situation, swept: Sweep, faces: tuple[Face, ...]) -> None:
    labels = situation.labels
    best = screen(situation, swept).feasible.candidates.paths
    middle = (best.entries_mm[0] + best.targets_mm[0]) / 2
    k, j, i = np.rint(labels.geometry.indices(middle)).astype(int)
    blocked = labels.labels.copy()
    blocked[k - 2 : k + 3, j - 4 : j + 5, i - 4 : i + 5] = situation.obstacles[0].values[0]
    more = replace(situation, labels=replace(labels, labels=blocked))
    again = sweep(more, fields(more, faces), faces)
    assert (rooms_mm(again) <= rooms_mm(swept) + 1e-9).all()
    assert accepted(more, again) < accepted(situation, swept)


def test_a_thinner_needle_never_loses_a_path(situation: Situation, swept: Sweep) -> None:
    thin = replace(situation, needles=needle_groups(PRT)[1])
    long = replace(thin, needles=(replace(thin.needles[-1], length_mm=150.0),))
    assert accepted(long, swept) >= accepted(situation, swept)


def test_counts_add_up_to_what_was_examined(situation: Situation, swept: Sweep) -> None:
    found = screen(situation, swept)
    assert found.examined == len(swept.room_mm)
    assert {"approach window", "clearance: bone"} <= set(found.rejected)


def test_a_row_is_dominated_by_one_that_is_nowhere_worse() -> None:
    rows = np.array([[1.0, 2.0], [1.0, 3.0], [0.5, 9.0], [1.0, 2.0]])
    assert dominated(rows).tolist() == [False, True, False, False]
