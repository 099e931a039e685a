"""Settings of routing: which series, what to do. A rule that plans says all it needs, and whose order it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from dicom_io.volumes import CHOICE
from planner.errors import PlannerError
from service.errors import RequestError
from service.request import NamedAnchor, PlanRequest, parse_anchor, parse_request
from service.settings.part import Part


class Action(StrEnum):
    """What a rule does with a series."""

    PLAN = "plan"
    SEGMENT = "segment"
    IGNORE = "ignore"


class Match(Part):
    """What a series must show; every field that is given must agree. Texts compare without case.

    Where a list is given, one of it must agree.
    """

    modality: str | tuple[str, ...] | None = None
    body_part: str | tuple[str, ...] | None = None
    series_description_contains: str | None = None
    requested_procedure: str | None = None
    calling_ae_title: str | None = None
    study_uid: str | None = None
    accession_number: str | None = None
    patient_id: str | None = None
    """``""`` matches a series without Patient ID (its plan can never be released)."""

    @property
    def given(self) -> dict[str, str | tuple[str, ...]]:
        """The fields that are given."""
        return {key: value for key, value in self.model_dump().items() if value is not None}


class Rule(Part):
    """One explicit order: which series, what to do. First match wins."""

    name: str
    match: Match
    action: Action
    procedure: str | None = None
    root: str | None = None
    level: str | None = None
    side: str | None = None
    anchor: str | None = None
    volume: str = Field(default="", pattern=f"^$|{CHOICE}")
    """Where a series holds several volumes at one place: which is meant, by number or by what tells it apart."""
    priority: int | None = Field(default=None, ge=0, le=9)
    """9: the patient lies on the table. Else what is ordered (5) goes before what is only segmented (0)."""

    @model_validator(mode="after")
    def _says_all_it_needs(self) -> Self:
        fault = self._fault()
        if fault:
            raise ValueError(f"rule {self.name!r} {fault}")
        return self

    def _fault(self) -> str:
        if self.action is not Action.PLAN:
            target = any((self.procedure, self.root, self.level, self.side))
            if self.action is Action.IGNORE and self.volume:
                return "names a volume but ignores the series"
            return f'names a target but its action is "{self.action}", not "plan"' if target else ""
        if not (self.match.study_uid or self.match.accession_number):
            return "plans; it must match on study_uid or accession_number"
        if self.match.patient_id is None:
            return 'plans; it must match on patient_id ("" where the series has none)'
        try:
            self.request()
        except (RequestError, PlannerError) as error:
            return f"cannot be planned: {error}"
        return ""

    def request(self) -> PlanRequest:
        """What a planning rule asks for."""
        if self.procedure is None:
            raise RequestError("no procedure given")
        return parse_request(self.procedure, self.root, self.level, self.side, self.anchor)

    def named_anchor(self) -> NamedAnchor | None:
        """The anchor of a rule of any action."""
        return parse_anchor(self.anchor)
