"""The thecal sac inside the canal, with and without fat that shows it."""

import dataclasses

import numpy as np

from planner.anatomy.sac import find_sac
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import CanalTrack
from planner.geometry import VolumeGeometry
from planner.structures import Structure
from planner.volume import Volume


def canal_case(fat_hu: int, spacing_mm: float = 1.0) -> tuple[Volume, CanalTrack, np.ndarray]:
    """A straight canal of radius 9 mm around a sac of radius 6 mm, 60 mm long, in bone."""
    n = int(40 / spacing_mm)
    geometry = VolumeGeometry.from_spacing((60, n, n), (1.0, spacing_mm, spacing_mm), (-20.0, -20.0, 0.0))
    k, j, i = np.meshgrid(*[np.arange(m) for m in geometry.shape], indexing="ij")
    points = geometry.points_mm(np.stack([k, j, i], axis=-1))
    from_middle = np.hypot(points[..., 0], points[..., 1])
    sac, hollow = from_middle <= 6.0, from_middle <= 9.0
    noise = np.random.default_rng(7).normal(0, 10, geometry.shape)
    hu = np.where(sac, 20, np.where(hollow, fat_hu, 400)) + noise
    frame = SpineFrame.along(np.stack([np.zeros(60), np.zeros(60), np.arange(60.0)], axis=1))
    track = CanalTrack(frame, hollow, np.full(60, 9.0), np.ones(60), 1.0)
    return Volume(geometry, hu.astype(np.int16)), track, sac


def test_fat_shows_the_sac():
    volume, canal, true = canal_case(fat_hu=-95)
    found = find_sac(volume, canal)
    assert np.count_nonzero(found.mask & true) > 0.98 * true.sum()
    assert 2 * np.count_nonzero(found.mask & true) / (found.mask.sum() + true.sum()) > 0.9
    assert found.confidence > 0.9


def test_without_fat_the_sac_fills_the_canal_but_for_a_thin_layer():
    volume, canal, true = canal_case(fat_hu=20)
    found = find_sac(volume, canal)
    assert not (true & ~found.mask).any()
    assert found.mask.sum() > 0.7 * canal.mask.sum()
    assert 0.3 < found.confidence < 0.5  # in the canal for sure, where in it is not seen
    assert found.uncertainty_mm == 2.0


def test_voxels_too_coarse_for_fat_give_the_whole_canal():
    volume, canal, _ = canal_case(fat_hu=-95, spacing_mm=2.5)
    found = find_sac(volume, canal)
    assert (found.mask == canal.mask).all()
    assert 0.3 < found.confidence < 0.5  # in the canal for sure, where in it is not seen


def test_sac_and_what_is_around_it_make_up_the_canal():
    volume, canal, _ = canal_case(fat_hu=-95)
    found = find_sac(volume, canal)
    assert not (found.mask & found.around).any()
    assert ((found.mask | found.around) == canal.mask).all()


def test_a_canal_full_of_fat_holds_no_sac_there():
    volume, canal, _ = canal_case(fat_hu=-95)
    voxels = volume.voxels.copy()
    voxels[:25][canal.mask[:25]] = -100
    found = find_sac(dataclasses.replace(volume, voxels=voxels), canal)
    assert not found.mask[:18].any()
    assert found.mask[32:].any()


def test_the_phantoms_sac_is_held(lumbar):
    true = lumbar.truth.mask(Structure.THECAL_SAC)
    found = find_sac(lumbar.volume, lumbar.canal)
    assert np.count_nonzero(found.mask & true) > 0.95 * true.sum()
