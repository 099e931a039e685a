"""What keeps a plan from release."""

from dataclasses import replace

from planner.anatomy.model import Anatomy, Lie
from planner.held_back import not_checked, release_blockers, release_gates
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.release.looks import Look
from planner.structures import PatientPosition, Pose, Side, Structure
from planner.targets import Target, TargetRequest, find_targets

PRT = PROCEDURES["prt"]
PRONE = reconcile(PatientPosition.HFP, Lie(Pose.PRONE, 1.0, "a test"))


def target(anatomy: Anatomy, **asked: str) -> tuple[Target, ...]:
    return find_targets(anatomy, PRT, TargetRequest(Side.LEFT, **asked))


def test_nothing_blocks_a_known_patient_in_treatment_position(anatomy: Anatomy) -> None:
    assert release_blockers(anatomy, PRT, target(anatomy, root="L4"), PRONE, ()) == ()


def test_a_missing_structure_is_not_checked_and_blocks(anatomy: Anatomy) -> None:
    known = {s: c for s, c in anatomy.confidence.items() if s is not Structure.KIDNEY}
    missing = not_checked(replace(anatomy, confidence=known), PRT)
    assert missing == (Structure.KIDNEY,)
    blockers = release_blockers(anatomy, PRT, target(anatomy, root="L4"), PRONE, missing)
    assert blockers == ("NOT CHECKED: kidney was not found in this scan.",)


def test_a_doubtful_structure_blocks_with_its_confidence(anatomy: Anatomy) -> None:
    doubtful = replace(anatomy, confidence={**anatomy.confidence, Structure.AORTA: 0.31})
    blockers = release_blockers(doubtful, PRT, target(anatomy, root="L4"), PRONE, ())
    assert blockers == ("aorta: confidence 0.31, 0.5 is needed; check it.",)


def test_a_level_chosen_by_place_must_be_named(anatomy: Anatomy) -> None:
    blockers = release_blockers(anatomy, PRT, target(anatomy, level="@-45"), PRONE, ())
    assert len(blockers) == 1
    assert blockers[0].startswith("The level was chosen by place (level @-45, ")


def test_an_uncertain_name_must_be_confirmed(anatomy: Anatomy) -> None:
    unsure = tuple(replace(v, name_confidence=0.6) for v in anatomy.vertebrae)
    blockers = release_blockers(anatomy, PRT, target(replace(anatomy, vertebrae=unsure), root="L4"), PRONE, ())
    assert blockers == ("The name L4/L5 is not certain; confirm it.",)


def test_an_inferred_position_must_be_confirmed(anatomy: Anatomy) -> None:
    inferred = reconcile(None, Lie(Pose.PRONE, 0.9, "the table lies in front"))
    blockers = release_blockers(anatomy, PRT, target(anatomy, root="L4"), inferred, ())
    assert blockers == ("The scan position is inferred from the image, not stated by the series; confirm it.",)


def test_an_unknown_position_is_a_rehearsal(anatomy: Anatomy) -> None:
    unknown = reconcile(None, Lie(Pose.UNKNOWN, 0.0, "no table seen"))
    blockers = release_blockers(anatomy, PRT, target(anatomy, root="L4"), unknown, ())
    assert blockers[0].startswith("Rehearsal: scanned unknown, treated prone")


def test_a_gate_says_by_its_kind_whether_a_look_closes_it(anatomy: Anatomy) -> None:
    unsure = tuple(replace(v, name_confidence=0.6) for v in anatomy.vertebrae)
    supine = reconcile(PatientPosition.HFS, Lie(Pose.SUPINE, 1.0, "a test"))
    asked = replace(anatomy, vertebrae=unsure)
    gates = release_gates(asked, PRT, target(asked, root="L4"), supine, (Structure.KIDNEY,))
    assert [gate.look for gate in gates] == [None, None, Look.NAME]
