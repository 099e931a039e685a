"""Settings of what others see: health and metrics, and who is told when a case changes."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from service.rows import CaseState
from service.settings.network import DestinationTls
from service.settings.part import Part


class MetricsSettings(Part):
    """``/health`` and ``/metrics`` (Prometheus) over HTTP; both without patient data. Off until ``enabled``."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=9464, ge=0, le=65535)


class AuditSettings(Part):
    """Where the audit trail is sent as DICOM audit messages; by default it stays here."""

    repository: str | None = Field(default=None, pattern=r"^(tls|tcp|udp)://[^:/]+:[0-9]+$")
    """``tls://`` (PS3.15 A.6), ``udp://`` (PS3.15 A.7) or ``tcp://``; the last two can be read on their way."""
    tls: DestinationTls | None = None
    """For ``tls://``: who signs the repository's certificate, and what we show where it asks."""

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.repository or "").startswith("tls://") != (self.tls is not None):
            raise ValueError("a tls:// repository needs tls with authority, and no other takes one")
        return self


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
