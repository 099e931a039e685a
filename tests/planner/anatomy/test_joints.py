"""The gaps of facet joints: where they are, whatever the marrow's density, and how far they are believed."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.facets import find_facets, sides_agree
from planner.anatomy.halfway import halfway
from planner.anatomy.joints import Sheet
from planner.anatomy.vertebra_markers import certain
from planner.anatomy.vertebrae import share_out
from planner.geometry import FloatArray
from planner.structures import Part, Side, Structure
from sample_data.parameters import PhantomParameters
from sample_data.vertebrae import joint_of
from tests.planner.anatomy.conftest import SpineCase, spine_case

pytestmark = pytest.mark.slow

_TWO_LEVELS = {"field_of_view_mm": (120.0, 130.0, 110.0), "center_mm": (0.0, 45.0, -30.0)}


@pytest.fixture(scope="module")
def porotic() -> SpineCase:
    """Marrow as dark as muscle: darker than a joint's cartilage."""
    return spine_case(PhantomParameters(spacing_mm=(1.5, 1.0, 1.0), marrow_hu=30.0, **_TWO_LEVELS))


@pytest.fixture(scope="module")
def coarse() -> SpineCase:
    return spine_case(PhantomParameters(spacing_mm=(3.0, 2.0, 2.0), **_TWO_LEVELS))


@pytest.fixture(scope="module")
def thick() -> SpineCase:
    """Slices of an intervention: 5 mm, with pixels of 1 mm."""
    return spine_case(PhantomParameters(spacing_mm=(5.0, 1.0, 1.0), **_TWO_LEVELS))


def across_gap_mm(case: SpineCase, n: int, side: Side) -> FloatArray:
    """(n,) distance of a sheet's points from the middle of the true gap."""
    gap = next(g for g in case.phantom.spine.interspaces if g.name == case.interspaces[n])
    frame = joint_of(gap, side).frame
    return np.abs((case.column.joints[n][side].points_mm - frame.origin_mm) @ frame.axes[:, 0])


def sheets(case: SpineCase) -> list[tuple[int, Side, Sheet]]:
    return [(n, side, sheet) for n, joints in enumerate(case.column.joints) for side, sheet in joints.items()]


@pytest.mark.parametrize("which", ["lumbar", "porotic"])
def test_sheets_lie_in_the_gap_and_not_in_the_marrow_beside_it_however_dark(which, request):
    """The gap reaches 1 mm to each side of its middle, the next marrow begins at 2.6 mm."""
    case = request.getfixturevalue(which)
    found = sheets(case)
    assert len(found) >= 2 * (len(case.interspaces) - 1)
    for n, side, _ in found:
        across = across_gap_mm(case, n, side)
        assert np.median(across) < 0.8, (case.interspaces[n], side)
        assert np.percentile(across, 95) < 2.0, (case.interspaces[n], side)


def test_thick_slices_with_fine_pixels_show_most_upright_gaps(thick):
    away = [float(np.median(across_gap_mm(thick, n, side))) for n, side, _ in sheets(thick)]
    assert np.mean(np.array(away) < 1.0) >= 0.75


def test_a_gap_that_leans_downwards_dips_little_or_is_small_is_no_sure_joint(lumbar):
    for _, _, sheet in sheets(lumbar):
        few = replace(sheet, points_mm=sheet.points_mm[:20], normals=sheet.normals[:20], weight=sheet.weight[:20])
        for doubted in (replace(sheet, lean=-0.25), replace(sheet, dip_hu=200.0), few):
            assert doubted.confidence < 0.5 * sheet.confidence


def test_the_surface_half_way_between_two_vertebrae_lies_in_the_gap(lumbar):
    vertebrae = share_out(lumbar.column)
    for n, joints in enumerate(lumbar.column.joints):
        for side in joints:
            between = halfway(lumbar.column, vertebrae, n, side)
            assert between is not None
            gap = next(g for g in lumbar.phantom.spine.interspaces if g.name == lumbar.interspaces[n])
            true = joint_of(gap, side).frame
            away = np.abs((between.points_mm - true.origin_mm) @ true.axes[:, 0])
            assert np.average(away, weights=between.weight) < 1.5, (gap.name, side)
            assert between.confidence <= 0.35


def test_half_way_between_outlines_that_thick_slices_blur_is_hardly_believed(coarse):
    vertebrae = share_out(coarse.column)
    for n, joints in enumerate(coarse.column.joints):
        found = [halfway(coarse.column, vertebrae, n, side) for side in joints]
        assert max((one.confidence for one in found if one is not None), default=0.0) < 0.1


def test_a_gap_far_from_where_both_bones_meet_is_not_the_joint(lumbar):
    """The same gap, moved 12 mm up: clear as before, but not between these two processes."""
    vertebrae = share_out(lumbar.column)
    before = find_facets(lumbar.volume, lumbar.column, vertebrae, lumbar.interspaces)
    moved = [
        {side: replace(sheet, points_mm=sheet.points_mm + np.array([0.0, 0.0, 12.0])) for side, sheet in joints.items()}
        for joints in lumbar.column.joints
    ]
    after = find_facets(lumbar.volume, replace(lumbar.column, joints=tuple(moved)), vertebrae, lumbar.interspaces)
    doubted = {(f.between, f.side): f for f in after}
    for facet in before:
        other = doubted[facet.between, facet.side]
        assert other.confidence <= 0.5 < facet.confidence


def test_a_sheets_normals_point_from_the_lower_process_to_the_upper_one(lumbar):
    for n, side, sheet in sheets(lumbar):
        gap = next(g for g in lumbar.phantom.spine.interspaces if g.name == lumbar.interspaces[n])
        assert np.mean(sheet.normals @ joint_of(gap, side).frame.axes[:, 0]) > 0.85


def test_voxels_that_blur_the_gap_are_not_believed(lumbar, coarse):
    assert min(sheet.confidence for _, _, sheet in sheets(lumbar)) > 0.5
    assert max((sheet.confidence for _, _, sheet in sheets(coarse)), default=0.0) < 0.35


def test_a_facet_carries_its_surface_and_the_direction_across_it(lumbar):
    for facet in find_facets(lumbar.volume, lumbar.column, share_out(lumbar.column), lumbar.interspaces):
        assert len(facet.surface_mm) >= 20
        assert abs(facet.axis @ facet.normal) < 1e-6
        assert np.linalg.norm(facet.surface_mm - facet.point_mm, axis=1).min() < 2.0


def test_a_joint_without_a_partner_or_far_from_its_mirror_image_is_doubted(lumbar):
    joints = lumbar.column.joints[1]
    assert sides_agree(lumbar.column, joints, Side.LEFT) == 1.0
    assert sides_agree(lumbar.column, {Side.LEFT: joints[Side.LEFT]}, Side.LEFT) < 1.0
    swapped = {Side.LEFT: joints[Side.LEFT], Side.RIGHT: lumbar.column.joints[2][Side.RIGHT]}
    assert sides_agree(lumbar.column, swapped, Side.LEFT) < 0.5


def test_what_is_certain_of_a_vertebra_is_never_its_neighbours(porotic):
    grid, markers = porotic.column.grid, certain(porotic.column)
    for number, name in enumerate(porotic.names, start=1):
        at = np.argwhere((markers == number) & (porotic.column.body == 0))
        true = porotic.truth.nearest(grid.points_mm(at))
        others = [
            value
            for value, entry in porotic.truth.entries.items()
            if entry.structure is Structure.VERTEBRA and entry.level != name
        ]
        assert np.isin(true, others).mean() < 0.02, name


def test_articular_processes_are_those_of_their_own_vertebra(porotic):
    shared = share_out(porotic.column)
    for number, name in list(enumerate(porotic.names, start=1))[1:-1]:
        for part in (Part.SUPERIOR_ARTICULAR_PROCESS, Part.INFERIOR_ARTICULAR_PROCESS):
            values = [v for v, e in porotic.truth.entries.items() if e.level == name and e.part is part]
            voxels = np.argwhere(np.isin(porotic.truth.labels, values))
            points = porotic.volume.geometry.points_mm(voxels)
            index = np.round(porotic.column.grid.index(porotic.column.grid.frame.from_lps(points))).astype(int)
            found = shared.number[tuple(index.T)]
            assert np.mean(found[found > 0] == number) > 0.9, (name, part)
