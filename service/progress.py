"""How far a running case is: the stage it is in, told by its process in a small file.

In: the name of each stage as it starts. Out: the last stage and when it began, for whoever looks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

STAGE_FILE = "stage.json"
WAITS_FOR_WORKER = "starts"


def telling(out: Path) -> Callable[[str], None]:
    """A listener for the stopwatch that notes each stage in ``out``."""
    begun: dict[str, float] = {}

    def tell(stage: str) -> None:
        begun.setdefault(stage, time.time())
        out.mkdir(parents=True, exist_ok=True)
        (out / STAGE_FILE).write_text(json.dumps({"stage": stage, "since_s": time.time(), "begun": begun}))

    return tell


def begun(out: Path) -> dict[str, float]:
    """When each stage of a case first began; none where nothing told."""
    try:
        return {str(stage): float(at_s) for stage, at_s in json.loads((out / STAGE_FILE).read_text())["begun"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def stages(out: Path) -> tuple[str, float]:
    """The stage that a case is in, and since when."""
    try:
        told = json.loads((out / STAGE_FILE).read_text())
        return str(told["stage"]), float(told["since_s"])
    except (OSError, ValueError, KeyError):
        return WAITS_FOR_WORKER, time.time()
