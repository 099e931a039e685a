"""Crura as bands of muscle on both sides of an aorta, before a body, in fat."""

from functools import cache

import numpy as np

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.crura import Crura, find_crura
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import Side

SHAPE = (70, 60, 60)
STEP_MM = 2.0
T12_END_MM = 90.0


@cache
def scan() -> tuple[CoarseImage, BoolArray, dict[Side, BoolArray]]:
    """Bodies with discs, an aorta of 10 mm, and two crura of 6 mm beside it."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (STEP_MM,) * 3, (-60.0, -100.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * STEP_MM for n in SHAPE), indexing="ij")
    x, v = x - 60.0, 100.0 - y
    column = np.hypot(x / 21, (v - 24) / 18) < 1
    bone = column & (z % 34 < 26)
    aorta = np.hypot(x - 6, v - 57) < 10
    crura = {side: (np.abs(side.sign * (x - 6) - 17) < 3) & (v > 44) & (v < 60) & (z > 20) & (z < 120) for side in Side}
    hu = np.full(SHAPE, -100.0)
    hu[column], hu[bone], hu[aorta] = 90.0, 250.0, 150.0
    for crus in crura.values():
        hu[crus] = 55.0
    hu += np.random.default_rng(5).normal(0.0, 6.0, SHAPE)
    line = np.stack([np.zeros(138), np.zeros(138), np.arange(138.0)], axis=1)
    s, u, front = (values.astype(np.float32) for values in (z, x, v))
    body, nowhere = np.ones(SHAPE, bool), np.zeros(SHAPE, bool)
    image = CoarseImage(geometry, hu.astype(np.float32), body, bone, nowhere, s, u, front, SpineFrame.along(line))
    return image, aorta, crura


@cache
def found() -> Crura:
    image, aorta, _ = scan()
    return find_crura(image, aorta, np.zeros(SHAPE, bool), T12_END_MM)


def test_each_crus_is_found_on_its_side_of_the_aorta():
    image, _, crura = scan()
    for side, region in ((Side.LEFT, found().left), (Side.RIGHT, found().right)):
        assert region is not None
        drawn = region.on(image.geometry)
        assert 2 * (drawn & crura[side]).sum() >= 0.85 * (drawn.sum() + crura[side].sum())


def test_discs_between_the_bodies_are_no_crus():
    image, _, _ = scan()
    inside = np.hypot(image.u_mm / 19, (image.v_mm - 24) / 16) < 1
    for region in (found().left, found().right):
        assert region is not None
        assert not (region.on(image.geometry) & inside).any()


def test_a_band_in_fat_is_seen_for_sure_and_one_in_muscle_is_not():
    image, aorta, _ = scan()
    left = found().left
    muscle = image.with_hu(np.where(image.hu < 0.0, 55.0, image.hu).astype(np.float32))
    unseen = find_crura(muscle, aorta, np.zeros(SHAPE, bool), T12_END_MM).left
    assert left is not None
    assert unseen is not None
    assert left.confidence > 0.8
    assert unseen.confidence < 0.3


def test_without_muscle_none_is_drawn_and_both_sides_are_said():
    image, aorta, _ = scan()
    fat = image.with_hu(np.where(image.bone, image.hu, -100.0).astype(np.float32))
    crura = find_crura(fat, aorta, np.zeros(SHAPE, bool), T12_END_MM)
    assert crura.left is None
    assert crura.right is None
    assert len(crura.warnings) == 2


def test_without_t12_none_is_sought_and_that_is_said():
    image, aorta, _ = scan()
    crura = find_crura(image, aorta, np.zeros(SHAPE, bool), None)
    assert (crura.left, crura.right) == (None, None)
    assert "T12" in crura.warnings[0]
