"""Fetching a study or a series from an archive (PS3.4 C.4.2, C.4.3): by C-GET, or by C-MOVE to a receiver of ours.

In: a destination, what to fetch, and where it lands. Out: how many came and how many did not. Every image is durable on
disk before its success is answered, as in the receiver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import build_role, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet, StudyRootQueryRetrieveInformationModelMove

from dicom_io.association import Destination, associated
from dicom_io.contexts import STORAGE_CLASSES, retrieve_contexts
from dicom_io.query import QueryError
from dicom_io.storing import Storing


@dataclass(frozen=True, slots=True)
class Retrieved:
    """How it ended; ``status`` is the last one, 0x0000 where all came."""

    completed: int
    failed: int
    status: int

    @property
    def is_whole(self) -> bool:
        """Nothing failed."""
        return self.status == 0x0000 and self.failed == 0


def get(destination: Destination, study_uid: str, series_uid: str | None, storing: Storing) -> Retrieved:
    """C-GET: the archive sends on the same association; no port of ours needs to be open."""
    contexts = [(str(StudyRootQueryRetrieveInformationModelGet), [str(ImplicitVRLittleEndian)]), *retrieve_contexts()]
    roles = [build_role(storage, scp_role=True) for storage in STORAGE_CLASSES]
    handlers = [(evt.EVT_C_STORE, storing.status)]
    with associated(destination, contexts, roles=roles, handlers=handlers) as association:
        asked = _asked(study_uid, series_uid)
        return _outcome(association.send_c_get(asked, StudyRootQueryRetrieveInformationModelGet))


def move(destination: Destination, study_uid: str, series_uid: str | None, to_ae_title: str) -> Retrieved:
    """C-MOVE: the archive sends to a receiver it knows by ``to_ae_title``, on an association of its own."""
    contexts = [(StudyRootQueryRetrieveInformationModelMove, ImplicitVRLittleEndian)]
    with associated(destination, contexts) as association:
        asked = _asked(study_uid, series_uid)
        return _outcome(association.send_c_move(asked, to_ae_title, StudyRootQueryRetrieveInformationModelMove))


def _asked(study_uid: str, series_uid: str | None) -> Dataset:
    asked = Dataset()
    asked.QueryRetrieveLevel = "SERIES" if series_uid else "STUDY"
    asked.StudyInstanceUID = study_uid
    if series_uid:
        asked.SeriesInstanceUID = series_uid
    return asked


def _outcome(answers: Iterable[tuple[Dataset, Any]]) -> Retrieved:
    """The last answer's count; one without status is no answer (PS3.7 9.1.3, 9.1.4)."""
    *_, last = [Dataset(), *(status for status, _ in answers)]
    if "Status" not in last:
        raise QueryError("the archive stopped answering", "fetch again: what has come is kept")
    return Retrieved(
        int(last.get("NumberOfCompletedSuboperations") or 0),
        int(last.get("NumberOfFailedSuboperations") or 0),
        int(last.Status),
    )
