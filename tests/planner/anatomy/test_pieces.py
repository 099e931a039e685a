"""What contrast makes as dense as bone is not painted as bone."""

import numpy as np

from planner.anatomy.compose import piece
from planner.anatomy.pieces import without_contrast
from planner.structures import Structure
from planner.volume import LabelEntry

BONE = np.ones((4, 4, 4), dtype=bool)
LUMEN = np.zeros((4, 4, 4), dtype=bool)
LUMEN[1:3, 1:3, 1:3] = True


def test_a_seen_lumen_is_no_bone():
    aorta = piece(LUMEN, LabelEntry(Structure.AORTA, confidence=0.9), 2.0)
    assert np.array_equal(without_contrast(BONE, (aorta, None)), ~LUMEN)


def test_bone_is_not_given_up_for_a_zone():
    zone = piece(LUMEN, LabelEntry(Structure.VEIN, confidence=0.2), 5.0)
    assert without_contrast(BONE, (zone,)).all()
