"""Lung, gas and pleural zone against closed-form chests and the phantom."""

from functools import cache

import numpy as np
import pytest

from planner.anatomy.coarse import CoarseImage, coarse_image
from planner.anatomy.lungs import find_lungs
from planner.anatomy.model import Lie
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, Skin
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import Pose
from planner.volume import Volume

SPACING_MM = 3.0
SHAPE = (75, 70, 100)


@cache
def chest(lung_hu: float = -850.0, lung_base_mm: float = 150.0, lowest_rib_mm: float = 110.0) -> CoarseImage:
    """An elliptic trunk with hoops for ribs, lung down to a level, and a large gas bubble under the ribs."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (SPACING_MM,) * 3, (-150.0, -105.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij")
    z, y, x = z * SPACING_MM, y * SPACING_MM - 105.0, x * SPACING_MM - 150.0
    round_ = np.hypot(x / 140.0, y / 95.0)
    body = round_ < 1.0
    hu = np.where(body, 40.0, -1000.0)
    hu[(round_ < 0.86) & (np.abs(x) > 28) & (z > lung_base_mm)] = lung_hu
    hu[np.hypot(np.hypot(x - 85, y + 20), z - 105) < 28] = -1000.0
    hoop = (round_ > 0.87) & (round_ < 0.94) & (y > -40) & (z % 30 < 9) & (z > lowest_rib_mm)
    spine = (np.abs(x) < 20) & (np.abs(y - 55) < 25)
    necks = (np.abs(x) < 60) & (y > 65) & (y < 73) & (z % 30 < 9) & (z > lowest_rib_mm)
    bone = hoop | spine | necks
    hu[bone] = 400.0
    line = np.stack([np.zeros(250), np.full(250, 75.0), np.arange(250.0)], axis=1)
    return _staged(Volume(geometry, hu.astype(np.int16)), body, bone, line)


def _staged(volume: Volume, body: BoolArray, bone: BoolArray, line: np.ndarray) -> CoarseImage:
    skin = Skin(volume.geometry, body, np.zeros(body.shape, np.uint8), Lie(Pose.SUPINE, 1.0, "built so"), 1.0)
    ones = np.ones(len(line))
    canal = CanalTrack(SpineFrame.along(line), np.zeros_like(bone), 8 * ones, ones, 1.0)
    return coarse_image(volume, skin, Bone(bone, np.zeros_like(bone), 1.0), canal)


def test_spongy_air_against_ribs_is_lung_and_pure_gas_below_is_not():
    image = chest()
    lungs = find_lungs(image, 120.0)
    bubble = (image.hu < -990) & (image.s_mm < 130) & image.body
    assert lungs.lung is not None
    assert lungs.gas is not None
    assert not (lungs.lung.on(image.geometry) & bubble).any()
    assert (lungs.gas.on(image.geometry) & bubble).sum() >= 0.99 * bubble.sum()


def test_all_aerated_lung_is_found():
    image = chest()
    lung = find_lungs(image, 120.0).lung
    assert lung is not None
    deep = np.hypot(image.u_mm / 140.0, (75.0 - image.v_mm) / 95.0) < 0.84
    aerated = deep & (image.hu < -800) & (image.hu > -900)
    assert (lung.on(image.geometry) & aerated).sum() >= 0.99 * aerated.sum()


def test_the_zone_goes_on_below_aerated_lung_to_ten_millimetres_below_t12():
    image = chest(lung_base_mm=170.0)
    lungs = find_lungs(image, 130.0)
    assert lungs.zone_lower_end_s_mm == pytest.approx(120.0)
    assert lungs.pleural_zone is not None
    zone = lungs.pleural_zone.on(image.geometry)
    recess = (np.abs(image.s_mm - 140) < 4) & (image.v_mm < 20) & (np.abs(image.u_mm) > 40) & (np.abs(image.u_mm) < 70)
    recess &= image.v_mm > 12  # in front of the necks, inside the hoops
    assert zone[recess].all()
    assert not zone[image.s_mm < 118].any()


def test_without_the_t12_level_the_zone_reaches_lower_and_says_so():
    image = chest()
    named, unnamed = find_lungs(image, 160.0), find_lungs(image)
    assert unnamed.zone_lower_end_s_mm is not None
    assert named.zone_lower_end_s_mm is not None
    assert unnamed.zone_lower_end_s_mm < 150.0 - 55.0  # the recess below the lung's base at 150 mm
    assert any("T12 is not named" in warning for warning in unnamed.warnings)


def test_the_zone_leaves_spine_and_canal_open():
    image = chest()
    zone = find_lungs(image, 120.0).pleural_zone
    assert zone is not None
    drawn = zone.on(image.geometry)
    assert not drawn[(np.abs(image.u_mm) < 20) & (np.abs(image.v_mm) < 20)].any()


def test_without_ribs_and_lung_there_is_no_zone_but_a_sentence():
    image = chest(lung_base_mm=1000.0, lowest_rib_mm=1000.0)
    lungs = find_lungs(image)
    assert lungs.lung is None
    assert lungs.pleural_zone is None
    assert any("neither ribs nor lung" in warning for warning in lungs.warnings)
