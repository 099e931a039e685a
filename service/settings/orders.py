"""Settings of orders: where the worklist is asked, and what its codes mean here. Never free text."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from dicom_io.volumes import CHOICE
from planner.errors import PlannerError
from planner.procedures import PROCEDURES
from planner.structures import Side
from service.errors import RequestError
from service.request import BOTH, parse_request
from service.settings.network import DestinationTls
from service.settings.part import AE_TITLE, Part


class WorklistSettings(Part):
    """The Modality Worklist that says what is ordered."""

    ae_title: str = Field(pattern=AE_TITLE)
    host: str
    port: int = Field(ge=1, le=65535)
    modality: str = "CT"
    station_ae_title: str = ""
    """Empty: every station."""
    refresh_seconds: float = Field(default=60.0, gt=0)
    tls: DestinationTls | None = None


class OrderCode(Part):
    """What one code of an order says of procedure, place or side; a whole order may need several."""

    code: str
    """Code Value (0008,0100) of a requested procedure, a scheduled protocol, or its context."""
    scheme: str
    """Coding Scheme Designator (0008,0102)."""
    procedure: str | None = None
    root: str | None = None
    level: str | None = None
    side: str | None = None
    volume: str | None = Field(default=None, pattern=CHOICE)
    """Of a series that holds several at one place: ``Temporal Position Index=2``."""

    @model_validator(mode="after")
    def _says_what_can_be_planned(self) -> Self:
        fault = self._fault()
        if fault:
            raise ValueError(f"order code {self.code!r} {fault}")
        return self

    def _fault(self) -> str:
        if not any((self.procedure, self.root, self.level, self.side, self.volume)):
            return "says nothing; give procedure, root, level, side or volume"
        if self.procedure is not None and self.procedure not in PROCEDURES:
            return f"names no procedure; valid: {', '.join(sorted(PROCEDURES))}"
        try:
            if self.side is not None and self.side.strip().lower() != BOTH:
                Side.parse(self.side)
            if self.root is not None or (self.level is not None and self.procedure is not None):
                parse_request(self.procedure or "prt", self.root, self.level, self.side or "left", None)
        except (RequestError, PlannerError) as error:
            return f"cannot be planned: {error}"
        return ""
