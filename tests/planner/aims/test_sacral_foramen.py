"""The S1 root is reached through the first dorsal sacral foramen, on a phantom whose foramina are open."""

from dataclasses import replace

import numpy as np
import pytest

from planner.aims.sacral_foramen import DEPTH_STOP_MM, steepness_notes
from planner.anatomy.model import Anatomy, Lie, SacralForamen
from planner.errors import AnatomyError, UnknownNameError
from planner.held_back import not_checked
from planner.plan import Plan
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.structures import PatientPosition, Pose, Side, Structure
from planner.targets import TargetRequest, find_all_targets, find_targets
from planner.tips import MOST_TIPS
from planner.volume import LabelMap
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom
from tests.planner.sacral import FIRST, OPEN_MM, with_sacral_foramina

PRT = PROCEDURES["prt"]
BOTH = (Side.LEFT, Side.RIGHT)


@pytest.fixture(scope="module")
def sacrum() -> Phantom:
    """S1 and S2 with the skin behind them."""
    return make_phantom(
        PhantomParameters(
            spacing_mm=(1.5, 1.0, 1.0), field_of_view_mm=(110.0, 150.0, 160.0), center_mm=(0.0, 70.0, -105.0)
        )
    )


@pytest.fixture(scope="module")
def opened(sacrum: Phantom) -> Anatomy:
    """Its anatomy with both first sacral foramina."""
    return with_sacral_foramina(sacrum)


def planned(anatomy: Anatomy, side: Side) -> Plan:
    targets = find_targets(anatomy, PRT, TargetRequest(side, root="S1"))
    scan = reconcile(PatientPosition.HFP, Lie(Pose.PRONE, 1.0, "a test"))
    return plan_trajectories(anatomy, targets, PRT, scan, {})


@pytest.mark.parametrize("side", BOTH)
def test_tips_lie_in_the_tunnel_before_its_ventral_opening(sacrum: Phantom, opened: Anatomy, side: Side) -> None:
    (target,) = find_targets(opened, PRT, TargetRequest(side, root="S1"))
    foramen = next(f for f in opened.sacral_foramina if f.side is side)
    assert target.words == f"S1 root, sacral foramen S1/S2, {side}"
    assert target.root == "S1"
    assert 0 < len(target.tips_mm) <= MOST_TIPS
    inwards = foramen.anterior_mm - foramen.posterior_mm
    length = float(np.linalg.norm(inwards))
    along = (target.tips_mm - foramen.posterior_mm) @ inwards / length
    assert (along > 0.2 * length).all()
    assert (along <= length - DEPTH_STOP_MM + 1e-6).all()
    assert (sacrum.signed_distance_mm(Structure.BONE, target.tips_mm) > 0.5).all()


def test_medial_and_lateral_tips_are_offered_first_where_bone_leaves_room(opened: Anatomy) -> None:
    labels = opened.labels
    bare = np.where(np.isin(labels.labels, labels.values_of(Structure.SACRUM)), 0, labels.labels).astype(np.uint16)
    wide = replace(opened, labels=LabelMap(labels.geometry, bare, labels.entries))
    (target,) = find_targets(wide, PRT, TargetRequest(Side.LEFT, root="S1"))
    lateral, _, cranial = target.frame.local(target.tips_mm[:2]).T
    assert sorted(np.sign(lateral)) == [-1, 1]
    opening = next(f for f in opened.sacral_foramina if f.side is Side.LEFT)
    assert np.abs(lateral) == pytest.approx(0.45 * opening.diameter_mm / 2, abs=0.7)
    assert (cranial > 0).all()


def test_no_arterial_quadrant_is_kept_free_in_the_sacrum(opened: Anatomy) -> None:
    (target,) = find_targets(opened, PRT, TargetRequest(Side.LEFT, root="S1"))
    assert not target.has_arterial_quadrant


def test_root_level_and_place_name_the_same_foramen(opened: Anatomy) -> None:
    (by_root,) = find_targets(opened, PRT, TargetRequest(Side.LEFT, root="s1"))
    (by_level,) = find_targets(opened, PRT, TargetRequest(Side.LEFT, level="S1/S2"))
    (by_place,) = find_targets(opened, PRT, TargetRequest(Side.LEFT, level=f"@{by_root.frame.centre_mm[2]:.1f}"))
    assert by_root.words == by_level.words == by_place.words
    assert by_root.name_is_certain
    assert not by_place.name_is_certain


def test_l5_and_s1_are_one_sitting(opened: Anatomy) -> None:
    targets = find_all_targets(opened, PRT, [TargetRequest(Side.LEFT, root=root) for root in ("L5", "S1")])
    assert [target.root for target in targets] == ["L5", "S1"]


def test_without_sacral_foramina_s1_is_refused(opened: Anatomy) -> None:
    bare = replace(opened, sacral_foramina=())
    with pytest.raises(AnatomyError, match="no dorsal sacral foramen, left found"):
        find_targets(bare, PRT, TargetRequest(Side.LEFT, root="S1"))
    with pytest.raises(UnknownNameError, match="foramina below L1"):
        find_targets(opened, PROCEDURES["prt-retrodiscal"], TargetRequest(Side.LEFT, root="S1"))


def test_a_doubtful_name_of_the_lowest_vertebra_makes_s1_doubtful(opened: Anatomy) -> None:
    unsure = tuple(replace(v, name_confidence=0.8) for v in opened.vertebrae)
    (target,) = find_targets(replace(opened, vertebrae=unsure), PRT, TargetRequest(Side.LEFT, root="S1"))
    assert not target.name_is_certain


def test_kidneys_need_not_be_in_a_scan_of_the_sacrum(opened: Anatomy) -> None:
    (sacral,) = find_targets(opened, PRT, TargetRequest(Side.LEFT, root="S1"))
    (lumbar,) = find_targets(opened, PRT, TargetRequest(Side.LEFT, root="L5"))
    known = {s: c for s, c in opened.confidence.items() if s is not Structure.KIDNEY}
    lacking = replace(opened, confidence=known)
    assert Structure.KIDNEY not in not_checked(lacking, PRT, (sacral,))
    assert Structure.KIDNEY in not_checked(lacking, PRT, (sacral, lumbar))


@pytest.mark.parametrize(("tilt_deg", "says"), [(-49.0, 0), (-51.0, 1), (-68.0, 1)])
def test_an_opening_that_is_too_steep_for_the_approach_is_said_with_its_angle(tilt_deg: float, says: int) -> None:
    turn = np.radians(tilt_deg)
    front = np.array([20.0, -15.0 * np.cos(turn), 15.0 * np.sin(turn)])
    foramen = SacralForamen(FIRST, Side.LEFT, np.array([20.0, 0.0, 0.0]), front, 9.0, 3.0, 0.9)
    notes = steepness_notes(PRT, foramen)
    assert len(notes) == says
    assert all(f"aim {-tilt_deg:.0f} degrees caudally, 50 are allowed" in note for note in notes)


@pytest.mark.slow
def test_paths_lead_through_the_dorsal_opening_alike_on_both_sides(opened: Anatomy) -> None:
    left, right = (planned(opened, side).targets[0] for side in BOTH)
    assert len(left.trajectories) >= 3
    assert np.linalg.norm(left.point_mm - right.point_mm * [-1, 1, 1]) < 1.0
    foramen = next(f for f in opened.sacral_foramina if f.side is Side.LEFT)
    for path in left.trajectories:
        inwards = path.target_mm - path.entry_mm
        share = (foramen.posterior_mm - path.entry_mm) @ inwards / (inwards @ inwards)
        assert np.linalg.norm(path.entry_mm + share * inwards - foramen.posterior_mm) < OPEN_MM
    best, mirror = left.trajectories[0].binding, right.trajectories[0].binding
    assert best is not None
    assert mirror is not None
    assert best.spare_mm == pytest.approx(mirror.spare_mm, abs=0.5)
