"""What a person or a rule asks for, in words, before any image is opened.

In: the texts of a command line or a rule. Out: a ``PlanRequest``, or a refusal that says what would have been valid.
Nothing is defaulted: a side or a level that is not said is refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from planner.structures import Interspace, Side, SpineLevel
from service.errors import RequestError

_AT_Z = re.compile(r"@(?P<z>[-+]?\d+(?:\.\d+)?)")
_ROOT = re.compile(r"(?P<region>[CTLS])0?(?P<number>\d{1,2})", re.IGNORECASE)
_EIGHTH_CERVICAL_ROOT = "C8"


@dataclass(frozen=True, slots=True)
class NamedRoot:
    """``--root L3``."""

    root: str

    def __str__(self) -> str:
        return self.root


@dataclass(frozen=True, slots=True)
class PlacedLevel:
    """``--level @Z``: nearest to an LPS z in mm."""

    z_mm: float

    def __str__(self) -> str:
        return f"@{self.z_mm:g}"


Where = NamedRoot | Interspace | PlacedLevel


@dataclass(frozen=True, slots=True)
class NamedAnchor:
    """``--anchor L3@Z``: the vertebra whose body lies at an LPS z in mm."""

    level: SpineLevel
    z_mm: float

    def __str__(self) -> str:
        return f"{self.level}@{self.z_mm:g}"


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """One procedure at one place and side; ``anchor`` names a level where the scan cannot."""

    procedure: str
    where: Where
    side: Side
    anchor: NamedAnchor | None = None

    def __str__(self) -> str:
        return f"{self.procedure} {self.where} {self.side}"


def parse_request(
    procedure: str, root: str | None, level: str | None, side: str | None, anchor: str | None
) -> PlanRequest:
    """The request that five texts make.

    >>> str(parse_request("prt", "L3", None, "left", None))
    'prt L3 left'
    >>> str(parse_request("prt", None, "L3/L4", "right", None).where)
    'L3/L4'
    """
    if side is None:
        raise RequestError("no side given; say --side left or --side right: a side is never assumed")
    return PlanRequest(procedure, _where(root, level), Side.parse(side), parse_anchor(anchor))


def parse_anchor(text: str | None) -> NamedAnchor | None:
    """``L3@-210.5``, or nothing.

    >>> parse_anchor("L3@-210.5")
    NamedAnchor(level=<SpineLevel.L3: 'L3'>, z_mm=-210.5)
    """
    if text is None:
        return None
    name, at, z = text.partition("@")
    place = _AT_Z.fullmatch(at + z.strip())
    if place is None:
        raise RequestError(f"anchor {text!r} is not a level and an LPS z in mm; write for example --anchor L3@-210")
    return NamedAnchor(SpineLevel.parse(name), _finite(place["z"]))


def _where(root: str | None, level: str | None) -> Where:
    if (root is None) == (level is None):
        raise RequestError(
            "name the place once: --root L3, or --level L3/L4, or --level @Z (LPS z in mm); a level is never assumed"
        )
    return NamedRoot(_root(root)) if root is not None else _level(level or "")


def _root(text: str) -> str:
    match = _ROOT.fullmatch(text.strip())
    if match is None:
        raise RequestError(f"root {text!r} is not known; valid: C1-C8, T1-T13, L1-L6, S1-S5, for example --root L3")
    name = f"{match['region'].upper()}{int(match['number'])}"
    return name if name == _EIGHTH_CERVICAL_ROOT else str(SpineLevel.parse(name))


def _level(text: str) -> Where:
    place = _AT_Z.fullmatch(text.strip())
    if place is not None:
        return PlacedLevel(_finite(place["z"]))
    upper, slash, lower = text.partition("/")
    if not slash:
        raise RequestError(
            f"level {text!r} is not a foramen's name; write both vertebrae (--level L3/L4), "
            "the root (--root L3), or a place (--level @-210)"
        )
    above, below = SpineLevel.parse(upper), SpineLevel.parse(lower)
    if not _are_neighbours(above, below):
        raise RequestError(f"level {text!r}: {above} and {below} are not neighbours, upper one first")
    return Interspace(above, below)


def _are_neighbours(above: SpineLevel, below: SpineLevel) -> bool:
    """Next to each other in someone: T13 and L6 are there in some people only."""
    between = list(SpineLevel)[above.order + 1 : below.order]
    return above.order < below.order and all(level in _NOT_IN_EVERYONE for level in between)


_NOT_IN_EVERYONE = (SpineLevel.T12, SpineLevel.T13, SpineLevel.L5, SpineLevel.L6)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise RequestError(f"{text} mm is not a place")
    return value
