"""What a service does beside its cases: exports, answers to storage commitment, purging, telling others.

In: settings and the parts of a service. Out: chores, each for a thread of its own: one slow PACS keeps nobody waiting,
neither cases nor another destination.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dicom_io.commitment import CommitmentReport
from service.audit import AuditEvent, AuditTrail
from service.chores import Chore
from service.commitment import Commitments
from service.notify import tellers
from service.outbox import Outbox, SendRound
from service.retention import keep_house
from service.server import Service
from service.settings import Settings
from service.store import Store
from service.syslog import audit_exports

_EXPORT_EVERY_S = 0.5
_TELL_EVERY_S = 1.0
_KEEP_HOUSE_EVERY_S = 600.0


def exports(outbox: Outbox, service: Service, commitments: Commitments) -> list[Chore]:
    """One chore for each destination, one for what no settings name any more, one for senders that ask us."""

    def once(work: Callable[[float], SendRound]) -> None:
        service.exported(work(time.time()), time.time())

    return [
        *(
            Chore(f"outbox {name}", _EXPORT_EVERY_S, partial(once, partial(outbox.send_to, name)))
            for name in outbox.names
        ),
        Chore("outbox, strays", _EXPORT_EVERY_S, partial(once, outbox.send_strays)),
        Chore("storage commitment", _EXPORT_EVERY_S, lambda: commitments.answer_due(time.time())),
    ]


def hearing(outbox: Outbox, service: Service) -> Callable[[CommitmentReport], None]:
    """Takes a PACS's answer to a storage commitment of ours."""
    return lambda report: service.exported(outbox.hear(report, time.time()), time.time())


def upkeep(settings: Settings, folder: Path, store: Store, audit: AuditTrail) -> list[Chore]:
    """Purging, a teller for each address, and the audit repository."""
    told = tellers(settings.notifications, store, folder)

    def purge() -> None:
        cases = keep_house(store, settings, time.time())
        if cases:
            audit.record(AuditEvent.PURGED, time.time(), cases=cases)

    return [
        Chore("retention", _KEEP_HOUSE_EVERY_S, purge),
        *(Chore("notifications", _TELL_EVERY_S, partial(_tell, one.tell_due)) for one in told),
        *(
            Chore("audit repository", _TELL_EVERY_S, partial(_tell, one.send_due))
            for one in audit_exports(settings, folder)
        ),
    ]


def _tell(tell_due: Callable[[float], int]) -> None:
    tell_due(time.time())
