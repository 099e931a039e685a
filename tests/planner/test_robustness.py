"""The forgiven angle against a closed form."""

import numpy as np
import pytest

from planner.geometry import unit
from planner.hand.robustness import broken_border, tolerance_deg
from planner.procedure import Approach
from planner.structures import Side
from planner.sweep.fan import STEP, faces_for

AROUND = Approach("around", (-60.0, 60.0), (-40.0, 40.0), 0.0, 0.0, "a test")


def test_in_a_free_cone_the_angle_to_its_edge_is_forgiven() -> None:
    axis = unit(np.array([0.3, 1.0, 0.1]))
    faces = faces_for(AROUND, Side.LEFT, np.eye(3)[::-1])
    kept = tuple(np.degrees(np.arccos(unit(face.lps) @ axis)) < 10.0 for face in faces)
    border = broken_border(faces, kept)
    off = [0.0, 3.0, 8.0]
    across = unit(np.cross(axis, [0.0, 0.0, 1.0]))
    outward = np.array([np.cos(np.radians(a)) * axis + np.sin(np.radians(a)) * across for a in off])
    forgiven = tolerance_deg(outward, border, STEP)
    wanted = 10.0 - np.array(off)
    assert (forgiven <= wanted).all()
    assert (forgiven >= wanted - 2 * np.degrees(STEP)).all()


def test_the_border_is_found_across_the_seam_of_two_faces() -> None:
    wide = Approach("wide", (10.0, 80.0), (-30.0, 30.0), 45.0, 0.0, "a test")
    faces = faces_for(wide, Side.LEFT, np.eye(3)[::-1])
    posterior = tuple(face.wanted if face.axis == 1 else np.zeros_like(face.wanted) for face in faces)
    border = broken_border(faces, posterior)
    seam = unit(np.array([[0.95, 1.0, 0.0]]))
    assert tolerance_deg(seam, border, STEP)[0] < 2.0


def test_the_border_of_a_steep_window_lies_on_the_face_along_k() -> None:
    """Straight up and down of it nothing is wanted either, but 45 degrees beside the axis behind is no border."""
    steep = Approach("steep", (-25.0, 60.0), (-20.0, 75.0), 10.0, 50.0, "a test")
    faces = faces_for(steep, Side.LEFT, np.eye(3)[::-1])
    border = broken_border(faces, tuple(face.wanted for face in faces))
    outward = np.array([[0.0, np.cos(tilt), -np.sin(tilt)] for tilt in np.radians([45.0, 60.0, 72.0])])
    forgiven = tolerance_deg(outward, border, STEP)
    aside = np.degrees(np.arcsin(np.sin(np.radians(25.0)) * np.cos(np.radians([45.0, 60.0, 72.0]))))
    assert forgiven == pytest.approx(np.minimum([30.0, 15.0, 3.0], aside), abs=2 * np.degrees(STEP))


def test_without_a_border_everything_is_forgiven() -> None:
    assert tolerance_deg(np.array([[0.0, 1.0, 0.0]]), np.empty((0, 3)), STEP).tolist() == [90.0]
