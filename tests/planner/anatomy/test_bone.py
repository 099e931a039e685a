"""Bone is cortex and what it encloses; contrast medium is not bone, however bright."""

import numpy as np
import pytest

from planner.anatomy.bone import enclosed_marrow, find_bone, noise_of, thin_and_bright, with_marrow
from planner.anatomy.enclosure import ALL_AROUND, IN_SLICE, directions_met, meets
from planner.anatomy.model import Lie
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import CanalTrack, Skin
from planner.geometry import VolumeGeometry
from planner.structures import Pose
from planner.volume import Volume

SHAPE = (50, 80, 100)
GRID = VolumeGeometry.from_spacing(SHAPE, (1.5, 1.5, 1.5))
ALL = np.ones(SHAPE, dtype=bool)
SKIN = Skin(GRID, ALL, np.zeros(SHAPE, dtype=np.uint8), Lie(Pose.UNKNOWN, 0.0, ""), 0.0)


def from_axis_mm(x_mm: float, y_mm: float) -> np.ndarray:
    """Distance from a cranial axis."""
    points = GRID.points_mm(np.moveaxis(np.indices(SHAPE), 0, -1))
    return np.hypot(points[..., 0] - x_mm, points[..., 1] - y_mm)


def along_mm() -> np.ndarray:
    return GRID.points_mm(np.moveaxis(np.indices(SHAPE), 0, -1))[..., 2]


def closed_can(x_mm: float, y_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Shell and inside of a can of bone: a vertebral body 36 mm wide and 30 mm high."""
    inside = (from_axis_mm(x_mm, y_mm) < 18.0) & (np.abs(along_mm() - 36.0) < 15.0)
    core = (from_axis_mm(x_mm, y_mm) < 15.5) & (np.abs(along_mm() - 36.0) < 12.5)
    return inside & ~core, core


def scan(*solids: tuple[np.ndarray, float], noise_hu: float = 10.0) -> Volume:
    voxels = np.full(SHAPE, 50.0)
    for mask, hu in solids:
        voxels[mask] = hu
    voxels += np.random.default_rng(3).normal(0.0, noise_hu, SHAPE)
    return Volume(GRID, voxels.astype(np.int16))


def canal_far_away() -> CanalTrack:
    frame = SpineFrame.along(np.array([[300.0, 300.0, z] for z in range(20)]))
    return CanalTrack(frame, np.zeros(SHAPE, dtype=bool), np.full(20, 8.0), np.ones(20), 1.0)


def test_a_step_meets_what_lies_within_reach_and_no_more():
    mask = np.zeros((1, 1, 20), dtype=bool)
    mask[0, 0, 15] = True
    assert np.flatnonzero(meets(mask, (0, 0, 1), 6.0)[0, 0]).tolist() == [9, 10, 11, 12, 13, 14]


def test_a_closed_box_is_met_in_all_directions():
    mask = np.ones((9, 9, 9), dtype=bool)
    mask[1:8, 1:8, 1:8] = False
    met = directions_met(mask, ALL_AROUND, 12.0)
    assert met[4, 4, 4] == len(ALL_AROUND) == 26
    assert directions_met(mask, IN_SLICE, 12.0)[4, 4, 4] == len(IN_SLICE) == 16


@pytest.mark.parametrize("marrow_hu", [20.0, 50.0, 180.0])
def test_marrow_of_any_density_is_filled(marrow_hu):
    shell, core = closed_can(75.0, 60.0)
    volume = scan((core, marrow_hu), (shell, 450.0))
    bone = find_bone(volume, SKIN)
    filled = with_marrow(volume, SKIN, bone, canal_far_away())
    assert bone.mask[shell].mean() > 0.95
    assert filled.mask[core].mean() > 0.97
    assert filled.mask[~shell & ~core].mean() < 0.01


@pytest.mark.parametrize("vessel_hu", [200.0, 380.0])
def test_a_vessel_full_of_contrast_is_no_bone(vessel_hu):
    shell, core = closed_can(55.0, 70.0)
    vessel = from_axis_mm(105.0, 40.0) < 11.0
    bone = find_bone(scan((vessel, vessel_hu), (core, 150.0), (shell, 450.0)), SKIN)
    assert bone.mask[vessel].mean() < 0.02
    assert bone.mask[shell].mean() > 0.95


def test_the_canal_stays_open_and_nothing_beside_it_is_filled():
    ring = (from_axis_mm(75.0, 60.0) < 14.0) & (from_axis_mm(75.0, 60.0) > 9.0)
    volume = scan((ring, 600.0))
    frame = SpineFrame.along(np.array([[75.0, 60.0, z] for z in range(74)], dtype=float))
    hollow = from_axis_mm(75.0, 60.0) < 9.0
    canal = CanalTrack(frame, hollow, np.full(74, 9.0), np.ones(74), 1.0)
    filled = with_marrow(volume, SKIN, find_bone(volume, SKIN), canal)
    assert not filled.mask[hollow].any()


def test_metal_is_told_apart():
    rod = from_axis_mm(75.0, 60.0) < 3.5
    bone = find_bone(scan((rod, 2900.0)), SKIN)
    assert bone.metal[rod].mean() > 0.99
    assert not bone.metal[~rod].any()


@pytest.mark.parametrize("noise_hu", [10.0, 30.0, 60.0])
def test_noise_is_measured_in_soft_tissue(noise_hu):
    assert abs(noise_of(scan(noise_hu=noise_hu), ALL) / noise_hu - 1.0) < 0.15


def test_soft_tissue_with_strong_noise_holds_no_cortex():
    assert thin_and_bright(scan(noise_hu=60.0), ALL, 60.0).mean() < 1e-3


def test_an_open_half_pipe_encloses_nothing():
    pipe = (from_axis_mm(75.0, 60.0) < 14.0) & (from_axis_mm(75.0, 60.0) > 10.0)
    half = pipe & (GRID.points_mm(np.moveaxis(np.indices(SHAPE), 0, -1))[..., 0] < 75.0)
    inside = from_axis_mm(75.0, 60.0) < 8.0
    assert not enclosed_marrow(half, np.full(SHAPE, 40.0, dtype=np.float32), GRID)[inside].any()
