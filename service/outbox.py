"""Exports that must arrive: each is a row, tried until it is confirmed or a person has to look.

In: due rows of the store. Out: rows sent and confirmed, rows due again later, dead letters with their reason.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol

from pydicom.uid import generate_uid

from dicom_io.commitment import CommitmentReport
from service.rows import Export, ExportState
from service.settings import Confirm, Destination, OutboxSettings
from service.store import Store

NOT_TAKEN_ON = "the destination did not take the storage commitment on; is this node known there?"
NOT_ANSWERED = "the destination did not answer the storage commitment"
NOT_KEPT = "the destination answers the storage commitment with a failure: it has not kept this object"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one file: why it did not arrive, or the empty text. Final: trying again cannot help."""

    fault: str
    is_final: bool


class Reach(Protocol):
    """How destinations are reached; one answer for each file, in order."""

    def send(self, destination: Destination, paths: Sequence[Path]) -> list[Answer]:
        """Send files."""

    def confirm(self, destination: Destination, paths: Sequence[Path]) -> list[Answer]:
        """Ask whether files are there."""

    def request_commitment(self, destination: Destination, transaction_uid: str, paths: Sequence[Path]) -> bool:
        """Ask for storage commitment; whether the request was taken on."""


@dataclass(frozen=True, slots=True)
class SendRound:
    """What one round did: rows by outcome, and the cases they belong to."""

    sent: int = 0
    postponed: int = 0
    dead: int = 0
    cases: frozenset[int] = frozenset()

    def __add__(self, other: SendRound) -> SendRound:
        return SendRound(
            self.sent + other.sent,
            self.postponed + other.postponed,
            self.dead + other.dead,
            self.cases | other.cases,
        )


_NO_DESTINATION = Answer("the destination is not in the settings", is_final=False)


class Outbox:
    """Sends due exports and has them confirmed, with growing, jittered pauses between tries."""

    def __init__(
        self,
        store: Store,
        destinations: Iterable[Destination],
        settings: OutboxSettings,
        reach: Reach,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._destinations: Mapping[str, Destination] = {one.name: one for one in destinations}
        self._settings = settings
        self._reach = reach
        self._rng = rng

    @property
    def names(self) -> tuple[str, ...]:
        """The destinations of the settings."""
        return tuple(self._destinations)

    def send_due(self, now_s: float) -> SendRound:
        """Try and ask about everything that is due, one destination after the other."""
        names = {export.destination for export in self._due(now_s)}
        return sum((self.send_to(name, now_s) for name in sorted(names)), SendRound())

    def send_strays(self, now_s: float) -> SendRound:
        """Put off what is meant for a destination that the settings do not name any more."""
        names = {export.destination for export in self._due(now_s)} - set(self._destinations)
        return sum((self.send_to(name, now_s) for name in sorted(names)), SendRound())

    def send_to(self, name: str, now_s: float) -> SendRound:
        """Try what is due at one destination, then ask about what it has taken."""
        due = [one for one in self._store.due_exports(now_s) if one.destination == name]
        round_ = self._try(name, due, now_s) if due else SendRound()
        unconfirmed = [one for one in self._store.unconfirmed_exports(now_s) if one.destination == name]
        return round_ + self._ask(self._destinations.get(name), unconfirmed, now_s)

    def hear(self, report: CommitmentReport, now_s: float) -> SendRound:
        """Take a PACS's answer to a storage commitment; what it has not kept is sent again."""
        kept = {one.sop_instance_uid for one in report.kept}
        failed = {one.sop_instance_uid for one in report.failed}
        asked = self._store.exports_of_transaction(report.transaction_uid)
        answers = [
            (export, Answer("" if export.sop_instance_uid in kept else NOT_KEPT, is_final=False))
            for export in asked
            if export.sop_instance_uid in kept | failed
        ]
        return self._counted([self._record(export, answer, now_s) for export, answer in answers], asked)

    def _due(self, now_s: float) -> list[Export]:
        return [*self._store.due_exports(now_s), *self._store.unconfirmed_exports(now_s)]

    def _try(self, name: str, exports: list[Export], now_s: float) -> SendRound:
        destination = self._destinations.get(name)
        if destination is None:
            answers = [_NO_DESTINATION] * len(exports)
        else:
            answers = self._reach.send(destination, [Path(export.path) for export in exports])
        is_confirmed_later = destination is not None and destination.confirm is not Confirm.NONE
        states = [
            self._accept(export, now_s)
            if is_confirmed_later and not answer.fault
            else self._record(export, answer, now_s)
            for export, answer in zip(exports, answers, strict=True)
        ]
        return self._counted(states, exports)

    def _accept(self, export: Export, now_s: float) -> ExportState:
        self._store.accepted(export.number, now_s)
        return ExportState.UNCONFIRMED

    def _ask(self, destination: Destination | None, exports: list[Export], now_s: float) -> SendRound:
        if not exports or destination is None:
            states = [self._record(one, _NO_DESTINATION, now_s, ExportState.UNCONFIRMED) for one in exports]
            return self._counted(states, exports)
        if destination.confirm is Confirm.COMMITMENT:
            return self._ask_for_commitment(destination, exports, now_s)
        answers = self._reach.confirm(destination, [Path(export.path) for export in exports])
        states = [
            self._record(export, answer, now_s, ExportState.UNCONFIRMED)
            for export, answer in zip(exports, answers, strict=True)
        ]
        return self._counted(states, exports)

    def _ask_for_commitment(self, destination: Destination, exports: list[Export], now_s: float) -> SendRound:
        """One transaction for those never asked about; what was asked and not answered in time counts as a try."""
        late = [one for one in exports if one.transaction_uid]
        states = [
            self._record(one, Answer(NOT_ANSWERED, is_final=False), now_s, ExportState.UNCONFIRMED) for one in late
        ]
        self._store.ask_about([one.number for one in late], "", now_s)
        fresh = [one for one in exports if not one.transaction_uid]
        for _, group in groupby(fresh, key=lambda export: export.case_number):
            states += self._request(destination, list(group), now_s)
        return self._counted(states, exports)

    def _request(self, destination: Destination, exports: list[Export], now_s: float) -> list[ExportState]:
        uid = str(generate_uid())
        numbers = [one.number for one in exports]
        self._store.ask_about(numbers, uid, now_s + self._settings.commitment_seconds)  # before the answer can come
        if self._reach.request_commitment(destination, uid, [Path(one.path) for one in exports]):
            return [ExportState.UNCONFIRMED] * len(exports)
        self._store.ask_about(numbers, "", now_s)
        answer = Answer(NOT_TAKEN_ON, is_final=False)
        return [self._record(one, answer, now_s, ExportState.UNCONFIRMED) for one in exports]

    def _record(
        self, export: Export, answer: Answer, now_s: float, again: ExportState = ExportState.PENDING
    ) -> ExportState:
        state = self._state(export, answer, again)
        self._store.update_export(export.number, state, now_s + self.pause_s(export.attempts), answer.fault)
        return state

    def _state(self, export: Export, answer: Answer, again: ExportState) -> ExportState:
        if not answer.fault:
            return ExportState.SENT
        is_last = answer.is_final or export.attempts + 1 >= self._settings.attempts
        return ExportState.DEAD if is_last else again

    def _counted(self, states: Sequence[ExportState], exports: Sequence[Export]) -> SendRound:
        return SendRound(
            states.count(ExportState.SENT),
            len([one for one in states if one in {ExportState.PENDING, ExportState.UNCONFIRMED}]),
            states.count(ExportState.DEAD),
            frozenset(export.case_number for export in exports),
        )

    def pause_s(self, attempts: int) -> float:
        """Seconds until the next try after ``attempts`` earlier ones: doubled each time, capped, 50-100 % of that."""
        doubled = self._settings.first_retry_seconds * 2.0 ** min(attempts, 30)
        return min(self._settings.longest_retry_seconds, doubled) * self._rng.uniform(0.5, 1.0)
