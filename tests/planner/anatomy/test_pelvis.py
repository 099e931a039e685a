"""The lumbosacral disc stands above the alae; the bones of the pelvis meet at their joints."""

from __future__ import annotations

import numpy as np
import pytest

from planner.anatomy.pelvic_bone import ala_share
from planner.anatomy.pelvis import find_pelvis, lumbosacral_by_stretch, lumbosacral_disc
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import DiscLevel
from planner.geometry import VolumeGeometry
from planner.structures import Side, Structure
from sample_data.parameters import PhantomParameters
from tests.planner.anatomy.conftest import SpineCase, spine_case

FRAME = SpineFrame.along(np.stack([np.zeros(200), np.zeros(200), np.arange(200.0)], axis=1))


def disc(s_mm: float) -> DiscLevel:
    return DiscLevel(s_mm, np.array([0.0, -30.0, s_mm]), np.array([0.0, 0.0, 1.0]), 8.0, 0.9)


def beside(*stretches: tuple[float, float, float]) -> np.ndarray:
    """Share of bone every 2 mm of 200 mm: (from, to, share), nothing elsewhere."""
    s = np.arange(0.0, 200.0, 2.0)
    return sum(np.where((s >= low) & (s < high), share, 0.0) for low, high, share in stretches)


DISCS = (disc(62.0), disc(98.0), disc(134.0))


def test_the_disc_where_bone_beside_the_canal_ends_is_the_lumbosacral_one():
    assert lumbosacral_by_stretch(beside((0.0, 60.0, 0.3), (76.0, 86.0, 0.1)), DISCS, FRAME) == 0


def test_two_thin_cortices_of_a_fatty_ala_do_not_end_the_sacrum():
    share = beside((0.0, 34.0, 0.2), (34.0, 42.0, 0.04), (42.0, 60.0, 0.2), (76.0, 86.0, 0.1))
    assert lumbosacral_by_stretch(share, DISCS, FRAME) == 0


def test_a_disc_with_muscle_beside_it_ends_the_sacrum():
    share = beside((0.0, 60.0, 0.2), (60.0, 74.0, 0.01), (74.0, 90.0, 0.1))
    assert lumbosacral_by_stretch(share, DISCS, FRAME) == 0


def test_transverse_processes_alone_are_no_sacrum():
    share = beside((10.0, 22.0, 0.15), (46.0, 58.0, 0.15), (82.0, 94.0, 0.15))
    assert lumbosacral_by_stretch(share, DISCS, FRAME) is None


def test_bone_beside_the_canal_far_from_its_lower_end_is_no_sacrum():
    assert lumbosacral_by_stretch(beside((40.0, 96.0, 0.3)), DISCS, FRAME) is None


def test_the_highest_disc_above_an_ala_is_the_lumbosacral_one():
    place, confidence = lumbosacral_disc(np.array([0.9, 0.8, 0.1]), 1, DISCS)
    assert place == 1
    assert confidence > 0.9


def test_without_alae_there_is_no_sacrum():
    assert lumbosacral_disc(np.array([0.35, 0.1, 0.0]), 0, DISCS) == (None, 0.0)


def test_an_ala_like_vertebra_above_makes_the_anchor_doubtful():
    clear = lumbosacral_disc(np.array([0.9, 0.1, 0.0]), 0, DISCS)[1]
    assert lumbosacral_disc(np.array([0.9, 0.55, 0.0]), 0, DISCS)[1] < 0.9 * clear


def test_two_ways_that_disagree_are_less_sure():
    agreed = lumbosacral_disc(np.array([0.9, 0.1, 0.0]), 0, DISCS)[1]
    alone = lumbosacral_disc(np.array([0.9, 0.1, 0.0]), None, DISCS)[1]
    against = lumbosacral_disc(np.array([0.9, 0.1, 0.0]), 1, DISCS)[1]
    assert agreed > alone > against


def test_an_ala_on_one_side_alone_is_none():
    grid = VolumeGeometry.from_spacing((60, 60, 60), (2.0, 2.0, 2.0), (-60.0, -80.0, 0.0))
    whole = np.ones(grid.shape, dtype=bool)
    left = whole.copy()
    left[:, :, :30] = False
    assert ala_share(whole, grid, FRAME, disc(62.0)) == 1.0
    assert ala_share(left, grid, FRAME, disc(62.0)) == 0.0


@pytest.fixture(scope="module")
def pelvis_case() -> SpineCase:
    return spine_case(
        PhantomParameters(
            spacing_mm=(2.0, 1.5, 1.5), field_of_view_mm=(160.0, 200.0, 320.0), center_mm=(0.0, 45.0, -105.0)
        )
    )


def test_the_phantoms_sacrum_and_iliac_bones_are_told_apart(pelvis_case):
    case = pelvis_case
    pelvis = find_pelvis(case.volume, case.bone, case.canal, case.discs)
    assert pelvis.lumbosacral == 0
    sacrum = case.truth.mask(Structure.SACRUM)
    assert _dice(pelvis.sacrum, sacrum) > 0.87
    for side in Side:
        ilium = np.isin(
            case.truth.labels,
            [v for v, e in case.truth.entries.items() if e.structure is Structure.ILIUM and e.side is side],
        )
        assert _dice(pelvis.ilium[side], ilium) > 0.9
        assert pelvis.ilium_confidence[side] > 0.7
    assert pelvis.sacrum_confidence > 0.7


def _dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2.0 * float((one & other).sum()) / float(one.sum() + other.sum())
