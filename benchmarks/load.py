"""Many series from several senders at once: everything planned, the urgent first, nothing lost; cases an hour.

In: how many series from how many senders, a series to copy under new UIDs, where cases are computed. Out: a table of
throughput with 1 and 2 local workers and with 2 Dask workers, and in which order cases were given out; when each case came,
began and ended, for ``scale.py --check``.

    make bench-load                                            # 20 copies of the sample series from 4 senders
    PYTHONPATH=. python benchmarks/load.py --series 20 --copy FOLDER --root L3 --side left --workers local-2
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import pydicom
from pydicom.uid import JPEGLSLossless, generate_uid

from service.rows import Case, CaseState, ExportState
from service.store import Store
from tests.servers import (
    ENVIRONMENT,
    Orthanc,
    a_free_port,
    is_listening,
    process,
    program,
    running_dask,
    running_orthanc,
    wait_until,
)

LONGEST_CASE_S = 600.0
URGENT_EVERY = 5
"""Every fifth series has a patient on the table."""

URGENT, ROUTINE = 9, 5
"""Priorities."""

WAYS = ("local-1", "local-2", "dask-2")

SETTINGS = """
publish = "drafts"
receiver = {{ port = {port}, allowed_calling_ae_titles = ["CT1", "CT2", "CT3", "CT4"] }}
storage = {{ folder = "{folder}", disk_reserve_gb = 0.5 }}
inbox = {{ quiet_seconds = 5.0 }}
jobs = {{ workers = {workers}{scheduler} }}

[[destinations]]
name = "pacs"
ae_title = "{pacs.ae_title}"
host = "{pacs.host}"
port = {pacs.dicom_port}
"""
RULE = """
[[rules]]
name = "order {number}"
action = "plan"
match = {{ study_uid = "{study_uid}", patient_id = "{patient_id}" }}
procedure = "prt"
root = "{root}"
side = "{side}"
priority = {priority}
"""


@dataclass(frozen=True)
class Order:
    """One copied series and what is asked for it."""

    folder: Path
    series_uid: str
    study_uid: str
    patient_id: str
    priority: int


@dataclass(frozen=True)
class Course:
    """One case: seconds after the first image was sent."""

    is_urgent: bool
    ready_s: float
    begun_s: float
    planned_s: float
    confirmed_s: float


@dataclass(frozen=True)
class Found:
    """What one run did."""

    way: str
    series: int
    seconds: float
    receiving_s: float
    case_s: float
    urgent_rank: float
    """Mean place in the order of giving out of an urgent case among those that waited; 0 first, 1 last."""
    cases: tuple[Course, ...]


def copies(folder: Path, source: Path, count: int) -> list[Order]:
    """The source under new UIDs and other patients."""
    made = []
    for number in range(count):
        study, series, frame = generate_uid(), generate_uid(), generate_uid()
        out = folder / f"series-{number:03}"
        out.mkdir(parents=True)
        for path in sorted(source.iterdir()):
            image = pydicom.dcmread(path)
            image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = study, series, frame
            image.PatientID = f"LOAD-{number:03}"
            image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            image.save_as(out / path.name)
        made.append(Order(out, series, study, f"LOAD-{number:03}", URGENT if _is_urgent(number) else ROUTINE))
    return made


def _is_urgent(number: int) -> bool:
    return number % URGENT_EVERY == URGENT_EVERY - 1


def measure(folder: Path, orders: Sequence[Order], way: str, senders: int, target: tuple[str, str]) -> Found:
    """One run of the whole service."""
    folder.mkdir()
    workers = int(way[-1])
    with running_orthanc(folder / "orthanc") as pacs, _dask(folder / "dask", way) as address:
        port = a_free_port()
        settings = _settings(folder, pacs, orders, port, target, (workers, address))
        command = Path(sys.executable).parent / "needleplan"
        with process(folder / "log", command, "serve", "--settings", settings):
            wait_until(lambda: is_listening(port), timeout_s=60, what="the service's start")
            start_s = time.time()
            _send(orders, senders, port)
            received_s = time.time()
            store = Store(folder / "storage" / "needleplan.db")
            wait_until(
                lambda: len(store.cases(CaseState.PUBLISHED, CaseState.FAILED)) == len(orders),
                timeout_s=LONGEST_CASE_S * len(orders) / workers,
                what="every case's end",
            )
        return _judged(store, pacs, orders, way, (start_s, received_s))


def _send(orders: Sequence[Order], senders: int, port: int) -> None:
    commands = [
        [
            program("storescu"), "-aet", f"CT{number + 1}", "-aec", "NEEDLEPLAN", _proposing(orders[0]), "+sd", "127.0.0.1", port,
            *(order.folder for order in orders[number::senders]),
        ]
        for number in range(senders)
    ]  # fmt: skip
    running = [subprocess.Popen(list(map(str, one)), env=ENVIRONMENT) for one in commands]
    exit_codes = [one.wait() for one in running]
    if any(exit_codes):
        sys.exit("a sender failed")


def _proposing(order: Order) -> str:
    """The option of storescu for the transfer syntax of the images."""
    syntax = pydicom.filereader.read_file_meta_info(next(order.folder.iterdir())).TransferSyntaxUID
    return "-xt" if syntax == JPEGLSLossless else "-x="


def _judged(store: Store, pacs: Orthanc, orders: Sequence[Order], way: str, times_s: tuple[float, float]) -> Found:
    cases = store.cases()
    states = Counter(case.state for case in cases)
    unsent = store.exports_in(*set(ExportState) - {ExportState.SENT})
    reports = pacs.instances("SR")
    if states != {CaseState.PUBLISHED: len(orders)} or unsent or len(reports) != len(orders):
        sys.exit(f"{way}: not everything was planned and sent: {states}, {len(unsent)} unsent, {len(reports)} reports")
    start_s, received_s = times_s
    courses = sorted((_course(store, case, start_s) for case in cases), key=lambda one: one.begun_s)
    store.close()
    ranks = [place / max(1, len(courses) - 1) for place, one in enumerate(courses) if one.is_urgent]
    return Found(
        way,
        len(orders),
        max(one.confirmed_s for one in courses),
        received_s - start_s,
        sum(one.planned_s - one.begun_s for one in courses) / len(courses),
        sum(ranks) / max(1, len(ranks)),
        tuple(courses),
    )


def _course(store: Store, case: Case, start_s: float) -> Course:
    at_s = {line.state: line.at_s - start_s for line in store.history(case.number)}
    states = (CaseState.READY, CaseState.RUNNING, CaseState.PLANNED, CaseState.PUBLISHED)
    return Course(case.priority == URGENT, *(at_s[state] for state in states))


@contextmanager
def _dask(folder: Path, way: str) -> Iterator[str]:
    with running_dask(folder, int(way[-1])) if way.startswith("dask") else nullcontext() as dask:
        yield "" if dask is None else dask.address


def _settings(
    folder: Path, pacs: Orthanc, orders: Sequence[Order], port: int, target: tuple[str, str], how: tuple[int, str]
) -> Path:
    workers, address = how
    root, side = target
    scheduler = f', scheduler = "{address}"' if address else ""
    text = SETTINGS.format(port=port, folder=folder / "storage", workers=workers, scheduler=scheduler, pacs=pacs)
    text += "".join(
        RULE.format(
            number=number, study_uid=one.study_uid, patient_id=one.patient_id, root=root, side=side,
            priority=one.priority,
        )
        for number, one in enumerate(orders)
    )  # fmt: skip
    path = folder / "needleplan.toml"
    path.write_text(text)
    return path


def table(found: Sequence[Found]) -> str:
    """As Markdown."""
    lines = [
        "| workers | series | all received | all confirmed | one case | cases an hour | urgent cases' place (0 first, 1 last) |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.way} | {one.series} | {one.receiving_s:.0f} s | {one.seconds:.0f} s | {one.case_s:.1f} s "
        f"| {3600 * one.series / one.seconds:.0f} | {one.urgent_rank:.2f} |"
        for one in found
    ]
    return "\n".join(lines)


def main() -> None:
    """Run each way and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=20)
    parser.add_argument("--senders", type=int, default=4, choices=range(1, 5))
    parser.add_argument("--copy", type=Path, default=Path("sample_data/small"))
    parser.add_argument("--root", default="L4")
    parser.add_argument("--side", default="left")
    parser.add_argument("--workers", action="append", choices=WAYS)
    parser.add_argument("--out", type=Path, help="a file for every case's times, as scale.py --check reads them")
    told = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="needleplan-load-"))
    try:
        orders = copies(folder / "sent", told.copy, told.series)
        found = [
            measure(folder / way, orders, way, told.senders, (told.root, told.side)) for way in told.workers or WAYS
        ]
        print(table(found))
        if told.out is not None:
            told.out.write_text(json.dumps([asdict(one) for one in found], indent=1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
