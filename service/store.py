"""What the service knows, as rows: instances, cases with their history, exports.

In: facts from the receiver, the inbox, the jobs and the outbox. Out: what to do next, after any restart.
Every change of a state is one transaction with its line of history. No patient data: UIDs only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, select

from service.export_rows import ExportRows, NewExport, queue
from service.image_rows import ImageRows, NewInstance, put
from service.join_rows import JoinRows
from service.leases import LeaseRows
from service.rows import Case, CaseState, Export, ExportState, HistoryLine

if TYPE_CHECKING:
    from service.settings import Settings

__all__ = ["DATABASE_FILE", "NewExport", "NewInstance", "Store", "address_of"]

DATABASE_FILE = "needleplan.db"


class Store(ImageRows, LeaseRows, ExportRows, JoinRows):
    """All rows. Safe to use from several threads: one writer at a time."""

    def case(self, number: int) -> Case:
        """One case."""
        with self._reading() as session:
            return session.get_one(Case, number)

    def cases(self, *states: CaseState) -> list[Case]:
        """Cases in any of the states (all where none is given), oldest first."""
        with self._reading() as session:
            query = select(Case).order_by(Case.number)
            return list(session.scalars(query.where(Case.state.in_(states)) if states else query))

    def counts(self) -> tuple[dict[CaseState, int], dict[ExportState, int]]:
        """How many cases and exports stand in each state."""
        with self._reading() as session:
            cases = session.execute(select(Case.state, func.count()).group_by(Case.state)).all()
            exports = session.execute(select(Export.state, func.count()).group_by(Export.state)).all()
        return {state: count for state, count in cases}, {state: count for state, count in exports}  # noqa: C416

    def oldest_ready_at_s(self) -> float:
        """When the case that has waited longest for a worker became ready; 0 where none waits."""
        return self._oldest_line(CaseState.READY, Case.state == CaseState.READY)

    def oldest_unsent_at_s(self) -> float:
        """When the case with the oldest export that has not arrived was planned; 0 where all have."""
        unsent = select(Export.case_number).where(Export.state.in_((ExportState.PENDING, ExportState.UNCONFIRMED)))
        living = and_(Case.number.in_(unsent), Case.state != CaseState.STALE)
        return self._oldest_line(CaseState.PLANNED, living)

    def _oldest_line(self, state: CaseState, which: ColumnElement[bool]) -> float:
        """The earliest of the cases' last changes into a state."""
        last = select(func.max(HistoryLine.at_s)).join(Case, Case.number == HistoryLine.case_number)
        last = last.where(HistoryLine.state == state, which).group_by(HistoryLine.case_number)
        with self._reading() as session:
            return min(session.scalars(last), default=0.0)

    def history(self, number: int) -> list[HistoryLine]:
        """What happened to a case, oldest first."""
        with self._reading() as session:
            query = select(HistoryLine).where(HistoryLine.case_number == number).order_by(HistoryLine.line)
            return list(session.scalars(query))

    def history_after(self, line: int, limit: int) -> list[HistoryLine]:
        """What happened to any case after a line of the history, oldest first."""
        with self._reading() as session:
            query = select(HistoryLine).where(HistoryLine.line > line).order_by(HistoryLine.line)
            return list(session.scalars(query.limit(limit)))

    def last_line(self) -> int:
        """The newest line of the history; 0 where there is none."""
        with self._reading() as session:
            return session.scalar(select(func.max(HistoryLine.line))) or 0

    def move(self, number: int, state: CaseState, reason: str, now_s: float) -> bool:
        """Put a case into a state and write its history; False where it is stale, which is final."""
        return self.keep_result(number, state, reason, (), now_s)

    def keep_result(
        self, number: int, state: CaseState, reason: str, exports: Sequence[NewExport], now_s: float
    ) -> bool:
        """As ``move``, with the exports of the result in the same transaction: a kill leaves both or neither."""
        with self._transaction() as session:
            case = session.get_one(Case, number)
            if case.state is CaseState.STALE:
                return False
            put(session, case, state, reason, now_s)
            queue(session, number, exports, now_s)
            return True

    def remember_folder(self, number: int, folder: str) -> None:
        """Where a case's results lie."""
        with self._transaction() as session:
            session.get_one(Case, number).folder = folder

    def choose_volume(self, number: int, volume: str, reason: str, now_s: float) -> None:
        """A person said which volume of the series is meant: the case is judged anew."""
        with self._transaction() as session:
            case = session.get_one(Case, number)
            case.volume = volume
            put(session, case, CaseState.RECEIVING, reason, now_s)

    def purged(self, number: int, now_s: float, *, results: bool) -> None:
        """Note that a case's images, or its results too, were removed."""
        with self._transaction() as session:
            case = session.get_one(Case, number)
            case.images_purged_at_s = now_s
            case.results_purged_at_s = now_s if results else case.results_purged_at_s
            what = "images and results" if results else "images"
            line = HistoryLine(case_number=number, at_s=now_s, state=case.state, reason=f"{what} were purged")
            session.add(line)


def address_of(settings: Settings) -> Path | str:
    """Where the settings keep the rows."""
    return settings.database.address or settings.storage.folder.absolute() / DATABASE_FILE
