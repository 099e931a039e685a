"""Where signed plans lie: numbered folders beside a case.

In: the folder of a case's results. Out: the folder of its newest signature.
"""

from __future__ import annotations

from pathlib import Path

SIGNED = "signed"
"""The folder in a case's results that holds what was signed, numbered."""


def newest_signed(results: Path) -> Path | None:
    """The folder of the last signature; None where nobody signed."""
    numbers = [int(one.name) for one in (results / SIGNED).glob("*") if one.name.isdigit()]
    return results / SIGNED / str(max(numbers)) if numbers else None
