"""What a person at the page may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may do."""

    VIEWER = "viewer"
    PLANNER = "planner"
    ADMIN = "admin"

    @property
    def may_plan(self) -> bool:
        """Viewers read only."""
        return self is not Role.VIEWER
