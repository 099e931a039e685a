"""Received images on disk: where they lie, what they say of themselves, and that rows and files agree.

In: the folder that ``dicom_io.receive`` fills. Out: folders, tags for the rules, new rows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from dicom_io.candidates import Candidate
from dicom_io.landing import data_set
from dicom_io.series import find_series
from service.order_book import OrderBook
from service.orders import Order
from service.routing import SeriesTags
from service.store import NewInstance, Store

_CONFLICTS = "conflicts"
"""Where ``dicom_io.landing`` keeps an image that came second under its UID, with other bytes."""

_UNKNOWN_SENDER = ""
"""The calling AE title of an image whose row was lost."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The folder of received images."""

    folder: Path
    store: Store
    orders: OrderBook = field(default_factory=lambda: OrderBook(tuple, ()))

    def folder_of(self, series_uid: str) -> Path:
        """The folder that holds the images of one series."""
        return self.folder / "series" / series_uid

    def tags_of(self, series_uid: str) -> SeriesTags:
        """What rules can match on; empty where there is no image to ask."""
        found = [one for one in find_series(self.folder_of(series_uid)) if one.series_uid == series_uid]
        senders = {one.calling_ae_title for one in self.store.instances(series_uid)}
        return tags_of_candidate(found[0], senders.pop() if len(senders) == 1 else "") if found else NO_TAGS

    def order_for(self, tags: SeriesTags) -> Order | None:
        """What is ordered for a series."""
        return self.orders.for_series(tags)

    @property
    def orders_version(self) -> int:
        """Grows whenever the orders change."""
        return self.orders.version

    def reconcile(self, now_s: float) -> tuple[int, int]:
        """Give rows to files that have none, drop rows whose file is gone; how many of each."""
        known = self.store.all_paths()
        on_disk = {str(path) for kind in ("series", _CONFLICTS) for path in self.folder.glob(f"{kind}/*/*.dcm")}
        lost = [path for path in known if not Path(path).exists()]
        for path in lost:
            self.store.forget_image(path)
        orphans = [one for folder in _folders(on_disk - known) for one in _rows_of(folder, known)]
        for one in orphans:
            self.store.add_instance(one, now_s)
        return len(orphans), len(lost)


NO_TAGS = SeriesTags("", "", "", "", "", "", "", "")


def _folders(paths: set[str]) -> list[Path]:
    return sorted({Path(path).parent for path in paths}, key=lambda folder: (folder.parent.name == _CONFLICTS, folder))


def _rows_of(folder: Path, known: set[str]) -> list[NewInstance]:
    return [
        NewInstance(
            sop_instance_uid=image.sop_instance_uid,
            series_instance_uid=image.study.series_instance_uid,
            study_instance_uid=image.study.study_instance_uid,
            path=str(image.path),
            sha256=hashlib.sha256(data_set(image.path.read_bytes())).hexdigest(),
            calling_ae_title=_UNKNOWN_SENDER,
            is_conflict=folder.parent.name == _CONFLICTS,
        )
        for series in find_series(folder)
        for image in series.instances
        if str(image.path) not in known
    ]


def tags_of_candidate(series: Candidate, sender: str) -> SeriesTags:
    """What rules can match on, as the first image says it."""
    image = series.instances[0]
    return SeriesTags(
        modality=series.modality,
        body_part=image.study.body_part,
        series_description=image.study.series_description,
        requested_procedure=image.study.requested_procedure,
        calling_ae_title=sender,
        study_uid=image.study.study_instance_uid,
        accession_number=image.study.accession_number,
        patient_id=image.patient.patient_id,
        issuer_of_patient_id=image.patient.issuer_of_patient_id,
    )
