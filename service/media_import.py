"""``needleplan import``: scans that a patient brings on a CD, in a folder or a ZIP file, into the service's storage.

In: a path and the settings. Out: what was found, what was skipped and why, and whose it is. The files are scanned; a
DICOMDIR is only checked against them, because names on CDs are often changed. A running service takes the cases up.
"""

from __future__ import annotations

import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dicom_io.candidates import Candidate, candidates
from dicom_io.instances import Instance
from dicom_io.landing import Arrival, Landing
from dicom_io.scan import Scan, scan_files
from dicom_io.series import find_series
from dicom_io.storing import NotKeptError, Storing
from service.arrivals import Arrivals
from service.audit import AuditEvent, AuditTrail
from service.earlier import Identity
from service.errors import RequestError
from service.image_rows import as_row
from service.settings import Settings
from service.store import NewInstance, Store, address_of

_BYTES_PER_GB, _BYTES_PER_MB = 10**9, 10**6
_SENDER = "MEDIA"
"""Stands where an AE title would; rules can match it."""

_LARGEST_RATIO = 200
"""Uncompressed to compressed size of one ZIP entry; CT compresses to a third, zeros to a thousandth. Assumed."""


@dataclass(frozen=True, slots=True)
class ImportedSeries:
    """One series of the medium: what it is, what became of it, and whom it joins."""

    summary: str
    notes: tuple[str, ...]
    arrivals: Counter[Arrival]
    joins: str


@dataclass(frozen=True, slots=True)
class Imported:
    """Everything found, and everything skipped, by reason."""

    series: tuple[ImportedSeries, ...]
    skipped: Counter[str]


def import_media(path: Path, settings: Settings) -> Imported:
    """Bring every CT and MR image under ``path`` into the storage."""
    if not path.exists():
        raise RequestError("there is no such file or folder; give the folder of the medium, or a ZIP file")
    folder = settings.storage.folder.absolute()
    limit = settings.receiver.largest_object_mb * _BYTES_PER_MB
    store = Store(address_of(settings))
    try:
        arrivals = Arrivals(folder / "received", store)
        with _opened(path, limit) as (place, skipped):
            scan = scan_files(place)
            skipped.update(dict(scan.left_out))
            series = tuple(_import(one, arrivals, settings, skipped) for one in candidates(scan))
            skipped.update(_only_listed(scan))
    finally:
        store.close()
    images = sum(one.arrivals.total() for one in series)
    AuditTrail(folder / "audit.jsonl").record(AuditEvent.IMPORTED, time.time(), series=len(series), images=images)
    return Imported(series, skipped)


def show_import(console: Console, imported: Imported) -> None:
    """As a table; no patient name or ID."""
    table = Table("series", "new", "known", "conflicts", "patient")
    for one in imported.series:
        counts = (str(one.arrivals[arrival]) for arrival in (Arrival.NEW, Arrival.REPEATED, Arrival.CONFLICT))
        table.add_row(escape(one.summary), *counts, escape(one.joins))
    console.print(table if imported.series else "No CT or MR series found.")
    for note in sorted({note for one in imported.series for note in one.notes}):
        console.print(escape(f"Note: {note}."), style="yellow")
    for reason, count in sorted(imported.skipped.items()):
        console.print(escape(f"skipped {count} x {reason}"))


def _import(candidate: Candidate, arrivals: Arrivals, settings: Settings, skipped: Counter[str]) -> ImportedSeries:
    joins = _joins(candidate.instances[0], arrivals)
    counts: Counter[Arrival] = Counter()
    storing = Storing(
        Landing.beside(arrivals.folder),
        int(settings.storage.disk_reserve_gb * _BYTES_PER_GB),
        settings.receiver.largest_object_mb * _BYTES_PER_MB,
        lambda image: _note(arrivals.store, as_row(image)),
        lambda _: None,
    )
    for image in candidate.instances:
        try:
            counts[storing.keep(image.path.read_bytes(), _SENDER).arrival] += 1
        except NotKeptError as error:
            skipped[str(error)] += 1
    return ImportedSeries(candidate.summary, candidate.notes, counts, joins)


def _note(store: Store, row: NewInstance) -> None:
    store.add_instance(row, time.time())


def _joins(image: Instance, arrivals: Arrivals) -> str:
    """Whose it is, by Patient ID, issuer and birth date; a person decides where one is missing."""
    own = _identity_of(image)
    if not own.is_surely(own):
        return "joined by hand only (needleplan join): Patient ID, its issuer or the birth date is missing"
    same = [
        case.number for case in arrivals.store.cases() if identity_of_series(arrivals, case.series_instance_uid) == own
    ]
    listed = ", ".join(str(number) for number in same)
    return f"joins the patient of case {listed}" if same else "the first scan of this patient here"


def identity_of_series(arrivals: Arrivals, series_uid: str) -> Identity | None:
    """Of the first image of a received series; None where none is there."""
    first = next(iter(sorted(arrivals.folder_of(series_uid).glob("*.dcm"))), None)
    found = [] if first is None else find_series(first)
    return _identity_of(found[0].instances[0]) if found else None


def _identity_of(image: Instance) -> Identity:
    return Identity(image.patient.patient_id, image.patient.issuer_of_patient_id, image.patient.birth_date)


def _only_listed(scan: Scan) -> dict[str, int]:
    """Series that the DICOMDIR lists and of which no file is there."""
    here = {one.study.series_instance_uid for one in scan.instances}
    lost = [images for series, images in scan.listed.items() if series not in here]
    return {"image that the DICOMDIR lists in a series without any CT or MR file": sum(map(len, lost))} if lost else {}


@contextmanager
def _opened(path: Path, largest_bytes: int) -> Iterator[tuple[Path, Counter[str]]]:
    """The folder to scan; a ZIP file's entries are unpacked under numbers, never under the names they claim."""
    skipped: Counter[str] = Counter()
    if not (path.is_file() and zipfile.is_zipfile(path)):
        yield path, skipped
        return
    with tempfile.TemporaryDirectory() as name:
        with zipfile.ZipFile(path) as archive:
            for number, entry in enumerate(one for one in archive.infolist() if not one.is_dir()):
                fault = _fault(entry, largest_bytes)
                if fault:
                    skipped[fault] += 1
                else:
                    (Path(name) / _file_name(number, entry)).write_bytes(archive.read(entry))
        yield Path(name), skipped


def _file_name(number: int, entry: zipfile.ZipInfo) -> str:
    is_directory_file = entry.filename.rpartition("/")[2].upper() == "DICOMDIR"
    return "DICOMDIR" if is_directory_file else f"{number:06}"


def _fault(entry: zipfile.ZipInfo, largest_bytes: int) -> str:
    if entry.flag_bits & 1:
        return "ZIP entry with a password: unpack it first"
    if entry.file_size > largest_bytes:
        return f"ZIP entry larger than {largest_bytes // _BYTES_PER_MB} MB"
    if entry.file_size > 10 * _BYTES_PER_MB and entry.file_size > _LARGEST_RATIO * entry.compress_size:
        return "ZIP entry that grows suspiciously (a bomb)"
    return ""
