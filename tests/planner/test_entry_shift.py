"""The forgiven shift of the skin entry against a closed form on flat skin."""

import numpy as np
import pytest

from planner.geometry import FloatArray
from planner.hand.entry_shift import entry_tolerance_mm, last_kept_entries_mm
from planner.procedure import Approach
from planner.structures import Side
from planner.sweep.fan import STEP, faces_for

AROUND = Approach("around", (-60.0, 60.0), (-40.0, 40.0), 0.0, 0.0, "a test")
DEPTH_MM = 60.0
TIP = np.array([3.0, -10.0, 7.0])


def on_flat_skin(radius_mm: float, slope: float = 0.0) -> FloatArray:
    """Entries of the last directions that enter within a disc around the point straight behind the tip.

    The skin is a plane behind, sloping by ``slope`` mm for each mm to the left.
    """
    faces = faces_for(AROUND, Side.LEFT, np.eye(3)[::-1])
    kept, depths = [], []
    for face in faces:
        with np.errstate(divide="ignore"):
            unit_depth = DEPTH_MM / (face.lps[..., 1] - slope * face.lps[..., 0])
        hit = face.lps * unit_depth[..., None]
        kept.append((unit_depth > 0) & (np.hypot(hit[..., 0], hit[..., 2]) < radius_mm))
        depths.append(unit_depth * face.norms)
    return last_kept_entries_mm(TIP, faces, tuple(kept), tuple(depths))


@pytest.mark.parametrize("off_mm", [0.0, 4.0, 12.0])
def test_on_flat_skin_the_shift_to_the_disc_s_rim_is_forgiven(off_mm: float) -> None:
    entry = TIP + np.array([[off_mm, DEPTH_MM, 0.0]])
    forgiven = entry_tolerance_mm(entry, on_flat_skin(20.0))[0]
    step_mm = STEP * DEPTH_MM
    assert 20.0 - off_mm - 1.6 * step_mm <= forgiven <= 20.0 - off_mm


def test_on_sloping_skin_the_same_cone_reaches_further() -> None:
    """Straight lines over the skin are measured, not angles."""
    entry = TIP + np.array([[0.0, DEPTH_MM, 0.0]])
    flat, sloping = (entry_tolerance_mm(entry, on_flat_skin(20.0, slope))[0] for slope in (0.0, 0.5))
    assert sloping == pytest.approx(flat, abs=1.0)  # along z the skin does not slope: the nearest rim is where it was


def test_where_nothing_is_kept_nothing_is_forgiven() -> None:
    assert entry_tolerance_mm(np.zeros((1, 3)), np.empty((0, 3))).tolist() == [0.0]


def test_the_seam_between_two_faces_is_no_limit_but_what_is_broken_behind_it_is() -> None:
    wide = Approach("wide", (10.0, 80.0), (-30.0, 30.0), 45.0, 0.0, "a test")
    faces = faces_for(wide, Side.LEFT, np.eye(3)[::-1])
    depths = tuple(np.full(face.norms.shape, DEPTH_MM) for face in faces)
    seam = TIP + DEPTH_MM * np.array([[np.sqrt(0.5), np.sqrt(0.5), 0.0]])
    everything = tuple(face.wanted for face in faces)
    one_face = tuple(face.wanted if face.axis == 1 else np.zeros_like(face.wanted) for face in faces)
    forgiven = [
        entry_tolerance_mm(seam, last_kept_entries_mm(TIP, faces, kept, depths))[0] for kept in (everything, one_face)
    ]
    assert forgiven[0] == pytest.approx(2 * DEPTH_MM * np.sin(np.radians(30) / 2), abs=1.5)  # to 30 degrees of tilt
    assert forgiven[1] < 1.0


def test_a_limit_right_behind_a_seam_is_seen() -> None:
    """The last kept directions are the seam's own, which both faces keep."""
    wide = Approach("wide", (10.0, 80.0), (-30.0, 30.0), 45.0, 0.0, "a test")
    faces = faces_for(wide, Side.LEFT, np.eye(3)[::-1])
    depths = tuple(np.full(face.norms.shape, DEPTH_MM) for face in faces)
    kept = tuple(face.wanted & (face.lps[..., 0] <= face.lps[..., 1]) for face in faces)
    seam = TIP + DEPTH_MM * np.array([[np.sqrt(0.5), np.sqrt(0.5), 0.0]])
    assert entry_tolerance_mm(seam, last_kept_entries_mm(TIP, faces, kept, depths))[0] < 1.0
