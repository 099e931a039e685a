"""Bodies, discs and whole vertebrae against a patient whose every voxel is known."""

import numpy as np
import pytest

from planner.anatomy.straight import StraightGrid, bring_back, straighten
from planner.anatomy.vertebrae import PartCode, ScanVertebrae, Vertebrae, on_scan, share_out
from planner.geometry import BoolArray
from planner.structures import LevelName, Part, Side, Structure

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared(lumbar) -> Vertebrae:
    return share_out(lumbar.column)


@pytest.fixture(scope="module")
def scan(lumbar, shared) -> ScanVertebrae:
    """On all of the scan's grid."""
    part = on_scan(shared, lumbar.column, lumbar.volume.geometry, lumbar.bone.mask)
    whole = [np.zeros(lumbar.volume.geometry.shape, dtype=np.uint8) for _ in range(3)]
    for full, held in zip(whole, (part.number, part.part, part.disc), strict=True):
        full[part.box] = held
    return ScanVertebrae((slice(None), slice(None), slice(None)), *whole)


def dice(one: BoolArray, other: BoolArray) -> float:
    return float(2 * (one & other).sum() / max(1, one.sum() + other.sum()))


def true_mask(case, level: LevelName, part: Part | None = None) -> BoolArray:
    values = [
        value
        for value, entry in case.truth.entries.items()
        if entry.structure is Structure.VERTEBRA and entry.level == level and part in (None, entry.part)
    ]
    return np.isin(case.truth.labels, values)


def whole_levels(case) -> list[tuple[int, LevelName]]:
    """Vertebrae with a disc on both sides."""
    return [(n, name) for n, name in enumerate(case.names) if 0 < n < len(case.names) - 1]


def test_a_body_is_found_to_a_dice_of_ninety_two_percent(lumbar, scan):
    for n, name in whole_levels(lumbar):
        found = (scan.number == n + 1) & (scan.part == PartCode.BODY)
        assert dice(found, true_mask(lumbar, name, Part.BODY)) > 0.92, name


def test_a_vertebra_is_found_to_a_dice_of_ninety_percent(lumbar, scan):
    for n, name in whole_levels(lumbar):
        assert dice(scan.number == n + 1, true_mask(lumbar, name)) > 0.90, name


def test_no_vertebra_takes_more_than_a_twentieth_of_its_neighbour(lumbar, scan):
    for n, name in whole_levels(lumbar):
        for other in (m for m, _ in whole_levels(lumbar) if m != n):
            stolen = np.count_nonzero((scan.number == other + 1) & true_mask(lumbar, name))
            assert stolen < 0.05 * true_mask(lumbar, name).sum(), (name, other)


def test_end_plates_lie_within_a_slice(lumbar):
    for n, name in whole_levels(lumbar):
        body = lumbar.column.bodies[n]
        vertebra = next(v for v in lumbar.phantom.spine.vertebrae if v.level == name)
        for sign, plate in ((-1, body.bottom), (1, body.top)):
            s, u, v = lumbar.canal.frame.from_lps(vertebra.frame.point(0, 0, sign * vertebra.sizes.height / 2)[None])[0]
            grid = lumbar.column.grid
            found = plate.s_mm[
                round((v - grid.first_mm[1]) / grid.step_mm), round((u - grid.first_mm[2]) / grid.step_mm)
            ]
            assert abs(found - s) < 1.5, (name, sign)


def test_processes_that_face_a_joint_are_where_the_joint_is(lumbar, scan):
    joints = {(f.between, f.side): f.point_mm for f in lumbar.anatomy.facets}
    for n, between in enumerate(lumbar.interspaces):
        for number, code in ((n, PartCode.SUPERIOR_ARTICULAR_PROCESS), (n + 1, PartCode.INFERIOR_ARTICULAR_PROCESS)):
            voxels = np.argwhere((scan.number == number + 1) & (scan.part == code))
            if not 0 < number < len(lumbar.names) - 1:
                continue
            points = lumbar.volume.geometry.points_mm(voxels)
            for side in Side:
                nearest = np.linalg.norm(points - joints[between, side], axis=1).min()
                assert nearest < 4.5, (between, side, code)


def test_discs_fill_the_space_between_bodies_and_none_is_bone(lumbar, scan):
    assert not (scan.disc > 0)[lumbar.bone.mask].sum() > 0.08 * (scan.disc > 0).sum()
    for n, between in enumerate(lumbar.interspaces):
        values = [
            v for v, e in lumbar.truth.entries.items() if e.structure is Structure.DISC and e.level == between.upper
        ]
        true_disc = np.isin(lumbar.truth.labels, values)
        assert np.count_nonzero(true_disc & (scan.disc == n + 1)) > 0.75 * true_disc.sum(), between


def test_confidence_is_high_for_whole_vertebrae_and_low_for_cut_ones(lumbar, shared):
    whole = [shared.confidence[n] for n, _ in whole_levels(lumbar)]
    assert min(whole) > 0.8
    assert lumbar.column.bodies[-1].is_cut == (lumbar.column.bodies[-1].confidence < 0.55)


def test_what_is_straightened_comes_back_to_its_place(lumbar):
    grid = StraightGrid.around(lumbar.canal.frame, (20.0, 120.0), (-20.0, 40.0), (-30.0, 30.0), 1.0)
    inside = straighten(lumbar.bone.mask.view(np.uint8), lumbar.volume.geometry, grid, 0.0) > 0.5
    back = bring_back(inside.astype(np.uint8), grid, lumbar.volume.geometry) > 0
    region = bring_back(np.ones(grid.shape, dtype=np.uint8), grid, lumbar.volume.geometry) > 0
    assert dice(back, lumbar.bone.mask & region) > 0.93


def test_end_plates_lie_within_half_a_millimetre_on_average(lumbar):
    """Their blurred plates rise steepest 0.6 to 1 mm outside the bone."""
    away = []
    for n, name in whole_levels(lumbar):
        body, grid = lumbar.column.bodies[n], lumbar.column.grid
        v, u = np.nonzero(np.hypot(*np.meshgrid(grid.v_mm - body.center_v_mm, grid.u_mm, indexing="ij")) < 8.0)
        for plate in (body.bottom, body.top):
            points = grid.frame.to_lps(np.stack([plate.s_mm[v, u], grid.u_mm[u], grid.v_mm[v]], axis=1))
            away.append(
                lumbar.phantom.signed_distance_mm(Structure.VERTEBRA, points, level=name, part=Part.BODY).mean()
            )
    assert abs(np.mean(away)) < 0.5


def test_what_lies_in_a_bodys_contour_is_that_body(lumbar, shared):
    inside = lumbar.column.body > 0
    assert (shared.number[inside] == lumbar.column.body[inside]).all()
