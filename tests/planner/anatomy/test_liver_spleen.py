"""Liver and spleen in a built upper abdomen: ellipsoids in fat under a lung, with a stomach, noise and ribs."""

import numpy as np
import pytest

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.liver_spleen import evenness, find_liver_and_spleen
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, VolumeGeometry

SHAPE = (80, 90, 150)


@pytest.fixture(scope="module")
def built() -> tuple[CoarseImage, dict[str, BoolArray]]:
    """A trunk of fat with an organ on each side, the stomach before the spleen, noise of 12 HU, and one rib a side."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (2.0, 2.0, 2.0), (-150.0, -130.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * 2.0 for n in SHAPE), indexing="ij")
    x, v = x - 150.0, 130.0 - y
    body = np.hypot(x / 145, (v - 45) / 85) < 1
    parts = {
        "liver": np.sqrt(((x + 75) / 45) ** 2 + ((v - 60) / 50) ** 2 + ((z - 90) / 45) ** 2) < 1,
        "spleen": np.sqrt(((x - 95) / 25) ** 2 + ((v - 25) / 35) ** 2 + ((z - 100) / 40) ** 2) < 1,
        "stomach": np.sqrt(((x - 60) / 40) ** 2 + ((v - 95) / 25) ** 2 + ((z - 100) / 45) ** 2) < 1,
    }
    parts["stomach"] &= ~parts["spleen"]
    bone = body & (np.hypot(x / 145, (v - 45) / 85) > 0.88) & (np.abs(x) > 80) & (np.abs(z % 30 - 15) < 4)
    hu = np.where(body, -100.0, -1000.0)
    for name, value in (("stomach", 35.0), ("liver", 58.0), ("spleen", 48.0)):
        hu[parts[name]] = value
    hu[bone] = 400.0
    hu += np.random.default_rng(3).normal(0.0, 12.0, SHAPE)
    parts["lung"] = body & (z > 140) & (np.abs(x) > 20)
    hu[parts["lung"]] = -850.0
    line = np.stack([np.zeros(158), np.zeros(158), np.arange(158.0)], axis=1)
    s, u, front = (values.astype(np.float32) for values in (z, x, v))
    nothing = np.zeros(SHAPE, bool)
    frame = SpineFrame.along(line)
    return CoarseImage(geometry, hu.astype(np.float32), body, bone, nothing, s, u, front, frame), parts


@pytest.fixture(scope="module")
def found(built: tuple[CoarseImage, dict[str, BoolArray]]) -> tuple[BoolArray, BoolArray]:
    image, parts = built
    return find_liver_and_spleen(image, parts["lung"], np.zeros(SHAPE, bool), image.body)


@pytest.mark.parametrize(("name", "which"), [("liver", 0), ("spleen", 1)])
def test_the_organ_is_held_and_little_else(built, found, name: str, which: int):
    truth, drawn = built[1][name] & ~built[1]["lung"], found[which]
    assert (drawn & truth).sum() >= 0.95 * truth.sum()
    assert (drawn & ~truth).sum() <= 0.1 * truth.sum()


def test_the_stomach_before_it_is_not_called_spleen(built, found):
    assert (found[1] & built[1]["stomach"]).sum() <= 0.02 * built[1]["stomach"].sum()


def test_an_organ_with_fat_around_is_surer_than_one_that_goes_on_into_a_neighbour(built):
    image, parts = built
    cut = parts["liver"] & (image.v_mm < 60.0)
    assert evenness(image, parts["liver"]) > evenness(image, cut) + 0.05


def test_nothing_even_is_no_organ(built):
    image, _ = built
    fat = image.with_hu(np.full(SHAPE, -100.0, dtype=np.float32))
    liver, spleen = find_liver_and_spleen(fat, np.zeros(SHAPE, bool), np.zeros(SHAPE, bool), image.body)
    assert not liver.any()
    assert not spleen.any()


def test_the_dome_between_the_lungs_is_liver_and_the_heart_above_it_is_not():
    """A liver of 170 x 110 mm, its dome at 145; a heart on its middle to the top; lungs around both from z = 100."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (2.0, 2.0, 2.0), (-150.0, -130.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * 2.0 for n in SHAPE), indexing="ij")
    x, v = x - 150.0, 130.0 - y
    body = np.hypot(x / 145, (v - 45) / 85) < 1
    liver = np.sqrt(((x + 45) / 85) ** 2 + ((v - 60) / 55) ** 2 + ((z - 70) / 75) ** 2) < 1
    heart = (np.sqrt(((x - 10) / 50) ** 2 + ((v - 75) / 45) ** 2) < 1) & (z > 110) & ~liver
    lung = body & (z > 100) & (np.hypot(x / 140, (v - 45) / 80) < 1) & ~liver & ~heart
    hu = np.select([~body, lung, liver, heart], [-1000.0, -850.0, 60.0, 62.0], -100.0).astype(np.float32)
    frame = SpineFrame.along(np.stack([np.zeros(158), np.zeros(158), np.arange(158.0)], axis=1))
    nothing = np.zeros(SHAPE, bool)
    s, u, front = (values.astype(np.float32) for values in (z, x, v))
    image = CoarseImage(geometry, hu, body, nothing, nothing, s, u, front, frame)
    drawn, _ = find_liver_and_spleen(image, lung, nothing, body)
    dome = liver & (z > 100) & (v > 50)
    assert (drawn & dome).sum() >= 0.97 * dome.sum()
    assert not (drawn & heart & (z > 146)).any()
