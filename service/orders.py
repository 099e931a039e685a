"""Orders: what a worklist item means by the site's codes, and which series it is for.

In: worklist items and the settings' table of codes. Out: an ``Order`` with a request, or the reason why it has none.
Never from free text. An order is for a series only where Accession Number or Study UID agree, and the Patient ID too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dicom_io.worklist import Code, WorklistItem
from planner.errors import PlannerError
from service.errors import RequestError
from service.request import BOTH, PlanRequest, parse_request
from service.routing import NO_TARGET_CHOSEN, PLANNED_PRIORITY, Route, SeriesTags
from service.settings import Action, OrderCode

_SIDES = {
    Code("7771000", "SCT"): "left",
    Code("24028007", "SCT"): "right",
    Code("51440002", "SCT"): BOTH,
    Code("G-A101", "SRT"): "left",
    Code("G-A100", "SRT"): "right",
    Code("G-A102", "SRT"): BOTH,
}
"""Laterality as the Standard codes it (PS3.16 CID 244, and its former SRT values)."""

_ASPECTS = ("procedure", "root", "level", "side")
_ALL_ASPECTS = (*_ASPECTS, "volume")


@dataclass(frozen=True, slots=True)
class Order:
    """One scheduled step; ``request`` is None where its codes do not say everything, and ``why`` says what lacks."""

    study_uid: str
    accession_number: str = field(repr=False)
    patient_id: str = field(repr=False)
    issuer_of_patient_id: str = field(repr=False)
    request: PlanRequest | None
    why: str
    priority: int = PLANNED_PRIORITY
    volume: str = ""
    """Which of several volumes of its series; empty where its codes do not say."""


_PRIORITIES = {"STAT": 9, "HIGH": 7, "LOW": 3}
"""Requested Procedure Priority (0040,1003) on our scale of 0 to 9; all else is as any plan. Assumed."""


def read_order(item: WorklistItem, table: Sequence[OrderCode]) -> Order:
    """The order that an item's codes make."""
    said, strange = _said(item.codes, table)
    request, why = _request(said, strange)
    priority = _PRIORITIES.get(item.urgency, PLANNED_PRIORITY)
    return Order(
        item.study_uid,
        item.accession_number,
        item.patient_id,
        item.issuer_of_patient_id,
        request,
        why,
        priority,
        next(iter(said["volume"])) if request is not None and said["volume"] else "",
    )


def order_for(orders: Iterable[Order], tags: SeriesTags) -> Order | None:
    """The order of a series; where several ask for different things, one without a request that says so."""
    found = [one for one in orders if _is_for(one, tags)]
    wanted = {(str(one.request), one.volume) for one in found if one.request is not None}
    if len(wanted) > 1:
        first = found[0]
        why = f"{len(wanted)} orders ask for different things"
        return Order(first.study_uid, first.accession_number, first.patient_id, first.issuer_of_patient_id, None, why)
    return next((one for one in found if one.request is not None), found[0] if found else None)


def _is_for(order: Order, tags: SeriesTags) -> bool:
    """Empty values agree with nothing; issuers count where both sides name one."""
    same_study = bool(order.study_uid) and order.study_uid == tags.study_uid
    same_accession = bool(order.accession_number) and order.accession_number.strip() == tags.accession_number.strip()
    same_patient = bool(order.patient_id.strip()) and order.patient_id.strip() == tags.patient_id.strip()
    issuers = {order.issuer_of_patient_id.strip(), tags.issuer_of_patient_id.strip()} - {""}
    return (same_study or same_accession) and same_patient and len(issuers) < 2


def _said(codes: Sequence[Code], table: Sequence[OrderCode]) -> tuple[dict[str, set[str]], list[str]]:
    """What the codes say of each aspect, and the codes that nobody has explained."""
    known = {Code(one.code, one.scheme): one for one in table}
    said: dict[str, set[str]] = {aspect: set() for aspect in _ALL_ASPECTS}
    strange = []
    for code in codes:
        if code in known:
            for aspect in _ALL_ASPECTS:
                said[aspect] |= {value} if (value := getattr(known[code], aspect)) else set()
        elif code in _SIDES:
            said["side"].add(_SIDES[code])
        else:
            strange.append(code.words)
    return said, strange


def _request(said: Mapping[str, set[str]], strange: Sequence[str]) -> tuple[PlanRequest | None, str]:
    twice = [aspect for aspect, values in said.items() if len(values) > 1]
    if twice:
        return None, f"the order's codes contradict each other on {', '.join(twice)}"
    if not any(said.values()):
        return None, f"no code of the order is in order_codes: {', '.join(strange) or 'it has none'}"
    procedure, root, level, side = (next(iter(said[aspect]), None) for aspect in _ASPECTS)
    return _parsed(procedure, root, level, side)


def _parsed(
    procedure: str | None, root: str | None, level: str | None, side: str | None
) -> tuple[PlanRequest | None, str]:
    place = root or level
    missing = [name for name, value in (("procedure", procedure), ("level", place), ("side", side)) if not value]
    if missing or procedure is None:
        return None, f"the order's codes do not say {', '.join(missing)}"
    try:
        request = parse_request(procedure, root, level, side, None)
    except (RequestError, PlannerError) as error:
        return None, f"the order cannot be planned: {error}"
    return request, f"ordered: {request}"


def ordered(found: Route, order: Order | None) -> Route:
    """What the rules found, and what an order adds: a series that is to be segmented is planned where one says how."""
    if order is None or found.action is not Action.SEGMENT:
        return found
    if order.request is None:
        return replace(found, why=f"{NO_TARGET_CHOSEN}: {order.why}")
    return replace(
        found,
        action=Action.PLAN,
        request=order.request,
        why=order.why,
        ordered_priority=order.priority,
        ordered_volume=order.volume,
    )
