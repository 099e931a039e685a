"""Arrays go through SimpleITK and come back in the same place."""

import numpy as np
import pytest

from planner.anatomy import itk
from planner.geometry import VolumeGeometry
from planner.volume import Volume


def slanted_geometry(shape=(5, 6, 7)) -> VolumeGeometry:
    turn = np.radians(20)
    axes = np.array([[0, np.sin(turn), np.cos(turn)], [0, np.cos(turn), -np.sin(turn)], [1, 0, 0]], dtype=float)
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.array([3.0, 1.5, 0.8])
    matrix[:3, 3] = (-40.0, 12.5, 300.0)
    return VolumeGeometry(matrix, shape)


def grid(shape, spacing=(1.0, 1.0, 1.0)) -> VolumeGeometry:
    return VolumeGeometry.from_spacing(shape, spacing)


def test_an_image_holds_every_voxel_where_its_geometry_says():
    geometry = slanted_geometry()
    image = itk.to_image(np.zeros(geometry.shape, dtype=np.int16), geometry)
    for index in ((0, 0, 0), (4, 5, 6), (1, 3, 2)):
        there = image.TransformIndexToPhysicalPoint([int(n) for n in index[::-1]])
        assert np.allclose(there, geometry.points_mm(index), atol=1e-9)


def test_arrays_come_back_unchanged():
    array = np.random.default_rng(1).integers(-1000, 2000, (5, 6, 7)).astype(np.int16)
    assert np.array_equal(itk.to_array(itk.to_image(array, slanted_geometry())), array)


def test_a_linear_ramp_is_resampled_exactly():
    geometry = grid((20, 20, 20))
    ramp = np.broadcast_to(10 * np.arange(20)[:, None, None], geometry.shape).astype(np.int16)
    coarse = itk.isotropic_grid(geometry, 2.0)
    found = itk.resampled(Volume(geometry, ramp), coarse).voxels[1:-1]
    expected = 10 * coarse.points_mm(np.argwhere(np.ones(coarse.shape)))[:, 2].reshape(coarse.shape)[1:-1]
    assert np.abs(found - expected).max() <= 1


def test_an_isotropic_grid_covers_the_same_box():
    geometry = grid((10, 33, 47), (5.0, 0.7, 0.7))
    coarse = itk.isotropic_grid(geometry, 1.5)
    assert np.abs(coarse.corners_mm - geometry.corners_mm).max() <= 0.75
    assert np.allclose(coarse.spacing_mm, 1.5)


def test_radii_are_millimetres_on_any_grid():
    geometry = grid((21, 41, 41), (2.0, 1.0, 1.0))
    mask = np.zeros(geometry.shape, dtype=bool)
    mask[10, 20, 20] = True
    grown = np.argwhere(itk.dilated(mask, geometry, 6.0)) - (10, 20, 20)
    assert np.abs(grown * geometry.spacing_mm).max(axis=0).tolist() == [6.0, 6.0, 6.0]


def test_the_image_edge_does_not_erode():
    mask = np.ones((8, 8, 8), dtype=bool)
    mask[:, :, 0] = False
    assert itk.eroded(mask, grid(mask.shape), 2.0)[0, 0, -1]


def test_opening_removes_a_sheet_and_keeps_a_block():
    mask = np.zeros((20, 20, 40), dtype=bool)
    mask[4:16, 4:16, 4:16] = True
    mask[:, :, 30:32] = True
    opened = itk.opened(mask, grid(mask.shape), 3.0)
    assert opened[10, 10, 10]
    assert not opened[:, :, 30:32].any()


def test_components_are_numbered_by_size():
    mask = np.zeros((3, 3, 12), dtype=bool)
    mask[1, 1, 0:2] = True
    mask[1, 1, 4:9] = True
    labels = itk.components(mask)
    assert labels[1, 1, 5] == 1
    assert labels[1, 1, 0] == 2


def test_only_pieces_with_a_seed_are_kept():
    mask = np.zeros((3, 3, 12), dtype=bool)
    mask[1, 1, 0:2] = mask[1, 1, 4:9] = True
    seeds = np.zeros_like(mask)
    seeds[1, 1, 0] = True
    assert np.argwhere(itk.touched_by(mask, seeds))[:, 2].tolist() == [0, 1]


@pytest.mark.parametrize("mask", [np.zeros((4, 4, 4), dtype=bool), np.ones((4, 4, 4), dtype=bool)])
def test_a_mask_without_border_has_no_finite_distance(mask):
    assert np.isinf(itk.signed_distance_mm(mask, grid(mask.shape))).all()


def test_the_box_around_a_mask_grows_within_the_grid():
    mask = np.zeros((10, 10, 10), dtype=bool)
    mask[0, 4, 9] = True
    assert itk.box_around(mask, grid(mask.shape, (2.0, 1.0, 1.0)), 2.0) == (slice(0, 2), slice(2, 7), slice(7, 10))


def test_an_array_without_voxels_has_no_components():
    assert itk.components(np.zeros((0, 5, 4), dtype=bool)).shape == (0, 5, 4)


@pytest.mark.parametrize("spacing_mm", [(1.5, 0.5, 0.75), (2.0, 1.6, 1.6)])
def test_a_mask_s_percent_is_the_mean_of_hundreds(spacing_mm):
    own = VolumeGeometry.from_spacing((14, 25, 22), spacing_mm, (3.0, -4.0, 5.0))
    mask = np.random.default_rng(8).random(own.shape) < 0.4
    grid = itk.isotropic_grid(own, 1.5)
    hundreds = Volume(own, mask.astype(np.int16) * 100)
    np.testing.assert_array_equal(itk.percent_on(mask, own, grid), itk.resampled(hundreds, grid, outside=0).voxels)
