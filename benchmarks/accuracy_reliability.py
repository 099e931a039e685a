"""Does a confidence mean what it says: of what was given this confidence, how much was right?

In: the measured phantoms (closed-form truth; said to be so). Out: one Markdown table.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from accuracy_shares import share_words

_EDGES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.01)
_KINDS = ("disc", "foramen", "facet joint", "ganglion", "sacral foramen", "level name")
_WITHIN_MM = {"disc": 1.5, "foramen": 3.0, "facet joint": 1.0, "ganglion": 3.0, "sacral foramen": 3.0}
"""What counts as right: the bars; a name is right or wrong."""

_NOTE = """
## What a confidence is worth

**From phantoms alone**: their truth is closed-form, and they are smoother than people; a patient's curve is not known. Right is: a disc within 1.5 mm,
a foramen, ganglion or sacral foramen within 3 mm, a joint within 1 mm of its surface, a name that is the true one. Of one confidence, the share that was right:
"""


def reliability(phantoms: list[dict[str, Any]]) -> Iterator[str]:
    """The table's lines."""
    yield _NOTE
    yield "| kind | " + " | ".join(f"{low:g} to {min(high, 1.0):g}" for low, high in _bins()) + " |"
    yield "|---|" + "---|" * (len(_EDGES) - 1)
    seen = [one for case in phantoms for one in _seen(case)]
    for kind in _KINDS:
        own = [(sure, right) for name, sure, right in seen if name == kind]
        cells = [share_words(right for sure, right in own if low <= sure < high) for low, high in _bins()]
        yield f"| {kind} | " + " | ".join(cells) + " |"


def _bins() -> list[tuple[float, float]]:
    return list(pairwise(_EDGES))


def _seen(case: dict[str, Any]) -> Iterator[tuple[str, float, bool]]:
    """Kind, confidence, and whether it was right."""
    for row in case["discs"].get("rows", []):
        if row["found"]:
            yield "disc", row["confidence"], row["error_mm"] <= _WITHIN_MM["disc"]
    for row in case["facets"]:
        yield "facet joint", row["confidence"], row["error_mm"] <= _WITHIN_MM["facet joint"]
    for row in case["landmarks"]:
        if row["found"] and row["kind"] in _WITHIN_MM:
            yield row["kind"], row["confidence"], row["error_mm"] <= _WITHIN_MM[row["kind"]]
    for row in case["names"]:
        if row["named"]:
            yield "level name", row["confidence"], row["right"]
