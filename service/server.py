"""The service: receive, judge, segment, plan what a rule names, publish what the site allows.

In: settings. Out: cases that move from state to state, one short look at a time; every move is a row, so a stop at any
moment loses nothing. Nothing here computes: cases run in processes of their own.
"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import CancelledError, Executor, Future
from datetime import UTC, datetime
from pathlib import Path

from dicom_io.errors import SEVERAL_VOLUMES
from service.audit import AuditEvent, AuditTrail
from service.brought.site import Bringing, bringing_for
from service.case_job import CaseJob, CaseOutcome
from service.caseworker import work_on
from service.errors import ComputeAwayError, JobDiedError, JobFailedError, JobRefusedError, JobTimeLimitError
from service.inbox import Readiness, Verdict, judge
from service.incoming import Incoming
from service.leases import Lease
from service.logs import Log
from service.metrics import Meters
from service.orders import ordered
from service.outbox import SendRound
from service.rejections import heed, why_rejected
from service.routing import DEFAULT_RULES, NO_TARGET_CHOSEN, Route, route
from service.rows import Case, CaseState, ExportState
from service.settings import Action, Publish, Settings
from service.store import NewExport, NewInstance, Store
from service.study_stacks import stacks_of_study, waits_for_stacks
from viz.viewer.words import Language

WAITS_FOR_SIGNATURE = "waits for a signature"
IN_THE_PACS = "every object has arrived"
NO_DESTINATION = "the settings name no destination"
_AWAY_PAUSE_S = 10.0
_LOG = Log("service")


class Service:
    """Moves cases; ``tick`` looks once at everything there is to do."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        audit: AuditTrail,
        incoming: Incoming,
        pool: Executor,
        meters: Meters | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._audit = audit
        self._incoming = incoming
        self._pool = pool
        self._running: dict[int, Future[CaseOutcome]] = {}
        self._next_look_s: dict[int, float] = {}
        self._orders_seen = incoming.orders_version
        self._owner = owner_of(settings)
        self._renew_at_s = 0.0
        self._begin_again_at_s = 0.0
        self._publishing = threading.Lock()
        self._meters = meters or Meters()
        self._begun_at_s: dict[int, float] = {}

    def start(self, now_s: float) -> None:
        """Take up what an earlier run left."""
        resumed = self._store.recover(now_s, self._owner)
        self._store.postpone_receiving(now_s)
        self.sent(frozenset(case.number for case in self._store.cases(CaseState.PLANNED)), now_s)
        self._audit.record(AuditEvent.APPLICATION_START, now_s)
        _LOG.info("started", resumed_cases=resumed)

    def received(self, image: NewInstance, now_s: float) -> None:
        """Note an image that lies durably on disk."""
        case = self._store.add_instance(image, now_s)
        self._meters.images.inc()
        self._next_look_s.pop(case.number, None)

    def refused(self) -> None:
        """Count an image or a sender that was turned away."""
        self._meters.refused.inc()

    def tick(self, now_s: float) -> None:
        """Look once: at series that arrive, at cases that are ready, at jobs that ended."""
        for case in self._store.cases(CaseState.RECEIVING):
            if now_s >= self._next_look_s.get(case.number, 0.0):
                self._judge(case, now_s)
        self._look_at_orders(now_s)
        for case in self._store.in_line():
            if len(self._running) >= self._settings.jobs.workers or now_s < self._begin_again_at_s:
                break
            if not self._waits(case, now_s):
                self._begin(case, now_s)
        for number, future in list(self._running.items()):
            if future.done():
                del self._running[number]
                self._meters.case_seconds.observe(now_s - self._begun_at_s.pop(number, now_s))
                self._finish(number, future, now_s)
        self._look_at_leases(now_s)

    def stop(self, now_s: float) -> None:
        """End every job; what was running is ready again at the next start."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._store.count_no_try(self._running)
        self._audit.record(AuditEvent.APPLICATION_STOP, now_s)
        _LOG.info("stopped", unfinished_cases=len(self._running))

    def exported(self, done: SendRound, now_s: float) -> None:
        """Hear what one round of the outbox did."""
        if done.cases:
            _LOG.info("exports tried", sent=done.sent, postponed=done.postponed, dead=done.dead)
            self.sent(done.cases, now_s)

    def sent(self, cases: frozenset[int], now_s: float) -> None:
        """Cases all of whose exports have arrived are published."""
        with self._publishing:
            self._sent(cases, now_s)

    def _sent(self, cases: frozenset[int], now_s: float) -> None:
        for number in sorted(cases):
            states = {export.state for export in self._store.exports(number)} - {ExportState.WITHDRAWN}
            if states == {ExportState.SENT} and self._store.case(number).state is CaseState.PLANNED:
                self._audit.record(AuditEvent.INSTANCES_SENT, now_s, case=number)
                self._move(number, CaseState.PUBLISHED, IN_THE_PACS, now_s)
            elif ExportState.DEAD in states:
                _LOG.error("an export needs a person", case=number)

    def _look_at_orders(self, now_s: float) -> None:
        """Cases that wait for a target become ready when an order that names one comes after them."""
        if self._incoming.orders_version == self._orders_seen:
            return
        self._orders_seen = self._incoming.orders_version
        for case in self._store.cases(CaseState.WAITING):
            waits_for_volume = SEVERAL_VOLUMES in case.reason
            found = self._route(case) if waits_for_volume or case.reason.startswith(NO_TARGET_CHOSEN) else None
            if waits_for_volume and found is not None and found.volume:
                self._move(case.number, CaseState.RECEIVING, "an order came", now_s)
            elif not waits_for_volume and found is not None and found.action is Action.PLAN:
                self._store.prioritize(case.number, found.priority)
                self._move(case.number, CaseState.READY, "an order came", now_s)

    def _look_at_leases(self, now_s: float) -> None:
        """Keep what is ours; give out again what nobody keeps."""
        if now_s < self._renew_at_s:
            return
        self._renew_at_s = now_s + self._settings.jobs.lease_seconds / 3
        self._store.renew(self._running, self._lease(now_s))
        again = self._store.give_again(now_s)
        if again:
            _LOG.warning("leases ran out", cases=again)

    def _lease(self, now_s: float) -> Lease:
        return Lease(self._owner, now_s + self._settings.jobs.lease_seconds)

    def _judge(self, case: Case, now_s: float) -> None:
        folder = self._incoming.folder_of(case.series_instance_uid)
        quiet_for_s = now_s - case.last_image_at_s
        verdict = judge(folder, case.series_instance_uid, quiet_for_s, self._settings.inbox)
        volume = self._volume(case) if verdict.readiness is Readiness.ASK else ""
        if volume:
            verdict = judge(folder, case.series_instance_uid, quiet_for_s, self._settings.inbox, volume)
        if verdict.readiness is Readiness.KEEP_WAITING:
            self._next_look_s[case.number] = max(
                case.last_image_at_s + self._settings.inbox.quiet_seconds,
                now_s + (self._settings.inbox.quiet_seconds if quiet_for_s > self._settings.inbox.quiet_seconds else 0),
            )
            return
        self._next_look_s.pop(case.number, None)
        images = len(self._store.instances(case.series_instance_uid))
        self._audit.record(AuditEvent.INSTANCES_RECEIVED, now_s, case=case.number, images=images)
        if verdict.readiness is Readiness.COMPLETE:
            rejected = why_rejected(self._store, self._incoming.folder_of, case.series_instance_uid)
            verdict = Verdict(Readiness.ASK, rejected) if rejected else verdict
            self._store.prioritize(case.number, self._route(case).priority)
        elif verdict.readiness is Readiness.IGNORE:
            again = heed(self._store, self._incoming.folder_of, case.series_instance_uid, now_s)
            verdict = (
                Verdict(Readiness.IGNORE, f"{verdict.why}; takes back images of {len(again)} cases")
                if again
                else verdict
            )
        self._move(case.number, _AFTER[verdict.readiness], verdict.why, now_s)

    def _waits(self, case: Case, now_s: float) -> bool:
        """An MR waits for the stacks of its study that still arrive; each of them ends, complete or not."""
        if not self._settings.segmentation.other_stacks:
            return False
        if now_s >= self._next_look_s.get(case.number, 0.0):
            self._next_look_s.pop(case.number, None)
            if not waits_for_stacks(self._store, self._incoming.folder_of, case.series_instance_uid):
                return False
            self._next_look_s[case.number] = now_s + self._settings.inbox.quiet_seconds / 2.0
        return True

    def _begin(self, case: Case, now_s: float) -> None:
        found = self._route(case)
        if found.action is Action.IGNORE:
            self._move(case.number, CaseState.IGNORED, found.why, now_s)
            return
        out = self._results_folder(case)
        self._store.remember_folder(case.number, str(out))
        if self._store.take(case.number, self._lease(now_s), found.why, now_s):
            self._tell(case.number, CaseState.RUNNING, found.why, now_s)
            self._begun_at_s[case.number] = now_s
            self._running[case.number] = self._pool.submit(work_on, self._job(case, found, out))

    def _volume(self, case: Case) -> str:
        """Which of several volumes is meant: a person's word goes before the rule's and the order's."""
        return case.volume or self._route(case).volume

    def _route(self, case: Case) -> Route:
        tags = self._incoming.tags_of(case.series_instance_uid)
        found = route((*self._settings.rules, *DEFAULT_RULES), tags)
        return ordered(found, self._incoming.order_for(tags))

    def _job(self, case: Case, found: Route, out: Path) -> CaseJob:
        return CaseJob(
            folder=self._incoming.folder_of(case.series_instance_uid),
            series_uid=case.series_instance_uid,
            out=out,
            request=found.request,
            anchor=found.rule.named_anchor() if found.rule else None,
            opened_at=datetime.fromtimestamp(case.last_image_at_s, UTC).astimezone(),
            site_file=self._settings.jobs.site_file,
            volume=case.volume or found.volume,
            bringing=self._bringing(case.series_instance_uid),
            beside=stacks_of_study(self._store, self._incoming.folder_of, case.series_instance_uid)
            if self._settings.segmentation.other_stacks
            else (),
            language=Language(self._settings.sheet_language),
            joined=frozenset(Path(one).name for one in self._store.joined_folders(case.series_instance_uid)),
        )

    def _bringing(self, series_uid: str) -> Bringing:
        others = self._store.series_of_study(series_uid) if self._settings.segmentation.received else ()
        return bringing_for(self._settings.segmentation, series_uid, map(self._incoming.folder_of, others))

    def _results_folder(self, case: Case) -> Path:
        return self._settings.storage.folder.absolute() / "results" / f"{case.number:06d}"

    def _finish(self, number: int, future: Future[CaseOutcome], now_s: float) -> None:
        try:
            outcome = future.result()
        except JobRefusedError as refusal:
            self._move(number, CaseState.WAITING, str(refusal), now_s)
        except JobDiedError as death:
            is_over = self._store.case(number).tries >= self._settings.jobs.tries
            self._move(number, CaseState.FAILED if is_over else CaseState.READY, str(death), now_s)
        except ComputeAwayError as away:
            self._store.count_no_try([number])
            self._move(number, CaseState.READY, str(away), now_s)
            self._begin_again_at_s = now_s + _AWAY_PAUSE_S
        except (JobFailedError, JobTimeLimitError) as failure:
            self._move(number, CaseState.FAILED, str(failure), now_s)
        except CancelledError:
            self._move(number, CaseState.READY, "stopped before its turn", now_s)
        else:
            self._keep(number, outcome, now_s)

    def _keep(self, number: int, outcome: CaseOutcome, now_s: float) -> None:
        if not outcome.is_planned:
            self._move(number, CaseState.WAITING, f"{NO_TARGET_CHOSEN}; {outcome.words}", now_s)
            return
        exports = self._exports(outcome)
        words = outcome.words if exports else f"{outcome.words}; {self._why_it_stays()}"
        if self._store.keep_result(number, CaseState.PLANNED, words, exports, now_s):
            self._tell(number, CaseState.PLANNED, words, now_s)
        else:
            _LOG.warning("stale revision left as it is", case=number)

    def _why_it_stays(self) -> str:
        return WAITS_FOR_SIGNATURE if self._settings.publish is Publish.ON_SIGNATURE else NO_DESTINATION

    def _exports(self, outcome: CaseOutcome) -> list[NewExport]:
        if self._settings.publish is Publish.ON_SIGNATURE:
            return []
        return [
            NewExport(str(one.path), one.sop_instance_uid, destination.name)
            for destination in self._settings.destinations
            for one in outcome.objects
        ]

    def _move(self, number: int, state: CaseState, reason: str, now_s: float) -> bool:
        if not self._store.move(number, state, reason, now_s):
            _LOG.warning("stale revision left as it is", case=number)
            return False
        self._tell(number, state, reason, now_s)
        return True

    def _tell(self, number: int, state: CaseState, reason: str, now_s: float) -> None:
        self._audit.record(AuditEvent.CASE_CHANGED, now_s, case=number, state=str(state))
        _LOG.info("case changed", case=number, state=str(state), reason=reason)


_AFTER = {
    Readiness.COMPLETE: CaseState.READY,
    Readiness.ASK: CaseState.WAITING,
    Readiness.IGNORE: CaseState.IGNORED,
}


def owner_of(settings: Settings) -> str:
    """Who takes leases: a storage folder on a machine, which one service at a time can hold."""
    return f"{socket.gethostname()}:{settings.storage.folder.absolute()}"
