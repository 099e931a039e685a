"""The Gaussian plane by plane is ITK's own."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from planner.anatomy.smoothing import smoothed


@pytest.mark.parametrize("sigma", [(0.3, 1.4, 2.0), (1.0, 1.0, 1.0), (4.0, 0.2, 0.7)])
def test_it_is_the_discrete_gaussian_of_itk(sigma):
    image = np.random.default_rng(4).normal(100.0, 300.0, (9, 30, 21)).astype(np.float32)
    variance = [one**2 for one in sigma[::-1]]
    other = sitk.GetArrayFromImage(
        sitk.DiscreteGaussian(sitk.GetImageFromArray(image), variance, 32, [0.01] * 3, False)
    )
    np.testing.assert_allclose(smoothed(image, np.array(sigma)), other, atol=1e-2)


def test_an_even_image_stays_as_it_is():
    even = np.full((4, 5, 6), -37, dtype=np.int16)
    np.testing.assert_allclose(smoothed(even, np.array([2.0, 0.5, 3.0])), -37.0, atol=1e-3)
