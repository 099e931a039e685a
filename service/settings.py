"""Settings: one TOML file, then the environment, read once; unknown keys are refused with the valid ones.

In: a TOML file (``--settings`` or ``NEEDLEPLAN_SETTINGS``) and variables like ``NEEDLEPLAN_RECEIVER__PORT=11113``.
Out: one frozen ``Settings``. Closed by default: loopback only, nobody may send, nothing is published unsigned.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from planner.errors import PlannerError
from service.errors import RequestError, SettingsError, UnknownSettingError
from service.request import NamedAnchor, PlanRequest, parse_anchor, parse_request

ENVIRONMENT_PREFIX = "NEEDLEPLAN_"
SETTINGS_VARIABLE = "NEEDLEPLAN_SETTINGS"
NOT_SETTINGS = frozenset({SETTINGS_VARIABLE, "NEEDLEPLAN_DATA"})
"""Variables of ours that name files, not settings."""

_AE_TITLE = r"^[^\\\s](?:[^\\]{0,14}[^\\\s])?$"
"""PS3.5 6.2, value representation AE: at most 16 characters, no backslash, no outer spaces."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Publish(StrEnum):
    """When results may leave for the PACS."""

    ON_SIGNATURE = "on_signature"
    DRAFTS = "drafts"


class ReceiverSettings(_Part):
    """Who may send what to where."""

    ae_title: str = Field(default="NEEDLEPLAN", pattern=_AE_TITLE)
    host: str = "127.0.0.1"
    port: int = Field(default=11112, ge=0, le=65535)
    allowed_calling_ae_titles: tuple[str, ...] = ()
    """Empty: nobody may send."""


class StorageSettings(_Part):
    """Where instances, results and rows lie."""

    folder: Path = Path("needleplan-storage")
    disk_reserve_gb: float = Field(default=5.0, ge=0)
    """Below this much free space every image is answered *out of resources* before it is written."""


class InboxSettings(_Part):
    """When a series is complete."""

    quiet_seconds: float = Field(default=30.0, gt=0)
    """After the last image, before completeness is judged."""
    patience_seconds: float = Field(default=600.0, gt=0)
    """After the last image, before a series with gaps is handed to a person."""


class JobSettings(_Part):
    """How much one case may take."""

    workers: int = Field(default=1, ge=1)
    time_limit_seconds: float = Field(default=900.0, gt=0)
    memory_limit_gb: float = Field(default=8.0, gt=0)


class Destination(_Part):
    """One PACS."""

    name: str
    ae_title: str = Field(pattern=_AE_TITLE)
    host: str
    port: int = Field(ge=1, le=65535)


class OutboxSettings(_Part):
    """How often a refused export is tried again."""

    first_retry_seconds: float = Field(default=5.0, gt=0)
    longest_retry_seconds: float = Field(default=900.0, gt=0)
    attempts: int = Field(default=20, ge=1)
    """After so many the export waits for a person (dead letter)."""


class ViewerSettings(_Part):
    """The radiologist's page for the department. Off until ``enabled``; beyond this machine only with TLS."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=8443, ge=0, le=65535)
    language: str = Field(default="de", pattern="^(de|en)$")
    idle_minutes: float = Field(default=15.0, gt=0)
    """Without a touch for so long, a login ends and its cases are closed."""
    certificate: Path | None = None
    private_key: Path | None = None

    @model_validator(mode="after")
    def _is_closed_or_secure(self) -> Self:
        is_here = self.host in {"127.0.0.1", "::1", "localhost"}
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together")
        if self.enabled and not is_here and self.certificate is None:
            raise ValueError("beyond 127.0.0.1 the viewer needs certificate and private_key (TLS)")
        return self


class Action(StrEnum):
    """What a rule does with a series."""

    PLAN = "plan"
    SEGMENT = "segment"
    IGNORE = "ignore"


class Match(_Part):
    """What a series must show; every field that is given must agree. Texts compare without case."""

    modality: str | None = None
    body_part: str | None = None
    series_description_contains: str | None = None
    requested_procedure: str | None = None
    calling_ae_title: str | None = None
    study_uid: str | None = None
    accession_number: str | None = None
    patient_id: str | None = None
    """``""`` matches a series without Patient ID (its plan can never be released)."""

    @property
    def given(self) -> dict[str, str]:
        """The fields that are given."""
        return {key: value for key, value in self.model_dump().items() if value is not None}


class Rule(_Part):
    """One explicit order: which series, what to do. First match wins."""

    name: str
    match: Match
    action: Action
    procedure: str | None = None
    root: str | None = None
    level: str | None = None
    side: str | None = None
    anchor: str | None = None

    @model_validator(mode="after")
    def _says_all_it_needs(self) -> Self:
        fault = self._fault()
        if fault:
            raise ValueError(f"rule {self.name!r} {fault}")
        return self

    def _fault(self) -> str:
        if self.action is not Action.PLAN:
            target = any((self.procedure, self.root, self.level, self.side))
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


class Settings(_Part):
    """All settings."""

    publish: Publish = Publish.ON_SIGNATURE
    receiver: ReceiverSettings = ReceiverSettings()
    storage: StorageSettings = StorageSettings()
    inbox: InboxSettings = InboxSettings()
    jobs: JobSettings = JobSettings()
    outbox: OutboxSettings = OutboxSettings()
    viewer: ViewerSettings = ViewerSettings()
    destinations: tuple[Destination, ...] = ()
    rules: tuple[Rule, ...] = ()

    @field_validator("destinations")
    @classmethod
    def _names_are_unique(cls, destinations: tuple[Destination, ...]) -> tuple[Destination, ...]:
        names = [destination.name for destination in destinations]
        if len(set(names)) != len(names):
            raise ValueError(f"destination names must differ, got {', '.join(names)}")
        return destinations


def load_settings(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """Settings from a file (or none) and the environment; the environment wins."""
    raw = _read_toml(path) if path is not None else {}
    for name in sorted(environment):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in NOT_SETTINGS:
            _set(raw, name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__"), environment[name])
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise _as_settings_error(error) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"no settings file {path.name!r}; give its path with --settings") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not valid TOML: {error}") from None


def _set(raw: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        raw = raw.setdefault(key, {})
        if not isinstance(raw, dict):
            raise SettingsError(f"{'.'.join(keys)} cannot be set from the environment; write it in the settings file")
    raw[keys[-1]] = tomllib.loads(f"value = {value}")["value"] if value[:1] in "[{" and value else value


def _as_settings_error(error: ValidationError) -> SettingsError:
    first = error.errors()[0]
    location = first["loc"]
    if first["type"] == "extra_forbidden":
        return UnknownSettingError(".".join(map(str, location)), _valid_keys(location))
    return SettingsError(f"setting {'.'.join(map(str, location)) or 'file'}: {first['msg']}")


def _valid_keys(location: tuple[int | str, ...]) -> list[str]:
    parts: dict[str, type[BaseModel]] = {
        "receiver": ReceiverSettings,
        "storage": StorageSettings,
        "inbox": InboxSettings,
        "jobs": JobSettings,
        "outbox": OutboxSettings,
        "viewer": ViewerSettings,
        "destinations": Destination,
        "rules": Rule,
        "match": Match,
    }
    names = [part for part in location[:-1] if isinstance(part, str)]
    return list((parts[names[-1]] if names else Settings).model_fields)
