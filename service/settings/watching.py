"""Settings of what others see: health and metrics, and who is told when a case changes."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from service.rows import CaseState
from service.settings.part import Part


class MetricsSettings(Part):
    """``/health`` and ``/metrics`` (Prometheus) over HTTP; both without patient data. Off until ``enabled``."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=9464, ge=0, le=65535)


class Notification(Part):
    """A web address that is told of changes by HTTP POST."""

    url: str = Field(pattern="^https?://")
    states: tuple[CaseState, ...] = (CaseState.WAITING, CaseState.PLANNED, CaseState.PUBLISHED, CaseState.FAILED)
    """Of which changes."""
    authorization_file: Path | None = None
    """A file that holds the whole value of the Authorization header, for example ``Bearer ...``."""

    @model_validator(mode="after")
    def _keeps_its_secret(self) -> Self:
        if self.authorization_file is not None and not self.url.startswith("https://"):
            raise ValueError("authorization_file needs an https address")
        return self
