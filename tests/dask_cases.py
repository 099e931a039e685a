"""Cases that tests send to Dask workers: functions that a worker can import."""

from __future__ import annotations

import hashlib
import os
import time

from service.case_job import CaseJob, CaseOutcome
from service.errors import RequestError
from service.written_object import WrittenObject


def digest_of_images(job: CaseJob) -> CaseOutcome:
    """What came here of the images, as a result file."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(job.folder.iterdir()))).hexdigest()
    report = job.out / "signed" / "report.dcm"
    report.parent.mkdir(parents=True)
    report.write_text(digest)
    return CaseOutcome(digest, is_planned=True, objects=(WrittenObject(report, "1.9"),))


def slow(_: CaseJob) -> CaseOutcome:
    """Long enough to be interrupted; says which worker it ran on."""
    time.sleep(4.0)
    return CaseOutcome(f"{os.getppid()}", is_planned=False, objects=())


def for_ever(_: CaseJob) -> CaseOutcome:
    """Beyond any limit."""
    time.sleep(600)
    raise AssertionError


def refuse(_: CaseJob) -> CaseOutcome:
    """As a case that cannot be planned."""
    raise RequestError("no side given; valid: left, right")


def crash(_: CaseJob) -> CaseOutcome:
    """As a library that breaks."""
    os.abort()
