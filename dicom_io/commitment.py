"""Storage commitment, both ways (PS3.4 annex J): who sends to us is told what is kept, and we ask what the PACS keeps.

In: SOP Class and Instance UIDs, and who answers for them. Out: for each one kept or not. The answer to a request comes
on an association of its own, opened by the side that answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import build_role
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from dicom_io.association import Destination, NotConnectedError, NotOfferedError, associated
from dicom_io.landing import is_uid
from dicom_io.scan import UNREADABLE

NO_SUCH_OBJECT_INSTANCE = 0x0112
"""Failure Reason (0008,1197) of an instance that is not here (PS3.3 C.14.1.1)."""

_REQUEST_COMMITMENT = 1
_ALL_KEPT, _SOME_FAILED = 1, 2
"""Action Type and Event Type IDs (PS3.4 J.3.2.1.1, J.3.3.1.1)."""

_SUCCESS, _INVALID_ARGUMENT, _NO_SUCH_ACTION, _NOT_AUTHORIZED = 0x0000, 0x0115, 0x0123, 0x0124
"""N-ACTION status codes (PS3.7 annex C)."""

_LARGEST_REQUEST = 100_000
"""References in one request; a study of CT has a few thousand."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One instance that is asked about."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    """What one peer asks under one Transaction UID (0008,1195)."""

    transaction_uid: str
    references: tuple[Reference, ...]
    calling_ae_title: str


@dataclass(frozen=True, slots=True)
class CommitmentReport:
    """What is kept, and what failed, of one transaction."""

    transaction_uid: str
    kept: tuple[Reference, ...]
    failed: tuple[Reference, ...]


def reference_of(path: Path) -> Reference:
    """What a DICOM file is called in a request."""
    meta = pydicom.filereader.read_file_meta_info(path)
    return Reference(str(meta.MediaStorageSOPClassUID), str(meta.MediaStorageSOPInstanceUID))


def answer_request(event: Any, is_welcome: Callable[[CommitmentRequest], bool]) -> tuple[int, None]:  # noqa: ANN401
    """The status of one N-ACTION; ``is_welcome`` takes the request on, or says that its sender cannot be answered."""
    if event.action_type != _REQUEST_COMMITMENT:
        return _NO_SUCH_ACTION, None
    try:
        transaction_uid, references = _content(event.action_information)
    except UNREADABLE:
        return _INVALID_ARGUMENT, None
    if not is_uid(transaction_uid) or not references or len(references) > _LARGEST_REQUEST:
        return _INVALID_ARGUMENT, None
    sender = str(event.assoc.requestor.ae_title).strip()
    return (_SUCCESS if is_welcome(CommitmentRequest(transaction_uid, references, sender)) else _NOT_AUTHORIZED), None


def receive_report(event: Any, on_report: Callable[[CommitmentReport], None]) -> tuple[int, None]:  # noqa: ANN401
    """The status of one N-EVENT-REPORT that answers a request of ours."""
    try:
        information = event.event_information
        transaction_uid, kept = _content(information)
        failed = tuple(map(_reference, information.get("FailedSOPSequence") or ()))
    except UNREADABLE:
        return _INVALID_ARGUMENT, None
    on_report(CommitmentReport(transaction_uid, kept, failed))
    return _SUCCESS, None


def report_to(destination: Destination, report: CommitmentReport) -> bool:
    """Tell the peer on an association of our own, in the provider's role; whether it heard."""
    contexts = [(StorageCommitmentPushModel, ImplicitVRLittleEndian)]
    role = build_role(StorageCommitmentPushModel, scp_role=True)
    try:
        with associated(destination, contexts, roles=(role,)) as association:
            answer, _ = association.send_n_event_report(
                _information(report),
                _SOME_FAILED if report.failed else _ALL_KEPT,
                StorageCommitmentPushModel,
                StorageCommitmentPushModelInstance,
            )
    except (NotConnectedError, NotOfferedError, RuntimeError, ValueError):
        return False
    return "Status" in answer and int(answer.Status) == _SUCCESS


def request_commitment(destination: Destination, transaction_uid: str, references: Sequence[Reference]) -> bool:
    """Ask a PACS to answer for instances; whether it took the request on. The answer comes to our own receiver."""
    question = Dataset()
    question.TransactionUID = transaction_uid
    question.ReferencedSOPSequence = [_item(one) for one in references]
    try:
        with associated(destination, [(StorageCommitmentPushModel, ImplicitVRLittleEndian)]) as association:
            answer, _ = association.send_n_action(
                question, _REQUEST_COMMITMENT, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )
    except (NotConnectedError, NotOfferedError, RuntimeError, ValueError):
        return False
    return "Status" in answer and int(answer.Status) == _SUCCESS


def _content(information: Dataset) -> tuple[str, tuple[Reference, ...]]:
    items = information.get("ReferencedSOPSequence") or ()
    return str(information.get("TransactionUID", "")), tuple(map(_reference, items))


def _reference(item: Dataset) -> Reference:
    return Reference(str(item.get("ReferencedSOPClassUID", "")), str(item.get("ReferencedSOPInstanceUID", "")))


def _information(report: CommitmentReport) -> Dataset:
    told = Dataset()
    told.TransactionUID = report.transaction_uid
    if report.kept:
        told.ReferencedSOPSequence = [_item(one) for one in report.kept]
    if report.failed:
        told.FailedSOPSequence = [_item(one) for one in report.failed]
        for item in told.FailedSOPSequence:
            item.FailureReason = NO_SUCH_OBJECT_INSTANCE
    return told


def _item(reference: Reference) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    return item
