"""``docs/coverage.md`` from what ``coverage.py`` found.

In: a report by scan and procedure. Out: one text.
"""

from __future__ import annotations

from typing import Any

from planner.held_back import SURE_OF_STRUCTURE
from planner.procedures import PROCEDURES

ABSENT = "not in this scan"
CHOICES = {1: "", 2: "in the inferior recess ", 3: "in the superior recess "}
"""Which of a joint's places the tip lies in."""

DOUBTFUL = f"place below confidence {SURE_OF_STRUCTURE:g}, a person must look"

HEAD = """# Coverage: what was tried, and what came of it

Written by `benchmarks/coverage.py` (`make bench-coverage`): each procedure at each level it allows and the scan shows, both sides.
A path here keeps every limit of its rules in the scan's own anatomy; it is no released plan, and no radiologist has judged it.
*no tip*: no place at the target keeps every limit, and what alone keeps most of them out is named, else what refused most; *no safe
path*: of all directions none does, and the rule that refused most is named. A second stage (`-neurolysis`) has its first stage's
targets, windows, needles and roles, so it has its rows. Scans that are not in treatment position are rehearsals. The seconds were
taken beside other work and are left out. `whole_spine_labels` has no image and is not tried.

## Phantom (truth as anatomy, prone)

Every procedure at every level it allows, both sides: the target lies within 2 mm of the truth, on its side and level
(`tests/planner/test_every_level_on_phantom.py`); one side of each has a path, and the mirrored patient gets the mirrored plan. The
one exception is the medial branches of joint T10/T11: their upper nerve lies at the joint above T10, which this phantom does not
have; the request is refused with that sentence.
"""


def page(report: dict[str, Any], looked: str) -> str:
    """The whole document; ``looked`` is what a person saw in the pictures."""
    sections = [_section(name, found) for name, found in report.items()]
    return "\n".join([HEAD, *sections, looked])


def summary(rows: list[dict[str, Any]]) -> str:
    """Outcomes counted: *planned 8, no tip 2*."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    return ", ".join(f"{outcome} {count}" for outcome, count in counts.items()) or "none of its levels is in this scan"


def _section(name: str, found: dict[str, Any]) -> str:
    if "refused" in found:
        return f"## {name}\n\nNothing was planned; refused: {found['refused']}.\n"
    lines = [
        f"## {name} ({found['pose']}; {', '.join(found['vertebrae'])})",
        "",
        *([f"No scan as it came: {found['composed']}.", ""] if found.get("composed") else []),
        f"At commit {_commits(found['procedures'])}.",
        "",
        "| procedure | planned | no path, no tip, or refused |",
        "|---|---|---|",
        *(_row(key, tried["rows"]) for key, tried in found["procedures"].items()),
        "",
    ]
    return "\n".join(lines)


def _commits(procedures: dict[str, Any]) -> str:
    """*1a2b3c4*, or *1a2b3c4; `celiac` at 5d6e7f8*: the commit of most rows first."""
    by_commit: dict[str, list[str]] = {}
    for key, tried in procedures.items():
        by_commit.setdefault(tried["commit"], []).append(f"`{key}`")
    most = max(by_commit, key=lambda one: len(by_commit[one]), default="none")
    return "; ".join([most, *(f"{', '.join(keys)} at {one}" for one, keys in by_commit.items() if one != most)])


def _row(key: str, rows: list[dict[str, Any]]) -> str:
    if not rows:
        return f"| `{key}` | - | none of its levels is in this scan (below {', '.join(PROCEDURES[key].levels)}) |"
    with_path = [row for row in rows if row["outcome"] == "planned"]
    sure = _by_choice([row for row in with_path if row.get("confidence", 1.0) >= SURE_OF_STRUCTURE])
    doubtful = _by_choice([row for row in with_path if row.get("confidence", 1.0) < SURE_OF_STRUCTURE])
    planned = "; ".join([*([sure] if sure else []), *([f"**{DOUBTFUL}**: {doubtful}"] if doubtful else [])])
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["outcome"] != "planned":
            groups.setdefault(_reason(row), []).append(row)
    others = "; ".join(f"{_places(found)}: {reason}" for reason, found in groups.items())
    return f"| `{key}` | {planned or '-'} | {others or '-'} |"


def _by_choice(rows: list[dict[str, Any]]) -> str:
    """*L4/L5 both sides; in the inferior recess: L3/L4 left*."""
    parts = [(words, _places([row for row in rows if row.get("choice", 1) == n])) for n, words in CHOICES.items()]
    return "; ".join(words + places for words, places in parts if places)


def _reason(row: dict[str, Any]) -> str:
    if row["outcome"] == ABSENT:
        return ABSENT
    why = str(row.get("why", "")).split(": ", maxsplit=1)[-1] if row["outcome"] != "refused" else row["why"]
    return f"{row['outcome']} ({why})" if why else str(row["outcome"])


def _places(rows: list[dict[str, Any]]) -> str:
    """*L1/L2, L2/L3 both sides, T12/L1 left*."""
    sides: dict[str, list[str]] = {}
    for row in rows:
        sides.setdefault(row["level"], []).append(row["side"])
    both = [level for level, found in sides.items() if len(found) > 1]
    single = [f"{level} {found[0]}" for level, found in sides.items() if len(found) == 1]
    return ", ".join([*([f"{', '.join(both)} both sides"] if both else []), *single])
