"""What a worker is asked to open: one line between two processes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """The folder of a kept case, the secret of its page, and what the person may do."""

    folder: str
    secret: str
    language: str = "de"
    is_read_only: bool = False
