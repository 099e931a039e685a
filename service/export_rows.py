"""Rows of the outbox: one for each file and destination, due at a time, until it is sent or a person has to look.

In: files of a case. Out: what is due now, what waits for its confirmation, what is dead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from service.database import Database
from service.rows import Case, CaseState, Export, ExportState


@dataclass(frozen=True, slots=True)
class NewExport:
    """One file that has to reach one destination."""

    path: str
    sop_instance_uid: str
    destination: str


class ExportRows(Database):
    """Every export."""

    def add_exports(self, number: int, exports: Sequence[NewExport], now_s: float) -> None:
        """One row for each file and destination; a row that is there already stays as it is."""
        with self._transaction() as session:
            queue(session, number, exports, now_s)

    def due_exports(self, now_s: float) -> list[Export]:
        """Exports whose time to be sent has come, oldest first; what became stale is not sent any more."""
        return self._due(_of_living_cases(ExportState.PENDING), now_s)

    def unconfirmed_exports(self, now_s: float) -> list[Export]:
        """Exports whose time to be asked about has come."""
        return self._due(_of_living_cases(ExportState.UNCONFIRMED), now_s)

    def exports(self, case_number: int) -> list[Export]:
        """Every export of a case."""
        with self._reading() as session:
            return list(session.scalars(select(Export).where(Export.case_number == case_number)))

    def exports_in(self, *states: ExportState) -> list[Export]:
        """Every export in any of the states, oldest first."""
        with self._reading() as session:
            return list(session.scalars(select(Export).where(Export.state.in_(states)).order_by(Export.number)))

    def update_export(self, number: int, state: ExportState, due_at_s: float, last_error: str) -> None:
        """Record one try."""
        with self._transaction() as session:
            export = session.get_one(Export, number)
            export.state, export.due_at_s, export.last_error = state, due_at_s, last_error
            export.attempts += 1

    def accepted(self, number: int, now_s: float) -> None:
        """The destination said that it took the file; that is still to be confirmed, at once."""
        with self._transaction() as session:
            export = session.get_one(Export, number)
            export.state, export.due_at_s, export.attempts = ExportState.UNCONFIRMED, now_s, 0
            export.last_error, export.transaction_uid = "", ""

    def ask_about(self, numbers: Sequence[int], transaction_uid: str, due_at_s: float) -> None:
        """Note the storage commitment that is asked for, and until when its answer is waited for."""
        values = {"transaction_uid": transaction_uid} | ({"due_at_s": due_at_s} if transaction_uid else {})
        with self._transaction() as session:
            session.execute(update(Export).where(Export.number.in_(numbers)).values(**values))

    def exports_of_transaction(self, transaction_uid: str) -> list[Export]:
        """What one storage commitment is about, as far as no answer was heard."""
        query = select(Export).where(Export.transaction_uid == transaction_uid)
        with self._reading() as session:
            return list(session.scalars(query.where(Export.state == ExportState.UNCONFIRMED)))

    def resend(self, numbers: Sequence[int], now_s: float) -> list[int]:
        """Make dead letters due again with all their tries; those that were."""
        with self._transaction() as session:
            query = select(Export).where(Export.number.in_(numbers), Export.state == ExportState.DEAD)
            dead = list(session.scalars(query))
            for export in dead:
                export.state, export.due_at_s, export.attempts = ExportState.PENDING, now_s, 0
            return [export.number for export in dead]

    def withdraw(self, case_number: int, below: Path, but: Path | None = None) -> list[str]:
        """Exports of files below a folder that wait to be sent, and dead ones, are sent no more; ``but`` stays. Their paths."""
        waiting = Export.state.in_((ExportState.PENDING, ExportState.DEAD))
        with self._transaction() as session:
            found = list(session.scalars(select(Export).where(Export.case_number == case_number, waiting)))
            inside = [one for one in found if below in Path(one.path).parents]
            dropped = [one for one in inside if Path(one.path).parent != but]
            for export in dropped:
                export.state, export.last_error = ExportState.WITHDRAWN, "changed after it was signed"
            return [export.path for export in dropped]

    def _due(self, query: Select[Export], now_s: float) -> list[Export]:
        with self._reading() as session:
            return list(session.scalars(query.where(Export.due_at_s <= now_s).order_by(Export.number)))


def queue(session: Session, number: int, exports: Sequence[NewExport], now_s: float) -> None:
    """Add the rows that are not there yet."""
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


def _of_living_cases(state: ExportState) -> Select[Export]:
    query = select(Export).join(Case, Case.number == Export.case_number)
    return query.where(Export.state == state, Case.state != CaseState.STALE)
