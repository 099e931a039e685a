"""Fields that are kept: the same numbers as fresh ones, for another tip and for another margin."""

from dataclasses import replace

import numpy as np
import pytest

from planner.geometry import FloatArray
from planner.search import Sweep, sweep
from planner.situation import Situation
from planner.sweep.fan import Exit
from planner.sweep.kept import MOVABLE_MM, Corners, Kept, reach_of
from planner.sweep.reach import Entries, Reach, entries_of
from tests.planner.blocks import block, faces_of, random_balls, situation_in

LONGEST_MM = 141.0


def entries_at(situation: Situation, tips_mm: FloatArray) -> Entries:
    return entries_of(situation.anatomy.surroundings, tips_mm, faces_of(situation), LONGEST_MM, table_is_air=False)


def kept_around(situation: Situation) -> Kept:
    tips = situation.target.tips_mm
    return Kept.around(situation.labels, situation.obstacles, tips, faces_of(situation), entries_at(situation, tips))


def fresh(situation: Situation, tips_mm: FloatArray) -> Reach:
    entries = entries_at(situation, tips_mm)
    return reach_of(situation.labels, situation.obstacles, tips_mm, faces_of(situation), entries)


def swept(situation: Situation, reach: Reach, tips_mm: FloatArray) -> Sweep:
    moved = replace(situation, target=replace(situation.target, tips_mm=tips_mm))
    return sweep(moved, reach, faces_of(situation))


def assert_same(one: Sweep, other: Sweep, situation: Situation) -> None:
    """Byte for byte, for every direction that may be a path; others leave what the fields hold."""
    for name in ("tips", "outward", "depth_mm", "kinds"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    wanted = np.concatenate([face.wanted.reshape(-1) for face in faces_of(situation)]) & (one.kinds == Exit.SKIN)
    assert wanted.sum() > 1000
    for name in ("room_mm", "binding", "slack_mm"):
        assert getattr(one, name)[wanted].tobytes() == getattr(other, name)[wanted].tobytes(), name


@pytest.mark.parametrize("seed", range(4))
def test_a_moved_target_sweeps_as_if_its_fields_were_fresh(seed: int) -> None:
    rng = np.random.default_rng(seed)
    situation = situation_in(block(random_balls(seed)))
    kept = kept_around(situation)
    tips = np.round(rng.uniform(-3, 3, (1, 3)), 6)
    entries = entries_at(situation, tips)
    assert kept.serves(situation.labels, situation.obstacles, tips, faces_of(situation), entries)
    again = swept(situation, kept.reach(situation.obstacles, entries), tips)
    assert_same(again, swept(situation, fresh(situation, tips), tips), situation)


@pytest.mark.parametrize("seed", range(4))
def test_another_margin_sweeps_as_if_its_fields_were_fresh(seed: int) -> None:
    situation = situation_in(block(random_balls(seed)))
    kept, tips = kept_around(situation), situation.target.tips_mm
    rng = np.random.default_rng(seed)
    obstacles = tuple(replace(o, reserve_mm=float(rng.uniform(0, 3))) for o in situation.obstacles)
    changed = replace(situation, obstacles=obstacles)
    entries = entries_at(situation, tips)
    assert kept.serves(situation.labels, obstacles, tips, faces_of(situation), entries)
    assert_same(
        swept(changed, kept.reach(obstacles, entries), tips), swept(changed, fresh(changed, tips), tips), situation
    )


def test_what_lies_beyond_what_was_kept_is_not_served() -> None:
    situation = situation_in(block(random_balls(0)))
    kept, faces = kept_around(situation), faces_of(situation)
    far = np.array([[MOVABLE_MM + 4.0, 0.0, 0.0]])
    assert not kept.serves(situation.labels, situation.obstacles, far, faces, entries_at(situation, far))
    wide = tuple(replace(o, reserve_mm=9.0) for o in situation.obstacles)
    tips = situation.target.tips_mm
    assert not kept.serves(situation.labels, wide, tips, faces, entries_at(situation, tips))


def test_corners_interpolate_as_the_field_does() -> None:
    situation = situation_in(block(random_balls(1)))
    layer = kept_around(situation).near
    points = np.random.default_rng(0).uniform([-25, -5, -25], [25, 25, 25], (500, 3))
    corners = Corners.of(layer.lattice.geometry.shape, layer.lattice.geometry.indices(points))
    for index in layer.distances:
        assert layer.at(index, corners) == pytest.approx(layer.field(index).at(points), abs=1e-4)
