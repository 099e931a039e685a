"""``needleplan fetch`` and ``needleplan worklist``: what a PACS holds and what is ordered, brought here.

In: settings, a question, a folder. Out: files as the PACS keeps them, and a table. Every image is durable before it is
counted. No patient name or ID is printed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dicom_io import web
from dicom_io.association import Destination as Node
from dicom_io.landing import Landing
from dicom_io.query import FoundSeries, SeriesQuestion, find_series
from dicom_io.receive import Receiver
from dicom_io.receive import ReceiverSettings as Listening
from dicom_io.retrieve import get, move
from dicom_io.storing import Received, Refused, Storing
from service.audit import AuditEvent, AuditTrail
from service.errors import RequestError, SettingsError
from service.nodes import node, web_server
from service.order_book import ask_worklist, today
from service.orders import read_order
from service.settings import Destination, Retrieve, Settings

_BYTES_PER_GB, _BYTES_PER_MB = 10**9, 10**6


class Arrived:
    """What has come so far."""

    def __init__(self) -> None:
        self.series: dict[str, set[str]] = {}
        self.refused: list[str] = []

    def stored(self, image: Received) -> None:
        """One image is on disk."""
        self.series.setdefault(image.series_uid, set()).add(image.sop_uid)

    def refuse(self, image: Refused) -> None:
        """One image was not kept."""
        self.refused.append(image.reason)

    def count(self, series_uid: str) -> int:
        """Images of one series."""
        return len(self.series.get(series_uid, ()))


@dataclass(frozen=True, slots=True)
class Source:
    """A PACS, and how images come from it."""

    settings: Settings
    destination: Destination
    way: Retrieve

    def find(self, question: SeriesQuestion) -> tuple[FoundSeries, ...]:
        """Every series of what is asked."""
        if self.way is Retrieve.DICOMWEB:
            return web.find_series(self._server, question)
        return find_series(self._node, question)

    def bring(self, series: Sequence[FoundSeries], storing: Storing) -> None:
        """Every image of each series, to where ``storing`` keeps them."""
        if self.way is Retrieve.MOVE:
            with self._receiver(storing):
                for one in series:
                    move(self._node, one.study_uid, one.series_uid, self.settings.receiver.ae_title)
            return
        for one in series:
            if self.way is Retrieve.GET:
                get(self._node, one.study_uid, one.series_uid, storing)
            else:
                keep = partial(storing.keep, sender=self.destination.ae_title)
                web.retrieve(self._server, one.study_uid, one.series_uid, keep)

    @property
    def _node(self) -> Node:
        return node(self.destination, self.settings.receiver.ae_title)

    @property
    def _server(self) -> web.WebServer:
        largest = self.settings.receiver.largest_object_mb * _BYTES_PER_MB
        return replace(web_server(self.destination), largest_object_bytes=largest)

    @contextmanager
    def _receiver(self, storing: Storing) -> Iterator[None]:
        """The PACS sends to us, as the receiver of the settings; a running service holds the port already."""
        told = self.settings.receiver
        listening = Listening(
            told.ae_title, frozenset({self.destination.ae_title}), storing.landing.folder, told.host, told.port
        )
        with Receiver(listening, storing.on_stored, storing.on_refused):
            yield


def source_named(settings: Settings, name: str | None, way: Retrieve | None) -> Source:
    """The named destination, or the only one."""
    named = [one for one in settings.destinations if name is None or one.name == name]
    if len(named) != 1:
        known = ", ".join(one.name for one in settings.destinations) or "none"
        raise RequestError(f"say from which PACS with --from; the settings name: {known}")
    return Source(settings, named[0], way or named[0].retrieve)


def fetch(console: Console, source: Source, question: SeriesQuestion, out: Path) -> bool:
    """Find, bring, count; whether all that the PACS counts is here."""
    found = source.find(question)
    _note(source.settings, AuditEvent.QUERIED, at=source.destination.name, found=len(found))
    _require_one_patient(found)
    arrived = Arrived()
    reserve = int(source.settings.storage.disk_reserve_gb * _BYTES_PER_GB)
    limit = source.settings.receiver.largest_object_mb * _BYTES_PER_MB
    source.bring(found, Storing(Landing(out), reserve, limit, arrived.stored, arrived.refuse))
    _tidy(out)
    images = sum(map(len, arrived.series.values()))
    _note(source.settings, AuditEvent.FETCHED, at=source.destination.name, series=len(found), images=images)
    is_whole = not arrived.refused and all(arrived.count(one.series_uid) >= (one.images or 1) for one in found)
    console.print(_table(found, arrived))
    for reason in sorted(set(arrived.refused)):
        console.print(escape(f"not kept: {reason}"), style="red")
    console.print(
        escape(f"Images in {out / 'series'}." if is_whole else "Not all came; what came is kept: fetch again.")
    )
    return is_whole


def worklist(console: Console, settings: Settings, date: str | None) -> None:
    """What is ordered, and what of it can be planned."""
    if settings.worklist is None:
        raise SettingsError("no worklist: name one under [worklist] in the settings")
    items = ask_worklist(settings.worklist, settings.receiver.ae_title, date or today())
    _note(settings, AuditEvent.QUERIED, at="worklist", found=len(items))
    table = Table("time", "station", "accession", "codes", "plan", "checks")
    for item in sorted(items, key=lambda one: one.start_time):
        order = read_order(item, settings.order_codes)
        plan = str(order.request) if order.request else f"no target chosen: {order.why}"
        codes = ", ".join(code.words for code in item.codes)
        cells = (item.start_time[:4], item.station_ae_title, item.accession_number, codes, plan, "; ".join(item.checks))
        table.add_row(*map(escape, cells))
    console.print(table if items else "Nothing is scheduled.")


def _note(settings: Settings, event: AuditEvent, **facts: str | float) -> None:
    """What was asked and brought goes to the service's audit trail; never whose."""
    AuditTrail(settings.storage.folder.absolute() / "audit.jsonl").record(event, time.time(), **facts)


def _require_one_patient(found: Sequence[FoundSeries]) -> None:
    if not found:
        raise RequestError("the PACS has no such series; check the study or accession number, and the patient ID")
    patients = {one.patient_id for one in found}
    if len(patients) > 1:
        raise RequestError(f"what was asked for belongs to {len(patients)} patients; say whose with --patient-id")


def _table(found: Sequence[FoundSeries], arrived: Arrived) -> Table:
    table = Table("series", "modality", "date", "in the PACS", "here")
    for one in found:
        number = "-" if one.series_number is None else str(one.series_number)
        counted = "not counted" if one.images is None else str(one.images)
        table.add_row(number, escape(one.modality), escape(one.study_date), counted, str(arrived.count(one.series_uid)))
    return table


def _tidy(out: Path) -> None:
    """Folders of the landing that nothing came to lie in."""
    for name in ("tmp", "conflicts", "quarantine"):
        with suppress(OSError):
            (out / name).rmdir()
