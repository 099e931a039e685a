"""A tube of bone is followed along its middle; what is no spine is refused."""

import numpy as np
import pytest

from planner.anatomy.canal import to_edges, track_canal
from planner.anatomy.canal_path import best_path, unbroken_path
from planner.anatomy.canal_ring import canal_mask, canal_rings, recentred
from planner.anatomy.model import Lie
from planner.anatomy.rotation import axial_rotation_deg
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, Skin
from planner.errors import AnatomyError
from planner.geometry import VolumeGeometry
from planner.structures import Pose
from planner.volume import Volume

GRID = VolumeGeometry.from_spacing((60, 60, 60), (1.5, 1.5, 1.5), (-45.0, -45.0, 0.0))


def places() -> np.ndarray:
    return GRID.points_mm(np.moveaxis(np.indices(GRID.shape), 0, -1))


def tube(radius_mm: float, window: np.ndarray | None = None) -> Volume:
    """0 or 100: bone everywhere but in a tube along x = y = 0, and in a window in its wall."""
    points = places()
    solid = np.hypot(points[..., 0], points[..., 1]) > radius_mm
    if window is not None:
        solid &= ~window
    return Volume(GRID, (100 * solid).astype(np.int16))


def straight_frame(x_mm: float = 0.0, y_mm: float = 0.0) -> SpineFrame:
    return SpineFrame.along(np.array([[x_mm, y_mm, z] for z in np.arange(2.0, 86.0)]))


def test_the_ring_of_a_tube_is_its_radius():
    rings = canal_rings(tube(9.0), straight_frame())
    assert np.abs(rings - 9.0).max() < 1.2


def test_a_window_in_the_wall_is_closed_by_its_neighbours():
    points = places()
    window = (points[..., 0] > 0) & (np.abs(points[..., 1]) < 6.0) & (np.abs(points[..., 2] - 45.0) < 6.0)
    rings = canal_rings(tube(9.0, window), straight_frame())
    assert rings.max() < 11.5


def test_centres_move_to_the_middle():
    frame = straight_frame(3.0, -2.0)
    for _ in range(3):
        frame = SpineFrame.along(recentred(tube(9.0), frame))
    assert np.abs(frame.centres_mm[10:-10, :2]).max() < 0.5


def leaning(low_mm: float, high_mm: float) -> np.ndarray:
    """A line that leans to the left by 20 degrees, a point per millimetre of height."""
    z = np.arange(low_mm, high_mm)
    return np.stack([0.36 * (z - 45.0), 0.0 * z, z], axis=1)


def test_a_canal_that_the_images_edge_cuts_is_followed_through_the_edge():
    line, below = to_edges(leaning(5.0, 85.0), GRID)
    assert line[below, 2] == 5.0
    assert line[:, 2].min() < -2.0
    assert line[:, 2].max() > 90.5
    frame = SpineFrame.along(line)
    mask = canal_mask(GRID, frame, np.full((len(frame.s_mm), 36), 9.0))
    assert mask[0].sum() == pytest.approx(mask[30].sum(), abs=20)
    assert mask[-1].sum() == pytest.approx(mask[30].sum(), abs=20)


def test_a_canal_that_ends_within_the_image_ends_there():
    assert len(to_edges(leaning(20.0, 70.0), GRID)[0]) == 50


def test_the_mask_fills_the_ring_and_no_more():
    frame = straight_frame()
    mask = canal_mask(GRID, frame, np.full((len(frame.s_mm), 36), 9.0))
    points = places()
    radius, z = np.hypot(points[..., 0], points[..., 1]), points[..., 2]
    along = (z > 3.0) & (z < 84.0)
    assert mask[along & (radius < 8.9)].all()
    assert not mask[radius > 9.1].any()


def test_the_best_path_starts_and_ends_where_the_score_does():
    score = np.zeros((40, 20, 20), dtype=np.float32)
    for k in range(5, 35):
        score[k, 8 + k // 10, 10] = 0.9
    path, worth = best_path(score)
    assert path[0].tolist() == [5, 8, 10]
    assert path[-1].tolist() == [34, 11, 10]
    assert np.allclose(worth, 0.9)


def test_a_path_is_cut_at_a_doubtful_passage():
    score = np.zeros((80, 20, 40), dtype=np.float32)
    score[40:80, 10, 10] = 0.9
    for k in range(26, 40):
        score[k, 10, 10 + (40 - k) * 14 // 14] = 0.25
    score[0:26, 10, 24] = 0.9
    path, _ = unbroken_path(score)
    assert path[:, 0].min() >= 34


def test_a_path_through_a_foramen_into_the_marrow_of_an_ala_is_no_canal():
    """Below slice 40 the best places run sideways at 45 degrees, as bright as the canal above."""
    score = np.zeros((80, 40, 64), dtype=np.float32)
    for k in range(80):
        score[k, 20, 20 + max(0, 40 - k) : 23 + max(0, 40 - k)] = 0.9
    path, _ = unbroken_path(score)
    assert path[:, 0].max() >= 75
    assert path[:, 2].max() <= 32


def test_a_canal_that_leans_as_in_scoliosis_is_followed():
    """By 20 degrees over all of its length."""
    score = np.zeros((80, 40, 64), dtype=np.float32)
    for k in range(80):
        score[k, 20, 15 + round(0.36 * k) - 1 : 15 + round(0.36 * k) + 2] = 0.9
    path, _ = unbroken_path(score)
    assert len(path) >= 76


@pytest.mark.parametrize("turn_deg", [-25.0, -10.0, 0.0, 15.0, 25.0])
def test_axial_rotation_is_seen_in_a_turned_vertebra(turn_deg):
    """A body in front, a spinous process behind, transverse processes: alike on both sides of the turned axis."""
    turn = np.radians(turn_deg)
    x, y = places()[..., 0], places()[..., 1]
    u, v = x * np.cos(turn) + y * np.sin(turn), x * np.sin(turn) - y * np.cos(turn)
    body = np.hypot(u / 22.0, (v - 25.0) / 16.0) < 1.0
    spinous = (np.abs(u) < 3.0) & (v < -10.0) & (v > -40.0)
    across = (np.abs(v + 4.0) < 4.0) & (np.abs(u) > 10.0) & (np.abs(u) < 38.0)
    noise = np.random.default_rng(5).normal(0.0, 20.0, GRID.shape)
    voxels = np.where(body | spinous | across, 400.0, 40.0) + noise
    found = axial_rotation_deg(Volume(GRID, voxels.astype(np.int16)), straight_frame())
    assert np.abs(found[5:-5] - turn_deg).max() < 3.0


def test_water_has_no_canal():
    shape = (40, 60, 60)
    grid = VolumeGeometry.from_spacing(shape, (3.0, 3.0, 3.0))
    everywhere, none = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
    skin = Skin(grid, everywhere, np.zeros(shape, dtype=np.uint8), Lie(Pose.UNKNOWN, 0.0, ""), 0.0)
    with pytest.raises(AnatomyError, match="no spinal canal found"):
        track_canal(Volume(grid, np.zeros(shape, dtype=np.int16)), skin, Bone(none, none, 0.0))
