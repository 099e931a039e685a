"""From the folder to all files: wall time, stages and peak memory of `needleplan plan`, as a whole process.

Usage: python benchmarks/main_job.py SERIES [--runs N] -- any options of `needleplan plan` but --out
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "main_job.json"


def run_once(series: str, options: list[str]) -> dict[str, object]:
    """One run in a fresh process, into a folder that is thrown away; CPU time is that of all its threads and children."""
    with tempfile.TemporaryDirectory() as out:
        command = [str(Path(sys.executable).parent / "needleplan"), "plan", series, *options, "--out", out]
        start, cpu_before_s = time.perf_counter(), children_cpu_s()
        done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        wall_s, cpu_s = time.perf_counter() - start, children_cpu_s() - cpu_before_s
        anatomy = Path(out) / "anatomy.json"
        stages = json.loads(anatomy.read_text())["seconds"] if anatomy.exists() else {}
    return {"exit": done.returncode, "wall_s": round(wall_s, 2), "cpu_s": round(cpu_s, 2), "stages_s": stages}


def children_cpu_s() -> float:
    """User and system time of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("series")
    parser.add_argument("--runs", type=int, default=3)
    arguments, options = parser.parse_known_args()
    runs = [run_once(arguments.series, options) for _ in range(arguments.runs)]
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    report = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "series": Path(arguments.series).parent.name + "/" + Path(arguments.series).name,
        "options": options,
        "median_wall_s": sorted(run["wall_s"] for run in runs)[len(runs) // 2],
        "peak_memory_mib": round(peak_mib),
        "runs": runs,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
