"""Two thick stacks of one patient together are nearer to a scan of small cubes than either of them alone."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy import itk
from planner.anatomy.mr.stacks import LEAST_ALIKE, likeness, together
from planner.errors import AnatomyError, FrameMismatchError
from planner.geometry import VolumeGeometry
from planner.volume import Volume
from sample_data.mr import MrParameters, mr_volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from sample_data.tissue import STIR_TURBO, T1_TURBO, T2_TURBO, Sequence

BOX = PhantomParameters(spacing_mm=(1.5, 1.5, 1.5), field_of_view_mm=(60.0, 90.0, 72.0), center_mm=(0.0, 40.0, -40.0))


def scan(
    spacing_mm: tuple[float, float, float],
    center_mm: tuple[float, float, float] = BOX.center_mm,
    sequence: Sequence = T2_TURBO,
) -> Volume:
    """Of the same patient."""
    given = replace(BOX, spacing_mm=spacing_mm, center_mm=center_mm)
    return mr_volume(make_phantom(given), MrParameters(sequence, noise=0.0, annulus_mm=3.0))


def off(volume: Volume, true: Volume) -> float:
    """Root mean square difference in the middle of the box, as a share of the true signal's."""
    there = itk.resampled(volume, true.geometry, outside=0).voxels.astype(float)[4:-4, 4:-4, 4:-4]
    here = true.voxels.astype(float)[4:-4, 4:-4, 4:-4]
    return float(np.sqrt(np.mean((there - here) ** 2) / np.mean(here**2)))


def test_together_they_show_more_than_either_alone():
    true, sagittal, axial = scan((1.5, 1.5, 1.5)), scan((0.9, 0.9, 4.0)), scan((4.0, 0.9, 0.9))
    assert off(together((axial, sagittal)), true) < min(off(axial, true), off(sagittal, true))


def test_another_brightness_of_one_stack_changes_nothing():
    axial, sagittal = scan((4.0, 1.5, 1.5)), scan((1.5, 1.5, 4.0))
    brighter = replace(sagittal, voxels=(2.0 * sagittal.voxels).astype(np.int16))
    one, two = (together((axial, other)).voxels.astype(float) for other in (sagittal, brighter))
    assert np.abs(one - two).mean() < 0.02 * one.mean()


def test_stacks_of_two_frames_or_two_places_are_refused():
    axial = scan((4.0, 1.5, 1.5))
    moved = VolumeGeometry(axial.geometry.lps_from_index, axial.geometry.shape, "2.25.1")
    with pytest.raises(FrameMismatchError):
        together((axial, Volume(moved, axial.voxels, axial.modality)))
    with pytest.raises(AnatomyError, match="both stacks"):
        together((axial, scan((4.0, 1.5, 1.5), (0.0, 40.0, 60.0))))


def test_what_no_stack_shows_is_no_image():
    axial, sagittal = scan((4.0, 1.5, 1.5)), scan((1.5, 1.5, 4.0), (0.0, 60.0, 0.0))
    joined = together((axial, sagittal))
    unseen = joined.voxels == joined.padding_value
    assert 0.1 < unseen.mean() < 0.7
    assert not (~unseen & (joined.voxels < 0)).any()


def test_stacks_of_opposite_brightness_are_refused_with_their_likeness():
    axial, sagittal = scan((4.0, 1.5, 1.5)), scan((1.5, 1.5, 4.0), sequence=STIR_TURBO)
    alike = likeness(axial, sagittal)
    assert alike is not None
    assert alike < LEAST_ALIKE
    with pytest.raises(AnatomyError, match=f"{alike:.2f}"):
        together((axial, sagittal))


@pytest.mark.parametrize("sequence", [T1_TURBO, T2_TURBO])
def test_stacks_that_show_fat_alike_are_joined(sequence: Sequence):
    alike = likeness(scan((4.0, 1.5, 1.5)), scan((1.5, 1.5, 4.0), sequence=sequence))
    assert alike is not None
    assert alike > LEAST_ALIKE + 0.1
