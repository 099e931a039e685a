"""The worklist's rows: what lies in each kept case, without opening its arrays.

In: folders of kept cases. Out: one row each, newest study first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from planner.plan import Plan
from service.series_facts import SeriesFacts
from service.viewing.keeping import is_kept, open_session, peek


@dataclass(frozen=True, slots=True)
class Listed:
    """One case as the worklist shows it; ``key`` names it in addresses and in the audit trail."""

    key: str
    folder: Path
    patient: str
    patient_id: str
    study: str
    aims: tuple[tuple[str, str], ...]
    """Title of the procedure and target, one pair for each needle."""
    state: str
    """A key of ``forms``' texts: waiting, draft, rehearsal, no_path, changed, signed, or how far an export has come."""


@dataclass(frozen=True, slots=True)
class Running:
    """A case that is computed now: its number, the stage it is in, and for how long [s]."""

    number: int
    stage: str
    for_s: float
    left_s: float | None = None
    """About how long until its plan, by the cases before; None where none went through this stage."""


def listed(folders: list[Path]) -> list[Listed]:
    """Rows of the cases that can be opened."""
    rows = [_row(folder) for folder in folders if is_kept(folder)]
    return sorted(rows, key=lambda row: row.study, reverse=True)


def _row(folder: Path) -> Listed:
    facts, plan = peek(folder)
    session = open_session(folder)
    plan = plan if session is None else session.now.plan
    key = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    state = _state(plan, is_changed=session is not None)
    is_signed = session is not None and session.signature is not None
    return Listed(key, folder, *_who(facts), _aims(plan), "signed" if is_signed else state)


def _who(facts: SeriesFacts) -> tuple[str, str, str]:
    """Name, ID, and date with accession number; a hyphen where the images say nothing."""
    if facts.source is None:
        return "-", "", "-"
    patient, study = facts.source.patient, facts.source.study
    day = study.study_date
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == _DATE_LENGTH else day or "-"
    return patient.name.replace("^", ", ") or "-", patient.patient_id, f"{date} {study.accession_number}".strip()


_DATE_LENGTH = 8


def _aims(plan: Plan | None) -> tuple[tuple[str, str], ...]:
    return () if plan is None else tuple((plan.title, target.words) for target in plan.targets)


def _state(plan: Plan | None, *, is_changed: bool) -> str:
    if plan is None:
        return "waiting"
    if not plan.has_path:
        return "no_path"
    if is_changed:
        return "changed"
    return "rehearsal" if plan.is_rehearsal else "draft"
