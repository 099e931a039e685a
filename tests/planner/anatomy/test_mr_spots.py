"""What the image says beyond the network: a ganglion in its fat, a disc whose front is not seen."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from planner.anatomy.foramina import Opening, Sheet
from planner.anatomy.model import NerveRoot
from planner.anatomy.mr.ganglia import NerveMap, seen_roots
from planner.anatomy.mr.weighting import Contrast, Weighting
from planner.anatomy.network.disc_level import disc_level, evenly_deep
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import CanalTrack
from planner.anatomy.straight import StraightGrid
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import Interspace, Side, SpineLevel

FRAME = SpineFrame.along(np.stack([np.zeros(101), np.zeros(101), np.arange(101.0)], axis=1))
GRID = StraightGrid.around(FRAME, (20.0, 80.0), (-20.0, 25.0), (0.0, 40.0), 1.0)
T1 = Contrast(Weighting.T1, 60.0, 160.0, 100.0, 250.0, 0.9)
STIR = Contrast(Weighting.FLUID_WITHOUT_FAT, 700.0, 90.0, 100.0, 10.0, 0.9)
THETA = 2.0 * np.pi * np.arange(48) / 48
L4_L5 = Interspace(SpineLevel.L4, SpineLevel.L5)
MODEL, TRUE = np.array([54.0, 18.0, 4.0]), np.array([52.4, 20.7, 5.6])


def opening() -> Opening:
    sheet = cast(
        "Sheet", SimpleNamespace(above=SimpleNamespace(s_mm=68.0, v_mm=4.0), below=SimpleNamespace(s_mm=32.0, v_mm=4.0))
    )
    return Opening(L4_L5, Side.LEFT, sheet, 50.0, 4.0, 40.0 / np.hypot(4.0 * np.cos(THETA), 10.0 * np.sin(THETA)), 1.0)


def root() -> NerveRoot:
    course = FRAME.to_lps(MODEL + np.linspace(-15.0, 15.0, 31)[:, None] * np.array([-0.7, 0.7, 0.0]))
    return NerveRoot(SpineLevel.L4, L4_L5, Side.LEFT, course, FRAME.to_lps(MODEL), 1.8, 4.6, 0.7)


def image(contrast: Contrast, nerve: float) -> NerveMap | None:
    s, v, u = np.meshgrid(GRID.s_mm, GRID.v_mm, GRID.u_mm, indexing="ij")
    away = np.sqrt((s - TRUE[0]) ** 2 + (u - TRUE[1]) ** 2 + (v - TRUE[2]) ** 2)
    share = np.clip(3.0 - away + 0.5, 0.0, 1.0)
    return NerveMap.of(GRID, (contrast.fat + (nerve - contrast.fat) * share).astype(np.float32), contrast)


def moved(contrast: Contrast, nerve: float) -> NerveRoot:
    return seen_roots((root(),), (opening(),), image(contrast, nerve))[0]


def test_a_ganglion_lies_within_a_voxel_of_where_it_shows_in_fat_bright_or_dark():
    for contrast, nerve in ((T1, 100.0), (STIR, 500.0)):
        found = moved(contrast, nerve)
        assert np.linalg.norm(found.ganglion_mm - FRAME.to_lps(TRUE)) < 1.0
        assert found.uncertainty_mm < root().uncertainty_mm


def test_where_fat_shows_no_spot_the_modelled_root_stays_as_it_is():
    found = moved(T1, T1.fat)
    assert np.array_equal(found.ganglion_mm, root().ganglion_mm)
    assert found.uncertainty_mm == root().uncertainty_mm


def test_a_spot_darker_than_any_nerve_moves_nothing():
    for dark in (5.0, 40.0):
        found = moved(T1, dark)
        assert np.array_equal(found.ganglion_mm, root().ganglion_mm)
        assert found.uncertainty_mm == root().uncertainty_mm


def test_a_spot_fainter_than_it_is_far_moves_nothing():
    found = moved(T1, 0.6 * T1.fat + 0.4 * 100.0)
    assert np.array_equal(found.ganglion_mm, root().ganglion_mm)
    assert found.uncertainty_mm == root().uncertainty_mm


def test_the_course_goes_through_a_moved_ganglion_and_stays_far_from_it():
    found = moved(T1, 100.0)
    assert np.linalg.norm(found.course_mm - found.ganglion_mm, axis=1).min() < 0.1
    assert np.linalg.norm(found.course_mm[0] - root().course_mm[0]) < 1.0


def _discs(front_mm: float) -> tuple[list[tuple[Any, BoolArray]], Any]:
    grid = VolumeGeometry.from_spacing((60, 50, 50), (1.5, 1.5, 1.5), (-36.75, -60.0, 0.0))
    z, y, x = np.moveaxis(
        grid.points_mm(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)), -1, 0
    )[::-1]
    track = CanalTrack(FRAME, np.zeros(grid.shape, dtype=bool), np.full(101, 8.0), np.ones(101), 1.0)
    pieces = []
    for middle, cut in ((25.0, front_mm), (60.0, 0.0)):
        ellipse = (x / 22.0) ** 2 + ((y + 28.0) / 17.0) ** 2 < 1.0
        piece = np.asarray(ellipse & (np.abs(z - middle) < 4.5) & (y > -45.0 + cut))
        level = disc_level(piece, np.ones(grid.shape, dtype=np.float32), track, grid)
        assert level is not None
        pieces.append((level, piece))
    return [*evenly_deep(pieces, track, grid)], np.array([0.0, -28.0, 25.0])


def test_a_disc_whose_front_is_not_seen_keeps_its_middle_and_is_less_sure():
    found, true = _discs(8.0)
    (short, _), (whole, _) = found
    assert np.linalg.norm(short.center_mm - true) < 2.0
    assert short.confidence < whole.confidence == 1.0


def test_two_discs_that_touch_in_coarse_voxels_are_none():
    grid = VolumeGeometry.from_spacing((60, 50, 50), (1.5, 1.5, 1.5), (-36.75, -60.0, 0.0))
    x, y, z = np.moveaxis(
        grid.points_mm(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)), -1, 0
    )
    track = CanalTrack(FRAME, np.zeros(grid.shape, dtype=bool), np.full(101, 8.0), np.ones(101), 1.0)
    plates = np.abs(np.abs(z - 45.0) - 15.0) < 4.5
    both = np.asarray((plates | (np.abs(z - 45.0) < 15.0)) & (np.abs(x) < 18.0) & (np.abs(y + 28.0) < 8.0))
    assert disc_level(both, np.ones(grid.shape, dtype=np.float32), track, grid) is None


def test_discs_as_deep_as_each_other_stay_as_they_are():
    found, true = _discs(0.0)
    assert np.linalg.norm(found[0][0].center_mm - true) < 0.6
    assert found[0][0].confidence == 1.0
