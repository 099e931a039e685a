"""The ureters' zone: where it lies on a straight spine, that it starts at the kidney, and that it says what it is."""

import numpy as np
import pytest

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.kidney_doubts import Kidneys
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.ureters import ureter_zones
from planner.geometry import VolumeGeometry
from planner.structures import Side, Structure

SHAPE = (150, 65, 80)
T12_END_MM = 240.0


@pytest.fixture(scope="module")
def image() -> CoarseImage:
    """300 mm of body around a straight canal at x = y = 0."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (2.0, 2.0, 2.0), (-80.0, -100.0, 0.0))
    z, y, x = np.meshgrid(np.arange(150) * 2.0, np.arange(65) * 2.0 - 100.0, np.arange(80) * 2.0 - 80.0, indexing="ij")
    line = np.stack([np.zeros(298), np.zeros(298), np.arange(298.0)], axis=1)
    nothing = np.zeros(SHAPE, bool)
    s, u, v = (values.astype(np.float32) for values in (z, x, -y))
    hu = np.zeros(SHAPE, dtype=np.float32)
    return CoarseImage(geometry, hu, ~nothing, nothing, nothing, s, u, v, SpineFrame.along(line))


def kidney(image: CoarseImage) -> Kidneys:
    """A left kidney of 25 mm half width, 62 mm beside and 20 mm before the canal, 40 mm below T12."""
    off = np.sqrt(
        ((image.s_mm - 200.0) / 50.0) ** 2 + ((image.u_mm - 62.0) / 25.0) ** 2 + ((image.v_mm - 20.0) / 25.0) ** 2
    )
    return Kidneys(image.region(off < 1.0, 0.9, 3.0), None)


def test_each_side_has_a_zone_of_low_confidence_that_says_it_was_not_looked_for(image: CoarseImage):
    zones = ureter_zones(image, Kidneys(None, None), T12_END_MM)
    assert [(zone.structure, zone.side) for zone in zones] == [(Structure.URETER, side) for side in Side]
    assert all(zone.region.confidence <= 0.1 and "not looked for" in zone.warning for zone in zones)


def test_the_zone_leaves_the_bodies_front_to_a_sympathetic_block(image: CoarseImage):
    for zone in ureter_zones(image, Kidneys(None, None), T12_END_MM):
        drawn = zone.region.on(image.geometry)
        assert np.abs(image.u_mm[drawn & (image.s_mm > T12_END_MM - 150.0)]).min() > 28.0


def test_the_zone_starts_at_the_inner_border_of_the_kidney(image: CoarseImage):
    left = next(zone for zone in ureter_zones(image, kidney(image), T12_END_MM) if zone.side is Side.LEFT)
    assert np.abs(left.course_mm[-1] - [37.0, -20.0, 200.0]).max() < 4.0


def test_without_t12_there_is_no_zone(image: CoarseImage):
    assert ureter_zones(image, Kidneys(None, None), None) == ()
