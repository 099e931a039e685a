"""Psoas by height below T12: a widening oval beside the bodies, seen or wasted."""

from functools import cache

import numpy as np
import pytest

from planner.anatomy.coarse import CoarseImage, Region
from planner.anatomy.psoas import find_psoas
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import Side

SHAPE = (90, 80, 110)
T12_END_MM = 165.0


@cache
def scan(right_share: float = 1.0) -> tuple[CoarseImage, dict[Side, BoolArray]]:
    """Two ovals, 1.4 times as deep as wide, from L1 down to L5; the right one may be wasted."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (2.0,) * 3, (-110.0, -90.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * 2.0 for n in SHAPE), indexing="ij")
    x, v, below = x - 110.0, 90.0 - y, 165.0 - z
    radius = np.interp(below, [25, 60, 100, 165], [5, 12, 16, 18])
    beside = np.interp(below, [20, 60, 100, 165], [28, 35, 41, 52])
    before = np.interp(below, [20, 60, 100, 165], [12, 16, 20, 36])
    parts = {}
    for side, share in ((Side.LEFT, 1.0), (Side.RIGHT, right_share)):
        r = radius * share
        oval = np.hypot((side.sign * x - beside) * 1.2 / r, (v - before) / 1.2 / r) < 1
        parts[side] = oval & (below > 25)
    bone = (np.hypot(x / 21, (v - 24) / 18) < 1) & ~parts[Side.LEFT] & ~parts[Side.RIGHT]
    hu = np.full(SHAPE, -100.0)
    for mask in parts.values():
        hu[mask] = 55.0
    hu[bone] = 250.0
    hu += np.random.default_rng(2).normal(0.0, 8.0, SHAPE)
    line = np.stack([np.zeros(178), np.zeros(178), np.arange(178.0)], axis=1)
    s, u, front = (values.astype(np.float32) for values in (z, x, v))
    everywhere, nowhere = np.ones(SHAPE, bool), np.zeros(SHAPE, bool)
    frame = SpineFrame.along(line)
    image = CoarseImage(geometry, hu.astype(np.float32), everywhere, bone, nowhere, s, u, front, frame)
    return image, parts


@cache
def found(right_share: float = 1.0) -> dict[Side, Region | None]:
    return find_psoas(scan(right_share)[0], T12_END_MM)


@pytest.mark.parametrize("side", list(Side))
def test_it_is_drawn_from_l2_to_the_pelvis(side: Side):
    image, parts = scan()
    region = found()[side]
    assert region is not None
    drawn = region.on(image.geometry)
    truth = parts[side] & (image.s_mm < T12_END_MM - 40.0)
    within = drawn & (image.s_mm < T12_END_MM - 40.0)
    assert 2 * (within & truth).sum() >= 0.88 * (within.sum() + truth.sum())


def test_no_bone_is_psoas():
    image, _ = scan()
    for region in found().values():
        assert region is not None
        assert not (region.on(image.geometry) & image.bone).any()


def test_a_side_that_is_wasted_makes_both_less_sure():
    wasted, usual = found(0.55)[Side.LEFT], found()[Side.LEFT]
    assert usual is not None
    assert wasted is not None
    assert wasted.confidence < usual.confidence


def test_fat_is_no_psoas():
    image, _ = scan()
    fat = image.with_hu(np.full(SHAPE, -100.0, dtype=np.float32))
    assert all(region is None or region.confidence < 0.2 for region in find_psoas(fat, T12_END_MM).values())
