"""What the service gives out for one case, and what comes back; both pickle.

In: where the images lie and what is wanted of them. Out: words, and where the objects for the PACS lie.
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
    volume: str = ""
    """Which of several volumes of the series is meant, as a person, a rule or an order said it."""
    beside: tuple[Path, ...] = ()
    """Folders of the other MR series of its study."""
    joined: frozenset[str] = frozenset()
    """Names of results folders beside ``out`` whose patient is this one's by a person's word."""


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What came of it; ``objects`` are the DICOM objects to export."""

    words: str
    is_planned: bool
    objects: tuple[WrittenObject, ...]
