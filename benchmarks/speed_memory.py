"""Most memory of a case in a process of its own: segmented, then planned; no peer, no mesh.

In: a folder of DICOM, or nothing for the phantom. Out: two figures in MB, on screen and to `speed.py`.

Usage: python benchmarks/speed_memory.py [SERIES]
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from speed_cases import Case
from speed_replan import nerve_root

from planner.planning import planned


def own_process(series: Path | None) -> dict[str, float]:
    """`segmenting_memory_mb` and `planning_memory_mb`: the peak up to the segmentation, and of all with a plan for a nerve root."""
    command = [sys.executable, __file__, *([str(series)] if series else [])]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def peak_mb() -> float:
    """Most memory that this process has held so far."""
    lines = Path("/proc/self/status").read_text(encoding="utf8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024 / 1e6


def _measured(series: Path | None) -> dict[str, float]:
    case = Case.scan(series) if series else Case.phantom()
    before = peak_mb()
    planned(*nerve_root(case))
    return {"segmenting_memory_mb": before, "planning_memory_mb": peak_mb()}


if __name__ == "__main__":
    print(json.dumps(_measured(Path(sys.argv[1]) if len(sys.argv) > 1 else None)))
