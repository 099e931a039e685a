"""Fields against the obvious: the distance from each node to every voxel as a box."""

import numpy as np
import pytest

from planner.geometry import VolumeGeometry
from planner.sweep.fields import DistanceField, Lattice


def blobs(shape: tuple[int, int, int], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) > 0.97


def turned_grid(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], angle_deg: float
) -> VolumeGeometry:
    straight = VolumeGeometry.from_spacing(shape, spacing_mm, (-7.0, 3.0, 11.0))
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    matrix = straight.lps_from_index.copy()
    matrix[:3] = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ matrix[:3]
    return VolumeGeometry(matrix, shape)


def box_distance_mm(grid: VolumeGeometry, mask: np.ndarray, points_mm: np.ndarray) -> np.ndarray:
    own = grid.indices(points_mm)[..., None, :] * grid.spacing_mm
    gaps = np.abs(own - np.argwhere(mask) * grid.spacing_mm) - grid.spacing_mm / 2
    return np.linalg.norm(np.maximum(gaps, 0), axis=-1).min(axis=-1)


@pytest.mark.parametrize(("angle_deg", "spacing_mm"), [(0.0, (2.5, 0.7, 0.7)), (33.0, (1.6, 0.743, 0.743))])
def test_distance_at_a_node_is_the_distance_to_the_voxels_as_boxes(angle_deg: float, spacing_mm: tuple) -> None:
    grid = turned_grid((9, 12, 11), spacing_mm, angle_deg)
    mask = blobs(grid.shape, seed=1)
    lattice = Lattice.around(grid, grid.corners_mm, 0.0, 0.45)
    nodes = lattice.geometry.points_mm(np.moveaxis(np.indices(lattice.geometry.shape), 0, -1)).reshape(-1, 3)
    found = lattice.distance_mm(lattice.crop(mask), 100.0).reshape(-1)
    truth = box_distance_mm(grid, mask, nodes)
    assert np.abs(np.maximum(found, 0) - truth).max() < 1e-3


def test_within_and_on_the_boundary_the_distance_is_zero() -> None:
    grid = VolumeGeometry.from_spacing((11, 11, 11), (1.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[2:9, 2:9, 2:9] = True
    lattice = Lattice.around(grid, grid.corners_mm, 0.0, 0.5)
    field = DistanceField(lattice, lattice.distance_mm(mask, 24.0), 24.0)
    assert field.at(np.array([[5.0, 5.0, 5.0], [2.0, 5.0, 5.0], [1.5, 5.0, 5.0]])).tolist() == [
        0.0,
        0.0,
        0.0,
    ]


def test_joined_voxels_are_never_further_than_the_truth() -> None:
    grid = VolumeGeometry.from_spacing((21, 20, 23), (0.5, 0.4, 0.5))
    mask = blobs(grid.shape, seed=2)
    lattice = Lattice.around(grid, grid.corners_mm, 0.0, 1.0)
    assert lattice.blocks == (2, 2, 2)
    nodes = lattice.geometry.points_mm(np.moveaxis(np.indices(lattice.geometry.shape), 0, -1)).reshape(-1, 3)
    found = lattice.distance_mm(lattice.crop(mask), 100.0).reshape(-1)
    assert (found <= box_distance_mm(grid, mask, nodes) + 1e-4).all()


def test_an_empty_box_is_as_far_as_was_looked() -> None:
    grid = VolumeGeometry.from_spacing((5, 5, 5), (1.0, 1.0, 1.0))
    lattice = Lattice.around(grid, grid.corners_mm, 0.0, 1.0)
    assert (lattice.distance_mm(np.zeros(grid.shape, bool), 8.0) == 8.0).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_larger_mask_never_makes_a_distance_larger(seed: int) -> None:
    grid = VolumeGeometry.from_spacing((12, 14, 13), (2.0, 0.9, 0.9))
    lattice = Lattice.around(grid, grid.corners_mm, 0.0, 0.5)
    fewer, more = (np.random.default_rng(seed).random(grid.shape) > share for share in (0.9, 0.7))
    assert (lattice.distance_mm(fewer | more, 9.0) <= lattice.distance_mm(fewer, 9.0) + 1e-5).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("step_mm", [0.45, 2.0])
def test_distances_on_a_part_of_the_nodes_are_those_of_the_whole(seed: int, step_mm: float) -> None:
    grid, cap_mm = turned_grid((24, 30, 28), (1.6, 0.8, 0.8), 20.0), 4.0
    mask = np.random.default_rng(seed).random(grid.shape) > 0.999
    whole = Lattice.around(grid, grid.corners_mm, 0.0, step_mm)
    part = Lattice.around(grid, grid.points_mm(np.array([[8, 9, 10], [15, 20, 17]])), 0.0, step_mm)
    wide = part.widened(grid.shape, cap_mm)
    patch, values = part.distances_within(wide, wide.crop(mask), cap_mm)
    found = np.full(part.geometry.shape, cap_mm, dtype=np.float32)
    found[patch] = values
    first = np.array(part.first) // part.blocks * part.cuts
    truth = whole.distance_mm(mask, cap_mm)[tuple(slice(a, a + n) for a, n in zip(first, found.shape, strict=True))]
    assert (truth < cap_mm).any()
    assert found == pytest.approx(truth, abs=1e-5)
