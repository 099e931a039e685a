"""Settings of what is kept: the database, and for how long images and results stay."""

from __future__ import annotations

from pydantic import Field

from service.settings.part import Part


class DatabaseSettings(Part):
    """Where the rows lie."""

    address: str = Field(default="", pattern="^(postgresql://.*)?$")
    """Empty: SQLite in ``storage.folder``. Else ``postgresql://user@host/name``; the password comes from ``~/.pgpass``."""


class RetentionSettings(Part):
    """When what has been published, or is ignored, is removed. What is not published never is."""

    images_days: float | None = Field(default=90.0, gt=0)
    """After the last image; with the images goes what the page needs to open the case."""
    results_days: float | None = Field(default=None, gt=0)
    """After the last image; ``None``: results stay."""
    make_room_below_gb: float = Field(default=10.0, ge=0)
    """Below this much free space, images of the oldest published cases go before their time. 0: never."""
