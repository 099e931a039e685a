"""Psoas as a slanting cylinder beside a body, back muscles behind the transverse processes."""

from functools import cache

import numpy as np
import pytest

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.muscles import Muscles, find_muscles
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, VolumeGeometry

SHAPE = (50, 90, 110)
STEP_MM = 2.0


@cache
def scan() -> tuple[CoarseImage, dict[str, BoolArray]]:
    """Two psoas of 14 mm radius and two erectors in fat."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (STEP_MM,) * 3, (-110.0, -90.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * STEP_MM for n in SHAPE), indexing="ij")
    x, v = x - 110.0, 90.0 - y
    centre = 42 - 0.1 * z
    parts = {
        "psoas_left": np.hypot(x - centre, v - 16) < 14,
        "psoas_right": np.hypot(x + centre, v - 16) < 14,
        "back": np.hypot((np.abs(x) - 32) / 26, (v + 38) / 18) < 1,
    }
    hu = np.full(SHAPE, -100.0)
    for mask in parts.values():
        hu[mask] = 55.0
    bone = (np.hypot(x / 21, (v - 26) / 17) < 1) & ~parts["psoas_left"] & ~parts["psoas_right"]
    hu[bone] = 250.0
    hu += np.random.default_rng(3).normal(0.0, 8.0, SHAPE)
    line = np.stack([np.zeros(98), np.zeros(98), np.arange(98.0)], axis=1)
    s, u, front = (values.astype(np.float32) for values in (z, x, v))
    everywhere, nowhere = np.ones(SHAPE, bool), np.zeros(SHAPE, bool)
    frame = SpineFrame.along(line)
    return CoarseImage(geometry, hu.astype(np.float32), everywhere, bone, nowhere, s, u, front, frame), parts


@cache
def found() -> Muscles:
    return find_muscles(scan()[0])


@pytest.mark.parametrize(("name", "least"), [("psoas_left", 0.85), ("psoas_right", 0.85), ("back", 0.9)])
def test_a_muscle_is_found_on_its_side(name: str, least: float):
    image, parts = scan()
    region = getattr(found(), name)
    assert region is not None
    drawn = region.on(image.geometry)
    assert 2 * (drawn & parts[name]).sum() >= least * (drawn.sum() + parts[name].sum())


def test_without_muscle_beside_the_bodies_no_psoas_is_drawn():
    fat = scan()[0].with_hu(np.full(SHAPE, -100.0, dtype=np.float32))
    muscles = find_muscles(fat)
    assert muscles.psoas_left is None
    assert muscles.psoas_right is None
    assert muscles.back is None
    assert len(muscles.warnings) == 2
