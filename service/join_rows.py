"""Scans that a person joined by hand to one patient, because their identities do not prove it.

In: two series, and who says so. Out: results of the other series' cases, for the plan of the one. Series, not cases: what
was said holds for each later revision too.
"""

from __future__ import annotations

from sqlalchemy import select

from service.database import Database
from service.rows import Case, Join


class JoinRows(Database):
    """Who belongs together by hand."""

    def join(self, series_uid: str, other_uid: str, said_by: str, now_s: float) -> None:
        """Both ways; said again, the last word stands."""
        with self._transaction() as session:
            for one, other in ((series_uid, other_uid), (other_uid, series_uid)):
                session.merge(Join(series_instance_uid=one, other_series_uid=other, at_s=now_s, said_by=said_by))

    def joined_folders(self, series_uid: str) -> frozenset[str]:
        """Results folders of the cases of every series that was joined with this one."""
        with self._reading() as session:
            others = select(Join.other_series_uid).where(Join.series_instance_uid == series_uid)
            query = select(Case.folder).where(Case.series_instance_uid.in_(others), Case.folder != "")
            return frozenset(session.scalars(query))
