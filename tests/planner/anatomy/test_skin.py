"""The body is found without table, the image's edge is never skin, and the table says how the body lies.

Trunks without bones are drawn from ellipses.
"""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from planner.anatomy import itk
from planner.anatomy.lie import agrees_with_spine
from planner.anatomy.model import Surroundings
from planner.anatomy.skin import find_skin, skin_of
from planner.anatomy.working_grid import WorkingGrid
from planner.errors import AnatomyError
from planner.geometry import VolumeGeometry
from planner.structures import Pose
from planner.volume import Volume

SHAPE, SPACING = (24, 109, 150), (3.0, 3.0, 3.0)


def geometry() -> VolumeGeometry:
    return VolumeGeometry.from_spacing(SHAPE, SPACING, (-223.5, -162.0, 0.0))


def places() -> np.ndarray:
    """(k, j, i, 3) LPS mm."""
    return geometry().points_mm(np.moveaxis(np.indices(SHAPE), 0, -1))


def trunk(half_width_mm=150.0, half_depth_mm=100.0) -> np.ndarray:
    points = places()
    return (points[..., 0] / half_width_mm) ** 2 + (points[..., 1] / half_depth_mm) ** 2 < 1.0


def slab(side: str, gap_mm: float = 8.0, thick_mm: float = 5.0) -> np.ndarray:
    """A table beside the trunk on one side."""
    x, y = places()[..., 0], places()[..., 1]
    at = {"posterior": y - 100.0, "anterior": -y - 100.0, "left": x - 150.0, "right": -x - 150.0}[side]
    along = x if side in ("posterior", "anterior") else y
    return (at > gap_mm) & (at < gap_mm + thick_mm) & (np.abs(along) < 140.0)


def scan(body: np.ndarray, *more: tuple[np.ndarray, int], noise_hu: float = 15.0) -> Volume:
    voxels = np.full(SHAPE, -1000.0)
    voxels[body] = 40.0
    for mask, hu in more:
        voxels[mask] = hu
    voxels += np.random.default_rng(7).normal(0.0, noise_hu, SHAPE)
    return Volume(geometry(), np.clip(voxels, -1024, 3000).astype(np.int16))


def dice(one, other) -> float:
    return 2.0 * float((one & other).sum()) / float(one.sum() + other.sum())


def test_the_body_is_the_ellipse_that_was_drawn():
    skin = find_skin(scan(trunk()))
    assert dice(skin.body, trunk()) > 0.99
    assert skin.confidence == 1.0


def test_a_table_is_an_object_and_no_body():
    table = slab("posterior")
    skin = find_skin(scan(trunk(), (table, 100)))
    assert not skin.body[table].any()
    assert (skin.surroundings[table] == Surroundings.OBJECT).mean() > 0.95


def test_a_table_that_touches_is_left_out():
    skin = find_skin(scan(trunk(), (slab("posterior", gap_mm=0.0), 100)))
    beyond = slab("posterior", gap_mm=0.0) & (np.abs(places()[..., 0]) > 60.0)
    assert skin.body[beyond].mean() < 0.1


def test_lungs_and_gas_are_inside_the_body():
    lungs = ((places()[..., 0] - 70.0) / 50.0) ** 2 + (places()[..., 1] / 60.0) ** 2 < 1.0
    skin = find_skin(scan(trunk(), (lungs, -850)))
    assert skin.body[lungs].all()


def test_lungs_cut_by_the_end_of_oblique_slices_are_inside_the_body():
    lungs = (((np.abs(places()[..., 0]) - 70.0) / 50.0) ** 2 + (places()[..., 1] / 60.0) ** 2 < 1.0) & (
        places()[..., 2] > 30.0
    )
    upright = scan(trunk(), (lungs, -850))
    turn = np.eye(4)
    c, s = np.cos(np.deg2rad(15.0)), np.sin(np.deg2rad(15.0))
    turn[1:3, 1:3] = [[c, -s], [s, c]]
    oblique = VolumeGeometry(turn @ upright.geometry.lps_from_index, upright.geometry.shape)
    grid = WorkingGrid.of(Volume(oblique, upright.voxels))
    skin = skin_of(grid.volume, grid.oblique)
    true = itk.mask_on(lungs, oblique, grid.volume.geometry)
    assert skin.body[true].mean() > 0.97
    assert not (skin.surroundings[true & skin.body] != 0).any()
    assert dice(skin.body, itk.mask_on(trunk(), oblique, grid.volume.geometry)) > 0.97


def test_a_thin_chest_wall_still_holds_the_lung():
    lungs = ((places()[..., 0] - 70.0) / 74.0) ** 2 + (places()[..., 1] / 80.0) ** 2 < 1.0
    skin = find_skin(scan(trunk(), (lungs & trunk(143.0, 93.0), -850)))
    assert dice(skin.body, trunk()) > 0.99


def test_an_arm_with_its_bone_belongs_to_the_body():
    from_arm = np.hypot(places()[..., 0] - 195.0, places()[..., 1])
    arm, bone = from_arm < 25.0, from_arm < 8.0
    skin = find_skin(scan(trunk(), (arm, 40), (bone, 900)))
    assert skin.body[arm].mean() > 0.9


def test_padding_is_outside_the_reconstruction():
    outside = np.hypot(places()[..., 0], places()[..., 1]) > 155.0
    volume = scan(trunk())
    voxels = volume.voxels.copy()
    voxels[outside] = -2048
    skin = find_skin(Volume(volume.geometry, voxels))
    assert (skin.surroundings[outside] == Surroundings.OUTSIDE_RECONSTRUCTION).all()
    assert not skin.body[outside].any()


def test_a_narrow_field_of_view_shows_only_part_of_the_skin():
    volume = scan(trunk())
    narrow = Volume(volume.geometry.cropped((0, 0, 42), (24, 109, 67)), volume.voxels[:, :, 42:109])
    skin = find_skin(narrow)
    assert 0.4 < skin.confidence < 0.9
    assert dice(skin.body, trunk()[:, :, 42:109]) > 0.99


def test_a_loop_full_of_gas_that_the_edge_cuts_is_inside_the_body():
    """No needle may enter there as through skin."""
    x, y = places()[..., 0], places()[..., 1]
    loop = np.hypot(x - 99.0, y + 10.0) < 20.0  # the narrow scan's last column lies at x = 102
    volume = scan(trunk(), (loop, -1000))
    narrow = Volume(volume.geometry.cropped((0, 0, 42), (24, 109, 67)), volume.voxels[:, :, 42:109])
    skin = find_skin(narrow)
    assert skin.body[loop[:, :, 42:109]].all()
    assert dice(skin.body, trunk()[:, :, 42:109]) > 0.99


def test_the_room_seen_beside_a_body_at_the_edge_stays_the_room():
    volume = scan(trunk())
    corner = Volume(volume.geometry.cropped((0, 30, 42), (24, 79, 67)), volume.voxels[:, 30:, 42:109])
    outside = ~trunk()[:, 30:, 42:109]
    assert not find_skin(corner).body[outside].any()


def test_a_crop_without_air_is_all_body_and_has_no_skin():
    volume = scan(trunk())
    inner = Volume(volume.geometry.cropped((0, 40, 55), (24, 30, 40)), volume.voxels[:, 40:70, 55:95])
    skin = find_skin(inner)
    assert skin.body.all()
    assert skin.confidence == 0.0


def test_an_empty_table_is_refused():
    with pytest.raises(AnatomyError, match="no body found"):
        find_skin(scan(np.zeros(SHAPE, dtype=bool), (slab("posterior"), 100)))


@pytest.mark.realdata
def test_skin_agrees_with_a_hand_drawn_one(real_data):
    reader = sitk.ImageSeriesReader()
    folder = str(real_data / "abdomen_ct" / "series")
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder))
    image = reader.Execute()
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(real_data / "abdomen_ct" / "labels.nii.gz")))
    spacing = tuple(float(mm) for mm in image.GetSpacing()[::-1])
    volume = Volume(VolumeGeometry.from_spacing(labels.shape, spacing), sitk.GetArrayFromImage(image))
    assert dice(find_skin(volume).body, labels > 0) > 0.99


@pytest.mark.parametrize(
    ("side", "pose"),
    [
        ("posterior", Pose.SUPINE),
        ("anterior", Pose.PRONE),
        ("left", Pose.LEFT_SIDE),
        ("right", Pose.RIGHT_SIDE),
    ],
)
def test_the_side_towards_the_table_is_the_side_lain_on(side, pose):
    lie = find_skin(scan(trunk(), (slab(side), 100))).lie
    assert lie.pose is pose
    assert lie.confidence > 0.7
    assert side in lie.evidence


def test_an_ellipse_in_air_lies_on_no_side():
    lie = find_skin(scan(trunk(130.0, 128.0))).lie
    assert lie.pose is Pose.UNKNOWN
    assert lie.confidence == 0.0


def spine_at(y_mm: float) -> np.ndarray:
    return np.array([[0.0, y_mm, z] for z in range(5, 65, 5)])


def test_a_spine_at_the_back_confirms_the_axes():
    skin = find_skin(scan(trunk(), (slab("posterior"), 100)))
    assert agrees_with_spine(skin.lie, skin.body, geometry(), spine_at(60.0)).pose is Pose.SUPINE


def test_a_spine_at_the_front_makes_the_pose_unknown():
    skin = find_skin(scan(trunk(), (slab("posterior"), 100)))
    lie = agrees_with_spine(skin.lie, skin.body, geometry(), spine_at(-60.0))
    assert lie.pose is Pose.UNKNOWN
    assert "from the front" in lie.evidence
