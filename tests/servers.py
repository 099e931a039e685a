"""Real Orthanc, DCMTK and PostgreSQL from Debian's packages, started by the tests themselves on free loopback ports.

A missing program fails the test with the line that installs it. Whatever is started is stopped again.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import pytest

Json: TypeAlias = Any
"""What a JSON text holds."""

_PACKAGES = {
    "Orthanc": "orthanc orthanc-dicomweb",
    "storescu": "dcmtk",
    "storescp": "dcmtk",
    "echoscu": "dcmtk",
    "findscu": "dcmtk",
    "dcmcjpeg": "dcmtk",
    "dcmcrle": "dcmtk",
    "dcmdump": "dcmtk",
    "dcmmkdir": "dcmtk",
    "wlmscpfs": "dcmtk",
    "dsrdump": "dcmtk",
    "dciodvfy": "dicom3tools",
    "initdb": "postgresql",
    "postgres": "postgresql",
}
_POSTGRESQL = ":".join(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)))
"""Debian keeps PostgreSQL's programs apart from the path."""

_DICOMWEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")

ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1", "LC_ALL": "C.UTF-8"}
"""Without TCP_NODELAY Orthanc and DCMTK run at 20 images a second (Nagle's algorithm)."""


def program(name: str) -> str:
    """Full path of a program of Debian's; the test fails with the line that installs it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:{_POSTGRESQL}")
    if found is None:
        pytest.fail(f"{name} is not installed: apt-get install -y --no-install-recommends {_PACKAGES.get(name, name)}")
    return found


def run(name: str, *arguments: object, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run one of Debian's programs to its end; its exit code is the caller's to judge."""
    return subprocess.run(
        [program(name), *map(str, arguments)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
    )


def a_free_port() -> int:
    """A TCP port on the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_true: Callable[[], bool], timeout_s: float = 20.0, what: str = "condition") -> None:
    """Poll until the condition holds; the test fails after ``timeout_s``."""
    end = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() > end:
            pytest.fail(f"{what} did not hold within {timeout_s} s")
        time.sleep(0.02)


def is_listening(port: int) -> bool:
    """Something accepts TCP connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def process(log: Path, *command: object) -> Iterator[subprocess.Popen[bytes]]:
    """A background process whose output goes to ``log``; terminated, then killed, at the end."""
    with log.open("wb") as output:
        running = subprocess.Popen([str(part) for part in command], env=ENVIRONMENT, stdout=output, stderr=output)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(timeout=10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc: where to reach it, and what it holds."""

    ae_title: str
    host: str
    dicom_port: int
    http_url: str
    folder: Path

    @property
    def dicomweb_url(self) -> str:
        """Root of QIDO-RS, WADO-RS and STOW-RS."""
        return f"{self.http_url}/dicom-web"

    def get(self, path: str) -> Json:
        """The JSON answer to GET ``path`` of Orthanc's own interface."""
        return json.loads(self.request("GET", path))

    def file(self, instance: str) -> bytes:
        """The DICOM file of one stored instance, by Orthanc's identifier."""
        return self.request("GET", f"/instances/{instance}/file")

    def request(self, method: str, path: str, body: Json = None) -> bytes:
        """The body of the answer; anything but success raises."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.http_url}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            content: bytes = answer.read()
        return content

    def instances(self, modality: str | None = None) -> list[str]:
        """Orthanc's identifiers of all stored instances, or of one modality's (``SR``, ``SEG`` ...)."""
        if modality is None:
            return list(self.get("/instances"))
        found = self.get("/series?expand")
        return [
            one
            for series in found
            if series["MainDicomTags"].get("Modality") == modality
            for one in series["Instances"]
        ]

    def know(self, ae_title: str, port: int) -> None:
        """Make a remote DICOM node known, for C-MOVE and storage commitment."""
        self.request("PUT", f"/modalities/{ae_title}", {"AET": ae_title, "Host": "127.0.0.1", "Port": port})

    def empty(self) -> None:
        """Delete everything that is stored."""
        for patient in self.get("/patients"):
            self.request("DELETE", f"/patients/{patient}")


def _configuration(folder: Path, dicom_port: int, http_port: int) -> dict[str, Any]:
    return {
        "Name": "needleplan tests",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": "TESTPACS",
        "DicomPort": dicom_port,
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "StableAge": 1,
        "OverwriteInstances": False,
        "Plugins": [str(_DICOMWEB_PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }


@contextmanager
def running_orthanc(folder: Path, options: Mapping[str, object] = MappingProxyType({})) -> Iterator[Orthanc]:
    """Orthanc with its own storage, ports and AE title, and further options, until the block ends."""
    binary = program("Orthanc")
    if not _DICOMWEB_PLUGIN.is_file():
        pytest.fail("Orthanc has no DICOMweb: apt-get install -y --no-install-recommends orthanc-dicomweb")
    (folder / "storage").mkdir(parents=True)
    dicom_port, http_port = a_free_port(), a_free_port()
    configuration = folder / "orthanc.json"
    configuration.write_text(json.dumps(_configuration(folder, dicom_port, http_port) | dict(options)))
    log = folder / "orthanc.log"
    with process(log, binary, configuration) as server:
        wait_until(
            lambda: server.poll() is not None or (is_listening(dicom_port) and is_listening(http_port)),
            what="Orthanc's start",
        )
        if server.poll() is not None:
            pytest.fail(f"Orthanc stopped at its start: {log.read_text(errors='replace')[-2000:]}")
        yield Orthanc("TESTPACS", "127.0.0.1", dicom_port, f"http://127.0.0.1:{http_port}", folder)


@contextmanager
def running_postgresql() -> Iterator[str]:
    """PostgreSQL in a folder of its own, on loopback, as an unprivileged user; the address of an empty database server."""
    initdb, server = program("initdb"), program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="needleplan-postgresql-"))
    as_user: tuple[str, ...] = ()
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root; Debian's package brings the user
        shutil.chown(folder, "postgres")
        as_user = (program("setpriv"), "--reuid=postgres", "--regid=postgres", "--clear-groups")
    port = a_free_port()
    try:
        made = (
            *as_user,
            initdb,
            "--pgdata",
            folder / "rows",
            "--username",
            "needleplan",
            "--auth",
            "trust",
            "--no-sync",
        )
        subprocess.run(list(map(str, made)), env=ENVIRONMENT, cwd=folder, capture_output=True, check=True, timeout=60)
        options = ("-D", folder / "rows", "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
        sockets = ("-c", f"unix_socket_directories={folder}")
        with process(folder / "log", *as_user, server, *options, *sockets) as running:
            wait_until(lambda: running.poll() is not None or is_listening(port), what="PostgreSQL's start")
            if running.poll() is not None:
                pytest.fail(f"PostgreSQL stopped at its start: {(folder / 'log').read_text(errors='replace')[-2000:]}")
            yield f"postgresql://needleplan@127.0.0.1:{port}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """One PostgreSQL for all tests of a run; use ``postgresql``, a new database."""
    with running_postgresql() as address:
        yield address


@pytest.fixture
def postgresql(postgresql_server: str) -> str:
    """The address of a new, empty database."""
    name = f"rows_{uuid.uuid4().hex}"
    run_checked = [program("createdb"), "--maintenance-db", f"{postgresql_server}/postgres", name]
    subprocess.run(run_checked, env=ENVIRONMENT, capture_output=True, check=True, timeout=60)
    return f"{postgresql_server}/{name}"


@dataclass
class Dask:
    """A running scheduler, and worker processes that tests may kill."""

    address: str
    folder: Path
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def running_dask(folder: Path, workers: int = 2) -> Iterator[Dask]:
    """A Dask scheduler and its workers on loopback, each a process of its own."""
    folder.mkdir(exist_ok=True)
    port = a_free_port()
    address = f"tcp://127.0.0.1:{port}"
    python = (sys.executable, "-m", "distributed.cli.dask_scheduler")
    with ExitStack() as stack:
        scheduler = stack.enter_context(
            process(folder / "scheduler.log", *python, "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        )
        wait_until(lambda: is_listening(port), what="the scheduler's start")
        dask = Dask(address, folder, scheduler, [])
        for number in range(workers):
            dask.workers.append(stack.enter_context(a_dask_worker(dask, number)))
        yield dask


@contextmanager
def a_dask_worker(dask: Dask, number: int) -> Iterator[subprocess.Popen[bytes]]:
    """One worker that runs one case at a time, as ``docs/operations.md`` starts it."""
    options = ("--no-nanny", "--nthreads", 1, "--no-dashboard", "--host", "127.0.0.1")
    place = ("--local-directory", dask.folder / f"worker-{number}", "--name", f"worker-{number}")
    command = (sys.executable, "-m", "distributed.cli.dask_worker", dask.address, *options, *place)
    log = dask.folder / f"worker-{number}.log"
    with process(log, *command) as worker:
        wait_until(lambda: worker.poll() is not None or "Registered to" in log.read_text(), what="a worker's start")
        yield worker


@pytest.fixture
def free_port() -> int:
    """A TCP port on the loopback address that nobody listens on."""
    return a_free_port()


@pytest.fixture(scope="session")
def orthanc_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """One Orthanc for all tests of a run; use ``orthanc``, which is empty at each test's start."""
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture
def orthanc(orthanc_server: Orthanc) -> Orthanc:
    """A running, empty Orthanc with ``ae_title``, ``host``, ``dicom_port``, ``http_url`` and ``dicomweb_url``."""
    orthanc_server.empty()
    return orthanc_server
