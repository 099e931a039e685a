"""Ribs hang on the vertebrae that carry them, reach around the trunk, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from planner.anatomy.rib_shafts import rib_bone
from planner.anatomy.ribs import find_ribs
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone
from planner.geometry import VolumeGeometry
from planner.structures import Side, SpineLevel, Structure
from planner.volume import Volume
from sample_data.parameters import PhantomParameters
from tests.planner.anatomy.conftest import SpineCase, spine_case

GRID = VolumeGeometry.from_spacing((70, 90, 120), (3.0, 3.0, 3.0), (-180.0, -200.0, 0.0))
FRAME = SpineFrame.along(np.stack([np.zeros(200), np.zeros(200), np.arange(200.0)], axis=1))
NECK_MM = np.array([[35.0, 0.0, 150.0]])


@pytest.fixture(scope="module")
def thorax() -> SpineCase:
    return spine_case(
        PhantomParameters(
            spacing_mm=(2.0, 1.5, 1.5), field_of_view_mm=(150.0, 250.0, 370.0), center_mm=(0.0, 14.0, 55.0)
        )
    )


def test_the_phantoms_last_ribs_hang_on_t12(thorax):
    ribs = find_ribs(thorax.volume, thorax.bone, thorax.canal, thorax.discs)
    lowest = min(rib.vertebra for rib in ribs.found)
    assert thorax.names[lowest] is SpineLevel.T12
    assert set(ribs.sides_of(lowest)) == set(Side)


def test_whole_arches_are_drawn(thorax):
    mask = find_ribs(thorax.volume, thorax.bone, thorax.canal, thorax.discs).mask
    true = thorax.truth.mask(Structure.RIB)
    assert 2.0 * (mask & true).sum() / (mask.sum() + true.sum()) > 0.85


def tube(mask: np.ndarray, radius_mm: float, low_mm: float, high_mm: float) -> None:
    """Half a ring around the trunk on the left, sinking forwards from ``high_mm`` to ``low_mm``."""
    turn = np.linspace(0.15, 0.85, 400) * np.pi
    path = np.stack(
        [radius_mm * np.sin(turn), -55.0 + radius_mm * np.cos(turn), np.linspace(high_mm, low_mm, 400)], axis=1
    )
    voxels = np.round(GRID.indices(path)).astype(int)
    for step in np.ndindex(3, 3, 3):
        k, j, i = (voxels + np.array(step) - 1).T
        mask[k, j, i] = True


def drawn(mask: np.ndarray, necks: np.ndarray = NECK_MM) -> np.ndarray:
    air = Volume(GRID, np.full(GRID.shape, 40, dtype=np.int16))
    return rib_bone(air, Bone(mask, np.zeros_like(mask), 1.0), FRAME, necks)


def test_an_arch_whose_neck_is_not_in_the_image_is_a_rib():
    mask = np.zeros(GRID.shape, dtype=bool)
    tube(mask, 130.0, 100.0, 170.0)
    assert drawn(mask).sum() > 0.9 * mask.sum()


def test_dense_contrast_inside_the_arches_is_none():
    mask = np.zeros(GRID.shape, dtype=bool)
    tube(mask, 130.0, 100.0, 170.0)
    inside = np.zeros_like(mask)
    tube(inside, 80.0, 110.0, 150.0)
    assert not (drawn(mask | inside) & inside).any()


def test_bone_cut_by_the_lower_end_of_the_image_is_an_iliac_crest():
    mask = np.zeros(GRID.shape, dtype=bool)
    tube(mask, 130.0, 3.0, 40.0)
    assert not drawn(mask).any()


def test_without_a_traced_neck_nothing_is_a_rib():
    mask = np.zeros(GRID.shape, dtype=bool)
    tube(mask, 130.0, 100.0, 170.0)
    assert not drawn(mask, np.zeros((0, 3))).any()
