"""The phantom's image, labels, landmarks and distances agree with each other and with anatomy."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Surroundings
from planner.geometry import VolumeGeometry
from planner.structures import Part, Pose, Side, SpineLevel, Structure
from sample_data.parameters import Contrast, PhantomParameters
from sample_data.phantom import make_phantom, scan_geometry

COARSE = PhantomParameters(spacing_mm=(3.0, 2.0, 2.0), noise_hu=0.0)
TINY = replace(COARSE, spacing_mm=(12.0, 12.0, 12.0))
CURVED = replace(TINY, scoliosis_deg=25.0, axial_rotation_deg=12.0)
VARIANTS = {
    "straight": TINY,
    "curved": CURVED,
    "four lumbar": replace(TINY, lumbar_count=4),
    "six lumbar": replace(TINY, lumbar_count=6),
    "mirrored": replace(CURVED, mirrored=True),
}
BONES = (Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM, Structure.RIB)


@pytest.fixture(scope="module")
def coarse():
    return make_phantom(COARSE)


@pytest.fixture(scope="module", params=list(VARIANTS))
def variant(request):
    return make_phantom(VARIANTS[request.param])


def around(center_mm, size_mm=40.0, spacing_mm=0.5):
    count = int(size_mm / spacing_mm)
    first = tuple(np.asarray(center_mm) - size_mm / 2)
    return VolumeGeometry.from_spacing((count,) * 3, (spacing_mm,) * 3, first)


def mean_hu(phantom, *structures: Structure):
    return float(phantom.volume.voxels[phantom.truth.mask(*structures)].mean())


def test_tissues_have_the_hu_of_a_plain_ct(coarse):
    assert mean_hu(coarse, *BONES) > 200
    assert 40 < mean_hu(coarse, Structure.PSOAS) < 65
    assert 30 < mean_hu(coarse, Structure.AORTA) < 50
    assert 60 < mean_hu(coarse, Structure.DISC) < 130
    assert 0 < mean_hu(coarse, Structure.THECAL_SAC) < 40
    assert mean_hu(coarse, Structure.CANAL) < 40
    assert mean_hu(coarse, Structure.LUNG) < -600
    assert mean_hu(coarse, Structure.BODY) < -60


def test_contrast_shows_in_vessels_and_kidneys():
    phantom = make_phantom(replace(COARSE, spacing_mm=(4, 3, 3), contrast=Contrast.PORTAL))
    assert mean_hu(phantom, Structure.AORTA) > 140
    assert mean_hu(phantom, Structure.INFERIOR_VENA_CAVA) > 130
    assert mean_hu(phantom, Structure.KIDNEY) > 130


def test_body_sizes_and_discs_are_a_lumbar_spines(variant):
    for gap in variant.spine.interspaces:
        if gap.upper.level.region == "L":
            assert 8 <= gap.height_mm <= 12
            assert 42 <= gap.upper.sizes.width <= 52


def test_levels_are_counted_from_the_sacrum_up(variant):
    names = [v.name for v in variant.anatomy().vertebrae]
    count = variant.parameters.lumbar_count
    lumbar = [SpineLevel(f"L{n}") for n in range(count, 0, -1)]
    assert names == [SpineLevel.S1, *lumbar, SpineLevel.T12, SpineLevel.T11, SpineLevel.T10]


def test_no_two_vertebrae_share_a_point(variant):
    rng = np.random.default_rng(3)
    for gap in variant.spine.interspaces[:-1]:
        points = gap.frame.points(rng.uniform([-45, -25, -25], [45, 70, 25], (20000, 3)))
        points = variant.mirror.points(points)
        upper = variant.signed_distance_mm(Structure.VERTEBRA, points, gap.upper.level)
        lower = variant.signed_distance_mm(Structure.VERTEBRA, points, gap.lower.level)
        assert (np.maximum(upper, lower) > -1.0).all(), str(gap.name)


def test_roots_leave_under_the_pedicle_and_never_enter_bone(variant):
    for root in variant.anatomy().nerve_roots:
        room = variant.signed_distance_mm(Structure.BONE, root.course_mm)
        assert room.min() > 1.0, f"{root.root} {root.side}"
    for foramen in variant.anatomy().foramina:
        root = next(r for r in variant.anatomy().nerve_roots if (r.between, r.side) == (foramen.between, foramen.side))
        height = np.linalg.norm(foramen.pedicle_above_mm - foramen.pedicle_below_mm)
        below = np.linalg.norm(root.ganglion_mm - foramen.pedicle_above_mm)
        assert 0.15 * height < below < 0.55 * height


def test_lumbar_foramina_are_open_and_of_plausible_size(variant):
    for foramen in variant.anatomy().foramina:
        if foramen.between.upper.region == "L":
            assert 12 < np.linalg.norm(foramen.pedicle_above_mm - foramen.pedicle_below_mm) < 26
            assert 100 < foramen.area_mm2 < 450
            assert variant.signed_distance_mm(Structure.BONE, foramen.center_mm[None])[0] > 3


def test_facet_gaps_lie_between_two_bones_and_are_open(variant):
    for facet in variant.anatomy().facets:
        room = variant.signed_distance_mm(Structure.BONE, facet.point_mm[None])[0]
        assert 0.8 < room < 1.3, f"{facet.between} {facet.side}"


def test_a_facet_gap_is_dark_between_bright_plates():
    phantom = make_phantom(
        replace(TINY, spacing_mm=(0.5, 0.5, 0.5), field_of_view_mm=(40, 40, 70), center_mm=(0, 52, -18))
    )
    facet = next(f for f in phantom.anatomy().facets if str(f.between) == "L3/L4" and f.side is Side.LEFT)
    angle = np.radians(37.0)
    across = np.outer(np.arange(-4, 4.1, 0.25), [np.cos(angle), -np.sin(angle), 0.0])
    hu = phantom.volume.linear(facet.point_mm - 2.0 * np.array([np.sin(angle), np.cos(angle), 0]) + across)
    middle = len(hu) // 2
    assert hu[middle] < 150
    assert hu[:middle].max() > 500
    assert hu[middle:].max() > 500


def test_the_canal_is_ringed_by_bone_at_every_pedicle(variant):
    angles = np.radians(np.arange(0, 360, 5.0))
    radii = np.arange(2.0, 26.0, 0.5)
    for v in variant.spine.vertebrae[3:-1]:
        directions = np.outer(np.cos(angles), v.frame.axes[:, 0]) + np.outer(np.sin(angles), v.frame.axes[:, 1])
        center = v.frame.point(0, v.back_wall_mm + 9.0, v.pedicle_z_mm - 3.0)
        points = variant.mirror.points((center + radii[:, None, None] * directions).reshape(-1, 3))
        bone = variant.signed_distance_mm(Structure.VERTEBRA, points, v.level).reshape(len(radii), -1)
        assert (bone.min(axis=0) < 0).all(), v.level
        canal = variant.signed_distance_mm(Structure.CANAL, points).reshape(len(radii), -1)
        assert (np.maximum(bone, canal) > -0.5).all(), v.level


def test_the_distance_agrees_with_a_fine_label_map(coarse):
    center = coarse.anatomy().foramina[4].center_mm
    geometry = around(center)
    labels = coarse.truth_labels(geometry)
    rng = np.random.default_rng(8)
    points = center + rng.uniform(-9, 9, (150, 3))
    for structures in (BONES, (Structure.NERVE_ROOT,), (Structure.CANAL, Structure.THECAL_SAC)):
        wanted = Structure.BONE if structures is BONES else structures[0]
        inside = geometry.points_mm(np.argwhere(labels.mask(*structures)))
        brute = np.array([np.linalg.norm(inside - point, axis=1).min() for point in points])
        exact = coarse.signed_distance_mm(wanted, points)
        outside = (exact > 1) & (exact < 9)
        assert outside.sum() > 30
        assert np.abs(brute - exact)[outside].max() < 0.5


def test_labels_name_the_articular_processes_of_both_sides(coarse):
    named = {(e.level, e.side, e.part) for e in coarse.truth.entries.values() if e.structure is Structure.VERTEBRA}
    for level in ("L1", "L3", "L5"):
        for side in Side:
            for part in (Part.SUPERIOR_ARTICULAR_PROCESS, Part.INFERIOR_ARTICULAR_PROCESS):
                assert (SpineLevel(level), side, part) in named


def test_left_is_left(coarse):
    anatomy = coarse.anatomy()
    assert all(np.sign(r.ganglion_mm[0]) == r.side.sign for r in anatomy.nerve_roots)
    assert all(np.sign(f.point_mm[0]) == f.side.sign for f in anatomy.facets)
    x = {
        s: coarse.volume.geometry.points_mm(np.argwhere(coarse.truth.mask(s)))[:, 0].mean()
        for s in (Structure.AORTA, Structure.INFERIOR_VENA_CAVA, Structure.LIVER, Structure.SPLEEN)
    }
    assert x[Structure.AORTA] > 0 > x[Structure.INFERIOR_VENA_CAVA]
    assert x[Structure.SPLEEN] > 0 > x[Structure.LIVER]


def test_a_mirror_swaps_sides_and_nothing_else():
    parameters = replace(CURVED, spacing_mm=(6.0, 4.0, 4.0), noise_hu=9.0)
    plain, mirrored = make_phantom(parameters), make_phantom(replace(parameters, mirrored=True))
    assert np.array_equal(plain.volume.voxels, mirrored.volume.voxels[:, :, ::-1])
    assert np.array_equal(plain.truth.labels, mirrored.truth.labels[:, :, ::-1])
    for value, entry in plain.truth.entries.items():
        assert mirrored.truth.entries[value].side == (entry.side and entry.side.other)
    for a, b in zip(plain.anatomy().nerve_roots, mirrored.anatomy().nerve_roots, strict=True):
        assert a.side is b.side.other
        assert a.ganglion_mm * [-1, 1, 1] == pytest.approx(b.ganglion_mm)


def test_a_turned_grid_sees_the_same_patient():
    straight = make_phantom(replace(TINY, spacing_mm=(2.0, 2.0, 2.0), field_of_view_mm=(90, 90, 90)))
    turned = make_phantom(replace(straight.parameters, turn_deg=(15.0, -10.0, 25.0)))
    points = np.array(TINY.center_mm) + np.random.default_rng(2).uniform(-25, 25, (4000, 3))
    difference = straight.volume.linear(points) - turned.volume.linear(points)
    assert abs(difference.mean()) < 3
    assert np.percentile(np.abs(difference), 90) < 110
    level = Structure.VERTEBRA
    deep = np.abs(straight.signed_distance_mm(level, points)) > 2.0
    same = straight.truth.nearest(points) == turned.truth.nearest(points)
    assert same[deep].mean() > 0.9


@pytest.mark.parametrize(("pose", "side"), [(Pose.PRONE, -1), (Pose.SUPINE, 1)])
def test_the_table_lies_under_the_patient(pose, side):
    phantom = make_phantom(replace(COARSE, pose=pose))
    around_body = phantom.anatomy().surroundings
    table = phantom.volume.geometry.points_mm(np.argwhere(around_body.labels == Surroundings.OBJECT))
    assert len(table) > 1000
    assert (side * table[:, 1] > 60).all()
    assert np.median(side * table[:, 1]) > 90
    assert phantom.anatomy().lie.pose is pose
    bodies = phantom.truth.labels[around_body.labels == Surroundings.BODY]
    assert (bodies > 0).all()


def test_scoliosis_bends_to_the_left_and_rotation_turns_the_front_to_the_left():
    spine = make_phantom(CURVED).spine
    assert spine.vertebra(SpineLevel.L2).frame.origin_mm[0] > 8
    assert -spine.vertebra(SpineLevel.L2).frame.axes[0, 1] > 0.1


def test_osteoporosis_darkens_the_marrow():
    crop = replace(TINY, spacing_mm=(2, 1, 1), field_of_view_mm=(40, 60, 60), center_mm=(0, 30, 0))
    healthy, weak = make_phantom(crop), make_phantom(replace(crop, marrow_hu=70.0))
    center = healthy.spine.vertebra(SpineLevel.L3).frame.origin_mm[None]
    assert healthy.volume.linear(center)[0] == pytest.approx(170, abs=2)
    assert weak.volume.linear(center)[0] == pytest.approx(70, abs=2)


def test_noise_has_the_stated_strength_and_the_seed_decides_it():
    crop = replace(TINY, spacing_mm=(2, 1, 1), field_of_view_mm=(40, 20, 20), center_mm=(-60, -45, 105), noise_hu=20.0)
    first, again, other = make_phantom(crop), make_phantom(crop), make_phantom(replace(crop, seed=2))
    assert first.volume.voxels.std() == pytest.approx(20, rel=0.1)
    assert np.array_equal(first.volume.voxels, again.volume.voxels)
    assert not np.array_equal(first.volume.voxels, other.volume.voxels)


def test_screws_are_metal_and_only_where_asked_for(coarse):
    metal = make_phantom(replace(COARSE, spacing_mm=(4, 3, 3), metal=True))
    assert metal.truth.mask(Structure.METAL).any()
    assert not coarse.truth.mask(Structure.METAL).any()


def test_the_grid_is_centred_and_as_large_as_asked_for():
    geometry = scan_geometry(COARSE)
    assert geometry.corners_mm.mean(axis=0) == pytest.approx(COARSE.center_mm)
    assert np.ptp(geometry.corners_mm, axis=0)[::-1] == pytest.approx(COARSE.field_of_view_mm, abs=3.0)


@pytest.mark.parametrize("wrong", [{"lumbar_count": 7}, {"pose": Pose.LEFT_SIDE}, {"spacing_mm": (0.0, 1.0, 1.0)}])
def test_what_is_not_modelled_is_refused(wrong):
    with pytest.raises(ValueError, match=r"modelled|voxel"):
        replace(COARSE, **wrong)
