"""Where received instances come to lie: on disk for good before anybody is told so.

In: the bytes of one DICOM file and its UIDs. Out: a ``Landed`` file, written, synced and renamed, mode 0600.
Layout under one folder on one file system with hard links, owned by one process (``Landing.beside`` is for others):
``tmp/`` (never acknowledged, emptied at the start),
``series/<Series UID>/<SOP UID>.dcm``, ``conflicts/<Series UID>/<SOP UID>.<digest>.dcm``, ``quarantine/<digest>.dcm``.
A file is written and hashed piece by piece as it comes (``Part``): no object is ever held in memory as a whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Self

from dicom_io.part import Part

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_PREAMBLE_BYTES = 132
_META_LENGTH_BYTES = 12
"""Group 0002 starts with its length as explicit VR little endian UL: tag 4, VR 2, size 2, value 4 (PS3.10 7.1)."""

_READ_STEP_BYTES = 2**20


class Arrival(StrEnum):
    """What an instance is to what was there before."""

    NEW = "new"
    REPEATED = "repeated"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Landed:
    """A file that is on disk for good; ``sha256`` is over the data set without the file's own meta header."""

    path: Path
    sha256: str
    arrival: Arrival


def is_uid(text: str) -> bool:
    """Digits and dots, at most 64 (PS3.5 9.1); leading zeros are let pass, many devices write them."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


class Landing:
    """Folder of received files. Safe to use from many threads of one process."""

    def __init__(self, folder: Path) -> None:
        self._open(folder)
        for unfinished in (folder / "tmp").glob("*.part"):
            unfinished.unlink()

    @classmethod
    def beside(cls, folder: Path) -> Self:
        """A second process beside the owner's: it leaves alone what the owner is about to finish."""
        landing = cls.__new__(cls)
        landing._open(folder)  # noqa: SLF001 - another way to construct
        return landing

    def _open(self, folder: Path) -> None:
        self._folder = folder
        self._deciding = threading.Lock()
        for name in ("tmp", "series", "conflicts", "quarantine"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder)
        _sync_folder(folder.resolve().parent)

    @property
    def folder(self) -> Path:
        """Where everything lies."""
        return self._folder

    def free_bytes(self) -> int:
        """Space left on the file system."""
        return shutil.disk_usage(self._folder).free

    def begin(self, start: bytes) -> Part:
        """A new file that begins with ``start``, to which the data set is added."""
        return Part(self._folder / "tmp", start)

    def place(self, content: bytes, series_uid: str, sop_uid: str) -> Landed:
        """Write one whole file; as ``settle``."""
        body = data_set(content)
        part = self.begin(content[: len(content) - len(body)])
        part.add(body)
        return self.settle(part, series_uid, sop_uid)

    def settle(self, part: Part, series_uid: str, sop_uid: str) -> Landed:
        """Give a file its place for good; the same data set again costs no second file, another one is kept apart."""
        try:
            return self._settled(part, series_uid, sop_uid)
        finally:
            part.drop()

    def _settled(self, part: Part, series_uid: str, sop_uid: str) -> Landed:
        digest = part.sha256
        final = self._folder / "series" / series_uid / f"{sop_uid}.dcm"
        apart = self._folder / "conflicts" / series_uid / f"{sop_uid}.{digest[:16]}.dcm"
        known = _known(final, apart, digest)
        if known is not None:
            return known
        part.sync()
        with self._deciding:
            known = _known(final, apart, digest)
            if known is not None:
                return known
            path, arrival = _settle(part.path, final, apart)
        _sync_folder(path.parent)
        return Landed(path, digest, arrival)

    def quarantine(self, part: Part, reason: str) -> Path:
        """Keep a file that was not understood, and why, for a person to look at."""
        path = self._folder / "quarantine" / f"{part.sha256[:32]}.dcm"
        note = self.begin(f"{reason}\n".encode())
        for one, name in ((part, path), (note, path.with_suffix(".txt"))):
            one.sync()
            one.path.rename(name)
        _sync_folder(path.parent)
        return path


def _known(final: Path, apart: Path, digest: str) -> Landed | None:
    for path in (final, apart):
        if path.exists() and digest_of(path) == digest:
            _sync_folder(path.parent)
            return Landed(path, digest, Arrival.REPEATED)
    return None


def _settle(part: Path, final: Path, apart: Path) -> tuple[Path, Arrival]:
    """Give a whole file its name; a link never takes the place of a file that another process put there meanwhile."""
    _make_folder(final.parent)
    try:
        final.hardlink_to(part)
    except FileExistsError:
        _make_folder(apart.parent)
        return part.rename(apart), Arrival.CONFLICT
    part.unlink()
    return final, Arrival.NEW


def digest_of(path: Path) -> str:
    """SHA-256 of the data set of a DICOM file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(data_set_start(file))
        while piece := file.read(_READ_STEP_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def data_set(content: bytes) -> bytes:
    """A DICOM file without preamble and meta header, which differ between senders of one instance."""
    return content[data_set_start(BytesIO(content)) :]


def data_set_start(file: BinaryIO) -> int:
    """Where the data set of a DICOM file begins."""
    start = file.read(_PREAMBLE_BYTES + _META_LENGTH_BYTES)
    return _PREAMBLE_BYTES + _META_LENGTH_BYTES + int.from_bytes(start[_PREAMBLE_BYTES + 8 :], "little")


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """A rename lasts only once its folder is on disk (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
