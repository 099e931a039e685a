"""``needleplan join``: a person says that two cases are one patient's, where Patient ID, issuer and birth date do not prove it.

In: two case numbers and who says so. Out: a row and a line of the audit trail, or a refusal: identities that contradict are
never joined. The plan of one then shows the signed plans of the other, marked as joined by hand.
"""

from __future__ import annotations

import time

from service.arrivals import Arrivals
from service.audit import AuditEvent, AuditTrail
from service.errors import RequestError
from service.media_import import identity_of_series
from service.settings import Settings
from service.store import Store, address_of


def join(settings: Settings, number: int, other_number: int, said_by: str) -> str:
    """What was done, in words."""
    if not said_by.strip():
        raise RequestError("say who joins them: --by NAME")
    folder = settings.storage.folder.absolute()
    store = Store(address_of(settings))
    try:
        one, other = (_series_of(store, which) for which in (number, other_number))
        words = _join(Arrivals(folder / "received", store), one, other, said_by)
    finally:
        store.close()
    AuditTrail(folder / "audit.jsonl").record(
        AuditEvent.JOINED, time.time(), case=number, other=other_number, user=said_by
    )
    return words


def _join(arrivals: Arrivals, one: str, other: str, said_by: str) -> str:
    own, theirs = identity_of_series(arrivals, one), identity_of_series(arrivals, other)
    if one == other or own is None or theirs is None:
        raise RequestError("two cases of different series are joined, and the images of both must be there")
    if own.contradicts(theirs):
        raise RequestError("their Patient ID, issuer or birth date differ: they are two patients, and are not joined")
    if own.is_surely(theirs):
        return "nothing to say: Patient ID, issuer and birth date prove that they are one patient"
    arrivals.store.join(one, other, said_by, time.time())
    return "joined by hand: each plan made from now on shows the other's signed plans, and says so"


def _series_of(store: Store, number: int) -> str:
    known = {case.number: case.series_instance_uid for case in store.cases()}
    if number not in known:
        raise RequestError(f"there is no case {number}; list them with: needleplan cases")
    return known[number]
