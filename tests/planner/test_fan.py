"""The fan sweep against one path at a time, and skin against closed forms."""

import numpy as np
import pytest

from planner.anatomy.model import Surroundings
from planner.clearance import surfaces_in
from planner.geometry import VolumeGeometry, obliquity_deg, tilt_deg, unit
from planner.procedure import Approach
from planner.skin import exact_exit
from planner.structures import Side
from planner.sweep.fan import (
    AIR_BEHIND_SKIN_MM,
    Exit,
    Face,
    Swept,
    faces_for,
    in_window,
    surroundings_nodes,
    sweep_exit,
)
from planner.sweep.fields import Lattice
from planner.sweep.least import slack_mm, sweep_least
from planner.volume import LabelMap

WIDE = Approach("wide", (5.0, 80.0), (-35.0, 35.0), 40.0, 0.0, "a test")
ALL_AROUND = Approach("all around", (-180.0, 180.0), (-30.0, 30.0), 40.0, 0.0, "a test")
EVERYWHERE = Approach("everywhere", (-180.0, 180.0), (-90.0, 90.0), 40.0, 0.0, "a test")


def grid_of(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> VolumeGeometry:
    middle = tuple(-(n - 1) / 2 * s for n, s in zip(shape, spacing_mm, strict=True))[::-1]
    return VolumeGeometry.from_spacing(shape, spacing_mm, middle)


def cylinder(grid: VolumeGeometry, radius_mm: float) -> LabelMap:
    """A body of one radius along z, air around it."""
    points = grid.points_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    inside = np.hypot(points[..., 0], points[..., 1]) <= radius_mm
    return LabelMap(grid, np.where(inside, Surroundings.BODY, Surroundings.AIR).astype(np.uint16))


def exits_of(surroundings: LabelMap, face: Face, tip_mm: np.ndarray, reach_mm: float, *, table_is_air: bool = False):
    grid = surroundings.geometry
    lattice = Lattice.around(grid, grid.corners_mm, 0.0, 1.0)
    swept = Swept.of(lattice, surroundings_nodes(lattice, surroundings.labels))
    return sweep_exit(swept, face, tip_mm, reach_mm, table_is_air=table_is_air)


@pytest.mark.parametrize("side", list(Side))
def test_faces_hold_every_direction_of_the_window_and_no_other(side: Side) -> None:
    rng = np.random.default_rng(0)
    rays = unit(rng.normal(size=(4000, 3)))
    oblique, tilt = side.sign * obliquity_deg(-rays), tilt_deg(-rays)
    wanted = (oblique > 6) & (oblique < 79) & (np.abs(tilt) < 34)
    faces = faces_for(WIDE, side, np.eye(3)[::-1])
    found = np.concatenate([unit(face.lps[face.wanted]) for face in faces])
    nearest = np.degrees(np.arccos(np.clip((rays @ found.T).max(axis=1), -1, 1)))
    assert nearest[wanted].max() < 0.45
    assert (side.sign * found[:, 0] > 0).all()
    assert {(face.axis, face.sign) for face in faces} == {(1, 1), (2, side.sign)}


@pytest.mark.parametrize("turn_deg", [0.0, 14.0])
@pytest.mark.parametrize("window", [(-10.0, 60.0, -40.0, 40.0), (-25.0, 60.0, -20.0, 75.0)])
def test_no_direction_of_a_steep_window_is_left_out_between_the_faces(
    window: tuple[float, float, float, float], turn_deg: float
) -> None:
    """A facet joint's windows, on grids turned about the patient's left: what is steeper than both axes lies on a face along k."""
    low, high, down, up = window
    approach = Approach("steep", (low, high), (down, up), 25.0, 0.0, "a test")
    rays = unit(np.random.default_rng(1).normal(size=(20000, 3)))
    rays = rays[in_window(rays, approach, Side.LEFT) > 0.5]
    cos, sin = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    faces = faces_for(approach, Side.LEFT, np.array([[0, 0, 1], [-sin, cos, 0], [cos, sin, 0]]))
    found = np.concatenate([unit(face.lps[face.wanted]) for face in faces])
    assert np.degrees(np.arccos(np.clip((rays @ found.T).max(axis=1), -1, 1))).max() < 0.45
    assert any(face.axis == 0 for face in faces)
    assert max(face.norms.max() for face in faces) <= np.sqrt(3) + 1e-9  # no plane is further away than on any face


def test_the_faces_cover_the_sphere_and_share_their_seams() -> None:
    faces = faces_for(EVERYWHERE, Side.LEFT, np.eye(3)[::-1], step=1 / 8)
    assert {(face.axis, face.sign) for face in faces} == {(axis, sign) for axis in range(3) for sign in (1, -1)}
    for one in faces:
        others = np.concatenate([unit(face.lps[face.at_seam]) for face in faces if face is not one])
        on_seam = unit(one.lps[one.at_seam])
        assert (on_seam @ others.T).max(axis=1).min() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_sweep_lies_within_its_certified_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = grid_of((24, 60, 60), (1.6, 0.743, 0.743))
    mask = rng.random(grid.shape) > 0.9995
    lattice = Lattice.around(grid, grid.corners_mm, 0.0, 0.45)
    swept = Swept.of(lattice, lattice.distance_mm(mask, 100.0))
    surface = surfaces_in(grid, np.where(mask, 0, 255).astype(np.uint8), (0, 0, 0), 1)[0]
    tip = rng.uniform(-3, 3, 3)
    for face in faces_for(EVERYWHERE, Side.LEFT, grid.axes, step=1 / 12):
        depth = np.full(face.norms.shape, 15.0)
        least = sweep_least(np.array(np.inf, dtype=np.float32), swept, face, tip, (np.zeros(()), depth / face.norms))
        above, below = slack_mm(lattice, face)
        for row, column in rng.integers(0, face.norms.shape, (40, 2)):
            # the sweep starts at the first plane: the same stretch of path is measured exactly
            first = lattice.geometry.spacing_mm[face.axis] * face.norms[row, column]
            out = unit(face.lps[row, column])
            true = surface.closest(tip + 15.0 * out, tip)
            inner = surface.closest(tip + (15.0 - first) * out, tip + first * out)
            assert true is not None
            assert inner is not None
            assert true.distance_mm <= least[row, column] + above + 1e-3
            assert inner.distance_mm >= least[row, column] - below[row, column] - 1e-3


def test_skin_of_a_cylinder_is_where_its_radius_says() -> None:
    body = cylinder(grid_of((40, 140, 140), (2.0, 1.0, 1.0)), radius_mm=50.0)
    tip = np.array([4.0, 7.0, -3.0])
    for face in faces_for(EVERYWHERE, Side.LEFT, np.eye(3)[::-1], step=1 / 16):
        found = exits_of(body, face, tip, 150.0)
        out = unit(face.lps)
        flat = np.maximum(np.hypot(out[..., 0], out[..., 1]), 1e-9)
        along = (out[..., 0] * tip[0] + out[..., 1] * tip[1]) / flat
        depth = (-along + np.sqrt(along**2 - (tip[0] ** 2 + tip[1] ** 2) + 50.0**2)) / flat
        height = tip[2] + (depth + AIR_BEHIND_SKIN_MM) * out[..., 2]
        seen = face.wanted & (np.abs(height) < 38)
        assert (found.kind[seen] == Exit.SKIN).all()
        assert np.abs(found.depth_mm - depth)[seen].max() < 3.0  # one plane of 1 mm at 60 degrees, and half a slice
        steepest = np.unravel_index(np.argmax(np.where(seen, np.abs(out[..., 2]), -1.0)), seen.shape)
        exact = exact_exit(body, tip, out[steepest], 150.0, table_is_air=False)
        assert exact[0] == pytest.approx(depth[steepest], abs=1.0)


def test_the_images_edge_is_no_skin() -> None:
    body = cylinder(grid_of((10, 61, 61), (2.0, 1.0, 1.0)), radius_mm=500.0)
    (face, *_) = faces_for(WIDE, Side.LEFT, np.eye(3)[::-1], step=1 / 16)
    assert (exits_of(body, face, np.zeros(3), 150.0).kind == Exit.IMAGE_EDGE).all()
    assert exact_exit(body, np.zeros(3), np.array([0.0, 1.0, 0.0]), 150.0, table_is_air=False)[1] is Exit.IMAGE_EDGE


def test_skin_deeper_than_the_needle_is_beyond_reach() -> None:
    body = cylinder(grid_of((60, 161, 161), (2.0, 1.0, 1.0)), radius_mm=75.0)
    (face, *_) = faces_for(WIDE, Side.LEFT, np.eye(3)[::-1], step=1 / 16)
    found = exits_of(body, face, np.zeros(3), 40.0)
    assert (found.kind == Exit.BEYOND_REACH).all()
    assert (found.depth_mm >= 40.0).all()


def test_skin_needs_air_behind_it_and_the_table_counts_only_in_treatment_position() -> None:
    grid = grid_of((10, 121, 121), (2.0, 1.0, 1.0))
    y = grid.points_mm(np.moveaxis(np.indices(grid.shape), 0, -1))[..., 1]
    codes = np.full(grid.shape, Surroundings.BODY, np.uint16)
    codes[y > 20] = Surroundings.AIR
    codes[y > 23] = Surroundings.OBJECT
    body = LabelMap(grid, codes)
    face = next(f for f in faces_for(ALL_AROUND, Side.LEFT, np.eye(3)[::-1], step=1 / 16) if (f.axis, f.sign) == (1, 1))
    middle = tuple(n // 2 for n in face.norms.shape)
    assert exits_of(body, face, np.zeros(3), 90.0).kind[middle] == Exit.NO_AIR
    assert exits_of(body, face, np.zeros(3), 90.0, table_is_air=True).kind[middle] == Exit.SKIN
    straight = np.array([0.0, 1.0, 0.0])
    assert exact_exit(body, np.zeros(3), straight, 90.0, table_is_air=False)[1] is Exit.NO_AIR
    assert exact_exit(body, np.zeros(3), straight, 90.0, table_is_air=True) == (
        pytest.approx(20.5, abs=0.06),
        Exit.SKIN,
    )


def test_outside_the_reconstruction_is_no_air() -> None:
    grid = grid_of((10, 121, 121), (2.0, 1.0, 1.0))
    y = grid.points_mm(np.moveaxis(np.indices(grid.shape), 0, -1))[..., 1]
    codes = np.where(y > 20, Surroundings.OUTSIDE_RECONSTRUCTION, Surroundings.BODY).astype(np.uint16)
    body = LabelMap(grid, codes)
    face = next(f for f in faces_for(ALL_AROUND, Side.LEFT, np.eye(3)[::-1], step=1 / 16) if (f.axis, f.sign) == (1, 1))
    middle = tuple(n // 2 for n in face.norms.shape)
    assert exits_of(body, face, np.zeros(3), 90.0).kind[middle] == Exit.IMAGE_EDGE
