"""Vessels as tubes in fat, with courses and radii known in closed form."""

import numpy as np
import pytest

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.outlines import Tube
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.tubes import Track, TrackGrid
from planner.anatomy.vessel_zones import ZONE_CONFIDENCE
from planner.anatomy.vessels import Vessels, carried, find_vessels
from planner.geometry import VolumeGeometry
from planner.structures import Structure
from planner.volume import Volume

SHAPE = (60, 75, 90)
STEP_MM = 2.0


def scan(blood_hu: float, aorta_x_mm: float = 12.0, cava_x_mm: float = -22.0) -> tuple[Volume, CoarseImage]:
    """A spine, an aorta of 9 mm and a flat cava of 12 by 7 mm in fat, with 8 HU of noise."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (STEP_MM,) * 3, (-90.0, -110.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * STEP_MM for n in SHAPE), indexing="ij")
    x, v = x - 90.0, 110.0 - y  # v: in front of the canal, which runs at y = 0
    hu = np.full(SHAPE, -100.0)
    hu[np.hypot(x / 21, (v - 26) / 17) < 1] = 220.0
    hu[np.hypot(x - aorta_x_mm, v - 56 - 3 * np.sin(z / 30)) < 9.0] = blood_hu
    hu[np.hypot((x - cava_x_mm) / 12.0, (v - 54) / 7.0) < 1] = 0.8 * blood_hu
    hu += np.random.default_rng(1).normal(0.0, 8.0, SHAPE)
    line = np.stack([np.zeros(118), np.zeros(118), np.arange(118.0)], axis=1)
    image = CoarseImage(
        geometry=geometry,
        hu=hu.astype(np.float32),
        body=np.ones(SHAPE, bool),
        bone=np.zeros(SHAPE, bool),
        metal=np.zeros(SHAPE, bool),
        s_mm=z.astype(np.float32),
        u_mm=x.astype(np.float32),
        v_mm=v.astype(np.float32),
        frame=SpineFrame.along(line),
    )
    return Volume(geometry, hu.astype(np.int16)), image


@pytest.fixture(scope="module", params=[45.0, 250.0], ids=["plain", "contrast"])
def vessels(request: pytest.FixtureRequest) -> Vessels:
    return find_vessels(*scan(request.param))


def test_the_aorta_is_followed_over_the_whole_scan_on_its_axis(vessels: Vessels):
    (aorta,) = vessels.of(Structure.AORTA)
    z = aorta.course_mm[:, 2]
    assert z[0] <= 4.0
    assert z[-1] >= 114.0
    assert np.abs(aorta.course_mm[:, 0] - 12.0).max() < 2.0
    assert np.abs(aorta.course_mm[:, 1] + 56.0 + 3 * np.sin(z / 30)).max() < 2.5


def test_the_aorta_has_its_true_radius(vessels: Vessels):
    (aorta,) = vessels.of(Structure.AORTA)
    assert np.median(aorta.radius_mm) == pytest.approx(9.0, abs=0.8)


def test_a_flat_cava_is_found_to_the_right_of_the_aorta(vessels: Vessels):
    (cava,) = vessels.of(Structure.INFERIOR_VENA_CAVA)
    assert np.abs(cava.course_mm[:, 0] + 22.0).max() < 3.0
    assert np.median(cava.radius_mm) == pytest.approx(np.sqrt(12.0 * 7.0), abs=1.2)


def test_no_voxel_of_the_aorta_lies_further_out_than_its_uncertainty(vessels: Vessels):
    (aorta,) = vessels.of(Structure.AORTA)
    volume, image = scan(45.0)
    distance = np.hypot(image.u_mm - 12.0, image.v_mm - 56.0 - 3 * np.sin(image.s_mm / 30))
    missed = (distance < 9.0) & ~aorta.region.on(volume.geometry) & (image.s_mm > 4) & (image.s_mm < 114)
    deepest = (9.0 - distance[missed]).max() if missed.any() else 0.0
    assert deepest <= aorta.region.uncertainty_mm


def test_vessels_on_the_usual_sides_raise_no_doubt(vessels: Vessels):
    assert not any("to the right of the vena cava" in warning for warning in vessels.warnings)


def test_without_any_tube_nothing_is_drawn_and_a_sentence_says_so():
    volume, image = scan(-100.0)
    found = find_vessels(volume, image)
    assert found.of(Structure.AORTA) == ()
    assert any(warning.startswith("aorta: no tube") for warning in found.warnings)


def test_a_cava_that_is_seen_everywhere_has_no_zone_beside_it(vessels: Vessels):
    assert not any("carried along" in warning for warning in vessels.warnings)


def upright_tube(score: float, rim_seen: float) -> tuple[Tube, TrackGrid]:
    """A round cava of 9 mm over 40 slices of 2 mm; the middle 20 have the given score and share of the rim."""
    n, middle = 40, slice(10, 30)
    scores, rims = np.full(n, 0.8), np.ones(n)
    scores[middle], rims[middle] = score, rim_seen
    z_mm = 2.0 * np.arange(n)
    left, front = np.tile([1.0, 0.0], (n, 1)), np.tile([0.0, -1.0], (n, 1))
    grid = TrackGrid(np.zeros((n, 60, 60), np.float32), z_mm, np.zeros((n, 2)), left, front, -60.0, 0.0, 2.0)
    track = Track(0, np.full(n, 54.0), np.full(n, -22.0), np.full(n, 9.0), scores)
    centres_mm = np.stack([np.full(n, -22.0), np.full(n, -54.0), z_mm], axis=1)
    return Tube(track, centres_mm, np.full((n, 36), 9.0), rims, np.full(n, 45.0)), grid


@pytest.mark.parametrize(("rim_seen", "radius_mm"), [(0.0, 17.0), (0.5, 13.0), (1.0, 9.0)])
def test_the_less_of_a_carried_cavas_rim_is_seen_the_wider_is_the_zone_beside_it(rim_seen: float, radius_mm: float):
    """40 mm of 20 slices without a score of their own; 8 mm wider where no rim is seen, nothing where all of it is."""
    zone = carried(*upright_tube(0.3, rim_seen), 3.0)
    assert zone is not None
    assert zone.confidence == ZONE_CONFIDENCE
    assert zone.volume_ml == pytest.approx(np.pi * radius_mm**2 * 40.0 / 1000.0, rel=0.03)


def test_a_cava_whose_slices_all_count_has_no_zone_beside_it():
    assert carried(*upright_tube(0.5, 0.2), 3.0) is None
