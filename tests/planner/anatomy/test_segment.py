"""The whole line on a phantom of known truth, and on real scans with labels."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from planner.anatomy.bone import find_bone
from planner.anatomy.canal import track_canal
from planner.anatomy.discs import find_discs
from planner.anatomy.segment import segment
from planner.anatomy.skin import find_skin
from planner.errors import AnatomyError, ModalityError
from planner.geometry import AxisOrder, VolumeGeometry
from planner.structures import Pose, SpineLevel, Structure
from planner.volume import Modality, Volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from tests.real_scans import real_scan

SMALL = PhantomParameters(
    spacing_mm=(3.0, 1.8, 1.8), field_of_view_mm=(285.0, 246.0, 360.0), center_mm=(0.0, 14.0, -24.5), noise_hu=10.0
)
"""T11 to S3 with all skin, in as few voxels as still show a foramen."""


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(SMALL)


@pytest.fixture(scope="module")
def anatomy(phantom):
    return segment(phantom.volume)


def re_stored(volume: Volume) -> Volume:
    """The same voxels stored sagittally, feet first."""
    order = AxisOrder((2, 0, 1), (True, True, False))
    return Volume(order.apply_to_geometry(volume.geometry), np.ascontiguousarray(order.apply(volume.voxels)))


def test_an_mr_image_is_refused():
    grid = VolumeGeometry.from_spacing((4, 4, 4), (1.0, 1.0, 1.0))
    with pytest.raises(ModalityError, match="CT only"):
        segment(Volume(grid, np.zeros((4, 4, 4), dtype=np.int16), Modality.MR))


def test_a_water_phantom_is_refused():
    grid = VolumeGeometry.from_spacing((40, 80, 80), (3.0, 3.0, 3.0))
    j, i = np.ogrid[-1:1:80j, -1:1:80j]
    voxels = np.where(np.hypot(j, i) < 0.8, 0, -1000) + np.zeros((40, 1, 1))
    with pytest.raises(AnatomyError, match="no spinal canal found"):
        segment(Volume(grid, voxels.astype(np.int16)))


@pytest.mark.slow
def test_levels_are_named_as_in_the_truth(phantom, anatomy):
    truth = {str(v.name): v.body_center_mm for v in phantom.anatomy().vertebrae}
    inner = [v for v in anatomy.vertebrae if v.name in (SpineLevel.L1, SpineLevel.L2, SpineLevel.L3, SpineLevel.L4)]
    assert len(inner) == 4
    for vertebra in inner:
        assert np.linalg.norm(vertebra.body_center_mm - truth[str(vertebra.name)]) < 6.0


@pytest.mark.slow
def test_the_pose_is_the_phantoms(anatomy):
    assert anatomy.lie.pose is Pose.PRONE


@pytest.mark.slow
def test_what_a_lumbar_plan_needs_is_found(anatomy):
    needed = {
        Structure.SKIN,
        Structure.BONE,
        Structure.CANAL,
        Structure.VERTEBRA,
        Structure.NERVE_ROOT,
        Structure.AORTA,
    }
    assert needed <= set(anatomy.confidence)
    assert set(anatomy.confidence) == set(anatomy.uncertainty_mm)


@pytest.mark.slow
def test_every_label_has_a_meaning(anatomy):
    assert set(np.unique(anatomy.labels.labels).tolist()) - {0} == set(anatomy.labels.entries)


@pytest.mark.slow
def test_discs_are_ordered_and_lie_between_their_vertebrae(anatomy):
    centre = {vertebra.name: vertebra.body_center_mm[2] for vertebra in anatomy.vertebrae}
    for disc in anatomy.discs:
        assert centre[disc.between.lower] < disc.center_mm[2] < centre[disc.between.upper]
    assert all(low.center_mm[2] < high.center_mm[2] for low, high in pairwise(anatomy.discs))


@pytest.mark.slow
def test_lungs_that_the_end_of_a_tilted_scan_cuts_are_kept_clear():
    phantom = make_phantom(replace(SMALL, turn_deg=(15.0, 0.0, 0.0), center_mm=(0.0, 14.0, 25.0)))
    true = phantom.truth.mask(Structure.LUNG)
    found = segment(phantom.volume).labels
    assert true.any()
    assert (found.labels[true] > 0).mean() > 0.99
    assert (found.mask(Structure.LUNG) | found.mask(Structure.PLEURAL_ZONE))[true].mean() > 0.95


@pytest.mark.slow
def test_storage_order_changes_nothing(phantom, anatomy):
    volume = re_stored(phantom.volume)
    again = segment(volume)
    assert again.labels.geometry.matches(volume.geometry)
    assert np.allclose(again.canal_centreline_mm, anatomy.canal_centreline_mm, atol=1e-6)
    assert [str(v.name) for v in again.vertebrae] == [str(v.name) for v in anatomy.vertebrae]
    for one, other in zip(again.foramina, anatomy.foramina, strict=True):
        assert np.linalg.norm(one.center_mm - other.center_mm) < 0.1


@pytest.mark.slow
@pytest.mark.realdata
def test_canal_and_levels_of_a_real_lumbar_spine(real_data):
    volume = real_scan(real_data / "lumbar_pelvis_ct" / "ct.nii.gz")
    labels = real_scan(real_data / "lumbar_pelvis_ct" / "labels.nii.gz").voxels
    skin = find_skin(volume)
    bone = find_bone(volume, skin)
    canal = track_canal(volume, skin, bone)
    centres = canal.frame.centres_mm
    errors = []
    for k in np.flatnonzero((labels == 79).any(axis=(1, 2)))[2:-2]:
        point = volume.geometry.points_mm([k, *np.argwhere(labels[k] == 79).mean(axis=0)])
        errors.append(np.linalg.norm(centres - point, axis=1).min())
    assert np.mean(errors) < 1.7
    assert np.max(errors) < 5.0
    assert (canal.mask & (labels == 79)).sum() / (labels == 79).sum() > 0.985
    assert len(find_discs(volume, bone, canal)) == 6
