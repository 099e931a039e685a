"""Settings: one TOML file, then the environment, read once; unknown keys are refused with the valid ones.

In: a TOML file (``--settings`` or ``NEEDLEPLAN_SETTINGS``) and variables like ``NEEDLEPLAN_RECEIVER__PORT=11113``.
Out: one frozen ``Settings``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from service.errors import SettingsError, UnknownSettingError
from service.settings.whole import Settings

ENVIRONMENT_PREFIX = "NEEDLEPLAN_"
SETTINGS_VARIABLE = "NEEDLEPLAN_SETTINGS"
NOT_SETTINGS = frozenset({SETTINGS_VARIABLE, "NEEDLEPLAN_DATA"})
"""Variables of ours that name files, not settings."""


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
    """The keys of the table that a location lies in; tables in tables and in lists are followed by their types."""
    part: type[BaseModel] = Settings
    for name in location[:-1]:
        if isinstance(name, str) and name in part.model_fields:
            part = _part_of(part.model_fields[name].annotation) or part
    return list(part.model_fields)


def _part_of(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_part_of, get_args(annotation))), None)
