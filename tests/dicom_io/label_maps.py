"""Small label maps whose voxels a test knows."""

import numpy as np

from planner.geometry import VolumeGeometry
from planner.structures import Part, Side, SpineLevel, Structure, Unnamed
from planner.volume import LabelEntry, LabelMap

ENTRIES = {
    1: LabelEntry(Structure.BODY, confidence=0.99),
    2: LabelEntry(Structure.VERTEBRA, Part.BODY, SpineLevel.L4, confidence=0.875),
    3: LabelEntry(Structure.VERTEBRA, Part.POSTERIOR, SpineLevel.L4, confidence=0.875),
    4: LabelEntry(Structure.NERVE_ROOT, Part.GANGLION, SpineLevel.L4, Side.LEFT, 0.5),
    5: LabelEntry(Structure.NERVE_ROOT, Part.GANGLION, SpineLevel.L4, Side.RIGHT, 0.5),
    6: LabelEntry(Structure.KIDNEY, None, None, Side.LEFT, 0.9),
    7: LabelEntry(Structure.AORTA, confidence=0.8),
    8: LabelEntry(Structure.DISC, None, SpineLevel.L4, confidence=0.95),
    9: LabelEntry(Structure.VERTEBRA, None, Unnamed(2), confidence=0.6),
    300: LabelEntry(Structure.GAS, confidence=1.0),
}


def blocks(geometry: VolumeGeometry) -> LabelMap:
    """The body all over, and one block of each structure, apart from each other; nothing lies in the first slices."""
    labels = np.zeros(geometry.shape, dtype=np.uint16)
    labels[:, 5:-5, 5:-5] = 1
    for place, value in enumerate(v for v in ENTRIES if v != 1):
        k, i = 3 + place, 8 + 6 * place
        labels[k : k + 3, 10 + place : 20 + place, i : i + 5] = value
    return LabelMap(geometry, labels, ENTRIES)
