"""Settings of the DICOM network: who may send to us, under which names, and where we send."""

from __future__ import annotations

from pydantic import Field

from service.settings.part import AE_TITLE, Part


class ReceiverSettings(Part):
    """Who may send what to where."""

    ae_title: str = Field(default="NEEDLEPLAN", pattern=AE_TITLE)
    host: str = "127.0.0.1"
    port: int = Field(default=11112, ge=0, le=65535)
    allowed_calling_ae_titles: tuple[str, ...] = ()
    """Empty: nobody may send."""


class Destination(Part):
    """One PACS."""

    name: str
    ae_title: str = Field(pattern=AE_TITLE)
    host: str
    port: int = Field(ge=1, le=65535)
