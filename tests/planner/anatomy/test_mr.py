"""An MR becomes an Anatomy: weighting and skin by the image, foramina where fat opens, roots in them, bone never sure.

The spine is given as the phantom's truth, smoothed as the network's answers are: what is tested is everything after it.
"""

import numpy as np
import pytest

from planner.anatomy import itk
from planner.anatomy.model import Anatomy, Surroundings
from planner.anatomy.mr.bias import evened
from planner.anatomy.mr.plausible import require_mr
from planner.anatomy.mr.segment_mr import MrFindings, find_with, mr_anatomy_of
from planner.anatomy.mr.skin import find_skin_on_mr, seen_on
from planner.anatomy.mr.weighting import Weighting
from planner.anatomy.network.opinion import SpineOpinion
from planner.anatomy.network.session import Share
from planner.anatomy.network.spine_on_mr import MrSpine, spine_of
from planner.anatomy.network.windows import upright_grid
from planner.anatomy.segment import segment
from planner.anatomy.skin import not_reconstructed
from planner.anatomy.stages import Skin
from planner.anatomy.working_grid import WorkingGrid
from planner.errors import AnatomyError, ModalityError
from planner.geometry import VolumeGeometry
from planner.obstacles import find_obstacles
from planner.procedures import PROCEDURES
from planner.procedures.on_mr import on_modality
from planner.structures import Interspace, Part, Side, SpineLevel, Structure
from planner.targets import TargetRequest, find_targets
from planner.volume import Modality, Volume
from sample_data.mr import MrParameters, mr_volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom
from sample_data.tissue import STIR_TURBO, T1, T1_TURBO, T2_TURBO, Dixon, Sequence

CLASSES = {
    Structure.DISC: Share.DISC,
    Structure.CANAL: Share.CANAL,
    Structure.THECAL_SAC: Share.CANAL,
    Structure.SACRUM: Share.SACRUM,
}
L4_L5 = Interspace(SpineLevel.L4, SpineLevel.L5)


@pytest.fixture(scope="module")
def patient() -> Phantom:
    """L3 to S1, no skin."""
    return make_phantom(
        PhantomParameters(
            spacing_mm=(1.5, 1.5, 1.5), field_of_view_mm=(126.0, 130.0, 110.0), center_mm=(0.0, 42.0, -48.0)
        )
    )


@pytest.fixture(scope="module")
def thick() -> Phantom:
    """The same in slices of 4 mm across the body, as sagittal stacks have."""
    return make_phantom(
        PhantomParameters(
            spacing_mm=(0.9, 0.9, 4.0), field_of_view_mm=(126.0, 130.0, 110.0), center_mm=(0.0, 42.0, -48.0)
        )
    )


def true_spine(phantom: Phantom) -> MrSpine:
    box = upright_grid(phantom.geometry)
    truth = phantom.truth_labels(box)
    shares = np.zeros((len(Share), *box.shape), dtype=np.float32)
    for value, entry in truth.entries.items():
        share = CLASSES.get(entry.structure)
        if entry.structure is Structure.VERTEBRA:
            share = Share.BODY if entry.part is Part.BODY else Share.POSTERIOR
        if share is not None:
            shares[share][truth.labels == value] = 1.0
    for share in Share:
        shares[share] = itk.smoothed(shares[share], box, 0.7)
    shares[Share.BACKGROUND] = 1.0 - shares[1:].sum(axis=0)
    return spine_of(SpineOpinion(phantom.geometry, box, shares))


def scanned(phantom: Phantom, sequence: Sequence) -> MrFindings:
    volume = mr_volume(phantom, MrParameters(sequence, noise=0.008, annulus_mm=3.0, bias=0.1))
    return find_with(volume, lambda _: true_spine(phantom))


def dixon(phantom: Phantom, sequence: Sequence, image: Dixon) -> MrFindings:
    volume = mr_volume(phantom, MrParameters(sequence, noise=0.008, annulus_mm=3.0, bias=0.1, dixon=image))
    return find_with(volume, lambda _: true_spine(phantom))


@pytest.fixture(scope="module")
def t2(patient: Phantom) -> MrFindings:
    return scanned(patient, T2_TURBO)


@pytest.fixture(scope="module")
def anatomy(t2: MrFindings) -> Anatomy:
    return mr_anatomy_of(t2)


@pytest.mark.parametrize(
    ("sequence", "told"),
    [(T1_TURBO, Weighting.T1), (T2_TURBO, Weighting.T2), (STIR_TURBO, Weighting.FLUID_WITHOUT_FAT)],
)
def test_the_image_says_how_it_is_weighted(patient: Phantom, sequence: Sequence, told: Weighting):
    assert scanned(patient, sequence).contrast.weighting is told


@pytest.mark.parametrize(
    ("sequence", "image", "told"),
    [
        (T1, Dixon.IN_PHASE, Weighting.T1),
        (T1, Dixon.OPPOSED, Weighting.OPPOSED),
        (T1, Dixon.WATER, Weighting.T1_WITHOUT_FAT),
        (T1, Dixon.FAT, Weighting.FAT_ALONE),
        (T2_TURBO, Dixon.IN_PHASE, Weighting.T2),
        (T2_TURBO, Dixon.WATER, Weighting.FLUID_WITHOUT_FAT),
        (T2_TURBO, Dixon.FAT, Weighting.FAT_ALONE),
    ],
)
@pytest.mark.parametrize("is_thick", [False, True])
def test_the_images_of_a_dixon_series_are_told_apart(
    patient: Phantom, thick: Phantom, sequence: Sequence, image: Dixon, told: Weighting, *, is_thick: bool
):
    phantom = thick if is_thick else patient
    assert dixon(phantom, sequence, image).contrast.weighting is told


def test_where_fat_and_water_cancel_no_nerve_is_sought_and_the_anatomy_says_so(patient: Phantom):
    found = dixon(patient, T1, Dixon.OPPOSED)
    assert not found.contrast.shows_fat
    assert any("fat and water cancel" in line for line in mr_anatomy_of(found).warnings)


def test_an_image_of_fat_alone_is_told(patient: Phantom):
    fat = mr_volume(patient, MrParameters(T1_TURBO, noise=0.008)).voxels.astype(float)
    suppressed = np.where(fat > 550, fat, np.where(fat > 400, 0.6 * fat, 0.15 * fat))
    volume = Volume(patient.geometry, suppressed.astype(np.int16), Modality.MR)
    assert find_with(volume, lambda _: true_spine(patient)).contrast.weighting is Weighting.FAT_ALONE


def test_foramina_lie_within_their_own_uncertainty_and_most_within_2_5_mm(anatomy: Anatomy, patient: Phantom):
    true = {(str(f.between), f.side): f.center_mm for f in patient.anatomy().foramina}
    off = [(np.linalg.norm(f.center_mm - true[str(f.between), f.side]), f.uncertainty_mm) for f in anatomy.foramina]
    assert len(off) >= 4
    assert all(mm <= u for mm, u in off)
    assert np.median([mm for mm, _ in off]) <= 2.5


def test_ganglia_lie_within_their_own_uncertainty(anatomy: Anatomy, patient: Phantom):
    true = {(r.root, r.side): r.ganglion_mm for r in patient.anatomy().nerve_roots}
    assert all(np.linalg.norm(r.ganglion_mm - true[r.root, r.side]) <= r.uncertainty_mm for r in anatomy.nerve_roots)


def test_bone_is_never_sure_on_mr_joints_are_not_offered_and_the_anatomy_says_so(anatomy: Anatomy):
    assert anatomy.modality is Modality.MR
    assert anatomy.confidence[Structure.BONE] < 0.5
    assert anatomy.facets == ()
    assert any("MR does not show bone" in line for line in anatomy.warnings)


def test_no_foramen_is_filled_with_bone(anatomy: Anatomy):
    bones = anatomy.labels.values_of(Structure.BONE, Structure.VERTEBRA)
    for foramen in anatomy.foramina:
        assert anatomy.labels.nearest(foramen.center_mm) not in bones


def test_the_sacrum_names_the_levels_but_never_for_certain(anatomy: Anatomy):
    assert {str(disc.between) for disc in anatomy.discs} >= {"L4/L5", "L5/S1"}
    assert max(vertebra.name_confidence for vertebra in anatomy.vertebrae) < 0.9


def test_a_target_is_found_on_mr_with_needles_that_may_go_into_the_magnet(anatomy: Anatomy, patient: Phantom):
    procedure = on_modality(PROCEDURES["prt"], Modality.MR)
    (target,) = find_targets(anatomy, procedure, TargetRequest(Side.LEFT, root="L4"))
    foramen = next(f for f in patient.anatomy().foramina if f.between == L4_L5 and f.side is Side.LEFT)
    assert len(target.tips_mm)
    assert np.linalg.norm(target.tips_mm - foramen.center_mm, axis=1).min() < 8.0
    assert all(needle.artefact_mm is not None for needle in procedure.needles)


def test_bone_on_mr_is_kept_clear_of_by_what_the_anatomy_says_of_it(anatomy: Anatomy):
    procedure = PROCEDURES["prt"]
    bone = find_obstacles(anatomy, anatomy.labels, procedure, L4_L5, Side.LEFT)[0]
    assert bone.name == "bone"
    assert bone.uncertainty_mm == anatomy.uncertainty_mm[Structure.BONE] >= 2.0


def test_without_air_all_is_body_and_none_of_it_skin(t2: MrFindings):
    assert t2.skin.body.all()
    assert t2.skin.confidence == 0.0


def trunk(signal: float, air: float, noise: float = 20.0) -> Volume:
    """An ellipse of fat with a dark core in noise, 200 mm wide."""
    grid = VolumeGeometry.from_spacing((20, 100, 120), (3.0, 2.0, 2.0), (-119.0, -99.0, -30.0))
    rng = np.random.default_rng(5)
    j, i = np.mgrid[-99.0:100.0:2.0, -119.0:120.0:2.0]
    inside = (i / 100.0) ** 2 + (j / 75.0) ** 2
    level = np.where(inside < 1.0, np.where(inside < 0.5, 0.3 * signal, signal), air)
    channels = rng.normal(0.0, noise, (2, *grid.shape))
    return Volume(grid, np.hypot(level + channels[0], channels[1]).astype(np.int16), Modality.MR)


def test_skin_lies_where_fat_ends_in_noise():
    volume = trunk(1000.0, 0.0)
    skin = find_skin_on_mr(volume, np.zeros(volume.geometry.shape, dtype=bool))
    area_mm2 = skin.body.sum(axis=(1, 2)) * 4.0
    assert skin.confidence > 0.99
    assert np.allclose(area_mm2, np.pi * 100.0 * 75.0, rtol=0.02)
    assert skin.surroundings[10, 2, 2] == Surroundings.AIR


def test_what_is_no_image_is_no_air():
    volume = trunk(1000.0, 0.0)
    absent = np.zeros(volume.geometry.shape, dtype=bool)
    absent[:, :8] = True
    assert (find_skin_on_mr(volume, absent).surroundings[:, :8] == Surroundings.OUTSIDE_RECONSTRUCTION).all()


def skin_of_stack(turn_deg: tuple[float, float, float], field_mm: tuple[float, float, float]) -> tuple[Skin, Phantom]:
    """Of a stack of 4 mm slices through the whole trunk."""
    given = PhantomParameters(
        spacing_mm=(4.0, 2.0, 2.0), field_of_view_mm=field_mm, center_mm=(0.0, 0.0, -48.0), turn_deg=turn_deg
    )
    phantom = make_phantom(given)
    grid = WorkingGrid.of(mr_volume(phantom, MrParameters(T2_TURBO, noise=0.008)))
    absent = not_reconstructed(grid.volume)
    return seen_on(find_skin_on_mr(evened(grid.volume, absent), absent), grid.oblique), phantom


@pytest.mark.parametrize("turn_deg", [(0.0, 90.0, 0.0), (10.0, 80.0, 0.0)])
def test_where_a_sagittal_stack_ends_inside_the_body_no_skin_lies(turn_deg: tuple[float, float, float]):
    skin, phantom = skin_of_stack(turn_deg, (120.0, 300.0, 300.0))
    assert skin.confidence < 0.6
    air = np.asarray(skin.surroundings == Surroundings.AIR)
    deep = itk.eroded(phantom.truth_labels(skin.geometry).labels > 0, skin.geometry, 3.0)
    assert (air & deep).sum() < 1e-4 * deep.sum()


def test_an_oblique_axial_stack_shows_all_of_its_skin():
    skin, phantom = skin_of_stack((20.0, 10.0, 5.0), (80.0, 280.0, 400.0))
    assert skin.confidence > 0.95
    true = phantom.truth_labels(skin.geometry).labels > 0
    inside = skin.surroundings != Surroundings.OUTSIDE_RECONSTRUCTION
    assert ((skin.body != true) & inside).sum() < 0.03 * (true & inside).sum()


def test_a_ct_under_the_name_of_an_mr_is_refused():
    grid = VolumeGeometry.from_spacing((40, 40, 40), (3.0, 3.0, 3.0))
    hu = np.full(grid.shape, 40, dtype=np.int16)
    hu[:, :10] = -1000
    with pytest.raises(AnatomyError, match="Hounsfield units"):
        require_mr(Volume(grid, hu, Modality.MR))


def test_an_mr_is_refused_without_the_network_and_a_localizer_always(patient: Phantom):
    volume = mr_volume(patient)
    with pytest.raises(ModalityError):
        segment(volume)
    thin = VolumeGeometry.from_spacing((3, 40, 40), (5.0, 3.0, 3.0))
    with pytest.raises(AnatomyError, match="15 mm along the body"):
        require_mr(Volume(thin, np.ones(thin.shape, dtype=np.int16), Modality.MR))
