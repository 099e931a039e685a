"""One case in its own process: from the images on disk to results on disk.

In: a ``CaseJob`` that pickles. Out: a ``CaseOutcome`` in words and paths. Refusals travel as sentences. What computes and draws
is loaded where a case runs, and never by the service that gives it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from service.brought.site import OWN_ANATOMY, Bringing
from service.request import NamedAnchor, PlanRequest
from service.written_object import WrittenObject
from viz.viewer.words import Language


@dataclass(frozen=True, slots=True)
class CaseJob:
    """What to do with one complete series; ``request`` None: segment only."""

    folder: Path
    series_uid: str
    out: Path
    request: PlanRequest | None
    anchor: NamedAnchor | None
    opened_at: datetime
    site_file: Path | None = None
    bringing: Bringing = OWN_ANATOMY
    language: Language = Language.ENGLISH
    """Of the sheet."""


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What came of it; ``objects`` are the DICOM objects to export."""

    words: str
    is_planned: bool
    objects: tuple[WrittenObject, ...]


def work_on(job: CaseJob) -> CaseOutcome:
    """Segment always; plan what was asked for."""
    from service.working import worked  # noqa: PLC0415 - 200 MB that the service itself does without

    return worked(job)
