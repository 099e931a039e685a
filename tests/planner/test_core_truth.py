"""Every reported clearance and every screened path against a slow, obvious reference: voxels as boxes, a tenth of a millimetre."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name the whole field uses

from planner.clearance import MEASURED_TO_MM, Surface, surfaces_in
from planner.fan import Swept, faces_for
from planner.fields import Lattice
from planner.geometry import BoolArray, FloatArray, IntArray, VolumeGeometry, unit
from planner.least import slack_mm, sweep_least
from planner.procedure import Approach
from planner.structures import Side, Structure
from planner.volume import LabelMap, nearest
from sample_data.phantom import Phantom

STEP_MM = 0.1
STATED_BOUND_MM = 0.125
"""Of ``clearance.py``; the reference itself overstates by at most half its step."""

KNOWN_MM = 12.0
"""Paths further away than this are only compared in being further away."""


@dataclass(frozen=True)
class Anatomy:
    """One structure's voxels in a scan's own axes, with an axis-aligned grid."""

    grid: VolumeGeometry
    mask: BoolArray


def reference_mm(anatomy: Anatomy, starts_mm: FloatArray, ends_mm: FloatArray) -> FloatArray:
    """(n,) least distance of points every ``STEP_MM`` of each path to any voxel as a box, up to ``KNOWN_MM``.

    Independent of fields, surfaces and sweeps: a point's distance to the boxes of all marked voxels around it. Points that
    are further from every marked voxel than the best so far, by a bound on a coarse grid, are not looked at again.
    """
    spacing, voxels = anatomy.grid.spacing_mm, np.argwhere(anatomy.mask)
    cells, members = _cells(voxels * spacing)
    return np.array(
        [
            _one_mm(anatomy, cells, members, start, end)
            for start, end in zip(anatomy.grid.indices(starts_mm), anatomy.grid.indices(ends_mm), strict=True)
        ]
    )


CELL_MM = 6.0


def _cells(centres_mm: FloatArray) -> tuple[IntArray, list[FloatArray]]:
    """Marked voxels sorted into cubes of ``CELL_MM``."""
    cell = np.floor(centres_mm / CELL_MM).astype(np.intp)
    found, inverse = np.unique(cell, axis=0, return_inverse=True)
    order = np.argsort(inverse.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(inverse.reshape(-1)))[:-1]
    return found, np.split(centres_mm[order], ends)


def _one_mm(anatomy: Anatomy, cells: IntArray, members: list[FloatArray], start: FloatArray, end: FloatArray) -> float:
    spacing = anatomy.grid.spacing_mm
    begin, along = start * spacing, (end - start) * spacing
    count = int(np.ceil(np.linalg.norm(along) / STEP_MM)) + 1
    points = begin + np.linspace(0, 1, count)[:, None] * along
    middles, half = (cells + 0.5) * CELL_MM, CELL_MM / 2 * np.sqrt(3) + np.linalg.norm(spacing)
    coarse = points[:: max(int(2.0 / STEP_MM), 1)]
    near = np.linalg.norm(middles[:, None] - coarse[None], axis=-1).min(axis=1) - half - 1.1
    best = KNOWN_MM
    for cell in np.argsort(near, kind="stable"):
        if near[cell] >= best:
            break
        close = np.linalg.norm(points - middles[cell], axis=1) - half < best
        gaps = np.maximum(np.abs(points[close][:, None] - members[cell][None]) - spacing / 2, 0.0)
        if gaps.size:
            best = min(best, float(np.sqrt(np.einsum("abc,abc->ab", gaps, gaps).min())))
    return best


def reported_mm(anatomy: Anatomy, starts_mm: FloatArray, ends_mm: FloatArray) -> FloatArray:
    """(n,) what the planner measures, up to ``KNOWN_MM``."""
    (surface,) = surfaces_in(anatomy.grid, np.where(anatomy.mask, 0, 255).astype(np.uint8), (0, 0, 0), 1)
    found = [_near_path(surface, start, end).closest(start, end) for start, end in zip(starts_mm, ends_mm, strict=True)]
    return np.array([min(one.distance_mm, KNOWN_MM) if one is not None else KNOWN_MM for one in found])


def _near_path(surface: Surface, start_mm: FloatArray, end_mm: FloatArray) -> Surface:
    """Voxels in the box around one path: what lies outside is not measured either."""
    ends, pad = surface.grid.indices(np.stack([start_mm, end_mm])), (MEASURED_TO_MM + 2.0) / surface.grid.spacing_mm
    inside = ((surface.voxels >= ends.min(axis=0) - pad) & (surface.voxels <= ends.max(axis=0) + pad)).all(axis=1)
    return Surface(surface.grid, surface.voxels[inside])


def random_paths(anatomy: Anatomy, count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """From points behind, outside the structure as skin is, to tips anywhere around it, 30 to 110 mm long."""
    rng, drawn = np.random.default_rng(seed), 2 * count
    last = np.array(anatomy.grid.shape) - 1
    tips = anatomy.grid.points_mm(rng.uniform(0.1 * last, 0.9 * last, (drawn, 3)))
    outward = unit(rng.normal(size=(drawn, 3)) * [0.8, 0.4, 0.4] + [0.0, 1.0, 0.0])
    starts = tips + rng.uniform(30, 110, (drawn, 1)) * outward
    outside = np.flatnonzero(~nearest(anatomy.mask, anatomy.grid.indices(starts), outside=False))[:count]
    assert len(outside) == count
    return starts[outside], tips[outside]


def assert_true(anatomy: Anatomy, count: int, seed: int) -> None:
    starts, ends = random_paths(anatomy, count, seed)
    reported, truth = (measure(anatomy, starts, ends) for measure in (reported_mm, reference_mm))
    off = reported - truth
    assert off.max() <= STATED_BOUND_MM
    assert off.min() >= -STEP_MM / 2 - 1e-9
    assert (truth > 0).sum() > count / 10
    assert (truth < KNOWN_MM).sum() > count / 4


@pytest.fixture(scope="module")
def scanned_bone(real_data: Path) -> Anatomy:
    """Bone of a real abdomen as its own labels say, around the spine; LPS, 0.74 x 0.74 x 1.6 mm."""
    image = sitk.ReadImage(str(real_data / "abdomen_ct" / "labels.nii.gz"))
    mask = sitk.GetArrayFromImage(image) == 5
    grid = VolumeGeometry.from_spacing(mask.shape, image.GetSpacing()[::-1], (0.0, 0.0, 0.0))
    k, j, i = (int(n) for n in np.median(np.argwhere(mask), axis=0))
    box = slice(max(k - 30, 0), k + 30), slice(max(j - 80, 0), j + 80), slice(max(i - 90, 0), i + 90)
    part = np.ascontiguousarray(mask[box])
    return Anatomy(grid.cropped((0, 0, 0), part.shape), part)


@pytest.fixture(scope="module")
def painted_bone(lower_back: Phantom) -> Anatomy:
    """Bone of the phantom."""
    labels: LabelMap = lower_back.anatomy().labels
    return Anatomy(labels.geometry, labels.mask(Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM))


def test_in_a_phantom_reported_clearances_are_those_of_the_reference(painted_bone: Anatomy) -> None:
    assert_true(painted_bone, 150, seed=1)


@pytest.mark.realdata
def test_in_a_patient_reported_clearances_are_those_of_the_reference(scanned_bone: Anatomy) -> None:
    assert_true(scanned_bone, 150, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_in_a_phantom_thousands_of_reported_clearances_are_true(painted_bone: Anatomy, seed: int) -> None:
    assert_true(painted_bone, 1000, seed=10 + seed)


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("seed", range(5))
def test_in_a_patient_thousands_of_reported_clearances_are_true(scanned_bone: Anatomy, seed: int) -> None:
    assert_true(scanned_bone, 1000, seed=20 + seed)


MARGIN_MM, DEPTH_MM = 1.5, 45.0
ALL_AROUND = Approach("all around", (-180.0, 180.0), (-40.0, 40.0), 40.0, 0.0, "a test")


def assert_certified(anatomy: Anatomy, count: int, seed: int) -> None:
    """Paths out of the sweep: those that pass by their bound keep the margin, those that fail by it break the margin."""
    rng = np.random.default_rng(seed)
    lattice = Lattice.around(anatomy.grid, anatomy.grid.corners_mm, 0.0, 0.75)
    distances = lattice.distance_mm(anatomy.mask, 10.0)
    swept, tip = Swept.of(lattice, distances), free_tip(anatomy, rng)
    passed, failed = 0, 0
    for face in faces_for(ALL_AROUND, Side.LEFT, anatomy.grid.axes, step=1 / 32):
        ends = np.zeros_like(face.norms), np.full_like(face.norms, DEPTH_MM)
        least = sweep_least(np.array(10.0, dtype=np.float32), swept, face, tip, ends)
        above, below = slack_mm(lattice, face)
        rows, columns = np.nonzero(face.wanted)
        some = rng.choice(len(rows), count // 4, replace=False)
        rows, columns = rows[some], columns[some]
        tips = np.broadcast_to(tip, (len(rows), 3))
        truth = reference_mm(anatomy, tips, tip + DEPTH_MM * unit(face.lps[rows, columns]))
        passes = least[rows, columns] - below[rows, columns] >= MARGIN_MM
        fails = least[rows, columns] + above < MARGIN_MM
        assert (truth[passes] >= MARGIN_MM - 1e-6).all()
        assert (truth[fails] <= MARGIN_MM + STEP_MM / 2).all()
        passed += int(passes.sum())
        failed += int(fails.sum())
    assert passed > 0
    assert failed > 0


def free_tip(anatomy: Anatomy, rng: np.random.Generator) -> FloatArray:
    """A point behind the middle that is nearer than 8 mm to the structure, and not nearer than 3."""
    last = np.array(anatomy.grid.shape) - 1
    points = anatomy.grid.points_mm(rng.uniform([0.35, 0.6, 0.3] * last, [0.65, 0.9, 0.7] * last, (60, 3)))
    away = reference_mm(anatomy, points, points + 1e-6)
    found: FloatArray = points[np.flatnonzero((away > 3.0) & (away < 8.0))[0]]
    return found


def test_in_a_phantom_no_path_that_passes_the_sweep_breaks_a_limit(painted_bone: Anatomy) -> None:
    assert_certified(painted_bone, 120, seed=3)


@pytest.mark.realdata
def test_in_a_patient_no_path_that_passes_the_sweep_breaks_a_limit(scanned_bone: Anatomy) -> None:
    assert_certified(scanned_bone, 120, seed=4)


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("seed", range(4))
def test_in_a_patient_no_path_out_of_a_thousand_that_passes_breaks_a_limit(scanned_bone: Anatomy, seed: int) -> None:
    assert_certified(scanned_bone, 1000, seed=30 + seed)


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
    assert reported_mm(Anatomy(grid, mask), starts, ends) == pytest.approx(np.minimum(gap, KNOWN_MM), abs=1e-6)


def test_a_cylinder_of_voxels_is_as_far_as_its_voxels_and_near_its_radius() -> None:
    grid = VolumeGeometry.from_spacing((60, 81, 81), (1.0, 0.25, 0.25), (-10.0, -10.0, -30.0))
    across = grid.points_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    mask = np.hypot(across[..., 0], across[..., 1]) <= 4.0
    heights = np.array([5.0, 6.5, 9.0])
    starts = np.stack([np.full(3, -9.0), heights, np.full(3, -20.0)], axis=1)
    ends = np.stack([np.full(3, 9.0), heights, np.full(3, 20.0)], axis=1)
    reported = reported_mm(Anatomy(grid, mask), starts, ends)
    assert reported == pytest.approx(heights - 4.0 - 0.125, abs=0.01)  # the topmost voxel's centre lies on the radius


def test_a_path_through_a_sphere_touches_it_and_one_beside_it_does_not() -> None:
    grid = VolumeGeometry.from_spacing((61, 61, 61), (0.2, 0.2, 0.2), (-6.0, -6.0, -6.0))
    mask = np.linalg.norm(grid.points_mm(np.moveaxis(np.indices(grid.shape), 0, -1)), axis=-1) <= 3.0
    offsets = np.array([0.0, 2.9, 3.1 + 1e-9, 5.1])
    starts = np.stack([offsets, np.full(4, 20.0), np.zeros(4)], axis=1)
    ends = np.stack([offsets, np.full(4, -20.0), np.zeros(4)], axis=1)
    reported = reported_mm(Anatomy(grid, mask), starts, ends)
    assert reported == pytest.approx([0.0, 0.0, 0.0, 2.0], abs=0.01)
