"""Seconds from the last image received to the report confirmed by Orthanc, by the service as a site runs it.

In: a CT series as DICOM files and a target. Out: a table: the quiet time, each stage as the case's history and its
``anatomy.json`` tell it, and the whole. Drafts are switched on by this script; Orthanc is asked for the report itself.

    python benchmarks/turnaround.py SERIES --root L3 --side left [--quiet 5] [--bar 30]
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
        wait_until(lambda: is_listening(port), timeout_s=60, what="the service's start")
        start_s = time.time()
        sent = run(
            "storescu",
            "-aet",
            "CT1",
            "-aec",
            "NEEDLEPLAN",
            proposing(images[0]),
            "127.0.0.1",
            port,
            *images,
            timeout_s=300,
        )
        if sent.returncode:
            sys.exit(f"storescu failed: {sent.stderr[-500:]}")
        last_s = time.time()
        wait_until(lambda: service.poll() is not None or _is_over(folder), timeout_s=LONGEST_S, what="the case's end")
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


def proposing(image: Path) -> str:
    """The option of storescu for the transfer syntax of an image."""
    syntax = pydicom.filereader.read_file_meta_info(image).TransferSyntaxUID
    return "-xt" if syntax == JPEGLSLossless else "-x="


def _is_over(folder: Path) -> bool:
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines() if line.startswith("{")]
    return any(line.get("state") in {"published", "failed", "waiting", "ignored"} for line in lines)


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", type=Path)
    parser.add_argument("--procedure", default="prt")
    parser.add_argument("--root", default="L3")
    parser.add_argument("--side", default="left")
    parser.add_argument("--quiet", type=float, default=5.0)
    parser.add_argument("--bar", type=float, default=30.0, help="seconds after the quiet time; missed: exit code 1")
    told = parser.parse_args()
    images = sorted(path for path in told.series.iterdir() if path.is_file())
    folder = Path(tempfile.mkdtemp(prefix="needleplan-turnaround-"))
    try:
        with running_orthanc(folder / "orthanc") as pacs:
            found = measured(folder, pacs, images, Wanted(told.procedure, told.root, told.side, told.quiet))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("| what | seconds |\n|---|---|")
    for name, seconds in found.items():
        print(f"| {name} | {seconds:.1f} |")
    sys.exit(1 if found["after the quiet time, to confirmed"] > told.bar else 0)


if __name__ == "__main__":
    main()
