"""DICOMweb as a client (PS3.18): QIDO-RS to find, WADO-RS to fetch, STOW-RS to send.

In: a server and what is wanted. Out: the records of ``query.py``, whole files as the server keeps them, byte for byte,
and one answer per file sent. Parts are read one at a time, none larger than told.
"""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext

from pydicom.dataset import Dataset

from dicom_io.errors import DicomIoError
from dicom_io.query import FoundSeries, SeriesQuestion, found_series, matching
from dicom_io.scan import UNREADABLE
from dicom_io.send import Outcome, SendResult, instance_uid_of, uids_of

_PIECE_BYTES = 2**20
_LARGEST_JSON_BYTES = 64 * 2**20


class WebError(DicomIoError):
    """A DICOMweb server that did not do what it was asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the DICOMweb server did not answer as asked: {reason}; check its address and our rights there"
        )


@dataclass(frozen=True, slots=True)
class WebServer:
    """Root of a DICOMweb service; ``authorization`` is the header's whole value (``Bearer ...``), never printed."""

    url: str
    authorization: str = field(default="", repr=False)
    tls: SSLContext | None = None
    timeout_s: float = 60.0
    largest_object_bytes: int = 2**30


def find_series(server: WebServer, question: SeriesQuestion) -> tuple[FoundSeries, ...]:
    """Every series that the server has of what is asked (QIDO-RS)."""
    key = {key: value for key, value in question.given.items() if key in {"StudyInstanceUID", "AccessionNumber"}}
    of_series = {key: value for key, value in question.given.items() if key == "SeriesInstanceUID"}
    studies = _records(server, "/studies", key)
    found = [
        found_series(series, study)
        for study in studies
        for series in _records(server, f"/studies/{_segment(str(study.StudyInstanceUID))}/series", of_series)
    ]
    return matching(found, question)


def retrieve(server: WebServer, study_uid: str, series_uid: str | None, keep: Callable[[bytes], object]) -> int:
    """Hand each file of a study or series to ``keep`` (WADO-RS); how many came."""
    path = f"/studies/{_segment(study_uid)}" + (f"/series/{_segment(series_uid)}" if series_uid else "")
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    with _answer(server, path, {"Accept": accept}) as answer:
        count = 0
        for file in _parts(answer, server.largest_object_bytes):
            keep(file)
            count += 1
    return count


def store(server: WebServer, paths: Sequence[Path]) -> tuple[SendResult, ...]:
    """Send each file on its own (STOW-RS), so that each has its own answer."""
    return tuple(_store(server, path) for path in paths)


def verify(server: WebServer, paths: Sequence[Path]) -> tuple[SendResult, ...]:
    """Ask for each file's SOP Instance UID (QIDO-RS); ``DONE`` means the server has it."""
    return tuple(_verify(server, path) for path in paths)


def _verify(server: WebServer, path: Path) -> SendResult:
    try:
        study, series, wanted = uids_of(path)
    except UNREADABLE:
        return SendResult(path, "", Outcome.NO_DICOM_FILE)
    try:
        place = f"/studies/{_segment(study)}/series/{_segment(series)}/instances"
        found = _records(server, place, {"SOPInstanceUID": wanted})
    except WebError as error:
        return SendResult(path, wanted, Outcome.NOT_CONNECTED, None, str(error))
    has = any(str(one.get("SOPInstanceUID", "")) == wanted for one in found)
    return SendResult(path, wanted, Outcome.DONE if has else Outcome.NOT_FOUND)


def _store(server: WebServer, path: Path) -> SendResult:
    uid = instance_uid_of(path)
    if uid is None:
        return SendResult(path, "", Outcome.NO_DICOM_FILE)
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = head + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json",
    }
    try:
        with _answer(server, "/studies", headers, body) as answer:
            told = Dataset.from_json(json.loads(_read(answer)) or {})
    except WebError as error:
        return SendResult(path, uid, Outcome.NOT_CONNECTED, None, str(error))
    except ValueError:
        return SendResult(path, uid, Outcome.NO_ANSWER)
    kept = {str(one.get("ReferencedSOPInstanceUID", "")) for one in told.get("ReferencedSOPSequence") or ()}
    return SendResult(path, uid, Outcome.DONE if uid in kept else Outcome.REFUSED)


def _records(server: WebServer, path: str, key: dict[str, str]) -> list[Dataset]:
    fields = "&".join(f"includefield={one}" for one in ("AccessionNumber", "PatientID", "SeriesDescription"))
    asked = f"{path}?{urllib.parse.urlencode(key)}&{fields}"
    with _answer(server, asked, {"Accept": "application/dicom+json"}) as answer:
        content = _read(answer)
    try:
        return [Dataset.from_json(one) for one in json.loads(content or b"[]")]
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise WebError(f"the answer is no DICOM JSON ({type(error).__name__})") from error


@contextmanager
def _answer(
    server: WebServer, path: str, headers: dict[str, str], body: bytes | None = None
) -> Iterator[http.client.HTTPResponse]:
    url = server.url.rstrip("/") + path
    if not url.startswith(("http://", "https://")):
        raise WebError("its address is neither http nor https")
    known = {"Authorization": server.authorization} if server.authorization else {}
    request = urllib.request.Request(url, data=body, headers={**known, **headers})  # noqa: S310  checked above
    try:
        with urllib.request.urlopen(request, timeout=server.timeout_s, context=server.tls) as answer:  # noqa: S310
            yield answer
    except urllib.error.HTTPError as error:
        raise WebError(f"status {error.code}") from None
    except (OSError, http.client.HTTPException) as error:
        raise WebError(type(getattr(error, "reason", error)).__name__) from None


def _read(answer: http.client.HTTPResponse) -> bytes:
    content = answer.read(_LARGEST_JSON_BYTES + 1)
    if len(content) > _LARGEST_JSON_BYTES:
        raise WebError(f"more than {_LARGEST_JSON_BYTES >> 20} MiB of JSON")
    return content


def _parts(answer: http.client.HTTPResponse, largest_bytes: int) -> Iterator[bytes]:
    """The bodies of a multipart answer (RFC 2046 5.1.1), one at a time."""
    boundary = re.search(r'boundary="?([^";,]+)', answer.headers.get("Content-Type", ""))
    if boundary is None:
        raise WebError("the answer is not multipart")
    delimiter = b"\r\n--" + boundary[1].encode()
    held, looked = bytearray(b"\r\n"), 0
    while True:
        at = held.find(delimiter, looked)
        if at >= 0:
            if (body := _body(bytes(held[:at]))) is not None:
                yield body
            del held[: at + len(delimiter)]
            looked = 0
            if held.startswith(b"--"):
                return
            continue
        looked = max(len(held) - len(delimiter), 0)
        piece = answer.read(_PIECE_BYTES)
        if not piece:
            if held.startswith(b"--"):
                return
            raise WebError("the answer ends within a file")
        held += piece
        if len(held) > largest_bytes + _PIECE_BYTES:
            raise WebError(f"a file is larger than {largest_bytes >> 20} MiB, the limit")


def _body(part: bytes) -> bytes | None:
    """What follows a part's headers; None for what stands before the first boundary."""
    _, blank, body = part.partition(b"\r\n\r\n")
    return body if blank else None


def _segment(uid: str) -> str:
    return urllib.parse.quote(uid, safe="")
