"""How fast images come in durably, beside Orthanc and DCMTK's storescp, plain and with TLS, on one input in one run.

Usage: python benchmarks/receiving.py [IMAGES]. The sender is storescu with TCP_NODELAY and PDUs of 128 kB; images are
512 x 512, uncompressed. Rounds of all receivers are interleaved and the best of three is printed, since a shared machine only
ever makes a round slower. Needs Debian's dcmtk, orthanc and openssl.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.certificates import Authority, Signed
from tests.dicom_io.builders import Grid, write_series
from tests.servers import ENVIRONMENT, a_free_port, is_listening, process, program, running_orthanc, wait_until

ROUNDS, TOGETHER = 3, 4

Send = Callable[[list[Path]], None]

SERVICE = """
import sys, time
from pathlib import Path
from dicom_io.receive import Receiver, ReceiverSettings
from dicom_io.tls import OwnCertificate, acceptor_context
from service.store import NewInstance, Store
folder, port, *tls = sys.argv[1:]
store = Store(Path(folder) / "rows.db")
context = acceptor_context(OwnCertificate(Path(tls[0]), Path(tls[1])), Path(tls[2])) if tls else None
settings = ReceiverSettings(
    "ANY", frozenset({"SCANNER"}), Path(folder) / "in", port=int(port), reserve_bytes=0, tls=context,
    certificates={"SCANNER": "ct1.example"},
)
def record(image):
    row = NewInstance(image.sop_uid, image.series_uid, image.study_uid, str(image.path), image.sha256, "SCANNER")
    store.add_instance(row, time.time())
with Receiver(settings, record):
    time.sleep(3600)
"""


def storescu(port: int, title: str, *options: str) -> Send:
    """DCMTK's sender."""

    def send(paths: list[Path]) -> None:
        command = [program("storescu"), *options, "--max-pdu", "131072", "-aet", "SCANNER", "-aec", title, "127.0.0.1"]
        subprocess.run([*command, str(port), *map(str, paths)], env=ENVIRONMENT, check=True, capture_output=True)

    return send


@contextmanager
def ours(folder: Path, tls: tuple[Authority, Signed, Signed] | None) -> Iterator[tuple[Send, int]]:
    """The receiver with its rows, in a process of its own; how to send to it, and its process number."""
    folder.mkdir()
    port, options, files = a_free_port(), [], []
    if tls is not None:
        authority, own, scanner = tls
        files = [own.certificate, own.private_key, authority.certificate]
        options = ["+tls", str(scanner.private_key), str(scanner.certificate), "+cf", str(authority.certificate)]
    with process(folder / "log", sys.executable, "-c", SERVICE, folder, port, *files) as running:
        wait_until(lambda: is_listening(port), what="the receiver's start")
        yield storescu(port, "ANY", *options), running.pid


def memory_mb(pid: int) -> float:
    """Largest resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def rate(send: Send, series: list[list[Path]]) -> float:
    """Images a second, one association for each series."""
    start = time.perf_counter()
    with ThreadPoolExecutor(len(series)) as pool:
        list(pool.map(send, series))
    return sum(map(len, series)) / (time.perf_counter() - start)


def series_of(folder: Path, images: int) -> list[list[Path]]:
    """New instances for each round: the same again would cost less."""
    return [write_series(folder / str(n), Grid(count=images, rows=512, columns=512)) for n in range(1 + TOGETHER)]


def main() -> None:
    """Print the table."""
    images = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        authority = Authority(folder / "certificates")
        tls = (authority, authority.sign("needleplan.example"), authority.sign("ct1.example"))
        plain, pid = stack.enter_context(ours(folder / "plain", None))
        secured, secured_pid = stack.enter_context(ours(folder / "tls", tls))
        orthanc = stack.enter_context(running_orthanc(folder / "orthanc"))
        port = a_free_port()
        (folder / "storescp").mkdir()
        stack.enter_context(
            process(
                folder / "storescp.log", program("storescp"), "--max-pdu", "131072", "-od", folder / "storescp", port
            )
        )
        wait_until(lambda: is_listening(port), what="storescp's start")
        receivers: dict[str, Send] = {
            "needleplan, durable": plain,
            "needleplan, durable, TLS": secured,
            "Orthanc": storescu(orthanc.dicom_port, orthanc.ae_title),
            "storescp": storescu(port, "STORESCP"),
        }
        best: dict[tuple[str, int], float] = {}
        for number in range(ROUNDS):
            series = series_of(folder / f"round{number}", images)
            for receiver, send in receivers.items():
                for used in (1, TOGETHER):
                    chosen = series[:1] if used == 1 else series[1:]
                    best[receiver, used] = max(best.get((receiver, used), 0.0), rate(send, chosen))
        print(f"{'images/s, best of 3':28} 1 association   {TOGETHER} associations")
        for receiver in receivers:
            print(f"{receiver:28} {best[receiver, 1]:13.0f} {best[receiver, TOGETHER]:16.0f}")
        print(f"memory: {memory_mb(pid):.0f} MB, with TLS {memory_mb(secured_pid):.0f} MB")


if __name__ == "__main__":
    main()
