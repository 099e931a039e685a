import numpy as np
import pytest

from planner.errors import GeometryError
from planner.geometry import VolumeGeometry
from planner.structures import Structure
from planner.volume import LabelEntry, LabelMap, Volume

GRID = VolumeGeometry.from_spacing((6, 7, 8), (2.0, 1.5, 1.0), (-3.0, 4.0, 5.0))


def ramp(geometry: VolumeGeometry) -> Volume:
    points = geometry.points_mm(np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1))
    return Volume(geometry, np.rint(points @ [10.0, 100.0, 1000.0]).astype(np.int16))


def test_linear_reading_is_exact_on_a_linear_image():
    points = np.random.default_rng(2).uniform([-3, 4, 5], [4, 13, 15], (200, 3))
    assert ramp(GRID).linear(points) == pytest.approx(points @ [10.0, 100.0, 1000.0], abs=0.6)


def test_beyond_the_grid_the_outside_value_is_read():
    assert ramp(GRID).linear([[-3.1, 4.0, 5.0]]).tolist() == [-1024.0]
    assert ramp(GRID).nearest([[-3.6, 4.0, 5.0]]).tolist() == [-1024]


def test_nearest_reads_up_to_the_voxel_face():
    volume = ramp(GRID)
    assert volume.nearest([-3.49, 4.0, 5.0]) == volume.voxels[0, 0, 0]


def test_a_voxel_array_of_another_shape_is_refused():
    with pytest.raises(GeometryError, match=r"\(2, 2, 2\)"):
        Volume(GRID, np.zeros((2, 2, 2), dtype=np.int16))


def test_mask_joins_all_values_of_the_structures():
    labels = np.zeros(GRID.shape, dtype=np.uint16)
    labels[0], labels[1], labels[2] = 1, 2, 3
    entries = {1: LabelEntry(Structure.RIB), 2: LabelEntry(Structure.LUNG), 3: LabelEntry(Structure.RIB)}
    assert LabelMap(GRID, labels, entries).mask(Structure.RIB).sum() == 2 * 7 * 8
