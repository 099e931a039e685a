"""The lumbosacral disc stands at the upper end of bone on both sides of the canal."""

import numpy as np

from planner.anatomy.pelvis import lumbosacral_disc
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import DiscLevel

FRAME = SpineFrame.along(np.stack([np.zeros(200), np.zeros(200), np.arange(200.0)], axis=1))


def disc(s_mm: float) -> DiscLevel:
    return DiscLevel(s_mm, np.array([0.0, 30.0, s_mm]), np.array([0.0, 0.0, 1.0]), 8.0, 0.9)


def beside(*stretches: tuple[float, float, float]) -> np.ndarray:
    """Share of bone every 2 mm of 200 mm: (from, to, share), nothing elsewhere."""
    s = np.arange(0.0, 200.0, 2.0)
    return sum(np.where((s >= low) & (s < high), share, 0.0) for low, high, share in stretches)


DISCS = (disc(62.0), disc(98.0), disc(134.0))


def test_the_disc_where_bone_beside_the_canal_ends_is_the_lumbosacral_one():
    place, confidence = lumbosacral_disc(beside((0.0, 60.0, 0.3), (76.0, 86.0, 0.1)), DISCS, FRAME)
    assert place == 0
    assert confidence > 0.9


def test_two_thin_cortices_of_a_fatty_ala_do_not_end_the_sacrum():
    share = beside((0.0, 34.0, 0.2), (34.0, 42.0, 0.04), (42.0, 60.0, 0.2), (76.0, 86.0, 0.1))
    assert lumbosacral_disc(share, DISCS, FRAME)[0] == 0


def test_a_disc_with_muscle_beside_it_ends_the_sacrum():
    share = beside((0.0, 60.0, 0.2), (60.0, 74.0, 0.01), (74.0, 90.0, 0.1))
    assert lumbosacral_disc(share, DISCS, FRAME)[0] == 0


def test_transverse_processes_alone_are_no_sacrum():
    share = beside((10.0, 22.0, 0.15), (46.0, 58.0, 0.15), (82.0, 94.0, 0.15))
    assert lumbosacral_disc(share, DISCS, FRAME) == (None, 0.0)


def test_bone_beside_the_canal_far_from_its_lower_end_is_no_anchor():
    assert lumbosacral_disc(beside((40.0, 96.0, 0.3)), DISCS, FRAME) == (None, 0.0)
