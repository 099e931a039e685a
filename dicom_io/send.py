"""Sending finished files to a PACS, and asking whether they are there (PS3.4 annexes B, A and C).

In: DICOM files and a destination. Out: one answer per file. When to try again later is the caller's business; within
one call a file without an answer is sent again, on a new association, at most ``Destination.tries`` times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind, Verification

from dicom_io.association import (
    LARGEST_CONTEXT_COUNT,
    Association,
    Context,
    Destination,
    NotConnectedError,
    NotOfferedError,
    associated,
)
from dicom_io.errors import DicomIoError
from dicom_io.scan import UNREADABLE


class Outcome(StrEnum):
    """What became of one file, or of one question."""

    DONE = "done"
    DONE_WITH_WARNING = "done with a warning"
    NO_ROOM = "the destination is out of resources"
    REFUSED = "refused"
    NOT_OFFERED = "the destination does not take this kind of object"
    NO_ANSWER = "no answer"
    NOT_CONNECTED = "no association"
    NO_DICOM_FILE = "not a DICOM file"
    NOT_FOUND = "not found in the archive"

    @property
    def is_success(self) -> bool:
        """The destination has it."""
        return self in {Outcome.DONE, Outcome.DONE_WITH_WARNING}

    @property
    def is_worth_trying_again(self) -> bool:
        """The same file may go through later, as it is."""
        return self in {Outcome.NO_ROOM, Outcome.NO_ANSWER, Outcome.NOT_CONNECTED, Outcome.NOT_FOUND}


@dataclass(frozen=True, slots=True)
class SendResult:
    """One file's fate. ``status`` is the last DIMSE Status (0000,0900); None where no answer came."""

    path: Path
    sop_instance_uid: str
    outcome: Outcome
    status: int | None = None
    reason: str = ""

    @property
    def words(self) -> str:
        """For a log line or a person; no patient data."""
        status = "" if self.status is None else f" (status 0x{self.status:04X})"
        return f"{self.outcome.value}{status}{': ' if self.reason else ''}{self.reason}"


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str

    @property
    def context(self) -> Context:
        return self.sop_class_uid, self.transfer_syntax_uid


def echo(destination: Destination) -> SendResult:
    """Ask whether the node is there (C-ECHO); ``path`` of the answer is empty."""
    try:
        with associated(destination, [(Verification, ImplicitVRLittleEndian)]) as association:
            status = _status(association.send_c_echo())
    except (NotConnectedError, NotOfferedError) as error:
        return _without_association(Path(), "", error)
    return SendResult(Path(), "", _outcome(status), status)


def send_files(paths: Sequence[Path], destination: Destination) -> tuple[SendResult, ...]:
    """Store each file (C-STORE) as it is on disk; answers in the order of ``paths``."""
    files = {path: _file(path) for path in paths}
    results = {path: SendResult(path, "", Outcome.NO_DICOM_FILE) for path, file in files.items() if file is None}
    for _ in range(destination.tries):
        waiting = [file for path, file in files.items() if file and _is_open(results.get(path))]
        for batch in _batches(waiting):
            results.update({result.path: result for result in _send(batch, destination)})
    return tuple(results[path] for path in paths)


def verify(paths: Sequence[Path], destination: Destination) -> tuple[SendResult, ...]:
    """Ask the archive for each file's SOP Instance UID (C-FIND, study root); ``DONE`` means it has it."""
    try:
        with associated(
            destination, [(StudyRootQueryRetrieveInformationModelFind, ImplicitVRLittleEndian)]
        ) as open_one:
            return tuple(_find(path, open_one) for path in paths)
    except (NotConnectedError, NotOfferedError) as error:
        return tuple(_without_association(path, "", error) for path in paths)


def _send(batch: list[_File], destination: Destination) -> Iterator[SendResult]:
    try:
        with associated(destination, sorted({file.context for file in batch})) as association:
            for file in batch:
                yield _store(file, association)
    except (NotConnectedError, NotOfferedError) as error:
        for file in batch:
            yield _without_association(file.path, file.sop_instance_uid, error)


def _without_association(path: Path, sop_instance_uid: str, error: DicomIoError) -> SendResult:
    outcome = Outcome.NOT_OFFERED if isinstance(error, NotOfferedError) else Outcome.NOT_CONNECTED
    return SendResult(path, sop_instance_uid, outcome, None, str(error))


def _store(file: _File, association: Association) -> SendResult:
    if not association.is_established:
        return SendResult(file.path, file.sop_instance_uid, Outcome.NO_ANSWER)
    try:
        status = _status(association.send_c_store(file.path))
    except ValueError:
        return SendResult(file.path, file.sop_instance_uid, Outcome.NOT_OFFERED)
    except RuntimeError:  # lost between the question above and the sending
        return SendResult(file.path, file.sop_instance_uid, Outcome.NO_ANSWER)
    return SendResult(file.path, file.sop_instance_uid, _outcome(status), status)


def _outcome(status: int | None) -> Outcome:
    """PS3.4 table B.2-1: 0x0000 success, 0xBxxx warnings, 0xA7xx out of resources."""
    if status is None:
        return Outcome.NO_ANSWER
    if status == 0x0000:
        return Outcome.DONE
    if status & 0xF000 == 0xB000:
        return Outcome.DONE_WITH_WARNING
    return Outcome.NO_ROOM if status & 0xFF00 == 0xA700 else Outcome.REFUSED


def _find(path: Path, association: Association) -> SendResult:
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_UIDS)
        wanted = str(header.SOPInstanceUID)
        if not association.is_established:
            return SendResult(path, wanted, Outcome.NO_ANSWER)
        answers = list(association.send_c_find(_question(header), StudyRootQueryRetrieveInformationModelFind))
    except ValueError:
        return SendResult(path, "", Outcome.NOT_OFFERED)
    except UNREADABLE:
        return SendResult(path, "", Outcome.NO_DICOM_FILE)
    status = _status(answers[-1][0]) if answers else None
    if any(found is not None and found.get("SOPInstanceUID") == wanted for _, found in answers):
        return SendResult(path, wanted, Outcome.DONE, status)
    return SendResult(path, wanted, Outcome.NOT_FOUND if status == 0x0000 else _outcome(status), status)


_UIDS = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"]


def _question(header: Dataset) -> Dataset:
    question = Dataset()
    question.QueryRetrieveLevel = "IMAGE"
    for keyword in _UIDS:
        question[keyword] = header[keyword]
    return question


def _status(answer: Dataset) -> int | None:
    """The status of an answer; None for the empty data set that stands for none."""
    return int(answer.Status) if "Status" in answer else None


def _is_open(result: SendResult | None) -> bool:
    return result is None or result.outcome in {Outcome.NO_ANSWER, Outcome.NOT_CONNECTED}


def uids_of(path: Path) -> tuple[str, str, str]:
    """Study, Series and SOP Instance UID of a DICOM file."""
    header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_UIDS)
    study, series, instance = (str(header[keyword].value) for keyword in _UIDS)
    return study, series, instance


def instance_uid_of(path: Path) -> str | None:
    """The SOP Instance UID of a DICOM file; None where it is none."""
    file = _file(path)
    return None if file is None else file.sop_instance_uid


def _file(path: Path) -> _File | None:
    try:
        meta = pydicom.filereader.read_file_meta_info(path)
        return _File(
            path, str(meta.MediaStorageSOPClassUID), str(meta.MediaStorageSOPInstanceUID), str(meta.TransferSyntaxUID)
        )
    except UNREADABLE:
        return None


def _batches(files: list[_File]) -> Iterator[list[_File]]:
    """Files in order, no batch with more contexts than one association may offer."""
    batch: list[_File] = []
    contexts: set[Context] = set()
    for file in files:
        if len(contexts | {file.context}) > LARGEST_CONTEXT_COUNT:
            yield batch
            batch, contexts = [], set()
        batch.append(file)
        contexts.add(file.context)
    if batch:
        yield batch
