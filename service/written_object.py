"""One DICOM object on disk: what a case's process tells the service, which then needs nothing that made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """Where it lies, and its SOP Instance UID (0008,0018)."""

    path: Path
    sop_instance_uid: str
