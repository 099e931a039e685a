"""A bevelled needle's arc: its size, its side on the clock, the room it leaves."""

import numpy as np
import pytest

from planner.clearance import surfaces_in
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.hand.contact import Shaft
from planner.hand.deflection import GRINDS, bend_of, clock_directions
from planner.obstacles import NOTHING, Obstacle
from planner.plan import Bend
from planner.procedure import Needle
from planner.structures import Structure
from planner.sweep.fields import Lattice
from planner.sweep.kept import Kept, Layer

CAP_MM, LENGTH_MM, RADIUS_MM = 14.0, 80.0, 0.365
GRID = VolumeGeometry.from_spacing((41, 60, 41), (1.0, 2.0, 1.0), (-20.0, -10.0, -20.0))
QUINCKE, WHITACRE = Needle(22, 0.73, 90.0, "Quincke"), Needle(22, 0.73, 90.0, "Whitacre")


def centres() -> FloatArray:
    return GRID.points_mm(np.stack(np.meshgrid(*map(np.arange, GRID.shape), indexing="ij"), axis=-1))


def path_beside(mask: BoolArray, margin_mm: float = 0.0) -> Shaft:
    """From behind straight to the front, past one obstacle."""
    corners = GRID.points_mm(np.array([[0, 0, 0], GRID.shape]))
    near, far = (
        Layer(lattice, CAP_MM, {0: lattice.distance_mm(mask, CAP_MM)})
        for lattice in (Lattice.around(GRID, corners, 0.0, step) for step in (0.5, 1.0))
    )
    box = np.where(mask, 0, NOTHING).astype(np.uint8)
    obstacle = Obstacle("wall", Structure.BONE, np.array([1], np.uint16), 0.0, margin_mm)
    entry, tip = np.array([0.0, 90.0, 0.0]), np.array([0.0, 90.0 - LENGTH_MM, 0.0])
    return Shaft(entry, tip, RADIUS_MM, (obstacle,), Kept(near, far, surfaces_in(GRID, box, (0, 0, 0), 1)))


def bend(mask: BoolArray, needle: Needle = QUINCKE, margin_mm: float = 0.0) -> Bend:
    found = bend_of(path_beside(mask, margin_mm), needle)
    assert found is not None
    return found


LEFT_WALL = np.asarray(centres()[..., 0] > 3.5)
CRANIAL_WALL = np.asarray(centres()[..., 2] > 3.5)


def test_the_published_deflection_is_the_arc_at_its_depth() -> None:
    assert GRINDS["Quincke"].curvature_per_mm == pytest.approx(2.8e-3, abs=0.03e-3)
    assert GRINDS["Whitacre"].curvature_per_mm == pytest.approx(0.23e-3, abs=0.01e-3)
    assert bend(LEFT_WALL).tip_offset_mm == pytest.approx(8.89)


def test_from_behind_three_o_clock_is_the_patient_s_right() -> None:
    twelve, three, six = clock_directions(path_beside(LEFT_WALL))[[0, 3, 6]]
    assert twelve == pytest.approx([0.0, 0.0, 1.0])  # cranial
    assert three == pytest.approx([-1.0, 0.0, 0.0])  # looking forward like the patient: the patient's right
    assert six == pytest.approx([0.0, 0.0, -1.0])


@pytest.mark.parametrize(("wall", "bends_to", "bevel"), [(LEFT_WALL, 3, 9), (CRANIAL_WALL, 6, 12)])
def test_the_arc_points_away_from_the_wall_and_the_bevel_faces_it(wall: BoolArray, bends_to: int, bevel: int) -> None:
    found = bend(wall)
    assert (found.bends_to_clock, found.bevel_clock) == (bends_to, bevel)


def test_a_tuohy_bends_to_where_it_opens() -> None:
    found = bend(LEFT_WALL, Needle(18, 1.27, 90.0, "Tuohy"))
    assert found.bends_to_clock == found.bevel_clock == 3


def test_away_from_a_wall_the_straight_start_binds_and_aimed_the_bow_does() -> None:
    found = bend(LEFT_WALL, margin_mm=0.5)
    room = 3.5 - RADIUS_MM - 0.5
    bow = GRINDS["Quincke"].curvature_per_mm * LENGTH_MM**2 / 8
    assert found.spare_mm == pytest.approx(room, abs=0.05)
    assert found.aimed_spare_mm == pytest.approx(room - bow, abs=0.05)
    assert found.aim_deg == pytest.approx(6.3, abs=0.1)


def test_between_two_walls_the_needle_bends_along_them() -> None:
    x = centres()[..., 0]
    assert bend(np.asarray(np.abs(x) > 3.5)).bends_to_clock in (12, 6)


def test_where_every_side_is_too_near_it_says_so() -> None:
    x, _, z = np.moveaxis(centres(), -1, 0)
    found = bend(np.asarray(np.hypot(x, z) > 4.0))
    assert found.spare_mm < 0
    assert "too near to: wall" in str(found)


def test_a_pencil_point_hardly_bends_and_an_unknown_tip_is_not_guessed() -> None:
    assert bend(LEFT_WALL, WHITACRE).tip_offset_mm == pytest.approx(0.73)
    assert "does not matter" in str(bend(LEFT_WALL, WHITACRE))
    assert bend_of(path_beside(LEFT_WALL), Needle(22, 0.73, 90.0, "home made")) is None
