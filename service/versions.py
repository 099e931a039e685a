"""Which software made a plan: part of every plan, since a plan must be repeatable."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

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


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        raise MissingPartError(f"the package {name}", "every plan", "pip install needleplan") from None
