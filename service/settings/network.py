"""Settings of the DICOM network: who may send to us, under which names, and where we send."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from service.settings.part import AE_TITLE, Part

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ReceiverTls(Part):
    """TLS for what is received: our certificate, who signs the senders', and which one belongs to which AE title."""

    certificate: Path
    private_key: Path
    authority: Path
    """Who signed the senders' certificates (PEM)."""
    senders: dict[str, str] = Field(default_factory=dict)
    """For each AE title the common or DNS name in its certificate, or ``sha256:`` and the certificate's fingerprint."""


class DestinationTls(Part):
    """TLS for what is sent: who signs the PACS's certificate, and what we show where it asks."""

    authority: Path
    certificate: Path | None = None
    private_key: Path | None = None

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together")
        return self


class ReceiverSettings(Part):
    """Who may send what to where."""

    ae_title: str = Field(default="NEEDLEPLAN", pattern=AE_TITLE)
    host: str = "127.0.0.1"
    port: int = Field(default=11112, ge=0, le=65535)
    allowed_calling_ae_titles: tuple[str, ...] = ()
    """Empty: nobody may send."""
    networks: tuple[str, ...] = ()
    """Addresses that may connect; empty: any that reaches ``host``. Needed beyond 127.0.0.1 where there is no TLS."""
    largest_object_mb: int = Field(default=1024, ge=1)
    """A larger object ends its association; deflated ones count inflated."""
    commitment_to: dict[str, str] = Field(default_factory=dict)
    """Where a sender hears what is kept (storage commitment): AE title to ``host:port``; destinations are known."""
    tls: ReceiverTls | None = None

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ipaddress.ip_network(network)
        return networks

    @field_validator("commitment_to")
    @classmethod
    def _are_addresses(cls, addresses: dict[str, str]) -> dict[str, str]:
        for address in addresses.values():
            host_and_port(address)
        return addresses

    @model_validator(mode="after")
    def _is_closed_or_says_for_whom(self) -> Self:
        if self.host not in LOOPBACK and not self.networks and self.tls is None:
            raise ValueError("beyond 127.0.0.1 the receiver needs networks (who may connect) or tls")
        if self.tls is not None:
            without = [title for title in self.allowed_calling_ae_titles if title not in self.tls.senders]
            if without:
                raise ValueError(f"tls.senders names no certificate for {', '.join(without)}")
        return self


class Retrieve(StrEnum):
    """How images are fetched from a PACS."""

    GET = "get"
    MOVE = "move"
    DICOMWEB = "dicomweb"


class SendBy(StrEnum):
    """How objects are sent to a PACS."""

    C_STORE = "store"
    STOW = "stow"


class Confirm(StrEnum):
    """How we make sure that a PACS has what it said it took."""

    QUERY = "query"
    """C-FIND, or QIDO where objects are sent by STOW."""
    COMMITMENT = "commitment"
    """Storage commitment; the answer comes to our receiver, which must be known there."""
    NONE = "none"


class Destination(Part):
    """One PACS."""

    name: str
    ae_title: str = Field(pattern=AE_TITLE)
    host: str
    port: int = Field(ge=1, le=65535)
    tls: DestinationTls | None = None
    send: SendBy = SendBy.C_STORE
    confirm: Confirm = Confirm.QUERY
    retrieve: Retrieve = Retrieve.GET
    """``move`` needs this node known there, and a port of ours that it reaches."""
    dicomweb: str | None = Field(default=None, pattern="^https?://")
    """Root of its DICOMweb service."""
    dicomweb_authorization_file: Path | None = None
    """A file that holds the whole value of the Authorization header, for example ``Bearer ...``."""

    @model_validator(mode="after")
    def _says_its_address(self) -> Self:
        if self.retrieve is Retrieve.DICOMWEB and self.dicomweb is None:
            raise ValueError('retrieve = "dicomweb" needs dicomweb, the address')
        if self.send is SendBy.STOW and self.dicomweb is None:
            raise ValueError('send = "stow" needs dicomweb, the address')
        if self.send is SendBy.STOW and self.confirm is Confirm.COMMITMENT:
            raise ValueError('confirm = "commitment" goes with send = "store"')
        return self


def host_and_port(address: str) -> tuple[str, int]:
    """``host:port`` in two.

    >>> host_and_port("ct1.example:104")
    ('ct1.example', 104)
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError(f"{address!r} is not host:port")
    return host, int(port)
