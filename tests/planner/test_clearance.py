"""Exact clearances against a slow 0.1 mm reference and closed forms."""

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.clearance import Surface, surfaces_in
from planner.geometry import VolumeGeometry, unit
from planner.obstacles import BONES


def surface_of(mask: np.ndarray, grid: VolumeGeometry) -> Surface:
    return surfaces_in(grid, np.where(mask, 0, 255).astype(np.uint8), (0, 0, 0), 1)[0]


def slow_distance_mm(grid: VolumeGeometry, mask: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    steps = int(np.linalg.norm(end - start) / 0.1) + 2
    points = grid.indices(np.linspace(start, end, steps)) * grid.spacing_mm
    gaps = np.abs(points[:, None, :] - np.argwhere(mask) * grid.spacing_mm) - grid.spacing_mm / 2
    return float(np.linalg.norm(np.maximum(gaps, 0), axis=-1).min())


@pytest.mark.parametrize("seed", range(5))
def test_clearance_is_that_of_a_tenth_of_a_millimetre_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = VolumeGeometry.from_spacing((12, 20, 20), (1.6, 0.743, 0.743))
    mask = rng.random(grid.shape) > 0.99
    surface = surface_of(mask, grid)
    for _ in range(40):
        start, end = rng.uniform(-5, 20, (2, 3))
        found = surface.closest(start, end)
        assert found is not None
        assert abs(found.distance_mm - slow_distance_mm(grid, mask, start, end)) <= 0.05


def test_both_points_are_as_far_apart_as_said_and_lie_where_said() -> None:
    grid = VolumeGeometry.from_spacing((9, 9, 9), (2.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[4, 4, 4] = True
    start, end = np.array([-10.0, 9.0, 8.0]), np.array([20.0, 9.0, 8.0])
    found = surface_of(mask, grid).closest(start, end)
    assert found is not None
    assert found.distance_mm == pytest.approx(4.5)
    assert np.linalg.norm(found.on_path_mm - found.on_structure_mm) == pytest.approx(4.5)
    assert start + found.along_mm * unit(end - start) == pytest.approx(found.on_path_mm)
    assert found.on_structure_mm[1] == pytest.approx(4.5)


def test_a_path_through_the_structure_has_no_room() -> None:
    grid = VolumeGeometry.from_spacing((9, 9, 9), (1.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[2:7, 2:7, 2:7] = True
    found = surface_of(mask, grid).closest(np.array([4.0, -5.0, 4.0]), np.array([4.0, 15.0, 4.0]))
    assert found is not None
    assert found.distance_mm == 0.0


@pytest.mark.parametrize("growth", [0.0, 0.05])
@pytest.mark.parametrize("size", [5, 71])
def test_a_path_that_never_leaves_the_structure_has_no_room(size: int, growth: float) -> None:
    grid = VolumeGeometry.from_spacing((size + 4,) * 3, (1.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[2:-2, 2:-2, 2:-2] = True
    middle = (size + 3) / 2
    start, end = np.full(3, middle - 0.3), np.full(3, middle + 0.4)
    found = surface_of(mask, grid).closest(start, end, growth)
    assert found is not None
    assert found.distance_mm == 0.0
    assert found.on_structure_mm == pytest.approx(found.on_path_mm)
    assert mask[tuple(found.voxel.astype(int))]
    assert np.linalg.norm(found.on_path_mm - (end if growth else start)) < 1e-6


def test_a_path_that_begins_within_or_ends_within_has_no_room() -> None:
    grid = VolumeGeometry.from_spacing((20, 20, 20), (1.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[5:15, 5:15, 5:15] = True
    within, outside = np.full(3, 9.6), np.array([9.6, 30.0, 9.6])
    surface = surface_of(mask, grid)
    for start, end in ((within, outside), (outside, within)):
        found = surface.closest(start, end)
        assert found is not None
        assert found.distance_mm == 0.0


def test_a_sphere_of_small_voxels_is_as_far_as_its_closed_form() -> None:
    grid = VolumeGeometry.from_spacing((41, 41, 41), (0.25, 0.25, 0.25), (-5.0, -5.0, -5.0))
    centres = grid.points_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    surface = surface_of(np.linalg.norm(centres, axis=-1) <= 4.0, grid)
    for height in (5.0, 6.0, 9.0):
        found = surface.closest(np.array([-20.0, 3.0, height]), np.array([20.0, 3.0, height]))
        assert found is not None
        assert found.distance_mm == pytest.approx(np.hypot(3.0, height) - 4.0, abs=0.25)


def test_further_than_was_measured_is_none() -> None:
    grid = VolumeGeometry.from_spacing((3, 3, 3), (1.0, 1.0, 1.0))
    surface = surface_of(np.ones(grid.shape, bool), grid)
    assert surface.closest(np.array([40.0, 0.0, 0.0]), np.array([40.0, 9.0, 0.0])) is None


def test_in_a_patient_random_paths_are_those_of_a_tenth_of_a_millimetre_reference(anatomy: Anatomy) -> None:
    labels = anatomy.labels
    mask = labels.mask(*BONES)
    surface = surface_of(mask, labels.geometry)
    rng = np.random.default_rng(7)
    for _ in range(5):
        start, end = rng.uniform([20, 60, -60], [60, 90, -20]), rng.uniform([15, 40, -60], [35, 60, -20])
        found = surface.closest(start, end)
        box = np.abs(labels.geometry.points_mm(surface.voxels) - (start + end) / 2).max(axis=1) < 32
        points = np.linspace(start, end, int(np.linalg.norm(end - start) / 0.1) + 2)
        own = labels.geometry.indices(points) * labels.geometry.spacing_mm
        slow = np.inf
        for centre in np.array_split(surface.voxels[box] * labels.geometry.spacing_mm, 40):
            gaps = np.maximum(np.abs(own[:, None] - centre) - labels.geometry.spacing_mm / 2, 0)
            slow = min(slow, float(np.linalg.norm(gaps, axis=-1).min()))
        assert found is not None
        assert slow - 0.05 <= found.distance_mm <= slow + 1e-9
