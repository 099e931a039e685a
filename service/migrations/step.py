"""One step from a schema to the next: SQL that both SQLite and PostgreSQL understand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """What changes, in words and in statements."""

    words: str
    statements: tuple[str, ...]
