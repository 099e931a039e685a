"""How long long work took on this machine, kept for the next time: whoever waits is told about how long.

In: a name of work and its seconds. Out: about how long it takes; None where it was never done here. No patient is named.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
from pathlib import Path

from service.files import write_text

_KEPT = 9
"""The last times of each; the median forgives one on a busy machine."""


class Took:
    """Seconds by name, in one small file; a machine that cannot keep it knows nothing the next time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def about_s(self, name: str) -> float | None:
        """The usual time."""
        times = self._read().get(name, [])
        return statistics.median(times) if times else None

    def add(self, name: str, seconds: float) -> None:
        """Once more."""
        times = self._read()
        times[name] = [*times.get(name, []), round(seconds, 2)][-_KEPT:]
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._file, json.dumps(times))

    def _read(self) -> dict[str, list[float]]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return {str(name): [float(one) for one in times] for name, times in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def took_file() -> Path:
    """In the user's cache (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "needleplan" / "took.json"
