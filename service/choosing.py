"""``needleplan choose``: a person says which of several volumes of a series (phases, echoes, acquisitions) a case is about.

In: a waiting case, a volume, and who says so. Out: the case is judged anew as that volume, and a line of the audit trail; or a
refusal that lists the volumes. A later revision of the series asks again.
"""

from __future__ import annotations

import time

from dicom_io.candidates import Candidate
from dicom_io.errors import SEVERAL_VOLUMES, DicomIoError
from dicom_io.series import find_series
from dicom_io.volumes import volume_of
from service.arrivals import Arrivals
from service.audit import AuditEvent, AuditTrail
from service.errors import RequestError
from service.rows import Case, CaseState
from service.settings import Settings
from service.store import Store, address_of


def choose_volume(settings: Settings, number: int, wanted: str, said_by: str) -> str:
    """What was done, in words."""
    if not said_by.strip():
        raise RequestError("say who chooses: --by NAME")
    folder = settings.storage.folder.absolute()
    store = Store(address_of(settings))
    try:
        case = _waiting(store, number)
        mark = _mark(Arrivals(folder / "received", store), case, wanted)
        store.choose_volume(number, mark, f"{mark} was chosen by a person", time.time())
    finally:
        store.close()
    AuditTrail(folder / "audit.jsonl").record(
        AuditEvent.VOLUME_CHOSEN, time.time(), case=number, volume=mark, user=said_by
    )
    return f"case {number} goes on with {mark}"


def _waiting(store: Store, number: int) -> Case:
    case = next((one for one in store.cases() if one.number == number), None)
    if case is None:
        raise RequestError(f"there is no case {number}; list them with: needleplan cases")
    if case.state is not CaseState.WAITING or SEVERAL_VOLUMES not in case.reason:
        raise RequestError(f"case {number} does not wait for the choice of a volume; see: needleplan cases {number}")
    return case


def _mark(arrivals: Arrivals, case: Case, wanted: str) -> str:
    """What tells the volume apart: numbers may change when images come late, this does not."""
    uid = case.series_instance_uid
    found: Candidate | None = next((one for one in find_series(arrivals.folder_of(uid)) if one.series_uid == uid), None)
    if found is None:
        raise RequestError("the images of this case are not there any more")
    try:
        part, _ = volume_of(found.instances, wanted)
    except DicomIoError as refusal:
        raise RequestError(str(refusal)) from refusal
    return part.mark
