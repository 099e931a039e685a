"""Which software made a plan: part of every plan, since a plan must be repeatable."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from planner.anatomy.model import Anatomy
from service.errors import MissingPartError

PROGRAM = "needleplan"
_LIBRARIES = ("numpy", "SimpleITK", "pydicom", "highdicom")
"""Those whose numbers can change a plan or its objects."""


def program_version() -> str:
    """Our own version."""
    return _version(PROGRAM)


def versions() -> dict[str, str]:
    """Our version and that of each library whose numbers can change a plan."""
    return {name: _version(name) for name in (PROGRAM, *_LIBRARIES)}


def versions_with(anatomy: Anatomy) -> dict[str, str]:
    """The same, and each segmentation that others made, by the structures it gave: a plan is not repeatable without it."""
    given: dict[str, list[str]] = {}
    for structure, source in anatomy.origin.items():
        given.setdefault(source, []).append(structure.words)
    return {**versions(), **{f"segmentation of {', '.join(sorted(words))}": source for source, words in given.items()}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        raise MissingPartError(f"the package {name}", "every plan", "pip install needleplan") from None
