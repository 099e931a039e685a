"""What a person or a rule asks for, in words, before any image is opened.

In: the texts of a command line or a rule. Out: a ``PlanRequest``, or a refusal that says what would have been valid.
Nothing is defaulted: a side or a level that is not said is refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from planner.procedures import PROCEDURES
from planner.structures import Interspace, Side, SpineLevel
from service.errors import RequestError

_AT_Z = re.compile(r"@(?P<z>[-+]?\d+(?:\.\d+)?)")
_ROOT = re.compile(r"(?P<region>[CTLS])0?(?P<number>\d{1,2})", re.IGNORECASE)
_EIGHTH_CERVICAL_ROOT = "C8"

BOTH = "both"
"""Both sides, said as a word: two targets."""


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


@dataclass(frozen=True, slots=True)
class NamedVertebra:
    """``--level L3``, for what lies beside one vertebra."""

    level: SpineLevel

    def __str__(self) -> str:
        return str(self.level)


Where = NamedRoot | Interspace | PlacedLevel | NamedVertebra
Place = tuple[Where, Side]


@dataclass(frozen=True, slots=True)
class NamedAnchor:
    """``--anchor L3@Z``: the vertebra whose body lies at an LPS z in mm."""

    level: SpineLevel
    z_mm: float

    def __str__(self) -> str:
        return f"{self.level}@{self.z_mm:g}"


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """One procedure at one place and side, or at several; ``anchor`` names a level where the scan cannot."""

    procedure: str
    where: Where
    side: Side
    anchor: NamedAnchor | None = None
    others: tuple[Place, ...] = ()
    """Places planned in the same sitting, after the first."""

    @property
    def places(self) -> tuple[Place, ...]:
        """All of them, in the order they were said."""
        return ((self.where, self.side), *self.others)

    def __str__(self) -> str:
        return f"{self.procedure} " + ", ".join(f"{where} {side}" for where, side in self.places)


def parse_request(
    procedure: str, root: str | None, level: str | None, side: str | None, anchor: str | None
) -> PlanRequest:
    """The request that five texts make.

    >>> str(parse_request("prt", "L3", None, "left", None))
    'prt L3 left'
    >>> str(parse_request("prt", None, "L3/L4", "right", None).where)
    'L3/L4'
    >>> str(parse_request("facet", None, "L4/L5,L5/S1", "both", None))
    'facet L4/L5 left, L4/L5 right, L5/S1 left, L5/S1 right'
    """
    if side is None:
        raise RequestError("no side given; say --side left or --side right (or both): a side is never assumed")
    places = [(where, one) for where in _wheres(procedure, root, level) for one in _sides(side)]
    if len(set(places)) < len(places):
        raise RequestError("a place is named twice; name each root or level once")
    (where, first), *others = places
    return PlanRequest(procedure, where, first, parse_anchor(anchor), tuple(others))


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


def _sides(text: str) -> tuple[Side, ...]:
    return tuple(Side) if text.strip().lower() == BOTH else (Side.parse(text),)


def _wheres(procedure: str, root: str | None, level: str | None) -> list[Where]:
    """One place for each text between commas."""
    if (root is None) == (level is None):
        raise RequestError(
            "name the place once: --root L3, or --level L3/L4, or --level @Z (LPS z in mm); a level is never assumed"
        )
    if root is not None:
        return [NamedRoot(_root(text)) for text in root.split(",")]
    return [_level(procedure, text) for text in (level or "").split(",")]


def _root(text: str) -> str:
    match = _ROOT.fullmatch(text.strip())
    if match is None:
        raise RequestError(f"root {text!r} is not known; valid: C1-C8, T1-T13, L1-L6, S1-S5, for example --root L3")
    name = f"{match['region'].upper()}{int(match['number'])}"
    return name if name == _EIGHTH_CERVICAL_ROOT else str(SpineLevel.parse(name))


def _level(procedure: str, text: str) -> Where:
    place = _AT_Z.fullmatch(text.strip())
    if place is not None:
        return PlacedLevel(_finite(place["z"]))
    upper, slash, lower = text.partition("/")
    if not slash and _is_of_vertebrae(procedure):
        return NamedVertebra(SpineLevel.parse(text))
    if not slash:
        raise RequestError(
            f"level {text!r} is not a foramen's name; write both vertebrae (--level L3/L4), "
            "the root (--root L3), or a place (--level @-210)"
        )
    above, below = SpineLevel.parse(upper), SpineLevel.parse(lower)
    if not _are_neighbours(above, below):
        raise RequestError(f"level {text!r}: {above} and {below} are not neighbours, upper one first")
    return Interspace(above, below)


def _is_of_vertebrae(procedure: str) -> bool:
    return procedure in PROCEDURES and "/" not in PROCEDURES[procedure].aim.example


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
