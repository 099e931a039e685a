"""Settings of what runs here: storage, completeness, jobs, exports, the page for the department."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from service.settings.network import LOOPBACK, DestinationTls
from service.settings.part import Part


class Publish(StrEnum):
    """When results may leave for the PACS."""

    ON_SIGNATURE = "on_signature"
    DRAFTS = "drafts"


class StorageSettings(Part):
    """Where instances, results and rows lie."""

    folder: Path = Path("needleplan-storage")
    disk_reserve_gb: float = Field(default=5.0, ge=0)
    """Below this much free space every image is answered *out of resources* before it is written."""


class InboxSettings(Part):
    """When a series is complete."""

    quiet_seconds: float = Field(default=30.0, gt=0)
    """After the last image, before completeness is judged."""
    patience_seconds: float = Field(default=600.0, gt=0)
    """After the last image, before a series with gaps is handed to a person."""


class JobSettings(Part):
    """How much one case may take."""

    workers: int = Field(default=1, ge=1)
    time_limit_seconds: float = Field(default=900.0, gt=0)
    memory_limit_gb: float = Field(default=8.0, gt=0)
    tries: int = Field(default=3, ge=1)
    """A case whose process died is given out so often; then it has failed."""
    lease_seconds: float = Field(default=60.0, gt=0)
    """A case that nobody has renewed for so long is given out again."""
    scheduler: str | None = Field(default=None, pattern=r"^(tcp|tls)://[^:/]+:[0-9]+$")
    """Address of a Dask scheduler; ``None``: cases run in processes of this machine."""
    scheduler_tls: DestinationTls | None = None
    """Certificates for ``tls://``. Whoever reaches a scheduler runs code there."""
    site_file: Path | None = None
    """The site's own values for every plan: guidance, reserves, stock, reach (``needleplan plan --site``)."""

    @model_validator(mode="after")
    def _is_near_or_secure(self) -> Self:
        if self.scheduler is None:
            return self
        scheme, _, address = self.scheduler.partition("://")
        if scheme == "tcp" and address.rpartition(":")[0] not in LOOPBACK:
            raise ValueError("beyond this machine jobs.scheduler must be tls://, with jobs.scheduler_tls")
        own = self.scheduler_tls
        if scheme == "tls" and (own is None or own.certificate is None):
            raise ValueError("a tls:// scheduler needs scheduler_tls with authority, certificate and private_key")
        return self


class OutboxSettings(Part):
    """How often a refused export is tried again."""

    first_retry_seconds: float = Field(default=5.0, gt=0)
    longest_retry_seconds: float = Field(default=900.0, gt=0)
    attempts: int = Field(default=20, ge=1)
    """After so many the export waits for a person (dead letter)."""
    answer_seconds: float = Field(default=60.0, gt=0)
    """How long a PACS may take for one answer."""
    commitment_seconds: float = Field(default=600.0, gt=0)
    """How long a PACS may take to answer a storage commitment; then it is asked again."""


class ViewerSettings(Part):
    """The radiologist's page for the department. Off until ``enabled``; beyond this machine only with TLS."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=8443, ge=0, le=65535)
    language: str = Field(default="de", pattern="^(de|en)$")
    idle_minutes: float = Field(default=15.0, gt=0)
    """Without a touch for so long, a login ends and its cases are closed."""
    certificate: Path | None = None
    private_key: Path | None = None
    organization: str = Field(default="", max_length=64)
    """Stands under every signature: Verifying Organization (0040,A027), at most 64 characters (PS3.5 6.2, LO)."""

    @model_validator(mode="after")
    def _is_closed_or_secure(self) -> Self:
        is_here = self.host in {"127.0.0.1", "::1", "localhost"}
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together")
        if self.enabled and not is_here and self.certificate is None:
            raise ValueError("beyond 127.0.0.1 the viewer needs certificate and private_key (TLS)")
        return self
