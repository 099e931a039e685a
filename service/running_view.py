"""What a person sees of the running service on a terminal: status, cases, exports, settings.

In: rows and settings. Out: rich tables; no patient data, since the rows hold none.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.outlook import Outlook
from service.rows import Case, CaseState, Export, HistoryLine

_STYLES = {
    CaseState.FAILED: "red",
    CaseState.WAITING: "yellow",
    CaseState.RUNNING: "cyan",
    CaseState.PUBLISHED: "green",
}
_BYTES_PER_GB = 10**9


def show_status(console: Console, seen: Outlook, progress: Sequence[tuple[Case, str, float]], is_served: str) -> None:
    """Counts of every state, what is worked on, and what needs a person."""
    console.print(escape(is_served), style="bold")
    table = Table("cases", "number", "", title=None)
    for state in CaseState:
        count = seen.cases.get(state, 0)
        if count:
            table.add_row(f"[{_STYLES.get(state, 'default')}]{state}[/]", str(count), _NEEDS.get(state, ""))
    console.print(table)
    for case, stage, since_s in progress:
        told = f"case {case.number} (priority {case.priority}): {stage}, {time.time() - since_s:.0f} s"
        console.print(escape(told), style="cyan")
    if seen.oldest_ready_s:
        console.print(f"longest wait for a worker: {seen.oldest_ready_s:.0f} s")
    console.print(f"exports on their way: {seen.unsent}, waiting for a person: {seen.dead}")
    if seen.oldest_export_s:
        console.print(f"oldest export on its way: {seen.oldest_export_s:.0f} s")
    console.print(f"free space: {seen.free_bytes / _BYTES_PER_GB:.1f} GB")


_NEEDS = {
    CaseState.WAITING: "needs a person: needleplan cases --state waiting",
    CaseState.FAILED: "needs a person: needleplan cases --state failed",
}


def show_cases(console: Console, cases: Sequence[Case]) -> None:
    """One row each, the newest last."""
    table = Table("case", "rev", "priority", "state", "last image", "why")
    for case in cases:
        state = f"[{_STYLES.get(case.state, 'default')}]{case.state}[/]"
        table.add_row(
            str(case.number), str(case.revision), str(case.priority), state, _when(case.last_image_at_s),
            escape(case.reason),
        )  # fmt: skip
    console.print(table)


def show_case(console: Console, case: Case, history: Sequence[HistoryLine], exports: Sequence[Export]) -> None:
    """One case with all that happened to it."""
    console.print(f"case {case.number}, revision {case.revision}, {case.state}", style="bold")
    console.print(escape(f"series {case.series_instance_uid}"))
    table = Table("when", "state", "why")
    for line in history:
        table.add_row(_when(line.at_s), str(line.state), escape(line.reason))
    console.print(table)
    if exports:
        show_exports(console, exports)


def show_exports(console: Console, exports: Sequence[Export]) -> None:
    """One row for each file and destination."""
    table = Table("export", "case", "destination", "state", "tries", "why")
    for one in exports:
        table.add_row(
            str(one.number), str(one.case_number), escape(one.destination), str(one.state), str(one.attempts),
            escape(one.last_error),
        )  # fmt: skip
    console.print(table)


def show_settings(console: Console, settings: BaseModel, defaults: BaseModel) -> None:
    """Every key with its value; what differs from the default is bold."""
    table = Table("key", "value", "default")
    for key, value in _flat("", settings.model_dump(mode="json")):
        default = dict(_flat("", defaults.model_dump(mode="json"))).get(key, "")
        style = "bold" if value != default else ""
        table.add_row(escape(key), escape(value), escape(default), style=style)
    console.print(table)


def _flat(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict) and value:
        return [pair for key, one in value.items() for pair in _flat(f"{prefix}.{key}" if prefix else key, one)]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [pair for n, one in enumerate(value, start=1) for pair in _flat(f"{prefix}[{n}]", one)]
    return [(prefix, "-" if value in (None, "", [], {}) else str(value))]


def _when(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
