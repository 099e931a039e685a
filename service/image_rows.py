"""Rows of received images, and the case that each belongs to; a late image opens the next revision.

In: facts from the receiver. Out: cases that receive, and images by series.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.database import Database
from service.rows import Case, CaseState, HistoryLine, Instance

_LATE = "a slice arrived after this revision was complete"
_CONFLICT = "two different images came under one SOP Instance UID; both are kept, check the series in the PACS"


@dataclass(frozen=True, slots=True)
class NewInstance:
    """One image that lies durably on disk."""

    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    path: str
    sha256: str
    calling_ae_title: str
    is_conflict: bool = False
    """Other bytes came before under the same SOP Instance UID; both are kept."""


class ImageRows(Database):
    """Every received image."""

    def add_instance(self, new: NewInstance, now_s: float) -> Case:
        """The case this image belongs to; a late image makes the old revision stale and opens the next."""
        with self._transaction() as session:
            case = _latest_case(session, new.series_instance_uid)
            if case is not None and session.get(Instance, new.path) is not None:
                return _detached(session, case)
            if case is None or case.state is not CaseState.RECEIVING:
                case = _next_revision(session, case, new, now_s)
            session.add(_row(new, now_s))
            case.last_image_at_s = now_s
            if new.is_conflict:
                put(session, case, CaseState.WAITING, _CONFLICT, now_s)
            return _detached(session, case)

    def instances(self, series_instance_uid: str) -> list[Instance]:
        """All images of a series, by path."""
        with self._reading() as session:
            query = select(Instance).where(Instance.series_instance_uid == series_instance_uid).order_by(Instance.path)
            return list(session.scalars(query))

    def all_paths(self) -> set[str]:
        """The path of every image that has a row."""
        with self._reading() as session:
            return set(session.scalars(select(Instance.path)))

    def forget_image(self, path: str) -> None:
        """Remove the row of an image whose file is gone."""
        with self._transaction() as session:
            session.execute(delete(Instance).where(Instance.path == path))

    def postpone_receiving(self, now_s: float) -> None:
        """Start every quiet time anew: after a restart, senders may still be sending."""
        with self._transaction() as session:
            session.execute(update(Case).where(Case.state == CaseState.RECEIVING).values(last_image_at_s=now_s))


def put(session: Session, case: Case, state: CaseState, reason: str, now_s: float) -> None:
    """Change a case's state and write its history."""
    case.state, case.reason = state, reason
    session.add(HistoryLine(case_number=case.number, at_s=now_s, state=state, reason=reason))


def _latest_case(session: Session, series_instance_uid: str) -> Case | None:
    query = select(Case).where(Case.series_instance_uid == series_instance_uid).order_by(Case.revision.desc())
    return session.scalars(query.limit(1)).first()


def _next_revision(session: Session, old: Case | None, new: NewInstance, now_s: float) -> Case:
    if old is not None:
        put(session, old, CaseState.STALE, _LATE, now_s)
    case = Case(
        series_instance_uid=new.series_instance_uid,
        study_instance_uid=new.study_instance_uid,
        revision=1 if old is None else old.revision + 1,
        state=CaseState.RECEIVING,
        reason="",
        folder="",
        last_image_at_s=now_s,
    )
    session.add(case)
    session.flush()
    put(session, case, CaseState.RECEIVING, "first image" if old is None else _LATE, now_s)
    return case


def _row(new: NewInstance, now_s: float) -> Instance:
    return Instance(
        path=new.path,
        sop_instance_uid=new.sop_instance_uid,
        series_instance_uid=new.series_instance_uid,
        sha256=new.sha256,
        is_conflict=new.is_conflict,
        received_at_s=now_s,
        calling_ae_title=new.calling_ae_title,
    )


def _detached(session: Session, case: Case) -> Case:
    session.flush()
    session.expunge(case)
    return case
