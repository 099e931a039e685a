"""What this machine has, what answers, what is missing, and the line that installs it.

In: the settings. Out: one ``Check`` per part. Nothing is changed; graphics are tried in a child process.
"""

from __future__ import annotations

import platform
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from dicom_io.tls import OwnCertificate, TlsError, acceptor_context
from service.nodes import worklist_node
from service.sending import echo_fault, node_fault
from service.settings import Destination, Settings
from service.versions import versions
from viz.graphics import probe_graphics

_BYTES_PER_GB = 1e9
_CODECS: tuple[tuple[str, UID, str], ...] = (
    ("JPEG baseline", JPEGBaseline8Bit, "pip install python-gdcm"),
    ("JPEG lossless", JPEGLosslessSV1, "pip install python-gdcm"),
    ("JPEG-LS", JPEGLSLossless, "pip install pyjpegls"),
    ("JPEG 2000", JPEG2000Lossless, "pip install pylibjpeg-openjpeg"),
    ("RLE", RLELossless, "pip install pydicom"),
)
_TOOLS = (
    ("storescu", "DCMTK, for trying the service by hand", "sudo apt-get install dcmtk"),
    ("dciodvfy", "dicom3tools, judges DICOM objects", "sudo apt-get install dicom3tools"),
    ("Orthanc", "Orthanc, a PACS for tests", "sudo apt-get install orthanc orthanc-dicomweb"),
)


class Health(StrEnum):
    """How a part is; what is optional is never missing."""

    OK = "ok"
    OPTIONAL = "optional, not there"
    MISSING = "MISSING"


@dataclass(frozen=True, slots=True)
class Check:
    """One part."""

    part: str
    health: Health
    words: str
    remedy: str = ""


def examine(settings: Settings) -> Iterator[Check]:
    """Every check, one after the other."""
    yield Check("Python", Health.OK, platform.python_version())
    yield from (Check(name, Health.OK, version) for name, version in versions().items())
    yield _graphics()
    yield from (_codec(*codec) for codec in _CODECS)
    yield from (_tool(*tool) for tool in _TOOLS)
    yield _disk(settings)
    yield _port(settings)
    yield _senders(settings)
    yield _tls(settings)
    yield _worklist(settings)
    yield from (_destination(one, settings.receiver.ae_title) for one in settings.destinations)


def _graphics() -> Check:
    graphics = probe_graphics()
    if graphics.is_available:
        return Check("pictures (VTK)", Health.OK, graphics.words)
    return Check("pictures (VTK)", Health.MISSING, graphics.words, "planning and DICOM reports work without")


def _codec(name: str, uid: UID, install: str) -> Check:
    if get_decoder(uid).is_available:
        return Check(f"{name} images", Health.OK, "can be read")
    return Check(f"{name} images", Health.MISSING, "cannot be read", install)


def _tool(name: str, what: str, install: str) -> Check:
    if shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/sbin:/usr/local/sbin:/bin"):
        return Check(name, Health.OK, what)
    return Check(name, Health.OPTIONAL, what, install)


def _disk(settings: Settings) -> Check:
    folder = _first_existing(settings.storage.folder.absolute())
    free_gb = shutil.disk_usage(folder).free / _BYTES_PER_GB
    words = f"{free_gb:.1f} GB free, {settings.storage.disk_reserve_gb:g} GB kept in reserve"
    if free_gb > settings.storage.disk_reserve_gb:
        return Check("disk for received images", Health.OK, words)
    return Check("disk for received images", Health.MISSING, words, "free space, or set storage.folder elsewhere")


def _first_existing(folder: Path) -> Path:
    return folder if folder.exists() else _first_existing(folder.parent)


def _port(settings: Settings) -> Check:
    address = f"{settings.receiver.host}:{settings.receiver.port}"
    with socket.socket() as trial:
        trial.settimeout(1.0)
        is_taken = trial.connect_ex((settings.receiver.host, settings.receiver.port)) == 0
    return Check("receiver", Health.OK, f"{address} is {'answering' if is_taken else 'free'}")


def _senders(settings: Settings) -> Check:
    allowed = settings.receiver.allowed_calling_ae_titles
    if allowed:
        return Check("allowed senders", Health.OK, ", ".join(allowed))
    return Check(
        "allowed senders", Health.OPTIONAL, "nobody may send", "name them in receiver.allowed_calling_ae_titles"
    )


def _tls(settings: Settings) -> Check:
    told = settings.receiver.tls
    if told is None:
        return Check("TLS", Health.OPTIONAL, "images come in unencrypted", "set [receiver.tls]")
    try:
        acceptor_context(OwnCertificate(told.certificate, told.private_key), told.authority)
    except TlsError as error:
        return Check("TLS", Health.MISSING, str(error), "check the files under [receiver.tls]")
    return Check("TLS", Health.OK, f"certificates are asked of {', '.join(sorted(told.senders)) or 'nobody'}")


def _worklist(settings: Settings) -> Check:
    told = settings.worklist
    if told is None:
        return Check("worklist", Health.OPTIONAL, "no orders are asked for", "set [worklist] and [[order_codes]]")
    fault = node_fault(worklist_node(told, settings.receiver.ae_title))
    if fault:
        return Check("worklist", Health.MISSING, fault, "check host, port and AE titles on both sides")
    return Check("worklist", Health.OK, f"{told.ae_title} at {told.host}:{told.port} answers C-ECHO")


def _destination(one: Destination, calling: str) -> Check:
    fault = echo_fault(one, calling)
    if fault:
        return Check(f"PACS {one.name}", Health.MISSING, fault, "check host, port and AE titles on both sides")
    return Check(f"PACS {one.name}", Health.OK, f"{one.ae_title} at {one.host}:{one.port} answers C-ECHO")
