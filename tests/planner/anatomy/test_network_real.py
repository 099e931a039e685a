"""The shipped network on real scans that it was never shown; floors lie a little below what was measured (the model card)."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name the whole field uses

from planner.anatomy import itk
from planner.anatomy.mr.segment_mr import find_on_mr, mr_anatomy_of
from planner.anatomy.network.opinion import SpineOpinion, look
from planner.anatomy.network.session import OnnxNetwork, Share
from planner.anatomy.network.spine_on_mr import spine_on_mr
from planner.anatomy.outside.schemes import TOTALSEGMENTATOR_MR
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import Part, Structure
from planner.volume import Modality, Volume
from service.network import shipped_network

pytestmark = [pytest.mark.realdata, pytest.mark.slow]
ARCH = (Share.POSTERIOR, Share.SUPERIOR_PROCESS, Share.INFERIOR_PROCESS)


@pytest.fixture(scope="module")
def network() -> OnnxNetwork:
    return shipped_network()


def scan(path: Path, modality: Modality) -> Volume:
    image = sitk.ReadImage(str(path))
    matrix = np.eye(4)
    matrix[:3, :3] = (np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing()))[:, ::-1]
    matrix[:3, 3] = image.GetOrigin()
    voxels = sitk.GetArrayFromImage(image)
    return Volume(VolumeGeometry(matrix, voxels.shape), voxels.astype(np.int16), modality)


def dice(opinion: SpineOpinion, classes: tuple[Share, ...], true: BoolArray) -> float:
    found = opinion.on_grid(*classes) > 0.5
    return float(2.0 * (found & true).sum() / (found.sum() + true.sum()))


def test_in_an_osteoporotic_ct_bodies_and_arches_are_found(real_data: Path, network: OnnxNetwork):
    folder = real_data / "vertebra_ct"
    opinion = look(scan(folder / "sub-ct_label-22_ct.nii.gz", Modality.CT), network)
    parts = scan(folder / "sub-ct_seg-subreg_label-22_msk.nii.gz", Modality.CT).voxels
    assert dice(opinion, (Share.BODY,), np.isin(parts, (49, 50))) > 0.84
    assert dice(opinion, ARCH, (parts >= 41) & (parts <= 48)) > 0.78


def test_on_a_t2_canal_bodies_and_discs_are_found(real_data: Path, network: OnnxNetwork):
    folder = real_data / "lumbar_mr_crop"
    spine = spine_on_mr(scan(folder / "sub-mri_label-6_T2w.nii.gz", Modality.MR), network)
    parts = scan(folder / "sub-mri_seg-subreg_label-6_msk.nii.gz", Modality.MR).voxels
    canal = np.isin(parts, (60, 61))
    assert dice(spine.opinion, (Share.BODY,), np.isin(parts, (49, 50))) > 0.81
    assert dice(spine.opinion, (Share.DISC,), parts == 100) > 0.76
    assert dice(spine.opinion, ARCH, (parts >= 41) & (parts <= 48)) > 0.62
    assert (spine.opinion.canal > 0.5)[canal].mean() > 0.89
    assert len(spine.discs) >= 2


def test_a_plan_on_a_t2_gets_arches_without_the_fat_that_the_network_takes_for_them(
    real_data: Path, network: OnnxNetwork
):
    folder = real_data / "lumbar_mr_crop"
    volume = scan(folder / "sub-mri_label-6_T2w.nii.gz", Modality.MR)
    parts = scan(folder / "sub-mri_seg-subreg_label-6_msk.nii.gz", Modality.MR).voxels
    true = (parts >= 41) & (parts <= 48)
    found = find_on_mr(volume, network)
    labels = mr_anatomy_of(found).labels
    bone = labels.mask(Structure.VERTEBRA)
    bodies = [v for v, e in labels.entries.items() if e.structure is Structure.VERTEBRA and e.part is Part.BODY]
    arches = bone & ~np.isin(labels.labels, bodies)
    overlap = 2.0 * (arches & true).sum() / (arches.sum() + true.sum())
    assert overlap > 0.68
    seen = found.spine.opinion
    assert overlap > dice(SpineOpinion(volume.geometry, seen.box, seen.shares), ARCH, true)


def test_a_lumbar_slab_shows_its_canal_from_end_to_end_and_seven_discs(real_data: Path, network: OnnxNetwork):
    spine = spine_on_mr(scan(real_data / "lumbar_mr" / "t2.nii.gz", Modality.MR), network)
    apart = np.diff([disc.s_mm for disc in spine.discs])
    assert spine.canal.frame.s_mm[-1] > 190.0
    assert len(spine.discs) == 7
    assert ((apart > 20.0) & (apart < 45.0)).all()


def test_in_cubes_of_3_mm_the_whole_disc_is_found_in_its_place_and_none_stands_upright(
    real_data: Path, network: OnnxNetwork
):
    labels = scan(real_data / "abdomen_mr" / "labels.nii.gz", Modality.MR)
    (number,) = (n for n, name in TOTALSEGMENTATOR_MR.names.items() if name == "intervertebral_discs")
    pieces = itk.components(labels.voxels == number)
    whole_mm = labels.geometry.points_mm(np.argwhere(pieces == 1)).mean(axis=0)
    discs = spine_on_mr(scan(real_data / "abdomen_mr" / "mr.nii.gz", Modality.MR), network).discs
    assert min(np.linalg.norm(disc.center_mm - whole_mm) for disc in discs) < 3.0
    assert min(abs(disc.normal[2]) for disc in discs) > 0.64
