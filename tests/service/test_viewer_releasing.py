"""What keeps a state from release, which answers close it, and what a signature refuses. A phantom's plan, no browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_io.series import read_series
from planner.plan import Plan, PlanState
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.release.gates import questions_for
from planner.release.looks import Look
from planner.structures import PatientPosition, Side
from planner.targets import TargetRequest, find_targets
from planner.volume import Volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from service.opening import OpenSeries
from service.series_facts import BREATHING_UNKNOWN, SeriesFacts
from service.viewing.keeping import KeptCase, KeptSession, keep, keep_session, open_session
from service.viewing.releasing import YES, release_of, seen_on_the_image
from service.viewing.signing import SigningDesk, UnsignedError, Wish, mark, released
from viz.viewer.session import Judged, Session, Signature

PERSON, NOW = "Lovelace^Ada", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UNSURE = "The name L4/L5 is not certain; confirm it."
SMALL = Path(__file__).resolve().parents[2] / "sample_data" / "small"


@pytest.fixture(scope="module")
def case() -> KeptCase:
    """The phantom's own truth under the sample series' identity."""
    phantom = make_phantom(
        PhantomParameters(
            spacing_mm=(1.6, 1.0, 1.0), field_of_view_mm=(130.0, 140.0, 300.0), center_mm=(0.0, 60.0, -40.0)
        )
    )
    anatomy, prt = phantom.anatomy(), PROCEDURES["prt"]
    scan = reconcile(PatientPosition.HFP, anatomy.lie)
    plan = plan_trajectories(anatomy, find_targets(anatomy, prt, TargetRequest(Side.LEFT, root="L4")), prt, scan, {})
    facts = SeriesFacts.of(read_series(SMALL))
    plan = replace(plan, release_blockers=(UNSURE, *facts.release_blockers), looks={UNSURE: Look.NAME})
    grid = anatomy.labels.geometry
    grey = np.where(anatomy.labels.labels > 0, 40, -1000).astype(np.int16)
    return KeptCase(OpenSeries(Volume(grid, grey), replace(facts, geometry=grid)), anatomy, plan)


def opened(case: KeptCase) -> Session:
    return Session.opened(case.plan)


def answered(session: Session) -> Session:
    """Every question as it closes its gate."""
    said = {"scheme": "SIR 2019", "inr": "1,0", "platelets_per_nl": "220", "breathing": "expiration"}
    for question in release_of(session, PERSON).questions:
        session = session.answer(question.key, said.get(question.key, question.closes))
    return session


def wish(desk: SigningDesk, session: Session, **changes: object) -> Wish:
    ticked = tuple(mark(one) for one in release_of(session, PERSON).warnings)
    return replace(Wish(PERSON, desk.digest(session, PERSON), ticked), **changes)


def test_unanswered_everything_is_a_gate(case: KeptCase):
    blockers = release_of(opened(case), PERSON).blockers
    assert UNSURE in blockers
    assert BREATHING_UNKNOWN in blockers
    assert any(one.startswith("OPEN GATE") for one in blockers)


def test_a_persons_answers_close_what_they_may_and_are_said(case: KeptCase):
    session = answered(opened(case))
    release = release_of(session, PERSON)
    assert release.blockers == ()
    assert f"Confirmed by {PERSON}: {UNSURE}" in release.warnings
    assert f"Breathing phase: expiration, stated by {PERSON}." in release.warnings
    assert any(PERSON in line and "inr 1,0" in line for line in released(session, PERSON).warnings)


def test_an_answer_against_release_stays_a_gate(case: KeptCase):
    session = answered(opened(case)).answer("pregnancy", "yes")
    assert any("pregnan" in one for one in release_of(session, PERSON).blockers)


@pytest.mark.parametrize("said", ["", "one", "nan", "-1", "9"])
def test_an_inr_that_is_none_or_too_high_stays_a_gate(case: KeptCase, said: str):
    session = answered(replace(opened(case), now=opened(case).now)).answer("inr", said).answer("scheme", "SIR 2019")
    plan = replace(session.now.plan, procedure="splanchnic")
    session = replace(session, now=replace(session.now, plan=plan))
    assert any("INR" in one for one in release_of(session, PERSON).blockers)


@pytest.mark.parametrize(
    "stays",
    [
        "Rehearsal: scanned supine, treated prone; re-scan.",
        "NOT CHECKED: bowel was not found.",
        "the series has no Patient ID",
    ],
)
def test_no_answer_closes_a_gate_that_is_no_matter_of_looking(case: KeptCase, stays: str):
    plan = replace(case.plan, release_blockers=(*case.plan.release_blockers, stays))
    session = answered(Session.opened(plan)).answer(f"confirm {stays}", YES)
    assert release_of(session, PERSON).blockers == (stays,)


def test_a_look_closes_only_what_the_planner_asks_to_confirm(case: KeptCase):
    assert seen_on_the_image(case.plan) == {f"confirm {UNSURE}": YES}
    alike = "Anything else that only sounds so; confirm it."
    plan = replace(case.plan, release_blockers=(*case.plan.release_blockers, alike))
    assert release_of(answered(Session.opened(plan)), PERSON).blockers == (alike,)


def broken(session: Session) -> Session:
    judged = session.now.judged
    return session.edit(Judged(judged.path, (("clearance: bone", -0.4, "mm"),)))


def unmeasured(session: Session) -> Session:
    return session.edit(Judged(session.now.judged.path, (), is_tolerance_known=False))


def far_off(session: Session) -> Session:
    path = session.now.judged.path
    return session.edit(Judged(replace(path, target_mm=path.target_mm + np.array([0.0, 0.0, 20.0]))))


@pytest.mark.parametrize(
    ("change", "why"), [(broken, "breaks a limit"), (unmeasured, "still being measured"), (far_off, "from the planned")]
)
def test_a_path_drawn_by_hand_may_be_a_gate(case: KeptCase, change: Callable[[Session], Session], why: str):
    (blocker,) = release_of(answered(change(opened(case))), PERSON).blockers
    assert why in blocker


@pytest.mark.graphics
@pytest.mark.slow
def test_a_signature_writes_a_released_plan_and_its_predecessor(case: KeptCase, tmp_path: Path):
    desk, session = SigningDesk(keep(tmp_path / "view", case).parent, case), answered(opened(case)).choose(1)
    first = desk.sign(session, wish(desk, session), NOW)
    again = desk.sign(session, wish(desk, session), NOW.replace(hour=4))
    headers = [pydicom.dcmread(one.objects[0].path) for one in (first, again)]
    assert [header.VerificationFlag for header in headers] == ["VERIFIED", "VERIFIED"]
    draft = pydicom.dcmread(tmp_path / "report.dcm")
    assert draft.VerificationFlag == "UNVERIFIED"
    assert [_predecessor(header) for header in headers] == [draft.SOPInstanceUID, headers[0].SOPInstanceUID]
    plan = released(session, PERSON)
    assert plan.state is PlanState.RELEASED
    assert plan.gates
    assert all(gate.is_closed and gate.answered_by == PERSON for gate in plan.gates)
    assert [len(target.trajectories) for target in plan.targets] == [1]
    chosen = case.plan.targets[0].trajectories[1]
    assert (plan.targets[0].trajectories[0].entry_mm == chosen.entry_mm).all()


def _predecessor(header: pydicom.Dataset) -> str:
    return str(
        header.PredecessorDocumentsSequence[0]
        .ReferencedSeriesSequence[0]
        .ReferencedSOPSequence[0]
        .ReferencedSOPInstanceUID
    )


def test_what_was_not_read_is_not_signed(case: KeptCase, tmp_path: Path):
    desk, session = SigningDesk(keep(tmp_path / "view", case).parent, case), answered(opened(case))
    read = wish(desk, session)
    with pytest.raises(UnsignedError, match="not ticked"):
        desk.sign(session, replace(read, ticked=read.ticked[1:]), NOW)
    with pytest.raises(UnsignedError, match="changed after it was read"):
        desk.sign(session.choose(2), read, NOW)
    with pytest.raises(UnsignedError, match="keep this plan from release"):
        desk.sign(opened(case), read, NOW)
    assert not (tmp_path / "signed").exists()


def test_the_digest_tells_every_state_apart(case: KeptCase, tmp_path: Path):
    desk, session = SigningDesk(tmp_path, case), answered(opened(case))
    states = [session, session.choose(1), session.answer("inr", "1.1"), unmeasured(session)]
    assert len({desk.digest(one, PERSON) for one in states}) == len(states)
    assert desk.digest(session, PERSON) == desk.digest(answered(opened(case)), PERSON)


def test_a_signature_is_kept_and_an_edit_drops_it_on_disk_too(case: KeptCase, tmp_path: Path):
    session = answered(opened(case)).signed(Signature(PERSON, "now", "12"))
    folder = keep(tmp_path / "view", case).parent
    keep_session(folder, KeptSession(session.now, (), (), session.signature, session.answers))
    back = open_session(folder)
    assert back.signature == session.signature
    assert dict(back.answers) == dict(session.answers)
    edited = session.choose(1)
    keep_session(folder, KeptSession(edited.now, edited.past, (), edited.signature, edited.answers))
    assert open_session(folder).signature is None
    assert session.answer("inr", "1.2").signature is None


def test_every_procedure_of_ours_can_be_asked(case: KeptCase):
    for procedure in PROCEDURES.values():
        asked = release_of(Session.opened(_as(case.plan, procedure.key)), PERSON).questions
        assert {question.key for question in questions_for(procedure)} <= {question.key for question in asked}


def _as(plan: Plan, key: str) -> Plan:
    return replace(plan, procedure=key)
