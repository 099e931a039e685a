"""What stands on the sheet: facts of one plan in the order a person reads them, in words.

In: a plan, its series, its signature. Out: frozen lines and rows; ``page.py`` puts them on paper. Nothing is computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dicom_io.identity import content_digest
from dicom_io.report import release_blockers
from dicom_io.signature import Signature
from planner.plan import Plan, PlanState
from service import words
from service.documents import EarlierPlanDocument
from service.series_facts import SeriesFacts
from service.sheet.checks import Checks, checks_of
from service.sheet.needles import NeedleFacts, needle_facts
from service.sheet.wording import Wording
from service.versions import program_version
from viz.viewer.words import structure_words

_DATE = 8
_SHOWN = 32
"""Characters of a checksum: enough to find the plan again, few enough to read out."""


@dataclass(frozen=True, slots=True, eq=False)
class SheetCase:
    """What a sheet is made of."""

    plan: Plan
    facts: SeriesFacts
    labels_digest: str
    """SHA-256 of the label map: with the plan it names the state."""
    made_at: datetime
    earlier: Sequence[EarlierPlanDocument] = ()
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page, top to bottom."""

    state: str
    is_released: bool
    banners: tuple[str, ...]
    """What must not be missed beside the state."""
    patient: str
    scan: str
    title: str
    positions: str
    needles: tuple[NeedleFacts, ...]
    checks: Checks
    valid: str
    footer: tuple[str, ...]


def sheet_of(case: SheetCase, say: Wording) -> Sheet:
    """Everything on the page, in one language."""
    plan = case.plan
    return Sheet(
        state=_state(case, say),
        is_released=plan.state is PlanState.RELEASED,
        banners=_banners(plan, say),
        patient=_patient(case.facts, say),
        scan=_scan(case.facts, say),
        title=say.title(plan.procedure, plan.title),
        positions=_positions(plan, say),
        needles=tuple(needle_facts(plan, number, case.facts, say) for number in range(len(plan.targets))),
        checks=checks_of(_with_all_blockers(case), case.earlier, say),
        valid=say("valid"),
        footer=_footer(case, say),
    )


def _with_all_blockers(case: SheetCase) -> tuple[Plan, tuple[str, ...]]:
    source = case.facts.source
    return case.plan, case.plan.release_blockers if source is None else release_blockers(case.plan, source)


def _state(case: SheetCase, say: Wording) -> str:
    if case.plan.state is PlanState.DRAFT:
        return say.state(is_draft=True)
    if case.signature is None:
        return say.state(is_draft=False)
    when = case.signature.signed_at.strftime("%Y-%m-%d %H:%M")
    return say("released_by", person=case.signature.person.replace("^", ", "), when=when)


def _banners(plan: Plan, say: Wording) -> tuple[str, ...]:
    poses = {"scan": say.pose(plan.scan_position.pose), "treated": say.pose(plan.treatment_pose)}
    rehearsal = (say("rehearsal", **poses),) if plan.is_rehearsal else ()
    names = ", ".join(structure_words(one, say.language) for one in plan.not_checked)
    return (*rehearsal, *((say("not_checked", structures=names),) if names else ()))


def _patient(facts: SeriesFacts, say: Wording) -> str:
    if facts.source is None:
        return say("patient_unknown")
    patient = facts.source.patient
    name = patient.name.split("=")[0].replace("^", ", ").strip(", ") or say("no_name")
    identity = f"ID {patient.patient_id}" if patient.patient_id else say("no_id")
    sex = f", {patient.sex}" if patient.sex else ""
    return f"{name} · {identity} · {say('born')} {_date(patient.birth_date)}{sex}"


def _scan(facts: SeriesFacts, say: Wording) -> str:
    if facts.source is None:
        return ""
    study = facts.source.study
    return (
        f"{say('scan')} {_date(study.study_date)} {_time(study.study_time)}, {study.modality}, "
        f"Acc. {study.accession_number or '-'}, {say('series')} {study.series_number or '-'}"
    ).replace("  ", " ")


def _positions(plan: Plan, say: Wording) -> str:
    scan = plan.scan_position
    pose = say.pose(scan.pose)
    stated = f"{scan.position} ({pose})" if scan.position and not scan.is_inferred else f"{pose} ({say('inferred')})"
    breathing = next((one for one in plan.warnings if one.startswith("Breathing phase: ")), "")
    phase = breathing.removeprefix("Breathing phase: ").split(",")[0] or say("unknown")
    return say("positions", scan=stated, treated=say.pose(plan.treatment_pose), breathing=phase)


def _footer(case: SheetCase, say: Wording) -> tuple[str, ...]:
    series = case.facts.document().series_instance_uid
    digest = content_digest(series or "", case.plan, case.labels_digest)
    made = say("made", when=case.made_at.strftime("%Y-%m-%d %H:%M"))
    software = ", ".join(f"{name} {version[:_SHOWN]}" for name, version in case.plan.versions.items())
    return (
        f"{say('plan_hash')} {digest[:_SHOWN]} - {software or f'needleplan {program_version()}'} - {made} - {say('not_a_device')}",
        f"{say('series')} {series or words.NOT_IN_THE_IMAGES} - {case.facts.geometry.frame_of_reference_uid}",
    )


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == _DATE else text or "?"


def _time(text: str) -> str:
    return f"{text[:2]}:{text[2:4]}" if text[:4].isdigit() else ""
