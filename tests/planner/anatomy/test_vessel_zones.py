"""Zones for vessels that are not seen: where they lie, what they say, and that they stay away where vessels are seen."""

import numpy as np

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.vessel_zones import ZONE_CONFIDENCE, iliac_zones, led_on
from planner.geometry import VolumeGeometry
from planner.structures import Side, Structure

SHAPE = (150, 40, 40)
STEP_MM = 2.0
T12_END_MM = 240.0
L4_MM = T12_END_MM - 125.0


def image() -> CoarseImage:
    """300 mm of body around a straight canal at x = y = 0."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (STEP_MM, 4.0, 4.0), (-80.0, -130.0, 0.0))
    z, y, x = np.meshgrid(np.arange(150) * 2.0, np.arange(40) * 4.0 - 130.0, np.arange(40) * 4.0 - 80.0, indexing="ij")
    line = np.stack([np.zeros(298), np.zeros(298), np.arange(298.0)], axis=1)
    nothing = np.zeros(SHAPE, bool)
    s, u, v = (values.astype(np.float32) for values in (z, x, -y))
    hu = np.zeros(SHAPE, dtype=np.float32)
    return CoarseImage(geometry, hu, ~nothing, nothing, nothing, s, u, v, SpineFrame.along(line))


def course(low_mm: float, high_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """A vessel of 9 mm, 22 mm to the right and 54 mm in front of the canal."""
    z = np.arange(low_mm, high_mm, 2.0)
    return np.stack([np.full(len(z), -22.0), np.full(len(z), -54.0), z], axis=1), np.full(len(z), 9.0)


def test_a_cava_that_is_seen_everywhere_has_no_zone():
    assert led_on(image(), Structure.INFERIOR_VENA_CAVA, *course(L4_MM, 290.0), T12_END_MM) == ()


def test_a_cava_lost_above_is_led_on_along_the_spine_and_that_is_said():
    (zone,) = led_on(image(), Structure.INFERIOR_VENA_CAVA, *course(L4_MM, 220.0), T12_END_MM)
    k, j, i = np.nonzero(zone.region.mask)
    points = zone.region.geometry.points_mm(np.column_stack([k, j, i]))
    assert points[:, 2].min() >= 218.0
    assert points[:, 2].max() >= 274.0
    assert np.abs(points[:, 0].mean() + 22.0) < 2.0
    assert zone.region.confidence == ZONE_CONFIDENCE
    assert "not seen over 60 mm cranially" in zone.warning


def test_a_cava_lost_below_is_led_on_no_further_than_l4():
    (zone,) = led_on(image(), Structure.INFERIOR_VENA_CAVA, *course(160.0, 290.0), T12_END_MM)
    rows = np.flatnonzero(zone.region.mask.any(axis=(1, 2)))
    lowest = zone.region.geometry.points_mm([[rows[0], 0, 0]])[0, 2]
    assert abs(lowest - L4_MM) <= 2.0 * STEP_MM
    assert "caudally" in zone.warning


def test_unseen_iliac_vessels_get_a_band_on_both_sides_and_one_sentence():
    zones, said = iliac_zones(image(), (Structure.ARTERY, Structure.VEIN), T12_END_MM)
    assert {(zone.structure, zone.side) for zone in zones} == {
        (structure, side) for structure in (Structure.ARTERY, Structure.VEIN) for side in Side
    }
    assert len(said) == 1
    assert "not seen in this scan" in said[0]


def test_the_band_leaves_foramina_and_psoas_free():
    zones, _ = iliac_zones(image(), (Structure.ARTERY, Structure.VEIN), T12_END_MM)
    scan = image()
    for zone in zones:
        band = zone.region.on(scan.geometry)
        assert scan.v_mm[band].min() > 30.0
        assert np.abs(scan.u_mm[band & (scan.s_mm > L4_MM - 10.0)]).max() < 35.0


def test_the_band_holds_the_iliac_vessels_of_the_usual_course():
    zones, _ = iliac_zones(image(), (Structure.ARTERY,), T12_END_MM)
    left = next(zone for zone in zones if zone.side is Side.LEFT).region.on(image().geometry)
    for height, u, v in ((-5.0, 14.0, 58.0), (-33.0, 30.0, 52.0), (-57.0, 45.0, 60.0), (-81.0, 48.0, 72.0)):
        assert left[tuple(np.rint(image().geometry.indices([u, -v, L4_MM + height])).astype(int))]


def test_a_scan_that_ends_above_l4_has_no_band_and_no_sentence():
    assert iliac_zones(image(), (Structure.ARTERY,), -10.0) == ((), ())


def test_without_t12_nothing_is_drawn_and_that_is_said():
    zones, said = iliac_zones(image(), (Structure.VEIN,), None)
    assert zones == ()
    assert said == ("iliac veins: not seen, and T12 is not named: no zone is drawn for them",)


def test_seen_iliac_vessels_need_no_band():
    assert iliac_zones(image(), (), T12_END_MM) == ((), ())


def test_below_a_vessel_that_is_drawn_the_band_goes_on_and_above_its_end_it_does_not():
    ends = {(Structure.ARTERY, Side.LEFT): L4_MM - 40.0}
    zones, _ = iliac_zones(image(), (Structure.ARTERY,), T12_END_MM, ends)
    top = {zone.side: zone.region.geometry.corners_mm[:, 2].max() for zone in zones}
    assert top[Side.LEFT] < L4_MM - 40.0 + 3.0 * STEP_MM
    assert top[Side.RIGHT] > L4_MM + 15.0


def test_a_cava_lost_in_the_liver_is_led_forward_to_the_atrium():
    (zone,) = led_on(image(), Structure.INFERIOR_VENA_CAVA, *course(L4_MM, 235.0), T12_END_MM)
    scan = image()
    zone_on_scan = zone.region.on(scan.geometry)
    low, high = (
        scan.v_mm[zone_on_scan & (scan.s_mm > a) & (scan.s_mm < b)].mean() for a, b in ((236, 246), (276, 290))
    )
    assert high - low > 6.0


def test_no_zone_lies_in_lung():
    aired = image().with_hu(np.full(SHAPE, -850.0, dtype=np.float32))
    assert iliac_zones(aired, (Structure.VEIN,), T12_END_MM) == ((), ())
