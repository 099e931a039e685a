"""How true the anatomy is: every labelled scan and a battery of phantoms, beside the bars.

In: the real scans in NEEDLEPLAN_DATA (left out, and said so, where absent) and the phantoms of ``accuracy_phantoms.py``.
Out: ``results/accuracy.json`` and ``docs/accuracy.md``.

Usage: python benchmarks/accuracy.py [--quick] [--only NAME ...] [--table] [--jobs N]

Each case runs in a process of its own: its memory is its own, and a crash is one row. ``--quick`` runs the real scans and six phantoms,
``--only`` runs the named cases and keeps the other rows of the JSON, ``--table`` only writes the page again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import accuracy_cases
import SimpleITK as sitk  # noqa: N813
from accuracy_page import page
from accuracy_phantoms import QUICK

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "benchmarks" / "results" / "accuracy.json"
PAGE = PROJECT / "docs" / "accuracy.md"
_CASE_LIMIT_S = 900


def _data_folder() -> Path:
    return Path(os.environ.get("NEEDLEPLAN_DATA", PROJECT.parent / "shared" / "data"))


class StageMemory:
    """A watch for ``segment``: seconds of each stage and the process's peak memory while it ran."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float]] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Linux resets the peak on request (proc(5), clear_refs)."""
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        start = time.perf_counter()
        yield
        self.stages[stage] = {"seconds": time.perf_counter() - start, "peak_mib": _peak_mib()}


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.split("VmHWM:")[1].split()[0]) / 1024.0


def run_case(name: str) -> dict[str, Any]:
    """Load, segment, measure: in this process."""
    from accuracy_measures import measure  # noqa: PLC0415 - only the child measures

    from planner.anatomy.segment import segment  # noqa: PLC0415
    from planner.errors import PlannerError  # noqa: PLC0415

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
    case = accuracy_cases.load(name, _data_folder())
    case.truth.labels  # noqa: B018 - a phantom paints its truth when first asked
    watch = StageMemory()
    about = {"case": name, "shape": case.volume.geometry.shape, "spacing_mm": case.volume.geometry.spacing_mm.tolist()}
    about |= {"loaded_mib": _peak_mib(), "load": os.getloadavg()[0]}
    start = time.perf_counter()
    try:
        anatomy = segment(case.volume, watch=watch)
    except PlannerError as error:
        return about | {"refused": str(error), "stages": watch.stages, "seconds": time.perf_counter() - start}
    seconds = time.perf_counter() - start
    peak = max(stage["peak_mib"] for stage in watch.stages.values())
    return about | {"seconds": seconds, "peak_mib": peak, "stages": watch.stages} | measure(case, anatomy)


def run_child(name: str) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--case", name]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "2"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_CASE_LIMIT_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return {"case": name, "failed": f"longer than {_CASE_LIMIT_S} s"}
    if done.returncode != 0:
        return {"case": name, "failed": f"exit {done.returncode}: {done.stderr.strip().splitlines()[-1:]}"}
    return json.loads(done.stdout.splitlines()[-1])


def _commit() -> str:
    ask = ["git", "-C", str(PROJECT)]
    commit = subprocess.run([*ask, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run(
        [*ask, "status", "--short", "planner/anatomy"], capture_output=True, text=True, check=False
    )
    return commit.stdout.strip() + (" with changes not committed" if changed.stdout.strip() else "")


def _machine() -> str:
    cpus = len(os.sched_getaffinity(0))
    model = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return (
        f"{cpus} cores ({(model or ['unknown'])[0]}), Python {platform.python_version()}, SimpleITK {sitk.__version__}"
    )


def _wanted(arguments: argparse.Namespace) -> list[str]:
    names = list(arguments.only or accuracy_cases.names())
    if arguments.quick:
        names = [name for name in names if name in accuracy_cases.REAL or name in QUICK]
    if not _data_folder().is_dir():
        print(f"no real scans at {_data_folder()}; set NEEDLEPLAN_DATA: phantoms alone")
        names = [name for name in names if name not in accuracy_cases.REAL]
    return names


def _rounded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, (list, tuple)) else value


def _write(cases: dict[str, Any]) -> None:
    ordered = [cases[name] for name in accuracy_cases.names() if name in cases]
    report = {"cases": ordered}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=None, separators=(",", ":")).replace('{"case"', '\n{"case"') + "\n")
    PAGE.write_text(page(ordered, len(accuracy_cases.names())), encoding="utf8")


def main() -> None:
    """Run what was asked for; every finished case is written at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=accuracy_cases.names(), metavar="NAME")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--jobs", type=int, default=1, help="cases side by side; more than one slows each down")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(_rounded(run_case(arguments.case))))
        return
    kept = json.loads(RESULTS.read_text())["cases"] if RESULTS.is_file() and (arguments.only or arguments.table) else []
    cases = {case["case"]: case for case in kept}
    made = {"commit": _commit(), "machine": _machine(), "side_by_side": arguments.jobs}
    with ThreadPoolExecutor(arguments.jobs) as pool:
        waiting = [pool.submit(run_child, name) for name in ([] if arguments.table else _wanted(arguments))]
        for done in as_completed(waiting):
            one = done.result()
            cases[one["case"]] = one | made
            said = one.get("failed") or one.get("refused") or f"{one['seconds']:.1f} s"
            print(f"{one['case']}: {said}", flush=True)
            _write(cases)
    _write(cases)


if __name__ == "__main__":
    main()
