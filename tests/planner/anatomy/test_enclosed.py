"""What a mask encloses in its planes, and a quartile of what is known: the slow, obvious versions give the same."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from planner.anatomy.itk import enclosed_in_planes, filled_in_slices
from planner.anatomy.rib_cage import _upper_quartile


@pytest.mark.parametrize("share", [0.4, 0.55, 0.7])
def test_slices_are_filled_as_one_after_the_other(share):
    mask = np.random.default_rng(1).random((12, 40, 30)) < share
    one_by_one = [sitk.GetArrayFromImage(sitk.BinaryFillhole(sitk.GetImageFromArray(p.view(np.uint8)))) for p in mask]
    assert np.array_equal(filled_in_slices(mask), np.stack(one_by_one) > 0)


def test_a_ring_encloses_its_hole_across_its_own_axis_alone():
    ring = np.zeros((3, 7, 7), dtype=bool)
    ring[1, 1:6, 1:6] = True
    ring[1, 2:5, 2:5] = False
    assert np.argwhere(enclosed_in_planes(ring, 0)).tolist() == [[1, j, i] for j in (2, 3, 4) for i in (2, 3, 4)]
    assert not enclosed_in_planes(ring, 1).any()
    assert not enclosed_in_planes(ring, 2).any()


def test_a_hole_that_holds_a_spared_voxel_is_none():
    ring = np.zeros((3, 7, 7), dtype=bool)
    ring[:, 1:6, 1:6] = True
    ring[:, 2:5, 2:5] = False
    spared = np.zeros_like(ring)
    spared[1, 3, 3] = True
    assert enclosed_in_planes(ring, 0, spared).any(axis=(1, 2)).tolist() == [True, False, True]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 160])
def test_the_upper_quartile_is_that_of_the_known_values(count):
    rng = np.random.default_rng(0)
    values = 50.0 * rng.standard_normal((count, 180))
    values[rng.random(values.shape) < 0.6] = np.nan
    known = np.isfinite(values).any(axis=0)
    assert np.array_equal(_upper_quartile(values[:, known]), np.nanpercentile(values[:, known], 75, axis=0))
    assert np.isnan(_upper_quartile(values[:, ~known])).all()
