"""Storage commitment: senders that ask are told, by name and hash, what is kept; a stop loses no request.

In: requests from the receiver. Out: reports to the sender on an association of our own, tried again until it heard.
Each request is a file until it is answered.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_io.association import Destination as Node
from dicom_io.commitment import CommitmentReport, CommitmentRequest, Reference, report_to
from dicom_io.landing import data_set
from service.logs import Log
from service.rows import Instance
from service.store import Store

_LOG = Log("commitment")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 900.0
_GIVE_UP_AFTER_S = 2 * 24 * 3600.0
"""A sender that cannot be reached for so long has asked again, or has kept its images; assumed."""


@dataclass(frozen=True, slots=True)
class Commitments:
    """Open requests, one file each, and who can be answered."""

    folder: Path
    store: Store
    nodes: Callable[[str], Node | None]

    def take(self, request: CommitmentRequest, now_s: float) -> bool:
        """Note a request durably; False where nobody knows how to reach its sender."""
        if self.nodes(request.calling_ae_title) is None:
            _LOG.warning("storage commitment asked by a sender without address", sender=request.calling_ae_title)
            return False
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.folder / f"{request.transaction_uid}.part"
        with part.open("w") as file:
            json.dump({**asdict(request), "asked_at_s": now_s}, file)
            file.flush()
            os.fsync(file.fileno())
        _put_off(part, now_s)
        part.replace(part.with_suffix(".json"))
        return True

    def answer_due(self, now_s: float) -> int:
        """Answer each open request whose time has come; how many were heard."""
        due = [path for path in sorted(self.folder.glob("*.json")) if now_s >= path.stat().st_mtime]
        return sum(self._answer(path, now_s) for path in due)

    def report(self, request: CommitmentRequest) -> CommitmentReport:
        """What is kept: a row, a file, and the hash that was recorded."""
        kept = {one for one in request.references if self._is_kept(one)}
        failed = tuple(one for one in request.references if one not in kept)
        return CommitmentReport(
            request.transaction_uid, tuple(one for one in request.references if one in kept), failed
        )

    def _answer(self, path: Path, now_s: float) -> bool:
        request, asked_at_s = _request(path)
        node = self.nodes(request.calling_ae_title)
        report = self.report(request)
        if node is not None and report_to(node, report):
            _LOG.info("storage commitment answered", kept=len(report.kept), failed=len(report.failed))
            path.unlink()
            return True
        if now_s - asked_at_s > _GIVE_UP_AFTER_S:
            _LOG.error("storage commitment given up", sender=request.calling_ae_title)
            path.rename(path.with_suffix(".dead"))
        else:
            _put_off(path, now_s + min(max(now_s - asked_at_s, _FIRST_PAUSE_S), _LONGEST_PAUSE_S))
        return False

    def _is_kept(self, reference: Reference) -> bool:
        with Session(self.store.engine) as session:
            query = select(Instance.path, Instance.sha256)
            rows = session.execute(query.where(Instance.sop_instance_uid == reference.sop_instance_uid)).all()
        return any(_hash(Path(path)) == sha256 for path, sha256 in rows)


def _hash(path: Path) -> str:
    return hashlib.sha256(data_set(path.read_bytes())).hexdigest() if path.is_file() else ""


def _put_off(path: Path, due_s: float) -> None:
    """A request's file is dated to its next try; tries move apart as the request grows old."""
    os.utime(path, (due_s, due_s))


def _request(path: Path) -> tuple[CommitmentRequest, float]:
    stored = json.loads(path.read_text())
    references = tuple(Reference(**one) for one in stored["references"])
    request = CommitmentRequest(stored["transaction_uid"], references, stored["calling_ae_title"])
    return request, float(stored["asked_at_s"])
