"""Brought masks come to the scan's grid through patient coordinates, or are refused or listed."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.outside.fuse import fused
from planner.anatomy.outside.given import on_grid
from planner.anatomy.outside.names import TRUST
from planner.brought import Beside, Brought, BroughtError, Source, brought_of, segment_of
from planner.errors import FrameMismatchError
from planner.geometry import VolumeGeometry
from planner.structures import Side, Structure
from planner.volume import LabelEntry, LabelMap

SOURCE = Source("a model", "1", "f" * 64)
SCAN = VolumeGeometry.from_spacing((20, 30, 40), (2.0, 1.0, 1.0), (-20.0, -15.0, 0.0), "1.2.3")
KIDNEY = LabelEntry(Structure.KIDNEY, None, None, Side.LEFT, TRUST)


def block(geometry: VolumeGeometry, low_mm: float, high_mm: float) -> np.ndarray:
    """Voxels whose three coordinates lie between the two."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    points = geometry.points_mm(index)
    return ((points > low_mm) & (points < high_mm)).all(axis=-1)


def brought(geometry: VolumeGeometry, meaning: LabelEntry | Beside | None = KIDNEY) -> Brought:
    segment = segment_of(1, "one", block(geometry, 2.0, 12.0), meaning)
    assert segment is not None
    return Brought(geometry, (segment,), SOURCE)


def test_a_flipped_and_shifted_grid_gives_the_same_place():
    matrix = np.array([[-1.0, 0, 0, 25], [0, -1.0, 0, 20], [0, 0, 1.0, -3], [0, 0, 0, 1]])[:, [2, 1, 0, 3]]
    other = VolumeGeometry(matrix, (48, 40, 50))
    placed = on_grid([brought(other)], SCAN, SCAN)
    drawn = placed.drawn(placed.of(Structure.KIDNEY))
    assert np.array_equal(drawn, block(SCAN, 2.0, 12.0))


def test_another_frame_of_reference_is_refused_unless_a_person_confirms_it():
    other = brought(replace(SCAN, frame_of_reference_uid="9.9"))
    with pytest.raises(FrameMismatchError):
        on_grid([other], SCAN, SCAN)
    assert on_grid([other], SCAN, SCAN, frame_is_confirmed=True).of(Structure.KIDNEY)


def test_a_file_of_another_place_is_refused_with_the_share():
    far = VolumeGeometry.from_spacing((20, 30, 40), (2.0, 1.0, 1.0), (300.0, -15.0, 0.0))
    with pytest.raises(BroughtError, match="share 0%"):
        on_grid([replace(brought(SCAN), geometry=far)], SCAN, SCAN)


def test_an_unmapped_segment_is_listed():
    placed = on_grid([brought(SCAN, None)], SCAN, SCAN)
    assert placed.masks == ()
    assert placed.listed[0].startswith("NOT USED: segment 1 'one' of a model")


def test_a_value_without_an_entry_is_kept_to_be_listed():
    labels = LabelMap(SCAN, block(SCAN, 2.0, 12.0).astype(np.uint16) * 7, {})
    assert [one.meaning for one in brought_of(labels, SOURCE).segments] == [None]


def test_a_given_organ_replaces_ours_in_its_slices_and_says_whose_it_is(anatomy):
    grid = anatomy.labels.geometry
    was = anatomy.labels.mask(Structure.PSOAS)
    moved = np.roll(was, 3, axis=1)
    entry = LabelEntry(Structure.PSOAS, None, None, None, TRUST)
    segment = segment_of(1, "psoas", moved, entry)
    assert segment is not None
    given = on_grid([Brought(grid, (segment,), SOURCE)], grid, grid)
    result = fused(anatomy, given)
    assert result.origin[Structure.PSOAS] == SOURCE.words
    assert not (result.labels.mask(Structure.PSOAS) & ~moved).any()
    assert result.confidence[Structure.PSOAS] == TRUST


def test_a_given_part_is_added_and_takes_nothing_away(anatomy):
    grid = anatomy.labels.geometry
    was = anatomy.labels.mask(Structure.MUSCLE)
    piece = was & (np.arange(grid.shape[0]) < 10)[:, None, None]
    segment = segment_of(1, "gluteus", piece, LabelEntry(Structure.MUSCLE, None, None, None, TRUST))
    assert segment is not None
    result = fused(anatomy, on_grid([Brought(grid, (segment,), SOURCE)], grid, grid))
    assert np.array_equal(result.labels.mask(Structure.MUSCLE), was)
