"""What is said about a path, and the landmarks it is said with."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.landmarks import spinous_processes_mm
from planner.obstacles import ordered
from planner.plan import Clearance
from planner.procedures import PROCEDURES
from planner.sentences import floor_angle_deg, lies, name_of
from planner.structures import Pose, Side, SpineLevel, Structure
from planner.targets import TargetRequest, find_targets

PRT = PROCEDURES["prt"]


def row(structure: Structure, offset_mm: tuple[float, float, float] = (0.0, 4.0, 0.0), **named: object) -> Clearance:
    on_structure = np.array([20.0, 50.0, -40.0])
    base = Clearance(structure, 4.0, 1.0, 72.0, on_structure + offset_mm, on_structure, 0.5, 1.0)
    return replace(base, **named)


@pytest.mark.parametrize(
    ("clearance", "words"),
    [
        (row(Structure.NERVE_ROOT, level=SpineLevel.L5, side=Side.RIGHT), "right L5 root"),
        (row(Structure.VERTEBRA, level=SpineLevel.L4), "L4 vertebra"),
        (row(Structure.ILIUM, side=Side.LEFT), "iliac crest, left"),
        (row(Structure.INFERIOR_VENA_CAVA), "inferior vena cava"),
    ],
)
def test_structures_are_named_in_words(clearance: Clearance, words: str) -> None:
    assert name_of(clearance) == words


@pytest.mark.parametrize("side", list(Side))
def test_where_it_passes_is_said_from_the_structure(anatomy: Anatomy, side: Side) -> None:
    (target,) = find_targets(anatomy, PRT, TargetRequest(side, root="L4"))
    outwards = (4.0 * side.sign, 0.0, 0.0)
    offsets = {"dorsal to": (0, 4, 0), "ventral to": (0, -4, 0), "cranial to": (0, 0, 4), "lateral to": outwards}
    for words, offset in offsets.items():
        assert lies(row(Structure.NERVE_ROOT, offset), target) == words


@pytest.mark.parametrize(
    ("pose", "angle"), [(Pose.PRONE, 50.0), (Pose.SUPINE, -50.0), (Pose.LEFT_SIDE, -40.0), (Pose.RIGHT_SIDE, 40.0)]
)
def test_the_floor_angle_follows_the_pose(pose: Pose, angle: float) -> None:
    tilt = np.radians(40.0)
    from_behind_on_the_left = np.array([-np.sin(tilt), -np.cos(tilt), 0.0])
    found = floor_angle_deg(from_behind_on_the_left, pose)
    assert found == pytest.approx(angle)


def test_an_unknown_pose_has_no_floor_angle() -> None:
    assert floor_angle_deg(np.array([0.0, -1.0, 0.0]), Pose.UNKNOWN) is None


def test_the_midline_runs_over_the_spinous_processes(anatomy: Anatomy) -> None:
    points = spinous_processes_mm(ordered(anatomy), -40.0)
    assert len(points) > 10
    assert np.abs(points[:, 0]).max() < 2.0
    assert (np.diff(points[:, 2]) > 0).all()


def test_without_bone_there_is_no_midline(anatomy: Anatomy) -> None:
    entries = {
        v: e for v, e in anatomy.labels.entries.items() if e.structure not in (Structure.VERTEBRA, Structure.SACRUM)
    }
    bare = replace(anatomy, labels=replace(anatomy.labels, entries=entries))
    assert spinous_processes_mm(bare, -40.0).shape == (0, 3)
