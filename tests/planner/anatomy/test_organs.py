"""All soft tissue together, on the phantom with known truth and on a real scan with labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from planner.anatomy.bone import find_bone, with_marrow
from planner.anatomy.canal import track_canal
from planner.anatomy.coarse import Region, coarse_image
from planner.anatomy.model import Lie
from planner.anatomy.organs import Organs, find_organs
from planner.anatomy.skin import find_skin
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, Skin
from planner.geometry import AxisOrder, BoolArray, VolumeGeometry
from planner.structures import Pose, Side, Structure
from planner.volume import LabelMap, Volume
from sample_data.parameters import SMALL
from sample_data.phantom import make_phantom


@dataclass(frozen=True, eq=False)
class Case:
    """Organs and what is true of the same scan."""

    organs: Organs
    geometry: VolumeGeometry
    labels: np.ndarray
    voxels: np.ndarray

    def agreement(self, region: Region | None, *values: int) -> tuple[float, float]:
        """Dice and recall of a region against label values."""
        assert region is not None
        drawn, truth = region.on(self.geometry), np.isin(self.labels, values)
        both = float((drawn & truth).sum())
        return 2 * both / float(drawn.sum() + truth.sum()), both / float(truth.sum())

    def vessel(self, structure: Structure) -> Region:
        """The trunk of a kind."""
        return next(vessel.region for vessel in self.organs.vessels.of(structure))


@pytest.fixture(scope="module")
def phantom() -> tuple[Case, LabelMap]:
    """The small phantom; skin, bone and canal are its truth."""
    built = make_phantom(SMALL)
    volume, truth, anatomy = built.volume.in_patient_axes(), built.truth, built.anatomy()
    bone = truth.mask(Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM, Structure.RIB)
    body = np.asarray(anatomy.surroundings.labels == 0)
    skin = Skin(volume.geometry, body, np.zeros(body.shape, np.uint8), Lie(Pose.PRONE, 1.0, "built so"), 1.0)
    line = anatomy.canal_centreline_mm
    line = line if line[0, 2] < line[-1, 2] else line[::-1]
    ones = np.ones(len(line))
    canal = CanalTrack(SpineFrame.along(line), np.zeros_like(bone), 8 * ones, ones, 1.0)
    image = coarse_image(volume, skin, Bone(bone, np.zeros_like(bone), 1.0), canal)
    return Case(find_organs(volume, image, None), volume.geometry, truth.labels, volume.voxels), truth


def _values(truth: LabelMap, structure: Structure, side: Side | None = None) -> list[int]:
    return [v for v, e in truth.entries.items() if e.structure is structure and side in (None, e.side)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("structure", "dice"), [(Structure.AORTA, 0.9), (Structure.INFERIOR_VENA_CAVA, 0.7)], ids=["aorta", "cava"]
)
def test_the_phantoms_great_vessels_are_found(phantom: tuple[Case, LabelMap], structure: Structure, dice: float):
    case, truth = phantom
    assert case.agreement(case.vessel(structure), *_values(truth, structure))[0] >= dice


@pytest.mark.slow
@pytest.mark.parametrize("side", list(Side))
def test_the_phantoms_kidneys_are_found(phantom: tuple[Case, LabelMap], side: Side):
    case, truth = phantom
    dice, recall = case.agreement(getattr(case.organs.kidneys, side.value), *_values(truth, Structure.KIDNEY, side))
    assert dice >= 0.93
    assert recall >= 0.95


@pytest.mark.slow
def test_the_phantoms_gas_and_lung_are_found(phantom: tuple[Case, LabelMap]):
    case, truth = phantom
    assert case.agreement(case.organs.lungs.gas, *_values(truth, Structure.GAS))[1] >= 0.98
    assert case.agreement(case.organs.lungs.lung, *_values(truth, Structure.LUNG))[1] >= 0.9


@pytest.mark.slow
def test_the_zone_holds_all_pleura_of_the_phantom(phantom: tuple[Case, LabelMap]):
    case, truth = phantom
    pleura = _values(truth, Structure.PLEURAL_ZONE) + _values(truth, Structure.LUNG)
    assert case.agreement(case.organs.lungs.pleural_zone, *pleura)[1] >= 0.98


@pytest.mark.slow
def test_no_obstacle_is_drawn_over_canal_and_roots(phantom: tuple[Case, LabelMap]):
    case, truth = phantom
    target = truth.mask(Structure.CANAL, Structure.THECAL_SAC, Structure.NERVE_ROOT)
    regions = (case.organs.abdomen.bowel, case.organs.kidneys.left, case.organs.kidneys.right, case.organs.lungs.gas)
    for region in regions:
        assert region is not None
        assert float((region.on(case.geometry) & target).sum()) <= 0.002 * float(target.sum())


@pytest.fixture(scope="module")
def real(real_data: Path) -> Case:
    """lumbar_pelvis_ct: 3 mm, no contrast, hip prosthesis; labels are TotalSegmentator's."""
    folder = real_data / "lumbar_pelvis_ct"
    image = sitk.ReadImage(str(folder / "ct.nii.gz"))
    matrix = np.eye(4)
    cosines = np.array(image.GetDirection()).reshape(3, 3)
    matrix[:3, :3] = (cosines * np.array(image.GetSpacing()))[:, ::-1]
    matrix[:3, 3] = image.GetOrigin()
    stored = VolumeGeometry(matrix, tuple(int(n) for n in image.GetSize()[::-1]))
    volume = Volume(stored, np.asarray(sitk.GetArrayFromImage(image)).astype(np.int16)).in_patient_axes()
    labels = np.asarray(sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "labels.nii.gz"))))
    skin = find_skin(volume)
    bone = find_bone(volume, skin)
    canal = track_canal(volume, skin, bone)
    coarse = coarse_image(volume, skin, with_marrow(volume, skin, bone, canal), canal)
    turned: BoolArray = AxisOrder.to_patient_axes(stored).apply(labels)
    return Case(find_organs(volume, coarse, None), volume.geometry, turned, volume.voxels)


@pytest.mark.realdata
@pytest.mark.slow
def test_a_real_aorta_without_contrast(real: Case):
    assert real.agreement(real.vessel(Structure.AORTA), 52)[0] >= 0.75


@pytest.mark.realdata
@pytest.mark.slow
def test_real_lung_bases(real: Case):
    assert real.agreement(real.organs.lungs.lung, 10, 11, 12, 13, 14)[0] >= 0.92


@pytest.mark.realdata
@pytest.mark.slow
def test_a_real_zone_holds_the_lung(real: Case):
    assert real.agreement(real.organs.lungs.pleural_zone, 10, 11, 12, 13, 14)[1] >= 0.98


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize(("side", "value", "least", "held"), [(Side.LEFT, 3, 0.85, 0.9), (Side.RIGHT, 2, 0.7, 0.6)])
def test_real_kidneys_without_contrast(real: Case, side: Side, value: int, least: float, held: float):
    dice, recall = real.agreement(getattr(real.organs.kidneys, side.value), value)
    assert dice >= least
    assert recall >= held


@pytest.mark.realdata
@pytest.mark.slow
def test_gas_in_real_bowel_is_found(real: Case):
    gas = real.organs.lungs.gas
    assert gas is not None
    bubbles = np.isin(real.labels, (6, 18, 19, 20)) & (real.voxels < -400)
    assert float((gas.on(real.geometry) & bubbles).sum()) >= 0.97 * float(bubbles.sum())
