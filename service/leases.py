"""Cases given out to compute, each under a lease: who does not renew it loses the case to the next.

In: cases that are ready. Out: the most urgent ones first, each given out to one owner at a time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from service.database import Database
from service.image_rows import put
from service.rows import Case, CaseState

RESTARTED = "the service was restarted"
EXPIRED = "its lease ran out: whoever worked on it is gone"
_OUT = (CaseState.QUEUED, CaseState.RUNNING)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on a case, and until when without renewal."""

    owner: str
    until_s: float


class LeaseRows(Database):
    """Who works on what."""

    def in_line(self) -> list[Case]:
        """Cases that are ready, the most urgent first, then the oldest."""
        with self._reading() as session:
            query = select(Case).where(Case.state == CaseState.READY)
            return list(session.scalars(query.order_by(Case.priority.desc(), Case.number)))

    def prioritize(self, number: int, priority: int) -> None:
        """Give a case its place in the line."""
        with self._transaction() as session:
            session.get_one(Case, number).priority = priority

    def take(self, number: int, lease: Lease, reason: str, now_s: float) -> bool:
        """Give a ready case out; False where another was first, or an image came meanwhile."""
        with self._transaction() as session:
            case = session.get_one(Case, number, with_for_update=True)
            if case.state is not CaseState.READY:
                return False
            case.lease_owner, case.lease_until_s = lease.owner, lease.until_s
            case.tries += 1
            put(session, case, CaseState.RUNNING, reason, now_s)
            return True

    def renew(self, numbers: Collection[int], lease: Lease) -> None:
        """Keep cases of one's own for longer."""
        with self._transaction() as session:
            own = update(Case).where(Case.number.in_(numbers), Case.lease_owner == lease.owner)
            session.execute(own.where(Case.state == CaseState.RUNNING).values(lease_until_s=lease.until_s))

    def count_no_try(self, numbers: Collection[int]) -> None:
        """A stop in good order is not the case's fault."""
        with self._transaction() as session:
            session.execute(update(Case).where(Case.number.in_(numbers), Case.tries > 0).values(tries=Case.tries - 1))

    def recover(self, now_s: float, owner: str = "") -> int:
        """Cases that an earlier run of this owner left half done, made ready again; how many."""
        with self._transaction() as session:
            own = or_(Case.lease_owner == "", Case.lease_owner == owner)
            return _give_back(session, own, RESTARTED, now_s)

    def give_again(self, now_s: float) -> int:
        """Cases whose lease ran out, made ready again; how many."""
        with self._transaction() as session:
            return _give_back(session, Case.lease_until_s < now_s, EXPIRED, now_s)


def _give_back(session: Session, which: object, reason: str, now_s: float) -> int:
    query = select(Case).where(Case.state.in_(_OUT), which)  # type: ignore[arg-type]
    left = session.scalars(query.with_for_update(skip_locked=True)).all()
    for case in left:
        put(session, case, CaseState.READY, reason, now_s)
    return len(left)
