"""What the numbers of a label map mean: tables as tools write them, and a person's own map.

In: CSV, JSON, ITK-SNAP or plain text beside the label map, the header of a NIfTI file, a TOML map. Out: names by number. A label
map without any of these says nothing, and every number of it is listed as not used.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from planner.anatomy.outside.names import meaning_of
from planner.anatomy.outside.schemes import SCHEMES
from planner.brought import Meaning
from planner.structures import Part, Structure
from service.errors import ServiceError

_NUMBER_COLUMNS = ("id", "label", "value", "number", "index", "idx", "labelvalue")
_NAME_COLUMNS = ("structure", "name", "label_name", "class", "segment", "anatomy")
_SNAP = re.compile(r'^\s*(\d+)\s+\d+\s+\d+\s+\d+\s+[\d.]+\s+[01]\s+[01]\s+"(.*)"\s*$')
_PLAIN = re.compile(r"^\s*(\d+)[\s:,;]+(.+?)\s*$")
_CARET = re.compile(r'<Label\b[^>]*\bKey="(\d+)"[^>]*>(?:<!\[CDATA\[)?([^<\]]+)')
_HEADER_BYTES = 1 << 20


class TableError(ServiceError):
    """A table or map that cannot be read."""


class _MapFile(BaseModel):
    """The TOML file of ``--map``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: str | None = Field(default=None, description="whose numbers a label map without a table has")
    names: dict[str, str] = Field(default={}, description="their name = ours")
    numbers: dict[int, str] = Field(default={}, description="number = a name of theirs or ours")
    ours_first: tuple[Structure, ...] = Field(
        default=(), description="structures that stay needleplan's own where found"
    )
    frame_of_reference_is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class OwnMap:
    """What a person says about a segmentation."""

    names: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[int, str] = field(default_factory=dict)
    ours_first: tuple[Structure, ...] = ()
    frame_is_confirmed: bool = False

    def meaning(self, name: str) -> Meaning | None:
        """What a name means with this map."""
        return meaning_of(name, self.names)


NO_MAP = OwnMap()


def read_map(path: Path) -> OwnMap:
    """A person's map."""
    try:
        file = _MapFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise TableError(f"the map cannot be read: {_first_line(error)}") from error
    if file.scheme is not None and file.scheme not in SCHEMES:
        raise TableError(f"scheme {file.scheme!r} is not known; valid: {', '.join(sorted(SCHEMES))}")
    unknown = [f"{theirs} = {ours}" for theirs, ours in file.names.items() if meaning_of(ours) is None]
    if unknown:
        raise TableError(f"the map names what is no structure here: {', '.join(unknown)}; see docs/plugins.md")
    of_scheme = SCHEMES[file.scheme].names if file.scheme else {}
    return OwnMap(file.names, {**of_scheme, **file.numbers}, file.ours_first, file.frame_of_reference_is_confirmed)


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error).splitlines()[0]


def table_beside(path: Path) -> dict[int, str]:
    """The table of a label map: a file of its own name with another ending, or the NIfTI header's own; empty: none."""
    stem = re.sub(r"(\.nii)?(\.gz)?$", "", path.name.lower().removesuffix(".nrrd"))
    for ending in (".json", ".csv", ".txt", ".label"):
        table = path.with_name(path.name[: len(stem)] + ending)
        if table.is_file():
            return read_table(table)
    return _in_header(path)


def read_table(path: Path) -> dict[int, str]:
    """Names by number from one table."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".json":
        return _json(text)
    if path.suffix == ".csv":
        return _csv(text)
    return _text(text)


def _json(text: str) -> dict[int, str]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise TableError("the label table is no JSON; write it again") from error
    if isinstance(found, dict) and isinstance(found.get("labels"), dict):
        found = found["labels"]
    if not isinstance(found, dict):
        raise TableError('the label table is no mapping; write {"1": "spleen", ...} or {"spleen": 1, ...}')
    return dict(pair for key, value in found.items() if (pair := _pair(key, value)) is not None)


def _pair(key: str, value: object) -> tuple[int, str] | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value, key
    if not key.strip().isdecimal():
        return None
    if isinstance(value, dict):  # our own labels.json
        return int(key), _own_words(value)
    return int(key), str(value)


def _own_words(entry: Mapping[str, object]) -> str:
    """A label of ours as a name that the names' table reads back."""
    structure, part, level, side = (entry.get(key) for key in ("structure", "part", "level", "side"))
    if structure == Structure.DISC and level:
        return f"disc_{level}_"
    if structure == Structure.VERTEBRA and level:
        return f"vertebrae_{level}" if part is None else f"{part} {level}"
    if structure == Structure.NERVE_ROOT and level:
        structure = f"{'ganglion' if part == Part.GANGLION else 'nerve_root'}_{level}"
    return " ".join(str(one) for one in (structure, side) if one)


def _csv(text: str) -> dict[int, str]:
    rows = list(csv.DictReader(text.splitlines()))
    columns = {name.strip().lower(): name for name in (rows[0] if rows else {})}
    number = next((columns[name] for name in _NUMBER_COLUMNS if name in columns), None)
    name = next((columns[one] for one in _NAME_COLUMNS if one in columns), None)
    if number is None or name is None:
        raise TableError(
            f"the label table has columns {', '.join(columns) or 'none'}; it needs one of {', '.join(_NUMBER_COLUMNS)} and one "
            f"of {', '.join(_NAME_COLUMNS)}"
        )
    return {int(row[number]): row[name] for row in rows if row[number].strip().isdecimal()}


def _text(text: str) -> dict[int, str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = [_SNAP.match(line) or _PLAIN.match(line) for line in lines]
    return {int(one.group(1)): one.group(2) for one in found if one}


def _in_header(path: Path) -> dict[int, str]:
    """Label names that TotalSegmentator writes into the NIfTI header's extension (Caret XML)."""
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        return {}
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    end = head.find(b"</LabelTable>")
    if end < 0:
        return {}
    return {int(number): name.strip() for number, name in _CARET.findall(head[:end].decode("utf-8", "replace"))}
