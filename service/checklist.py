"""A checklist's answers from a TOML file: the order's or a person's, never guessed.

In: a file with ``answered_by``, ``scheme``, ``inr``, ``platelets_per_nl``, a table ``answers`` and, before alcohol, records in
``test_injections`` and ``contrast_spreads``. Out: a ``Checklist``, or a refusal that names the key and what is valid.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from planner.errors import PlannerError
from planner.procedure import Procedure
from planner.release.gates import Answer, Checklist, Scheme, questions_for
from planner.release.records import ContrastSpread, Reached, Response, TestInjection
from planner.site import Site
from planner.structures import Side, SpineLevel
from service.errors import RequestError


class _Record(BaseModel):
    """What both records say: where, which side, when, who."""

    model_config = ConfigDict(extra="forbid")

    place: str
    side: Side
    day: date
    recorded_by: str = Field(min_length=1)

    @field_validator("place")
    @classmethod
    def _is_a_vertebra(cls, place: str) -> str:
        return str(SpineLevel.parse(place))

    @field_validator("side", mode="before")
    @classmethod
    def _is_a_word(cls, side: str) -> Side:
        return Side.parse(side)

    @field_validator("day")
    @classmethod
    def _is_past(cls, day: date) -> date:
        if day > datetime.now().astimezone().date():
            raise ValueError(f"{day.isoformat()} has not come yet")
        return day


class _Test(_Record):
    response: Response


class _Spread(_Record):
    reached: tuple[Reached, ...]
    """Empty: nothing that it must not reach; it is never left out."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answered_by: str = Field(min_length=1)
    scheme: Scheme | None = None
    inr: float | None = Field(default=None, gt=0, lt=20, allow_inf_nan=False)
    platelets_per_nl: float | None = Field(default=None, ge=0, lt=5000, allow_inf_nan=False)
    answers: dict[str, Answer] = Field(default_factory=dict)
    test_injections: tuple[_Test, ...] = ()
    contrast_spreads: tuple[_Spread, ...] = ()


def read_checklist(path: Path, procedure: Procedure) -> Checklist:
    """The answers for one procedure; an unknown question or value is refused."""
    try:
        said = _File.model_validate(tomllib.loads(path.read_text(encoding="utf8")))
    except PlannerError as error:
        raise RequestError(f"the checklist is not valid: {error}") from None
    except ValidationError as error:
        places = ", ".join(".".join(str(part) for part in one["loc"]) + ": " + one["msg"] for one in error.errors())
        raise RequestError(
            f"the checklist is not valid ({places}); valid keys: {', '.join(_File.model_fields)}"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise RequestError(
            "the checklist is not a readable TOML file; write answered_by, scheme and [answers]"
        ) from None
    known = [question.key for question in questions_for(procedure)]
    unknown = sorted(set(said.answers) - set(known))
    if unknown:
        raise RequestError(
            f"the checklist answers {', '.join(unknown)}, which {procedure.key} does not ask; valid: {', '.join(known)}"
        )
    if (said.test_injections or said.contrast_spreads) and not procedure.follows:
        raise RequestError(f"the checklist holds records of two stages, but {procedure.key} has one; take them out")
    return Checklist(
        said.answers,
        said.inr,
        said.platelets_per_nl,
        said.answered_by,
        said.scheme,
        tuple(TestInjection(**_in_words(record)) for record in said.test_injections),
        tuple(ContrastSpread(**_in_words(record)) for record in said.contrast_spreads),
    )


def _in_words(record: _Record) -> dict[str, Any]:
    """Its values, the day as ``2026-03-02``."""
    return {**record.model_dump(), "day": record.day.isoformat()}


def for_site(checklist: Checklist, site: Site) -> Checklist:
    """The checklist under the site's scheme; one that names another scheme contradicts it and is refused."""
    if site.scheme is None or checklist.scheme is site.scheme:
        return checklist
    if checklist.scheme is not None:
        raise RequestError(
            f"the checklist follows {checklist.scheme}, the site {site.scheme}; leave it out or correct it"
        )
    return replace(checklist, scheme=site.scheme)
