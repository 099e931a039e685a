"""Renal vessels: bright tubes between kidney and trunk, or a band where nothing is seen."""

import numpy as np

from planner.anatomy.coarse import CoarseImage, region_of
from planner.anatomy.kidney_doubts import Kidneys
from planner.anatomy.renal_vessels import Trunk, renal_vessels
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.vessel_zones import ZONE_CONFIDENCE, Zone
from planner.geometry import VolumeGeometry
from planner.structures import Side, Structure

SHAPE = (50, 60, 80)
STEP_MM = 2.0


def scan(blood_hu: float) -> tuple[CoarseImage, Kidneys, tuple[Trunk, ...]]:
    """A left kidney, an aorta, and a straight artery of 3 mm between them at z = 50."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (STEP_MM,) * 3, (-80.0, -110.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * STEP_MM for n in SHAPE), indexing="ij")
    x, v = x - 80.0, 110.0 - y
    kidney = ((x - 60) / 22) ** 2 + ((v - 28) / 24) ** 2 + ((z - 50) / 44) ** 2 < 1
    aorta = np.hypot(x - 8, v - 55) < 9
    share = np.clip((x - 8) / 32, 0, 1)
    artery = (np.hypot(v - 55 + 27 * share, z - 50) < 3.5) & (x > 8) & (x < 40)
    hu = np.full(SHAPE, -100.0)
    for mask, value in ((kidney, 160.0), (artery, blood_hu), (aorta, blood_hu)):
        hu[mask] = value
    line = np.stack([np.zeros(98), np.zeros(98), np.arange(98.0)], axis=1)
    s, u, front = (values.astype(np.float32) for values in (z, x, v))
    everywhere, nowhere = np.ones(SHAPE, bool), np.zeros(SHAPE, bool)
    frame = SpineFrame.along(line)
    image = CoarseImage(geometry, hu.astype(np.float32), everywhere, nowhere, nowhere, s, u, front, frame)
    course = np.stack([np.full(45, 8.0), np.full(45, -55.0), np.arange(4.0, 94.0, 2.0)], axis=1)
    trunk = Trunk(Structure.AORTA, course, aorta, blood_hu)
    return image, Kidneys(region_of(geometry, kidney, 0.9, 3.0), None), (trunk,)


def found(blood_hu: float) -> tuple[CoarseImage, Zone]:
    image, kidneys, trunks = scan(blood_hu)
    (zone,) = renal_vessels(image, kidneys, trunks, np.zeros(SHAPE, bool))
    return image, zone


def test_with_contrast_the_artery_itself_is_drawn():
    image, zone = found(200.0)
    drawn = zone.region.on(image.geometry)
    assert (zone.structure, zone.side) == (Structure.ARTERY, Side.LEFT)
    assert zone.region.confidence > 0.5
    assert np.abs(image.s_mm[drawn] - 50.0).max() < 10.0
    assert "seen over" in zone.warning


def test_without_contrast_a_band_holds_it_and_that_is_said():
    image, zone = found(45.0)
    drawn = zone.region.on(image.geometry)
    on_its_way = (
        (np.abs(image.s_mm - 50.0) < 2.0) & (np.abs(image.u_mm - 26.0) < 3.0) & (np.abs(image.v_mm - 40.0) < 3.0)
    )
    assert drawn[on_its_way].all()
    assert zone.region.confidence < ZONE_CONFIDENCE
    assert "not seen" in zone.warning


def test_a_kidney_beyond_the_trunks_ends_has_no_band():
    image, kidneys, (trunk,) = scan(200.0)
    short = Trunk(trunk.structure, trunk.course_mm[:10], trunk.mask, trunk.hu)
    assert renal_vessels(image, kidneys, (short,), np.zeros(SHAPE, bool)) == ()


def test_the_band_leaves_what_has_a_name():
    image, kidneys, trunks = scan(45.0)
    taken = image.u_mm < 30.0
    (zone,) = renal_vessels(image, kidneys, trunks, taken)
    assert not (zone.region.on(image.geometry) & taken & (image.u_mm < 28.0)).any()
