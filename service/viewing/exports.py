"""Signed objects on their way to the PACS: rows of the service's outbox, and how far they have come.

In: a case's folder, files with their SOP Instance UIDs. Out: one row for each file and destination; a state for the page.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from service.rows import Case, CaseState, ExportState
from service.settings import Destination
from service.signed import SIGNED, newest_signed
from service.store import NewExport, Store
from service.viewing.keeping import open_session

PENDING, SENT, DEAD, NONE = "export_pending", "export_sent", "export_dead", "export_none"
WITHDRAWN = "export_withdrawn"
"""Keys of the page's words."""


class Exports(Protocol):
    """Where signed objects go."""

    def add(self, folder: Path, objects: Sequence[tuple[str, str]]) -> None:
        """Send the files, each a path and a SOP Instance UID, to every destination."""

    def withdraw_dropped(self, folder: Path) -> bool:
        """Where an edit dropped the signature: what was signed and is not sent yet is sent no more. Whether there was any."""

    def state(self, folder: Path) -> str:
        """How far a case's signed objects have come; empty where none were signed."""


class _NoExports:
    """One person at one machine: files stay where they are."""

    def add(self, folder: Path, objects: Sequence[tuple[str, str]]) -> None:
        """Nothing leaves."""

    def withdraw_dropped(self, folder: Path) -> bool:  # noqa: ARG002 - the protocol's
        """Nothing to withdraw."""
        return False

    def state(self, folder: Path) -> str:  # noqa: ARG002 - the protocol's
        """Nothing left."""
        return ""


NO_EXPORTS: Exports = _NoExports()


class OutboxExports:
    """Through the service's own rows: tried again after any restart."""

    def __init__(self, store: Store, destinations: Sequence[Destination]) -> None:
        self._store, self._destinations = store, tuple(destinations)

    def add(self, folder: Path, objects: Sequence[tuple[str, str]]) -> None:
        """One row for each file and destination; the case waits for them as planned."""
        case = self._case(folder)
        if case is None or not self._destinations:
            return
        self._store.withdraw(case.number, folder.parent / SIGNED, but=newest_signed(folder.parent))
        rows = [NewExport(path, uid, one.name) for one in self._destinations for path, uid in objects]
        self._store.keep_result(case.number, CaseState.PLANNED, "signed; on its way to the PACS", rows, time.time())

    def withdraw_dropped(self, folder: Path) -> bool:
        """Rows whose state was changed after it was signed; what a destination has taken stays there."""
        session, case = open_session(folder), self._case(folder)
        if session is None or session.signature is not None or case is None or newest_signed(folder.parent) is None:
            return False
        return bool(self._store.withdraw(case.number, folder.parent / SIGNED))

    def state(self, folder: Path) -> str:
        """Of the rows whose files lie in the newest signed folder."""
        signed = newest_signed(folder.parent)
        case = self._case(folder)
        if signed is None or case is None:
            return ""
        states = {row.state for row in self._store.exports(case.number) if Path(row.path).parent == signed}
        if not states:
            return NONE
        if ExportState.WITHDRAWN in states:
            return WITHDRAWN
        return DEAD if ExportState.DEAD in states else SENT if states == {ExportState.SENT} else PENDING

    def _case(self, folder: Path) -> Case | None:
        results = str(folder.parent)
        return next((case for case in reversed(self._store.cases()) if case.folder == results), None)
