"""Rows of received images, and the case that each belongs to; a late image opens the next revision.

In: facts from the receiver. Out: cases that receive, and images by series.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dicom_io.landing import Arrival
from dicom_io.storing import Received
from service.database import Database
from service.rows import Case, CaseState, HistoryLine, Instance

_LATE = "a slice arrived after this revision was complete"
_CONFLICT = "two different images came under one SOP Instance UID; both are kept, check the series in the PACS"

_MOST_REMEMBERED = 1000
"""Series that receive at once and are known without a question."""

_STILL_RECEIVES = (
    update(Case)
    .where(Case.number == bindparam("number_"), Case.state == CaseState.RECEIVING)
    .values(last_image_at_s=bindparam("now_s"))
)
_ONE_MORE = insert(Instance)


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

    def __init__(self, address: Path | str) -> None:
        super().__init__(address)
        self._receiving: OrderedDict[str, Case] = OrderedDict()

    def add_instance(self, new: NewInstance, now_s: float) -> Case:
        """The case this image belongs to; a late image makes the old revision stale and opens the next."""
        known = None if new.is_conflict else self._receiving.get(new.series_instance_uid)
        if known is not None and self._add_to(known, new, now_s):
            return known
        case = self._add(new, now_s)
        self._receiving.pop(new.series_instance_uid, None)
        if case.state is CaseState.RECEIVING:
            self._receiving[new.series_instance_uid] = case
            while len(self._receiving) > _MOST_REMEMBERED:
                self._receiving.popitem(last=False)
        return case

    def _add_to(self, case: Case, new: NewInstance, now_s: float) -> bool:
        """The common image in two statements: one more of a case that still receives. False: look closer."""
        values = {"number_": case.number, "now_s": now_s}
        try:
            with self._writing, self._image_writes.begin() as connection:
                if connection.execute(_STILL_RECEIVES, values).rowcount != 1:
                    return False
                connection.execute(_ONE_MORE, _values(new, now_s))
        except IntegrityError:
            return False
        return True

    def _add(self, new: NewInstance, now_s: float) -> Case:
        with self._transaction() as session:
            case = _latest_case(session, new.series_instance_uid)
            if case is not None and session.get(Instance, new.path) is not None:
                return _detached(session, case)
            if case is None or case.state is not CaseState.RECEIVING:
                case = _next_revision(session, case, new, _LATE, now_s)
            session.add(Instance(**_values(new, now_s)))
            case.last_image_at_s = now_s
            if new.is_conflict:
                put(session, case, CaseState.WAITING, _CONFLICT, now_s)
            return _detached(session, case)

    def judge_again(self, series_instance_uid: str, why: str, now_s: float) -> int | None:
        """What was made of a series is stale, and its next revision is judged; None where it still receives, or is unknown."""
        with self._transaction() as session:
            case = _latest_case(session, series_instance_uid)
            if case is None or case.state is CaseState.RECEIVING:
                return None
            return _next_revision(session, case, case, why, now_s).number

    def instances(self, series_instance_uid: str) -> list[Instance]:
        """All images of a series, by path."""
        with self._reading() as session:
            query = select(Instance).where(Instance.series_instance_uid == series_instance_uid).order_by(Instance.path)
            return list(session.scalars(query))

    def series_of_study(self, series_instance_uid: str) -> list[str]:
        """The other series of this one's study, by UID."""
        with self._reading() as session:
            study = select(Case.study_instance_uid).where(Case.series_instance_uid == series_instance_uid).limit(1)
            query = (
                select(Case.series_instance_uid).where(Case.study_instance_uid == study.scalar_subquery()).distinct()
            )
            return sorted(uid for uid in session.scalars(query) if uid != series_instance_uid)

    def arriving(self, series_instance_uids: Sequence[str]) -> frozenset[str]:
        """Which of these series are not complete yet."""
        with self._reading() as session:
            query = select(Case.series_instance_uid).where(Case.state == CaseState.RECEIVING)
            return frozenset(session.scalars(query.where(Case.series_instance_uid.in_(series_instance_uids))))

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


def as_row(received: Received) -> NewInstance:
    """The row of an image that was just received."""
    return NewInstance(
        sop_instance_uid=received.sop_uid,
        series_instance_uid=received.series_uid,
        study_instance_uid=received.study_uid,
        path=str(received.path),
        sha256=received.sha256,
        calling_ae_title=received.calling_ae_title,
        is_conflict=received.arrival is Arrival.CONFLICT,
    )


def put(session: Session, case: Case, state: CaseState, reason: str, now_s: float) -> None:
    """Change a case's state and write its history."""
    case.state, case.reason = state, reason
    session.add(HistoryLine(case_number=case.number, at_s=now_s, state=state, reason=reason))


def _latest_case(session: Session, series_instance_uid: str) -> Case | None:
    query = select(Case).where(Case.series_instance_uid == series_instance_uid).order_by(Case.revision.desc())
    return session.scalars(query.limit(1)).first()


def _next_revision(session: Session, old: Case | None, of: NewInstance | Case, why: str, now_s: float) -> Case:
    if old is not None:
        put(session, old, CaseState.STALE, why, now_s)
    case = Case(
        series_instance_uid=of.series_instance_uid,
        study_instance_uid=of.study_instance_uid,
        revision=1 if old is None else old.revision + 1,
        state=CaseState.RECEIVING,
        reason="",
        folder="",
        last_image_at_s=now_s,
    )
    session.add(case)
    session.flush()
    put(session, case, CaseState.RECEIVING, "first image" if old is None else why, now_s)
    return case


def _values(new: NewInstance, now_s: float) -> dict[str, str | bool | float]:
    return {
        "path": new.path,
        "sop_instance_uid": new.sop_instance_uid,
        "series_instance_uid": new.series_instance_uid,
        "sha256": new.sha256,
        "is_conflict": new.is_conflict,
        "received_at_s": now_s,
        "calling_ae_title": new.calling_ae_title,
    }


def _detached(session: Session, case: Case) -> Case:
    session.flush()
    session.expunge(case)
    return case
