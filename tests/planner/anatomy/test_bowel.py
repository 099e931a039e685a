"""Bowel, liver and spleen as obstacles in a built abdomen."""

from functools import cache

import numpy as np

from planner.anatomy.bowel import Abdomen, find_abdomen
from planner.anatomy.coarse import CoarseImage
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, VolumeGeometry

SHAPE = (60, 90, 150)
STEP_MM = 2.0
NOTHING = np.zeros(SHAPE, bool)


@cache
def scan() -> tuple[CoarseImage, dict[str, BoolArray]]:
    """A trunk with a muscular wall, a liver, a loop with gas, a loop without, and colon beside the psoas."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (STEP_MM,) * 3, (-150.0, -130.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * STEP_MM for n in SHAPE), indexing="ij")
    x, v = x - 150.0, 130.0 - y
    round_ = np.hypot(x / 145, (v - 45) / 85)
    parts = {
        "liver": (np.hypot(np.hypot((x + 70) / 38, (v - 60) / 50), (z - 90) / 40) < 1),
        "gas": np.hypot(np.hypot(x - 30, v - 95), z - 40) < 12,
        "loop": np.hypot(np.hypot(x - 45, v - 80), z - 80) < 14,
        "colon": np.hypot(x - 90, v - 5) < 13,
        "erector": (np.hypot((np.abs(x) - 35) / 25, (v + 18) / 14) < 1),
    }
    hu = np.where(round_ < 1, -100.0, -1000.0)
    hu[(round_ < 0.9) & (round_ > 0.8)] = 55.0
    for name, value in (("liver", 60.0), ("loop", 30.0), ("colon", 20.0), ("erector", 55.0), ("gas", -1000.0)):
        hu[parts[name]] = value
    bubble = np.hypot(x - 90, v - 8) < 6
    hu[bubble] = -1000.0
    parts["gas"] = parts["gas"] | bubble
    bone = np.hypot(x / 21, (v - 26) / 17) < 1
    hu[bone] = 300.0
    line = np.stack([np.zeros(118), np.zeros(118), np.arange(118.0)], axis=1)
    s, u, front = (values.astype(np.float32) for values in (z, x, v))
    body = np.asarray(round_ < 1)
    frame = SpineFrame.along(line)
    return CoarseImage(geometry, hu.astype(np.float32), body, bone, NOTHING, s, u, front, frame), parts


@cache
def found() -> Abdomen:
    image, parts = scan()
    return find_abdomen(image, parts["gas"], NOTHING, NOTHING)


def _drawn() -> BoolArray:
    bowel = found().bowel
    assert bowel is not None
    return bowel.on(scan()[0].geometry)


def test_gas_its_wall_and_loops_without_gas_are_obstacles():
    parts = scan()[1]
    for name in ("gas", "loop"):
        assert (_drawn() & parts[name]).sum() >= 0.95 * parts[name].sum()


def test_colon_beside_and_behind_the_psoas_is_an_obstacle():
    colon = scan()[1]["colon"]
    assert (_drawn() & colon).sum() >= 0.95 * colon.sum()


def test_the_way_through_the_back_muscles_stays_open():
    assert not (_drawn() & scan()[1]["erector"]).any()


def test_bowel_says_that_it_is_unsure():
    bowel = found().bowel
    assert bowel is not None
    assert bowel.confidence <= 0.3


def test_a_large_even_body_on_the_right_is_liver():
    liver, truth = found().liver, scan()[1]["liver"]
    assert liver is not None
    drawn = liver.on(scan()[0].geometry)
    assert (drawn & truth).sum() >= 0.85 * truth.sum()
    assert not (drawn & ~truth & ~_near(truth)).any()


def _near(mask: BoolArray) -> BoolArray:
    grown = mask.copy()
    for axis in range(3):
        grown |= np.roll(mask, 1, axis) | np.roll(mask, -1, axis)
    return grown


def test_a_missing_spleen_is_a_sentence():
    assert found().spleen is None
    assert any(warning.startswith("spleen: none seen") for warning in found().warnings)


def test_a_wall_with_a_wide_gap_still_holds_its_content():
    image, parts = scan()
    x, v = image.u_mm, image.v_mm
    beside = (np.abs(v - 60.0) < 40.0) & (np.abs(x) > 100.0) & (image.hu == 55.0)  # both flanks' muscle is fat
    open_wall = image.with_hu(np.where(beside, -100.0, image.hu).astype(np.float32))
    bowel = find_abdomen(open_wall, parts["gas"], NOTHING, NOTHING).bowel
    assert bowel is not None
    drawn = bowel.on(image.geometry)
    assert (drawn & parts["loop"]).sum() >= 0.95 * parts["loop"].sum()


def test_what_lies_above_the_lungs_is_no_bowel():
    image, parts = scan()
    lung = np.zeros(SHAPE, bool)
    lung[40:50] = (image.body & (image.v_mm > 0.0))[40:50]
    bowel = find_abdomen(image, parts["gas"], lung, NOTHING).bowel
    assert bowel is not None
    away = image.near(parts["gas"], 20.0)
    assert not (bowel.on(image.geometry) & ~away)[40:].any()
