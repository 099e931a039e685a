"""Exports that must arrive: each is a row, tried until it is confirmed or a person has to look.

In: due rows of the store. Out: rows sent, rows due again later, dead letters with their reason.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from service.rows import Export, ExportState
from service.settings import Destination, OutboxSettings
from service.store import Store


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one file: why it did not arrive, or the empty text. Final: trying again cannot help."""

    fault: str
    is_final: bool


Send: TypeAlias = Callable[[Destination, Sequence[Path]], list[Answer]]
"""Sends files to a destination; one answer for each, in order."""


@dataclass(frozen=True, slots=True)
class SendRound:
    """What one round did: rows by outcome, and the cases they belong to."""

    sent: int
    postponed: int
    dead: int
    cases: frozenset[int]


_NO_DESTINATION = Answer("the destination is not in the settings", is_final=False)


class Outbox:
    """Sends due exports, with growing, jittered pauses between tries."""

    def __init__(
        self,
        store: Store,
        destinations: Iterable[Destination],
        settings: OutboxSettings,
        send: Send,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._destinations: Mapping[str, Destination] = {one.name: one for one in destinations}
        self._settings = settings
        self._send = send
        self._rng = rng

    def send_due(self, now_s: float) -> SendRound:
        """Try every due export once, together per destination."""
        due = sorted(self._store.due_exports(now_s), key=lambda export: (export.destination, export.number))
        outcomes: list[ExportState] = []
        for name, group in groupby(due, key=lambda export: export.destination):
            outcomes += self._send_group(name, list(group), now_s)
        return SendRound(
            outcomes.count(ExportState.SENT),
            outcomes.count(ExportState.PENDING),
            outcomes.count(ExportState.DEAD),
            frozenset(export.case_number for export in due),
        )

    def _send_group(self, name: str, exports: list[Export], now_s: float) -> list[ExportState]:
        destination = self._destinations.get(name)
        if destination is None:
            answers = [_NO_DESTINATION] * len(exports)
        else:
            answers = self._send(destination, [Path(export.path) for export in exports])
        return [self._record(export, answer, now_s) for export, answer in zip(exports, answers, strict=True)]

    def _record(self, export: Export, answer: Answer, now_s: float) -> ExportState:
        state = self._state(export, answer)
        self._store.update_export(export.number, state, now_s + self.pause_s(export.attempts), answer.fault)
        return state

    def _state(self, export: Export, answer: Answer) -> ExportState:
        if not answer.fault:
            return ExportState.SENT
        is_last = answer.is_final or export.attempts + 1 >= self._settings.attempts
        return ExportState.DEAD if is_last else ExportState.PENDING

    def pause_s(self, attempts: int) -> float:
        """Seconds until the next try after ``attempts`` earlier ones: doubled each time, capped, 50-100 % of that."""
        doubled = self._settings.first_retry_seconds * 2.0 ** min(attempts, 30)
        return min(self._settings.longest_retry_seconds, doubled) * self._rng.uniform(0.5, 1.0)
