"""Every reported clearance against a slow, obvious reference: voxels as boxes, points of a path a tenth of a millimetre apart."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.clearance import Surface, surfaces_in
from planner.geometry import FloatArray, VolumeGeometry, unit
from planner.obstacles import find_obstacles, with_roots
from planner.procedures import PROCEDURES
from planner.structures import Interspace, Side, SpineLevel
from tests.planner.reference import STEP_MM, Solid, reference_mm

PRT = PROCEDURES["prt"]
STATED_BOUND_MM = 0.125
"""Of ``clearance.py``; the reference itself overstates by at most half its step."""

AROUND_MM = 70.0
"""Structures further than this from the root along an axis are left out."""

KNOWN_MM = 12.0
"""Paths further away than this are only compared in being further away."""


def reported_mm(solid: Solid, starts_mm: FloatArray, ends_mm: FloatArray) -> FloatArray:
    """(n,) what the planner measures, up to ``KNOWN_MM``."""
    (surface,) = surfaces_in(solid.grid, np.where(solid.mask, 0, 255).astype(np.uint8), (0, 0, 0), 1)
    found = [_near_path(surface, start, end).closest(start, end) for start, end in zip(starts_mm, ends_mm, strict=True)]
    return np.array([min(one.distance_mm, KNOWN_MM) if one is not None else KNOWN_MM for one in found])


def _near_path(surface: Surface, start_mm: FloatArray, end_mm: FloatArray) -> Surface:
    """Voxels in the box around one path: no other is compared up to ``KNOWN_MM``; they are sorted by their first index."""
    ends, pad = surface.grid.indices(np.stack([start_mm, end_mm])), (KNOWN_MM + 2.0) / surface.grid.spacing_mm
    low, high = ends.min(axis=0) - pad, ends.max(axis=0) + pad
    rows = slice(*np.searchsorted(surface.voxels[:, 0], [low[0], high[0]]))
    voxels = surface.voxels[rows]
    return replace(surface, voxels=voxels[((voxels >= low) & (voxels <= high)).all(axis=1)])


def random_paths(solid: Solid, count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """To tips anywhere around and in the structure, from all sides, mostly from behind; 5 to 110 mm long, some wholly within."""
    rng = np.random.default_rng(seed)
    marked = np.argwhere(solid.mask)
    tips = solid.grid.points_mm(marked[rng.integers(len(marked), size=count)]) + rng.normal(size=(count, 3)) * 8.0
    outward = unit(rng.normal(size=(count, 3)) * [0.8, 0.4, 0.4] + [0.0, 1.0, 0.0])
    return tips + rng.choice([5.0, 40.0, 80.0, 110.0], (count, 1)) * outward, tips


def assert_true(solids: list[Solid], count: int, seed: int) -> None:
    """Each path beside one of the structures, in turn: what is reported is neither too far nor too near."""
    some = np.array_split(np.arange(count), len(solids))
    truths = []
    for turn, (solid, own) in enumerate(zip(solids, some, strict=True)):
        starts, ends = random_paths(solid, len(own), seed * 100 + turn)
        reported = reported_mm(solid, starts, ends)
        truth = reference_mm(solid, starts, ends, np.minimum(reported + 1.0, KNOWN_MM))
        off = reported - truth
        assert off.max() <= STATED_BOUND_MM
        assert off.min() >= -STEP_MM / 2 - 1e-9
        truths.append(truth)
    truth = np.concatenate(truths)
    assert (truth > 0).sum() > count / 10
    assert (truth < KNOWN_MM).sum() > count / 4


def solids_of(anatomy: Anatomy) -> list[Solid]:
    """Every obstacle of a nerve root's plan that lies near it."""
    labels, between = with_roots(anatomy), Interspace(SpineLevel.L2, SpineLevel.L3)
    centre = next(f.center_mm for f in anatomy.foramina if f.between == between and f.side is Side.LEFT)
    obstacles = find_obstacles(anatomy, labels, PRT, between, Side.LEFT)
    solids = [Solid.of(labels, obstacle, centre[None], AROUND_MM) for obstacle in obstacles]
    return [solid for solid in solids if solid.mask.any()]


@pytest.fixture(scope="module")
def painted_solids(anatomy: Anatomy) -> list[Solid]:
    """Of the phantom."""
    return solids_of(anatomy)


@pytest.fixture(scope="module")
def scanned_solids(scanned: Anatomy) -> list[Solid]:
    """Of a real abdomen, as the planner itself segments it."""
    return solids_of(scanned)


def test_in_a_phantom_reported_clearances_are_those_of_the_reference(painted_solids: list[Solid]) -> None:
    assert_true(painted_solids, 150, seed=1)


@pytest.mark.realdata
def test_in_a_patient_reported_clearances_are_those_of_the_reference(scanned_bone: Solid) -> None:
    assert_true([scanned_bone], 150, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_in_a_phantom_thousands_of_reported_clearances_are_true(painted_solids: list[Solid], seed: int) -> None:
    assert_true(painted_solids, 1000, seed=10 + seed)


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("seed", range(5))
def test_in_a_patient_thousands_of_reported_clearances_are_true(scanned_solids: list[Solid], seed: int) -> None:
    assert len(scanned_solids) >= 5
    assert_true(scanned_solids, 1000, seed=20 + seed)


@pytest.mark.parametrize("spacing_mm", [(1.6, 0.743, 0.743), (3.0, 1.0, 1.0)])
def test_a_slab_is_as_far_as_its_face(spacing_mm: tuple[float, float, float]) -> None:
    grid = VolumeGeometry.from_spacing((40, 60, 60), spacing_mm, (0.0, 0.0, 0.0))
    mask = np.zeros(grid.shape, bool)
    mask[:, :10] = True
    face_mm = 9.5 * spacing_mm[1]
    rng = np.random.default_rng(0)
    low = np.array([2.0, face_mm + 0.3, 2.0])
    high = grid.points_mm(np.array(grid.shape) - 3.0)
    starts, ends = rng.uniform(low, high, (40, 3)), rng.uniform(low, high, (40, 3))
    gap = np.minimum(starts[:, 1], ends[:, 1]) - face_mm
    assert reported_mm(Solid(grid, mask), starts, ends) == pytest.approx(np.minimum(gap, KNOWN_MM), abs=1e-6)


def test_a_cylinder_of_voxels_is_as_far_as_its_voxels_and_near_its_radius() -> None:
    grid = VolumeGeometry.from_spacing((60, 81, 81), (1.0, 0.25, 0.25), (-10.0, -10.0, -30.0))
    across = grid.points_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    mask = np.hypot(across[..., 0], across[..., 1]) <= 4.0
    heights = np.array([5.0, 6.5, 9.0])
    starts = np.stack([np.full(3, -9.0), heights, np.full(3, -20.0)], axis=1)
    ends = np.stack([np.full(3, 9.0), heights, np.full(3, 20.0)], axis=1)
    reported = reported_mm(Solid(grid, mask), starts, ends)
    assert reported == pytest.approx(heights - 4.0 - 0.125, abs=0.01)  # the topmost voxel's centre lies on the radius


def test_a_path_through_a_sphere_touches_it_and_one_beside_it_does_not() -> None:
    grid = VolumeGeometry.from_spacing((61, 61, 61), (0.2, 0.2, 0.2), (-6.0, -6.0, -6.0))
    mask = np.linalg.norm(grid.points_mm(np.moveaxis(np.indices(grid.shape), 0, -1)), axis=-1) <= 3.0
    offsets = np.array([0.0, 2.9, 3.1 + 1e-9, 5.1])
    starts = np.stack([offsets, np.full(4, 20.0), np.zeros(4)], axis=1)
    ends = np.stack([offsets, np.full(4, -20.0), np.zeros(4)], axis=1)
    reported = reported_mm(Solid(grid, mask), starts, ends)
    assert reported == pytest.approx([0.0, 0.0, 0.0, 2.0], abs=0.01)
