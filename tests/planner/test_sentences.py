"""What is said about a path, and the landmarks it is said with."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.geometry import VolumeGeometry
from planner.landmarks import crests_z_mm, landmark_of, process_tips_mm, spinous_processes_mm
from planner.obstacles import ordered
from planner.plan import Clearance, PlannedTrajectory, Probability, Risk
from planner.procedure import Needle
from planner.procedures import PROCEDURES
from planner.sentences import explanation, floor_angle_deg, lies, name_of, risk_words
from planner.structures import Part, Pose, Side, SpineLevel, Structure
from planner.targets import Target, TargetRequest, find_targets
from planner.volume import LabelEntry, LabelMap

PRT = PROCEDURES["prt"]
X, Y, Z = np.eye(3)


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
        (row(Structure.DISC, level=SpineLevel.L4), "disc below L4"),
        (row(Structure.NERVE_ROOT, level=SpineLevel.L4, side=Side.LEFT, part=Part.GANGLION), "left L4 ganglion"),
        (
            row(Structure.VERTEBRA, level=SpineLevel.L5, side=Side.LEFT, part=Part.SUPERIOR_ARTICULAR_PROCESS),
            "L5 superior articular process, left",
        ),
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
    ("offset_mm", "words"),
    [
        ((0.0, 4.0, 3.0), "dorsal and cranial to"),
        ((0.0, 4.0, 1.0), "dorsal to"),
        ((3.0, 0.0, -4.0), "caudal and lateral to"),
        ((-4.0, 3.0, 0.0), "medial and dorsal to"),
        ((0.0, 0.0, 0.0), "through"),
    ],
)
def test_two_directions_are_said_where_neither_alone_is_true(
    anatomy: Anatomy, offset_mm: tuple[float, float, float], words: str
) -> None:
    (target,) = find_targets(anatomy, PRT, TargetRequest(Side.LEFT, root="L4"))
    level_frame = replace(target.frame, lateral=X, dorsal=Y, cranial=Z)
    assert lies(row(Structure.NERVE_ROOT, offset_mm), replace(target, frame=level_frame)) == words


def path(*rows: Clearance) -> PlannedTrajectory:
    entry, tip = np.array([50.0, 110.0, -40.0]), np.array([20.0, 54.0, -40.0])
    needle = Needle(22, 0.72, 90.0, "Quincke")
    return PlannedTrajectory(1, entry, tip, 80.0, 30.0, 0.0, needle, rows, 3.0, {}, 1.0, 30.0, None, "")


@pytest.fixture
def target(anatomy: Anatomy) -> Target:
    (found,) = find_targets(anatomy, PRT, TargetRequest(Side.LEFT, root="L4"))
    return replace(found, frame=replace(found.frame, lateral=X, dorsal=Y, cranial=Z))


CREST = row(Structure.ILIUM, clearance_mm=2.4, margin_mm=1.2, side=Side.LEFT)
OWN = row(Structure.NERVE_ROOT, clearance_mm=4.1, level=SpineLevel.L4, side=Side.LEFT)


def test_the_sentence_says_the_nerve_and_what_binds(target: Target) -> None:
    assert explanation(path(CREST, OWN), target) == (
        "Passes 4.1 mm dorsal to the left L4 root at 72 mm; binding: iliac crest, left, 1.2 mm to spare."
    )


def test_what_is_nearest_at_the_tip_is_said_of_the_tip(target: Target) -> None:
    at_tip = replace(OWN, depth_mm=79.8)
    assert explanation(path(CREST, at_tip), target).startswith("Ends 4.1 mm dorsal to the left L4 root at 80 mm; ")


def test_the_targets_own_root_is_said_before_a_nearer_one(target: Target) -> None:
    other = row(Structure.NERVE_ROOT, clearance_mm=1.0, level=SpineLevel.L3, side=Side.LEFT)
    assert "left L4 root" in explanation(path(CREST, OWN, other), target)


def test_a_joint_s_sentence_names_the_joint_and_the_nearest_that_is_not_bone(target: Target) -> None:
    joint = replace(target, what="facet joint L4/L5", structure=Structure.VERTEBRA)
    sac = row(Structure.THECAL_SAC, (4.0, 0.0, 0.0), clearance_mm=9.0)
    assert explanation(path(CREST, sac), joint).startswith(
        "Passes 9.0 mm lateral to the thecal sac at 72 mm, ends at the facet joint L4/L5, left; binding: iliac crest"
    )


def test_a_path_near_nothing_says_so(target: Target) -> None:
    assert explanation(path(), target) == "Passes nothing within reach that must not be touched; nothing binds."


def test_risk_is_said_with_and_without_control_scans() -> None:
    def share(value: float) -> Probability:
        return Probability(value, value - 0.01, value + 0.01, 2000)

    risk = Risk(
        "freehand",
        "a study",
        (),
        share(0.4),
        Probability(0.628, 0.628, 0.628, 0),
        share(0.9),
        (60.0, 70.0),
        share(0.2),
        Probability(0.0, 0.0, 0.0, 0),
        share(0.1),
        share(0.05),
    )
    first, second = risk_words(risk)
    assert first.startswith(
        "freehand, in one go: touches other than bone 10.0% (9.0% to 11.0%), anything, bone included, 40.0%"
    )
    assert first.endswith("ends over 2.7 mm beside the planned tip 62.8%;")
    assert second.startswith("with control scans at 60 mm and 70 mm: touches other than bone 5.0% (4.0% to 6.0%)")
    assert second.endswith("below 0.01%; 95 % intervals, n = 2000.")
    assert "No control scan" in risk_words(replace(risk, checkpoints_mm=()))[1]


def test_each_process_s_tip_lies_in_the_midline_dorsal_of_its_canal(anatomy: Anatomy) -> None:
    tips = process_tips_mm(ordered(anatomy), -40.0)
    assert {SpineLevel.L3, SpineLevel.L4, SpineLevel.L5} <= set(tips)
    assert max(abs(float(tip[0])) for tip in tips.values()) < 2.0
    heights = [float(tips[level][2]) for level in (SpineLevel.L3, SpineLevel.L4, SpineLevel.L5)]
    assert heights == sorted(heights, reverse=True)
    assert all(tip[1] > anatomy.canal_centreline_mm[:, 1].mean() + 20 for tip in tips.values())


def test_a_vertebra_whose_process_is_not_known_to_be_its_own_has_no_tip(anatomy: Anatomy) -> None:
    labels = ordered(anatomy).labels
    own = [v for v, e in labels.entries.items() if e.structure is Structure.VERTEBRA and e.level is SpineLevel.L4]
    tip = process_tips_mm(ordered(anatomy), -40.0)[SpineLevel.L4]
    bone = max(labels.entries) + 1
    where = np.argwhere(np.isin(labels.labels, own))
    behind = where[labels.geometry.points_mm(where)[:, 1] > tip[1] - 25.0]
    painted = labels.labels.copy()
    painted[tuple(behind.T)] = bone
    entries = {**labels.entries, bone: LabelEntry(Structure.BONE, None, None, None, 1.0)}
    unsure = replace(ordered(anatomy), labels=LabelMap(labels.geometry, painted, entries))
    left = process_tips_mm(unsure, -40.0)
    assert SpineLevel.L4 not in left
    assert {SpineLevel.L3, SpineLevel.L5} <= set(left)


def test_a_process_that_is_cut_off_has_no_tip(anatomy: Anatomy) -> None:
    anatomy = ordered(anatomy)
    tip = process_tips_mm(anatomy, -40.0)[SpineLevel.L4]
    labels = anatomy.labels
    heights = labels.geometry.points_mm(np.argwhere(np.ones((labels.labels.shape[0], 1, 1))))[:, 2]
    rest = heights > tip[2]
    first = int(np.argmax(rest))
    geometry = VolumeGeometry.from_spacing(
        (int(rest.sum()), *labels.geometry.shape[1:]),
        tuple(labels.geometry.spacing_mm),
        tuple(labels.geometry.points_mm(np.array([first, 0, 0]))),
        labels.geometry.frame_of_reference_uid,
    )
    cut = replace(anatomy, labels=LabelMap(geometry, labels.labels[rest].copy(), labels.entries))
    found = process_tips_mm(cut, -20.0)
    assert SpineLevel.L4 not in found
    assert SpineLevel.L3 in found


def test_the_entry_is_placed_from_the_named_process_or_else_the_nearest() -> None:
    tips = {SpineLevel.L3: np.array([0.0, 90.0, 0.0]), SpineLevel.L4: np.array([1.0, 92.0, -35.0])}
    entry = np.array([45.0, 110.0, -12.0])
    named = landmark_of(entry, tips, SpineLevel.L4)
    assert named is not None
    assert (named.level, named.cranial_mm, named.left_mm) == (SpineLevel.L4, 23.0, 44.0)
    assert str(named) == "23 mm cranial of the tip of the L4 spinous process"
    nearest = landmark_of(entry, tips, SpineLevel.S1)
    assert str(nearest) == "12 mm caudal of the tip of the L3 spinous process"
    assert landmark_of(entry, {}, SpineLevel.L4) is None


@pytest.mark.parametrize(
    ("tops_mm", "line_mm"), [((20.0, 24.0), 22.0), ((20.0, 60.0), None), ((20.0, None), None), ((96.0, 98.0), None)]
)
def test_the_line_between_the_iliac_crests_needs_both_seen_whole(
    anatomy: Anatomy, tops_mm: tuple[float, float | None], line_mm: float | None
) -> None:
    grid = VolumeGeometry.from_spacing((50, 20, 20), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0), "1.2")
    painted = np.zeros(grid.shape, np.uint16)
    for value, top in enumerate(tops_mm, start=1):
        if top is not None:
            painted[: int(top / 2.0) + 1, 5:10, 9 * value - 8 : 9 * value] = value
    entries = {n: LabelEntry(Structure.ILIUM, None, None, side, 1.0) for n, side in enumerate(Side, start=1)}
    found = crests_z_mm(replace(anatomy, labels=LabelMap(grid, painted, entries)))
    assert found == (None if line_mm is None else pytest.approx(line_mm))


def test_an_entry_is_placed_from_the_iliac_crests_too() -> None:
    tips = {SpineLevel.L4: np.array([1.0, 92.0, -35.0])}
    found = landmark_of(np.array([45.0, 110.0, -12.0]), tips, SpineLevel.L4, crests_mm=-30.0)
    assert (
        str(found)
        == "23 mm cranial of the tip of the L4 spinous process, 18 mm cranial of the line between the iliac crests"
    )


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
