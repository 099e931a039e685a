"""Images a second that the receiver keeps for good, beside Orthanc and DCMTK's storescp, on one input in one run.

In: how many slices of 512 x 512. Out: a table: images a second on one and on four associations, for our receiver (durable:
file synced, renamed, folder synced, row written), Orthanc and storescp, each with and without TLS, and what TLS costs each; the
milliseconds of processor for each image of the receiving and of the sending processes; the receiver's largest memory.
All senders are DCMTK's storescu with TCP_NODELAY=1, which Orthanc and storescp need too (else Nagle: 20 images/s).

    make bench-receive                                 # 400 slices, each server in turn
    PYTHONPATH=. python benchmarks/receive.py --slices 100 --profile receiver.txt   # our receiver alone, in this process, profiled
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from receive_servers import SERVERS, Pair

from dicom_io.receive import Received, Receiver, ReceiverSettings
from dicom_io.tls import OwnCertificate, acceptor_context
from dicom_io.upper_layer import UpperLayer
from service.image_rows import as_row
from service.store import Store
from tests.dicom_io.ct_files import write_ct_series
from tests.servers import ENVIRONMENT, program

ASSOCIATIONS = (1, 4)
BARS = {1: 200.0, 4: 300.0}
LARGEST_MEMORY_MB = 150.0
LARGEST_TLS_COST = 0.15
OURS = next(iter(SERVERS))


@dataclass(frozen=True)
class Row:
    """One server's figures, by the number of associations."""

    images_a_second: dict[int, float]
    cpu_ms: dict[int, float]
    """Of the receiving processes, user and system, for each image."""
    sender_cpu_ms: dict[int, float]
    memory_mb: float


Key: TypeAlias = tuple[str, bool]
"""A receiver, and whether it is reached over TLS."""


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


def measured(name: str, folder: Path, folders: Sequence[Path], tls: Pair | None) -> Row:
    """One receiver, begun anew for each number of associations."""
    row = Row({}, {}, {}, 0.0)
    for associations in ASSOCIATIONS:
        with SERVERS[name](folder / str(associations), tls) as (target, meter):
            before_s = _senders_cpu_s()
            row.images_a_second[associations] = send(folders, associations, target, tls.of_storescu if tls else ())
            row.sender_cpu_ms[associations] = (_senders_cpu_s() - before_s) * 1000 / count_of(folders)
            row.cpu_ms[associations] = meter.cpu_ms(count_of(folders))
            row = replace(row, memory_mb=max(row.memory_mb, meter.memory_mb()))
    return row


def _senders_cpu_s() -> float:
    """Of children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


def table(rows: Mapping[Key, Row]) -> str:
    """As Markdown."""
    lines = [
        "| receiver | images/s, 1 association | 4 associations | CPU ms an image, 1 | 4 | sender's, 1 | 4 | memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, is_secure), row in rows.items():
        figures = [f"{row.images_a_second[n]:.0f}" for n in ASSOCIATIONS]
        figures += [f"{ms[n]:.2f}" for ms in (row.cpu_ms, row.sender_cpu_ms) for n in ASSOCIATIONS]
        lines.append(f"| {name}{', TLS' * is_secure} | {' | '.join(figures)} | {row.memory_mb:.0f} MB |")
    return "\n".join(lines)


def tls_costs(rows: Mapping[Key, Row], name: str) -> dict[int, tuple[float, float]]:
    """For each number of associations the share of the rate that TLS takes, and the milliseconds an image."""
    plain, secure = rows[name, False].images_a_second, rows[name, True].images_a_second
    return {n: (1 - secure[n] / plain[n], 1000 / secure[n] - 1000 / plain[n]) for n in ASSOCIATIONS}


def judged(rows: Mapping[Key, Row]) -> list[str]:
    """Which of our bars were missed."""
    plain = rows[OURS, False]
    missed = [
        f"{plain.images_a_second[n]:.0f} < {bar:.0f} images/s on {n}"
        for n, bar in BARS.items()
        if plain.images_a_second[n] < bar
    ]
    if plain.memory_mb > LARGEST_MEMORY_MB:
        missed.append(f"{plain.memory_mb:.0f} > {LARGEST_MEMORY_MB:.0f} MB")
    for n, (share, _) in tls_costs(rows, OURS).items():
        if share > LARGEST_TLS_COST:
            missed.append(f"TLS costs {share:.0%} on {n}")
    return missed


def main() -> None:
    """Measure all, or serve for a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many is told")
    parser.add_argument("--server", action="append", choices=sorted(SERVERS), help="only this; may be given again")
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
        certificates = Pair.made(folder / "certificates")
        found: dict[Key, Row] = {}
        for _, name, is_secure in product(range(told.rounds), told.server or SERVERS, (False, True)):
            place = folder / "measured"
            row = measured(name, place, folders, certificates if is_secure else None)
            found[name, is_secure] = _best(found.get((name, is_secure), row), row)
            shutil.rmtree(place, ignore_errors=True)
        print(f"{table(found)}\n")
        for name in dict.fromkeys(name for name, _ in found):
            costs = [f"{share:.0%}, {ms:+.2f} ms an image on {n}" for n, (share, ms) in tls_costs(found, name).items()]
            print(f"TLS costs {name}: {'; '.join(costs)}")
        missed = judged(found) if (OURS, False) in found else []
        print(f"\nbars: {'; '.join(missed) or 'all met'}")
        sys.exit(1 if missed else 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _best(one: Row, other: Row) -> Row:
    return Row(
        {n: max(one.images_a_second[n], other.images_a_second[n]) for n in ASSOCIATIONS},
        {n: min(one.cpu_ms[n], other.cpu_ms[n]) for n in ASSOCIATIONS},
        {n: min(one.sender_cpu_ms[n], other.sender_cpu_ms[n]) for n in ASSOCIATIONS},
        max(one.memory_mb, other.memory_mb),
    )


if __name__ == "__main__":
    main()
