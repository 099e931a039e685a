"""Grids along the same axes: a mask and labels on another grid are what a slow look at every voxel gives."""

import numpy as np
import pytest

from planner.anatomy import aligned, itk
from planner.geometry import VolumeGeometry
from planner.volume import linear, nearest

FINE = VolumeGeometry.from_spacing((21, 40, 38), (1.3, 0.7, 0.9), (3.0, -5.0, 11.0))


def coarse(first_mm=(0.0, -7.0, 8.0)) -> VolumeGeometry:
    """A grid that lies partly outside the fine one."""
    return VolumeGeometry.from_spacing((16, 17, 24), (2.1, 2.0, 1.9), first_mm)


def blobs(shape, seed=5) -> np.ndarray:
    """A random mask of small blocks."""
    small = np.random.default_rng(seed).random([-(-n // 3) for n in shape]) < 0.4
    return np.kron(small, np.ones((3, 3, 3), dtype=bool))[tuple(slice(0, n) for n in shape)]


def every_place(source: VolumeGeometry, grid: VolumeGeometry) -> np.ndarray:
    """(k, j, i, 3) where the grid's voxels lie in the source."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    return source.indices(grid.points_mm(index))


@pytest.mark.parametrize(("source", "grid"), [(coarse(), FINE), (FINE, coarse())])
def test_the_nearest_label_is_the_one_that_a_voxel_lies_in(source, grid):
    labels = np.random.default_rng(2).integers(1, 200, source.shape).astype(np.uint8)
    at = every_place(source, grid)
    inside = ((at > -0.5) & (at < np.array(source.shape) - 0.5)).all(axis=-1)
    found = aligned.nearest(labels, source, grid)
    assert (found[inside] == nearest(labels, at, 0)[inside]).all()
    far = ((at < -1.6) | (at > np.array(source.shape) + 0.6)).any(axis=-1)
    assert not found[far].any()


@pytest.mark.parametrize(("source", "grid"), [(coarse(), FINE), (FINE, coarse())])
def test_a_mask_s_border_is_the_half_level_of_a_linear_interpolation(source, grid):
    mask = blobs(source.shape)
    at = every_place(source, grid)
    inside = ((at >= 0) & (at <= np.array(source.shape) - 1)).all(axis=-1)
    share = linear(mask.astype(np.float64), at, 0.0)
    clear = inside & (np.abs(share - 0.5) > 1e-4)
    found = aligned.at_least_half(mask.astype(np.float32), source, grid, 0.5)
    assert (found[clear] == (share >= 0.5)[clear]).all()
    assert clear.mean() > 0.2


def test_a_border_through_the_middle_of_voxels_belongs_to_the_mask_everywhere():
    source = VolumeGeometry.from_spacing((40, 3, 3), (3.0, 3.0, 3.0))
    grid = VolumeGeometry.from_spacing((60, 1, 1), (2.0, 3.0, 3.0), (3.0, 3.0, -0.5))
    mask = np.zeros(source.shape, dtype=bool)
    mask[::2] = True
    halfway = np.isclose(every_place(source, grid)[:, 0, 0, 0] % 1.0, 0.5)
    assert halfway.sum() == 20
    assert aligned.at_least_half(mask.astype(np.float32), source, grid, 0.5)[halfway[:, None, None]].all()


def test_shrinking_averages_whole_blocks():
    mask = blobs((9, 14, 11))
    share, grid = aligned.shrunk(mask, VolumeGeometry.from_spacing(mask.shape, (1.0, 0.5, 0.5)), np.array([2, 3, 1]))
    blocks = mask[:8, :12].reshape(4, 2, 4, 3, 11).mean(axis=(1, 3))
    np.testing.assert_allclose(share, blocks, atol=1e-6)
    np.testing.assert_allclose(grid.points_mm([0, 0, 0]), [0.0, 0.5, 0.5])
    np.testing.assert_allclose(grid.spacing_mm, [2.0, 1.5, 0.5])


def test_values_are_interpolated_linearly_and_are_zero_far_outside():
    k, j, i = np.meshgrid(*(np.arange(n) for n in FINE.shape), indexing="ij")
    values = (2.0 * k - j + 0.5 * i).astype(np.float32)
    at = every_place(FINE, coarse())
    inside = ((at >= 0) & (at <= np.array(FINE.shape) - 1)).all(axis=-1)
    found = aligned.linear(values, FINE, coarse(), 0.5)
    np.testing.assert_allclose(found[inside], (at @ [2.0, -1.0, 0.5])[inside], atol=1e-3)
    assert not found[((at < -0.6) | (at > np.array(FINE.shape) - 0.4)).any(axis=-1)].any()


def test_oblique_grids_are_not_aligned_and_give_the_same_mask():
    mask = blobs(FINE.shape)
    turn = np.radians(0.2)
    matrix = coarse().lps_from_index.copy()
    spin = np.array([[np.cos(turn), -np.sin(turn), 0.0], [np.sin(turn), np.cos(turn), 0.0], [0.0, 0.0, 1.0]])
    matrix[:3, :3] = spin @ matrix[:3, :3]
    turned = VolumeGeometry(matrix, coarse().shape)
    assert aligned.are_aligned(FINE, coarse())
    assert not aligned.are_aligned(FINE, turned)
    assert (itk.mask_on(mask, FINE, turned) == itk.mask_on(mask, FINE, coarse())).mean() > 0.97
