"""Images a second that the receiver keeps for good, beside Orthanc and DCMTK's storescp, on one input in one run.

In: how many slices of 512 x 512. Out: a table: images a second on one and on four associations, for our receiver (durable:
file synced, renamed, folder synced, row written), with and without TLS, for Orthanc and for storescp; the receiving process's
seconds of processor for each image, which a loaded machine changes least; our largest memory.
All senders are DCMTK's storescu with TCP_NODELAY=1, which Orthanc and storescp need too (else Nagle: 20 images/s).

    make bench-receive                                 # 400 slices, each server in turn
    PYTHONPATH=. python benchmarks/receive.py --slices 100 --profile receiver.txt   # our receiver alone, in this process, profiled
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pydicom
from meter import Meter, listening_on
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dicom_io.receive import Received, Receiver, ReceiverSettings
from dicom_io.tls import OwnCertificate, acceptor_context
from dicom_io.upper_layer import UpperLayer
from service.image_rows import as_row
from service.store import Store
from tests.certificates import Authority
from tests.dicom_io.ct_files import write_ct_series
from tests.servers import ENVIRONMENT, a_free_port, is_listening, process, program, running_orthanc, wait_until

ASSOCIATIONS = (1, 4)
BARS = {1: 200.0, 4: 300.0}
LARGEST_MEMORY_MB = 150.0
LARGEST_TLS_COST = 0.15


@dataclass(frozen=True)
class Row:
    """One server's figures."""

    server: str
    images_a_second: dict[int, float]
    cpu_ms: dict[int, float]
    """Of the receiving processes, user and system, for each image."""
    memory_mb: float


def slices(folder: Path, count: int) -> list[Path]:
    """One folder for each sender, of CT slices of 512 x 512 with noise, as a scanner's are."""
    (folder / "one").mkdir(parents=True)
    (template,) = write_ct_series(folder / "one", slices=1)
    image = pydicom.dcmread(template)
    rng = np.random.default_rng(1)
    image.Rows = image.Columns = 512
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    folders = []
    for sender in range(max(ASSOCIATIONS)):
        (folder / f"sender-{sender}").mkdir()
        folders.append(folder / f"sender-{sender}")
        image.SeriesInstanceUID = generate_uid()
        for number in range(count // max(ASSOCIATIONS)):
            image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            image.InstanceNumber = number + 1
            image.PixelData = rng.integers(0, 4096, (512, 512), dtype=np.uint16).tobytes()
            image.save_as(folders[-1] / f"{number:04}.dcm")
    return folders


def count_of(folders: Sequence[Path]) -> int:
    """Images in all."""
    return sum(len(list(folder.glob("*.dcm"))) for folder in folders)


def send(folders: Sequence[Path], associations: int, target: Sequence[object], tls: Sequence[object] = ()) -> float:
    """Images a second for all folders, shared among the associations."""
    shared = [folders[start::associations] for start in range(associations)]
    commands = [
        [program("storescu"), *tls, "-aet", "CT1", "--propose-uncompr", "--scan-directories", *target, *part]
        for part in shared
    ]
    start_s = time.perf_counter()
    senders = [
        subprocess.Popen(list(map(str, command)), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for command in commands
    ]
    for sender in senders:
        _, words = sender.communicate()
        if sender.returncode:
            sys.exit(f"storescu failed: {words.decode(errors='replace')[-500:]}")
    return count_of(folders) / (time.perf_counter() - start_s)


@contextmanager
def ours_in_a_process(folder: Path, tls: Sequence[object] = ()) -> Iterator[tuple[int, Meter]]:
    """Our receiver as the service runs it, in a process of its own; its port, and its meter."""
    port = a_free_port()
    command = [sys.executable, __file__, "--serve", folder, "--port", port, *tls]
    folder.mkdir(parents=True)
    with process(folder / "log", *command) as running:
        wait_until(lambda: running.poll() is not None or is_listening(port), timeout_s=60, what="our receiver's start")
        yield port, Meter(running.pid)


def serve(folder: Path, port: int, certificates: Sequence[Path]) -> None:
    """Receive until told to stop."""
    with _receiver(folder, port, certificates):
        threading.Event().wait()


@contextmanager
def _receiver(folder: Path, port: int, certificates: Sequence[Path]) -> Iterator[Receiver]:
    store = Store(folder / "rows.db")

    def keep(image: Received) -> None:
        store.add_instance(as_row(image), time.time())

    context = None
    if certificates:
        certificate, key, authority = certificates
        context = acceptor_context(OwnCertificate(certificate, key), authority)
    settings = ReceiverSettings(
        "NEEDLEPLAN", frozenset({"CT1"}), folder / "received", port=port, tls=context,
        certificates={"CT1": "CT1"} if certificates else {},
    )  # fmt: skip
    with Receiver(settings, keep) as receiver:
        yield receiver
    store.close()


Started: TypeAlias = Callable[[Path], AbstractContextManager[tuple[Sequence[object], Meter]]]
"""How a receiver is started in an empty folder: what storescu is told to reach it, and its meter."""


def measured(server: str, started: Started, folder: Path, folders: Sequence[Path], tls: Sequence[object] = ()) -> Row:
    """One receiver, begun anew for each number of associations."""
    row = Row(server, {}, {}, 0.0)
    for associations in ASSOCIATIONS:
        with started(folder / str(associations)) as (target, meter):
            row.images_a_second[associations] = send(folders, associations, target, tls)
            row.cpu_ms[associations] = meter.cpu_ms(count_of(folders))
            row = replace(row, memory_mb=max(row.memory_mb, meter.memory_mb()))
    return row


def our_row(folder: Path, folders: Sequence[Path]) -> Row:
    """Without TLS."""

    @contextmanager
    def started(place: Path) -> Iterator[tuple[Sequence[object], Meter]]:
        with ours_in_a_process(place) as (port, meter):
            yield ("-aec", "NEEDLEPLAN", "127.0.0.1", port), meter

    return measured("needleplan, durable", started, folder, folders)


def our_row_over_tls(folder: Path, folders: Sequence[Path]) -> Row:
    """With client certificates (PS3.15 B.12)."""
    folder.mkdir(parents=True)
    authority = Authority(folder / "certificates")
    here, there = authority.sign("localhost"), authority.sign("CT1")
    told = ("--tls", here.certificate, here.private_key, authority.certificate)
    options = ("+tls", there.private_key, there.certificate, "+cf", authority.certificate)

    @contextmanager
    def started(place: Path) -> Iterator[tuple[Sequence[object], Meter]]:
        with ours_in_a_process(place, told) as (port, meter):
            yield ("-aec", "NEEDLEPLAN", "localhost", port), meter

    return measured("needleplan, durable, TLS", started, folder, folders, options)


def orthanc_row(folder: Path, folders: Sequence[Path]) -> Row:
    """Debian's Orthanc, empty at the start of each measurement."""

    @contextmanager
    def started(place: Path) -> Iterator[tuple[Sequence[object], Meter]]:
        with running_orthanc(place) as orthanc:
            yield ("-aec", orthanc.ae_title, "127.0.0.1", orthanc.dicom_port), Meter(listening_on(orthanc.dicom_port))

    return measured("Orthanc", started, folder, folders)


def storescp_row(folder: Path, folders: Sequence[Path]) -> Row:
    """DCMTK's storescp, which syncs nothing and keeps no rows."""

    @contextmanager
    def started(place: Path) -> Iterator[tuple[Sequence[object], Meter]]:
        place.mkdir(parents=True)
        port = a_free_port()
        with process(folder / "log", program("storescp"), "--fork", "-od", place, port) as running:
            wait_until(lambda: is_listening(port), what="storescp's start")
            yield ("127.0.0.1", port), Meter(running.pid)

    return measured("storescp", started, folder, folders)


def profiled(folder: Path, folders: Sequence[Path], to: Path) -> None:
    """Where the thread that reads and stores spends its time, one association."""
    profile = cProfile.Profile()
    run_reactor = UpperLayer.run_reactor

    def watched(self: UpperLayer) -> None:
        profile.runcall(run_reactor, self)

    UpperLayer.run_reactor = watched  # type: ignore[method-assign]
    with _receiver(folder / "profiled", 0, ()) as receiver:
        speed = send(folders, 1, ("-aec", "NEEDLEPLAN", "127.0.0.1", receiver.port))
    profile.create_stats()
    with to.open("w") as file:
        print(f"{speed:.0f} images/s under the profiler", file=file)
        pstats.Stats(profile, stream=file).sort_stats("tottime").print_stats(40)


def table(rows: Sequence[Row]) -> str:
    """As Markdown."""
    lines = [
        "| receiver | images/s, 1 association | 4 associations | CPU ms an image, 1 | 4 | memory |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        figures = [f"{row.images_a_second[n]:.0f}" for n in ASSOCIATIONS] + [
            f"{row.cpu_ms[n]:.2f}" for n in ASSOCIATIONS
        ]
        lines.append(f"| {row.server} | {' | '.join(figures)} | {row.memory_mb:.0f} MB |")
    return "\n".join(lines)


def judged(ours: Row, over_tls: Row) -> list[str]:
    """Which bars were missed."""
    missed = [
        f"{ours.images_a_second[n]:.0f} < {bar:.0f} images/s on {n}"
        for n, bar in BARS.items()
        if ours.images_a_second[n] < bar
    ]
    if ours.memory_mb > LARGEST_MEMORY_MB:
        missed.append(f"{ours.memory_mb:.0f} > {LARGEST_MEMORY_MB:.0f} MB")
    for n in ASSOCIATIONS:
        cost = 1 - over_tls.images_a_second[n] / ours.images_a_second[n]
        if cost > LARGEST_TLS_COST:
            missed.append(f"TLS costs {cost:.0%} on {n}")
    return missed


def main() -> None:
    """Measure all, or serve for a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many is told")
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured; default: a temporary one")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--tls", type=Path, nargs=3, default=(), help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.serve is not None:
        serve(told.serve, told.port, told.tls)
        return
    folder = Path(tempfile.mkdtemp(prefix="needleplan-receive-", dir=told.folder))
    try:
        folders = slices(folder / "slices", told.slices)
        if told.profile is not None:
            profiled(folder, folders, told.profile)
            return
        measures = (our_row, our_row_over_tls, orthanc_row, storescp_row)
        found: dict[str, Row] = {}
        for round_ in range(told.rounds):
            for number, measure in enumerate(measures):
                row = measure(folder / f"{round_}-{number}", folders)
                found[row.server] = _best(found.get(row.server, row), row)
                shutil.rmtree(folder / f"{round_}-{number}", ignore_errors=True)
        ours, over_tls, *_ = found.values()
        missed = judged(ours, over_tls)
        print(f"{table(list(found.values()))}\n\nbars: {'; '.join(missed) or 'all met'}")
        sys.exit(1 if missed else 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _best(one: Row, other: Row) -> Row:
    speed = {n: max(one.images_a_second[n], other.images_a_second[n]) for n in ASSOCIATIONS}
    cpu_ms = {n: min(one.cpu_ms[n], other.cpu_ms[n]) for n in ASSOCIATIONS}
    return Row(one.server, speed, cpu_ms, max(one.memory_mb, other.memory_mb))


if __name__ == "__main__":
    main()
