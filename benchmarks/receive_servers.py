"""The receivers that ``receive.py`` sets side by side, each in processes of its own, with and without TLS.

In: an empty folder, and certificates or none. Out: what storescu is told to reach the receiver, and the receiver's meter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from meter import Meter, listening_on

from tests.certificates import Authority, Signed
from tests.servers import a_free_port, is_listening, process, program, running_orthanc, wait_until


@dataclass(frozen=True)
class Pair:
    """What both sides show each other (PS3.15 B.12)."""

    authority: Path
    receiver: Signed
    sender: Signed

    @classmethod
    def made(cls, folder: Path) -> Pair:
        """New ones."""
        authority = Authority(folder)
        return cls(authority.certificate, authority.sign("localhost"), authority.sign("CT1"))

    @property
    def of_storescu(self) -> Sequence[object]:
        """Its options."""
        return ("+tls", self.sender.private_key, self.sender.certificate, "+cf", self.authority)


Reached: TypeAlias = tuple[Sequence[object], Meter]
Started: TypeAlias = Callable[[Path, Pair | None], AbstractContextManager[Reached]]


@contextmanager
def ours(folder: Path, tls: Pair | None) -> Iterator[Reached]:
    """Our receiver as the service runs it, durable."""
    port = a_free_port()
    told = () if tls is None else ("--tls", tls.receiver.certificate, tls.receiver.private_key, tls.authority)
    command = (sys.executable, Path(__file__).with_name("receive.py"), "--serve", folder, "--port", port, *told)
    folder.mkdir(parents=True)
    with process(folder / "log", *command) as running:
        wait_until(lambda: running.poll() is not None or is_listening(port), timeout_s=60, what="our receiver's start")
        yield ("-aec", "NEEDLEPLAN", "localhost", port), Meter(running.pid)


@contextmanager
def orthanc(folder: Path, tls: Pair | None) -> Iterator[Reached]:
    """Debian's Orthanc, empty."""
    told: Mapping[str, object] = (
        {}
        if tls is None
        else {
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(tls.receiver.certificate),
            "DicomTlsPrivateKey": str(tls.receiver.private_key),
            "DicomTlsTrustedCertificates": str(tls.authority),
        }
    )
    with running_orthanc(folder, told) as running:
        yield ("-aec", running.ae_title, "localhost", running.dicom_port), Meter(listening_on(running.dicom_port))


@contextmanager
def storescp(folder: Path, tls: Pair | None) -> Iterator[Reached]:
    """DCMTK's storescp, which syncs nothing and keeps no rows."""
    folder.mkdir(parents=True)
    port = a_free_port()
    told = () if tls is None else ("+tls", tls.receiver.private_key, tls.receiver.certificate, "+cf", tls.authority)
    with process(folder / "log", program("storescp"), "--fork", *told, "-od", folder, port) as running:
        wait_until(lambda: is_listening(port), what="storescp's start")
        yield ("localhost", port), Meter(running.pid)


SERVERS: Mapping[str, Started] = {"needleplan, durable": ours, "Orthanc": orthanc, "storescp": storescp}
