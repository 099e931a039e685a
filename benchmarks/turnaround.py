"""Seconds from the last image received to the report confirmed by Orthanc, by the service as a site runs it.

In: a CT series as DICOM files and a target. Out: a table: the quiet time, each stage as the case's history and its
``anatomy.json`` tell it, and the whole. Drafts are switched on by this script; Orthanc is asked for the report itself.

    python benchmarks/turnaround.py SERIES --root L3 --side left [--quiet 5] [--bar 30]
    python benchmarks/turnaround.py SERIES --root L3 --side left --kill 0.5 5 15    # seconds into the case: kill -9 of the whole service
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.uid import JPEGLSLossless

from service.rows import CaseState
from service.store import Store
from tests.servers import Orthanc, a_free_port, is_listening, process, run, running_orthanc, wait_until
from tests.site_settings import Order, SiteSettings

LONGEST_S = 900.0


@dataclass(frozen=True)
class Wanted:
    """What is planned, and after which quiet time."""

    procedure: str
    root: str
    side: str
    quiet_s: float


def settings_file(folder: Path, pacs: Orthanc, images: Sequence[Path], wanted: Wanted, port: int) -> Path:
    """The site's settings, with the order for this study."""
    image = pydicom.dcmread(images[0], stop_before_pixels=True)
    site = SiteSettings(port, folder / "storage", pacs, quiet_s=wanted.quiet_s)
    order = Order(f'root = "{wanted.root}"', wanted.side, wanted.procedure)
    return site.write(folder / "needleplan.toml", image, order)


def measured(folder: Path, pacs: Orthanc, images: Sequence[Path], wanted: Wanted) -> dict[str, float]:
    """Seconds by what they were spent on."""
    port = a_free_port()
    settings = settings_file(folder, pacs, images, wanted, port)
    command = Path(sys.executable).parent / "needleplan"
    with process(folder / "log", command, "serve", "--settings", settings) as service:
        start_s, last_s = sent(images, port)
        wait_until(
            lambda: service.poll() is not None or _is_over(folder / "log"), timeout_s=LONGEST_S, what="the case's end"
        )
        reports = pacs.instances("SR")
    store = Store(folder / "storage" / "needleplan.db")
    (case,), history = store.cases(), store.history(1)
    store.close()
    if case.state is not CaseState.PUBLISHED or len(reports) != 1:
        sys.exit(f"the case ended as {case.state}: {case.reason}")
    at_s = {line.state: line.at_s for line in history}
    return {
        "sending the images": last_s - start_s,
        "last image to judged complete (quiet time)": at_s[CaseState.READY] - last_s,
        "complete to given out": at_s[CaseState.RUNNING] - at_s[CaseState.READY],
        "planning, pictures, DICOM objects": at_s[CaseState.PLANNED] - at_s[CaseState.RUNNING],
        "sending and confirming the results": at_s[CaseState.PUBLISHED] - at_s[CaseState.PLANNED],
        "after the quiet time, to confirmed": at_s[CaseState.PUBLISHED] - at_s[CaseState.READY],
        "last image to confirmed": at_s[CaseState.PUBLISHED] - last_s,
    }


def sent(images: Sequence[Path], port: int) -> tuple[float, float]:
    """When the first and the last image were sent."""
    wait_until(lambda: is_listening(port), timeout_s=60, what="the service's start")
    start_s = time.time()
    target = ("-aet", "CT1", "-aec", "NEEDLEPLAN", proposing(images[0]), "127.0.0.1", port)
    done = run("storescu", *target, *images, timeout_s=300)
    if done.returncode:
        sys.exit(f"storescu failed: {done.stderr[-500:]}")
    return start_s, time.time()


def after_a_kill(folder: Path, pacs: Orthanc, images: Sequence[Path], wanted: Wanted, into_s: float) -> float:
    """Seconds from the restart to the report confirmed, where the whole service was killed so long after its case began."""
    port = a_free_port()
    command = (
        Path(sys.executable).parent / "needleplan", "serve", "--settings",
        settings_file(folder, pacs, images, wanted, port),
    )  # fmt: skip
    with process(folder / "first.log", *command) as first:
        sent(images, port)
        wait_until(lambda: "running" in _states(folder / "first.log"), timeout_s=LONGEST_S, what="the case's start")
        time.sleep(into_s)
        if _is_over(folder / "first.log"):
            sys.exit(f"the case was over {into_s:g} s after its start; kill it earlier")
        first.kill()
        first.wait()
    restarted_s = time.time()
    with process(folder / "second.log", *command):
        wait_until(lambda: _is_over(folder / "second.log"), timeout_s=LONGEST_S, what="the case's end")
        took_s = time.time() - restarted_s
    if _states(folder / "second.log")[-1] != "published" or len(pacs.instances("SR")) != 1:
        sys.exit(f"after a kill {into_s:g} s into the case it ended as {_states(folder / 'second.log')}")
    return took_s


def proposing(image: Path) -> str:
    """The option of storescu for the transfer syntax of an image."""
    syntax = pydicom.filereader.read_file_meta_info(image).TransferSyntaxUID
    return "-xt" if syntax == JPEGLSLossless else "-x="


def _states(log: Path) -> list[str]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line["state"] for line in lines if "state" in line]


def _is_over(log: Path) -> bool:
    return bool({"published", "failed", "waiting", "ignored"} & set(_states(log)))


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", type=Path)
    parser.add_argument("--procedure", default="prt")
    parser.add_argument("--root", default="L3")
    parser.add_argument("--side", default="left")
    parser.add_argument("--quiet", type=float, default=5.0)
    parser.add_argument("--bar", type=float, default=30.0, help="seconds after the quiet time; missed: exit code 1")
    parser.add_argument("--kill", type=float, nargs="+", default=(), metavar="S", help="into the case; then a restart")
    told = parser.parse_args()
    wanted = Wanted(told.procedure, told.root, told.side, told.quiet)
    images = sorted(path for path in told.series.iterdir() if path.is_file())
    folder = Path(tempfile.mkdtemp(prefix="needleplan-turnaround-"))
    try:
        found = killed(folder, images, wanted, told.kill) if told.kill else turnaround(folder, images, wanted)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("| what | seconds |\n|---|---|")
    for name, seconds in found.items():
        print(f"| {name} | {seconds:.1f} |")
    judged = found.values() if told.kill else [found["after the quiet time, to confirmed"]]
    sys.exit(1 if max(judged) > told.bar else 0)


def turnaround(folder: Path, images: Sequence[Path], wanted: Wanted) -> dict[str, float]:
    """One undisturbed run."""
    with running_orthanc(folder / "orthanc") as pacs:
        return measured(folder, pacs, images, wanted)


def killed(folder: Path, images: Sequence[Path], wanted: Wanted, points_s: Sequence[float]) -> dict[str, float]:
    """One run for each point, each with a new storage and a new Orthanc."""
    found = {}
    for point_s in points_s:
        place = folder / f"killed-{point_s:g}"
        with running_orthanc(place / "orthanc") as pacs:
            words = f"restart to confirmed, killed {point_s:g} s into the case"
            found[words] = after_a_kill(place, pacs, images, wanted, point_s)
    return found


if __name__ == "__main__":
    main()
