"""Kidneys as ellipsoids in fat, with a liver that touches one of them without an edge."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.kidney_doubts import Kidneys
from planner.anatomy.kidneys import find_kidneys
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import Side

SHAPE = (80, 80, 120)
STEP_MM = 2.0


@cache
def scan(kidney_hu: float = 32.0, liver_hu: float = 40.0) -> tuple[CoarseImage, dict[Side, BoolArray]]:
    """Two kidneys of 104 x 54 x 54 mm; the liver meets the right one over its upper front."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (STEP_MM,) * 3, (-120.0, -110.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * STEP_MM for n in SHAPE), indexing="ij")
    x, v = x - 120.0, 110.0 - y
    hu = np.full(SHAPE, -100.0)
    hu[np.hypot(np.hypot((x + 75) / 45, (v - 80) / 45), (z - 125) / 60) < 1] = liver_hu
    kidney = {side: _kidney(x, v, z, side) for side in Side}
    for mask in kidney.values():
        hu[mask] = kidney_hu
    hu += np.random.default_rng(2).normal(0.0, 6.0, SHAPE)
    line = np.stack([np.zeros(158), np.zeros(158), np.arange(158.0)], axis=1)
    nothing = np.zeros(SHAPE, bool)
    s, u, front = (values.astype(np.float32) for values in (z, x, v))
    image = CoarseImage(
        geometry, hu.astype(np.float32), ~nothing, nothing, nothing, s, u, front, SpineFrame.along(line)
    )
    return image, kidney


def _kidney(x: np.ndarray, v: np.ndarray, z: np.ndarray, side: Side) -> BoolArray:
    rise = z - 80
    off_u, off_v = (x - side.sign * (60 - 0.2 * rise)) / 27, (v - 25 + 0.15 * rise) / 27
    return np.asarray(np.square(off_u) + np.square(off_v) + np.square(rise / 52) < 1)


@cache
def found(kidney_hu: float = 32.0, liver_hu: float = 40.0) -> Kidneys:
    image, _ = scan(kidney_hu, liver_hu)
    return find_kidneys(image, np.zeros(SHAPE, bool))


@pytest.mark.parametrize("hu", [(32.0, 40.0), (190.0, 110.0)], ids=["plain", "contrast"])
@pytest.mark.parametrize("side", list(Side))
def test_nearly_every_voxel_of_a_kidney_is_drawn(hu: tuple[float, float], side: Side):
    image, truth = scan(*hu)
    region = getattr(found(*hu), side.value)
    assert region is not None
    drawn = region.on(image.geometry)
    assert (drawn & truth[side]).sum() >= 0.96 * truth[side].sum()
    assert 2 * (drawn & truth[side]).sum() >= 0.88 * (drawn.sum() + truth[side].sum())


def test_a_kidney_does_not_leak_into_the_liver_that_touches_it():
    _, truth = scan()
    right = found().right
    assert right is not None
    assert right.volume_ml < 1.25 * truth[Side.RIGHT].sum() * STEP_MM**3 / 1000


def test_a_touched_kidney_is_less_certain_than_a_free_one():
    kidneys = found()
    assert kidneys.left is not None
    assert kidneys.right is not None
    assert kidneys.right.uncertainty_mm > kidneys.left.uncertainty_mm


def test_in_plain_fat_no_kidney_is_invented():
    image, _ = scan()
    empty = image.with_hu(np.full(SHAPE, -100.0, dtype=np.float32))
    kidneys = find_kidneys(empty, np.zeros(SHAPE, bool))
    assert kidneys.left is None
    assert kidneys.right is None
    assert len(kidneys.warnings) == 2


T12_END_MM = 118.0


@pytest.mark.parametrize("side", list(Side))
def test_a_kidney_that_contrast_makes_as_dense_as_bone_is_found(side: Side):
    image, truth = scan(230.0, 110.0)
    dense = replace(image, bone=truth[Side.LEFT] | truth[Side.RIGHT])
    region = getattr(find_kidneys(dense, np.zeros(SHAPE, bool), T12_END_MM), side.value)
    assert region is not None
    drawn = region.on(image.geometry)
    assert (drawn & truth[side]).sum() >= 0.93 * truth[side].sum()


def test_a_kidney_that_the_scans_lower_end_cuts_is_found_in_its_place():
    image, truth = scan()
    upper = (slice(35, 80), slice(0, 80), slice(0, 120))
    region = find_kidneys(image.cut(upper), np.zeros((45, 80, 120), bool), T12_END_MM).left
    assert region is not None
    cut = image.cut(upper).geometry
    drawn, seen = region.on(cut), truth[Side.LEFT][upper]
    assert (drawn & seen).sum() >= 0.85 * seen.sum()


def test_what_is_seen_of_two_kidneys_makes_them_sure():
    kidneys = found()
    assert kidneys.left is not None
    assert kidneys.left.confidence > 0.7
