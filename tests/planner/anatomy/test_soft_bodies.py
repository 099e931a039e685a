"""What completes an organ must be as dense as the part that was found."""

import numpy as np

from planner.anatomy.coarse import CoarseImage
from planner.anatomy.soft_bodies import Size, completed
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, VolumeGeometry

SHAPE = (40, 40, 60)


def scan(neighbour_hu: float) -> tuple[CoarseImage, BoolArray, BoolArray]:
    """Two balls of 20 mm that share a broad face; one of 160 HU, of which a part was found."""
    geometry = VolumeGeometry.from_spacing(SHAPE, (2.0,) * 3, (0.0, 0.0, 0.0))
    z, y, x = np.meshgrid(*(np.arange(n) * 2.0 for n in SHAPE), indexing="ij")
    one = np.hypot(np.hypot(x - 45, y - 40), z - 40) < 20
    other = (np.hypot(np.hypot(x - 62, y - 40), z - 40) < 20) & ~one
    hu = np.full(SHAPE, -100.0, dtype=np.float32)
    hu[one], hu[other] = 160.0, neighbour_hu
    line = np.stack([np.zeros(78), np.zeros(78), np.arange(78.0)], axis=1)
    nothing, flat = np.zeros(SHAPE, bool), np.zeros(SHAPE, np.float32)
    image = CoarseImage(geometry, hu, ~nothing, nothing, nothing, flat, flat, flat, SpineFrame.along(line))
    return image, one, other


def joined_share(neighbour_hu: float) -> float:
    """How much of the neighbour is taken for a part of the organ."""
    image, one, other = scan(neighbour_hu)
    whole = completed(image, image.hu > -50.0, one, Size(volume_ml=280.0, length_mm=150.0, width_mm=90.0))
    return float(whole[other].mean())


def test_a_missing_part_of_the_same_density_is_completed():
    assert joined_share(158.0) > 0.5


def test_a_neighbour_of_another_density_is_no_part_of_the_organ():
    assert joined_share(115.0) == 0.0
