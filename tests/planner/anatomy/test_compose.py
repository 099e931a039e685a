"""One value per voxel, the most specific wins, and nothing is painted without a meaning."""

import numpy as np

from planner.anatomy.compose import PAINTED, compose, confidences, piece, skin_layer, uncertainties_mm
from planner.geometry import VolumeGeometry
from planner.structures import Part, Side, SpineLevel, Structure
from planner.volume import LabelEntry

GRID = VolumeGeometry.from_spacing((6, 20, 20), (2.0, 1.0, 1.0))


def block(low: int, high: int) -> np.ndarray:
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[1:5, low:high, low:high] = True
    return mask


def test_every_structure_has_its_place_in_the_order():
    assert set(PAINTED) == set(Structure)


def test_the_more_specific_is_painted_over_whatever_the_order_given():
    body = piece(block(1, 19), LabelEntry(Structure.BODY), 1.0)
    root = piece(block(8, 10), LabelEntry(Structure.NERVE_ROOT, Part.ROOT, SpineLevel.L4, Side.LEFT), 3.0)
    bone = piece(block(6, 12), LabelEntry(Structure.BONE), 0.5)
    one, other = compose(GRID, (root, bone, body)), compose(GRID, (body, root, bone))
    assert np.array_equal(one.labels, other.labels)
    assert one.entries == other.entries
    assert one.entries[int(one.labels[2, 9, 9])].structure is Structure.NERVE_ROOT
    assert one.entries[int(one.labels[2, 6, 6])].structure is Structure.BONE
    assert one.entries[int(one.labels[2, 2, 2])].structure is Structure.BODY


def test_every_value_has_a_meaning_and_every_meaning_a_voxel():
    hidden = piece(block(8, 10), LabelEntry(Structure.BONE), 0.5)
    over = piece(block(7, 11), LabelEntry(Structure.METAL), 0.5)
    labels = compose(GRID, (hidden, over, None))
    assert set(np.unique(labels.labels)) - {0} == set(labels.entries)
    assert [entry.structure for entry in labels.entries.values()] == [Structure.METAL]


def test_an_empty_mask_is_no_piece():
    assert piece(np.zeros(GRID.shape, dtype=bool), LabelEntry(Structure.AORTA), 1.0) is None


def test_confidence_is_weighed_by_size_and_uncertainty_is_the_largest():
    small = piece(block(8, 10), LabelEntry(Structure.KIDNEY, side=Side.LEFT, confidence=0.2), 4.0)
    large = piece(block(2, 6), LabelEntry(Structure.KIDNEY, side=Side.RIGHT, confidence=0.8), 2.0)
    assert confidences((small, large, None)) == {Structure.KIDNEY: 0.68}
    assert uncertainties_mm((small, large)) == {Structure.KIDNEY: 4.0}


def test_the_skin_is_two_millimetres_thick():
    skin = skin_layer(block(4, 16), GRID)
    assert np.flatnonzero(skin[3, 10]).tolist() == [4, 5, 14, 15]


def test_the_image_edge_is_no_skin():
    assert not skin_layer(np.ones(GRID.shape, dtype=bool), GRID).any()
