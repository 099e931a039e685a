"""What the service looks like from outside: counts, ages, space, dead letters; no patient data.

In: the store, the storage folder. Out: one frozen ``Outlook``, for the terminal, the metrics and the health answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service.rows import CaseState, ExportState
from service.store import Store

_IN_LINE = (CaseState.READY, CaseState.QUEUED, CaseState.RUNNING)


@dataclass(frozen=True, slots=True)
class Outlook:
    """One look at everything."""

    cases: Mapping[CaseState, int]
    exports: Mapping[ExportState, int]
    oldest_ready_s: float
    """How long the case that has waited longest for a worker has waited; 0 where none does."""
    oldest_export_s: float
    """Age of the oldest export that has not arrived; 0 where all have."""
    free_bytes: int

    @property
    def in_line(self) -> int:
        """Cases that wait for a worker or have one."""
        return sum(self.cases.get(state, 0) for state in _IN_LINE)

    @property
    def unsent(self) -> int:
        """Exports on their way."""
        return self.exports.get(ExportState.PENDING, 0) + self.exports.get(ExportState.UNCONFIRMED, 0)

    @property
    def dead(self) -> int:
        """Exports that wait for a person."""
        return self.exports.get(ExportState.DEAD, 0)


def look(store: Store, folder: Path, now_s: float) -> Outlook:
    """Look once."""
    cases, exports = store.counts()
    ready_since_s, unsent_since_s = store.oldest_ready_at_s(), store.oldest_unsent_at_s()
    return Outlook(
        cases,
        exports,
        max(0.0, now_s - ready_since_s) if ready_since_s else 0.0,
        max(0.0, now_s - unsent_since_s) if unsent_since_s else 0.0,
        shutil.disk_usage(folder).free,
    )
