"""What the service knows, as rows: instances, cases with their history, exports.

In: facts from the receiver, the inbox, the jobs and the outbox. Out: what to do next, after any restart.
SQLite in WAL mode; every change of a state is one transaction with its line of history. No patient data: UIDs only.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, event, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from service.rows import Base, Case, CaseState, Export, ExportState, HistoryLine, Instance

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


@dataclass(frozen=True, slots=True)
class NewExport:
    """One file that has to reach one destination."""

    path: str
    sop_instance_uid: str
    destination: str


class Store:
    """All rows. Safe to use from several threads: one writer at a time."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": 30.0})
        event.listen(self._engine, "connect", _use_wal)
        Base.metadata.create_all(self._engine)
        self._writing = threading.Lock()

    @property
    def engine(self) -> Engine:
        """The database, for tests and migrations."""
        return self._engine

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

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
                _put(session, case, CaseState.WAITING, _CONFLICT, now_s)
            return _detached(session, case)

    def instances(self, series_instance_uid: str) -> list[Instance]:
        """All images of a series, by path."""
        with Session(self._engine, expire_on_commit=False) as session:
            query = select(Instance).where(Instance.series_instance_uid == series_instance_uid).order_by(Instance.path)
            return list(session.scalars(query))

    def all_paths(self) -> set[str]:
        """The path of every image that has a row."""
        with Session(self._engine) as session:
            return set(session.scalars(select(Instance.path)))

    def forget_image(self, path: str) -> None:
        """Remove the row of an image whose file is gone."""
        with self._transaction() as session:
            gone = session.get(Instance, path)
            if gone is not None:
                session.delete(gone)

    def case(self, number: int) -> Case:
        """One case."""
        with Session(self._engine, expire_on_commit=False) as session:
            return session.get_one(Case, number)

    def cases(self, *states: CaseState) -> list[Case]:
        """Cases in any of the states (all where none is given), oldest first."""
        with Session(self._engine, expire_on_commit=False) as session:
            query = select(Case).order_by(Case.number)
            return list(session.scalars(query.where(Case.state.in_(states)) if states else query))

    def history(self, number: int) -> list[HistoryLine]:
        """What happened to a case, oldest first."""
        with Session(self._engine, expire_on_commit=False) as session:
            query = select(HistoryLine).where(HistoryLine.case_number == number).order_by(HistoryLine.line)
            return list(session.scalars(query))

    def move(self, number: int, state: CaseState, reason: str, now_s: float) -> bool:
        """Put a case into a state and write its history; False where it is stale, which is final."""
        with self._transaction() as session:
            case = session.get_one(Case, number)
            if case.state is CaseState.STALE:
                return False
            _put(session, case, state, reason, now_s)
            return True

    def remember_folder(self, number: int, folder: str) -> None:
        """Where a case's results lie."""
        with self._transaction() as session:
            session.get_one(Case, number).folder = folder

    def add_exports(self, number: int, exports: Sequence[NewExport], now_s: float) -> None:
        """One row for each file and destination; a row that is there already stays as it is."""
        with self._transaction() as session:
            for new in exports:
                same = select(Export).where(
                    Export.sop_instance_uid == new.sop_instance_uid, Export.destination == new.destination
                )
                if session.scalar(same) is None:
                    session.add(
                        Export(
                            case_number=number,
                            path=new.path,
                            sop_instance_uid=new.sop_instance_uid,
                            destination=new.destination,
                            state=ExportState.PENDING,
                            attempts=0,
                            due_at_s=now_s,
                            last_error="",
                        )
                    )

    def due_exports(self, now_s: float) -> list[Export]:
        """Exports whose time has come, oldest first; what became stale is not sent any more."""
        with Session(self._engine, expire_on_commit=False) as session:
            query = select(Export).join(Case, Case.number == Export.case_number)
            query = query.where(Export.state == ExportState.PENDING, Export.due_at_s <= now_s)
            return list(session.scalars(query.where(Case.state != CaseState.STALE).order_by(Export.number)))

    def exports(self, case_number: int) -> list[Export]:
        """Every export of a case."""
        with Session(self._engine, expire_on_commit=False) as session:
            return list(session.scalars(select(Export).where(Export.case_number == case_number)))

    def update_export(self, number: int, state: ExportState, due_at_s: float, last_error: str) -> None:
        """Record one try."""
        with self._transaction() as session:
            export = session.get_one(Export, number)
            export.state, export.due_at_s, export.last_error = state, due_at_s, last_error
            export.attempts += 1

    def recover(self, now_s: float) -> int:
        """Cases that a stopped service left half done, made ready again; how many."""
        with self._transaction() as session:
            left = session.scalars(select(Case).where(Case.state.in_((CaseState.QUEUED, CaseState.RUNNING)))).all()
            for case in left:
                _put(session, case, CaseState.READY, "the service was restarted", now_s)
            return len(left)

    def postpone_receiving(self, now_s: float) -> None:
        """Start every quiet time anew: after a restart, senders may still be sending."""
        with self._transaction() as session:
            session.execute(update(Case).where(Case.state == CaseState.RECEIVING).values(last_image_at_s=now_s))

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._writing, Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session


def _use_wal(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")  # a power cut may lose the last rows; the files bring them back
    cursor.close()


def _latest_case(session: Session, series_instance_uid: str) -> Case | None:
    query = select(Case).where(Case.series_instance_uid == series_instance_uid).order_by(Case.revision.desc())
    return session.scalars(query).first()


def _next_revision(session: Session, old: Case | None, new: NewInstance, now_s: float) -> Case:
    if old is not None:
        _put(session, old, CaseState.STALE, _LATE, now_s)
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
    _put(session, case, CaseState.RECEIVING, "first image" if old is None else _LATE, now_s)
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


def _put(session: Session, case: Case, state: CaseState, reason: str, now_s: float) -> None:
    case.state, case.reason = state, reason
    session.add(HistoryLine(case_number=case.number, at_s=now_s, state=state, reason=reason))


def _detached(session: Session, case: Case) -> Case:
    session.flush()
    session.expunge(case)
    return case
