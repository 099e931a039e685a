"""What is said between the front and a worker: JSON lines, a job first, then questions with one answer each."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Job:
    """The folder of a kept case, the secret of its page, and what the person may do."""

    folder: str
    secret: str
    language: str = "de"
    is_read_only: bool = False
    person: str = field(default="", repr=False)
    """Who would sign; empty where nobody logged in by password."""
    form_token: str = ""
    """Goes into the page's forms that the front answers."""
    site_file: str = ""
    """The site's own values; empty: none."""
    organization: str = ""
    """Verifying Organization (0040,A027)."""
