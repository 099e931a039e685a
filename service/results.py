"""Everything that is written of one case, and where.

In: a plan, an anatomy, an open series. Out: files in one folder (names of issue 2 and ``docs/files.md``), the DICOM
objects among them for the PACS, and notes on what could not be made and why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from dicom_io.identity import DicomCase, content_digest
from dicom_io.publish import report_document, segmentation_document, sheet_document, with_pictures
from dicom_io.series import SeriesSource
from dicom_io.signature import Signature
from planner.anatomy.model import Anatomy
from planner.plan import Plan
from planner.volume import LabelMap
from service.describe import anatomy_document, labels_document, plan_document
from service.documents import EarlierPlanDocument
from service.files import write_bytes, write_document, write_with
from service.label_map_file import write_label_map
from service.opening import OpenSeries
from service.pictures import Drawn, draw, tiled
from service.scribe import Begin, Work, when_asked
from service.sheet.content import SheetCase, sheet_of
from service.sheet.page import write_page
from service.sheet.wording import Wording
from service.versions import program_version
from service.watch import Stopwatch
from service.written_object import WrittenObject
from viz.viewer.words import Language

NO_DICOM_OUTPUT = "no DICOM output: the input is no DICOM series, so there is no patient and no study to file it under"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and what was not and why."""

    files: tuple[Path, ...]
    objects: tuple[WrittenObject, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Written) -> Written:
        return Written(self.files + other.files, self.objects + other.objects, self.notes + other.notes)


@dataclass(frozen=True, slots=True, eq=False)
class PlannedSeries:
    """One plan with all it was made from; ``opened_at`` dates its DICOM objects. A released plan has a signature."""

    plan: Plan
    anatomy: Anatomy
    series: OpenSeries
    opened_at: datetime
    earlier: tuple[EarlierPlanDocument, ...] = ()
    """Plans of the same patient, the latest first."""
    signature: Signature | None = None
    language: Language = Language.ENGLISH
    """Of the sheet."""


_PACKING = 2
"""Of zlib's nine: a third of the time of its own choice, a tenth more bytes."""

_RESULTS = (
    *("anatomy.json", "labels.nii.gz", "labels.json", "plan.json", "plan.png"),
    *("report.dcm", "segmentation.dcm", "key-objects.dcm", "sheet.pdf", "sheet.dcm"),
    *("key-axial.dcm", "key-needle-plane.dcm", "key-down-the-needle.dcm", "key-3d.dcm"),
    *("registration.json", "registered-sagittal.png", "registered-axial.png"),
)
"""Every name we write; no pattern, since a folder may hold images of others."""


def clear(out: Path) -> None:
    """Remove the results of an earlier run, so that no old picture lies beside a new plan."""
    out.mkdir(parents=True, exist_ok=True)
    for name in _RESULTS:
        (out / name).unlink(missing_ok=True)


def write_labels(out: Path, labels: LabelMap) -> Written:
    """``labels.nii.gz`` and ``labels.json``."""
    return Written(
        (
            write_label_map(out / "labels.nii.gz", labels),
            write_document(out / "labels.json", labels_document(labels)),
        )
    )


def write_anatomy(out: Path, anatomy: Anatomy, series: OpenSeries, seconds: Mapping[str, float]) -> Written:
    """``anatomy.json``, with the seconds that each stage took so far."""
    return Written((write_document(out / "anatomy.json", anatomy_document(anatomy, series.facts, seconds)),))


def write_plan(
    out: Path,
    planned: PlannedSeries,
    watch: Stopwatch,
    begin: Begin = when_asked,
    segmentation: Work | None = None,
) -> Written:
    """``plan.json``, ``plan.png``, ``sheet.pdf`` and, for a DICOM series, the DICOM objects.

    ``begin`` starts the report beside the pictures, where the caller has somebody to write it; ``segmentation`` was begun
    before (``begin_segmentation``), None: it is begun here.
    """
    report = _begin_report(planned, begin)
    labels = segmentation or begin_segmentation(planned.anatomy, planned.series, planned.opened_at, begin)
    document = write_document(out / "plan.json", plan_document(planned.plan, planned.series.facts, planned.earlier))
    with watch("pictures"):
        drawn = draw(planned.plan, planned.anatomy, planned.series)
        png = _write_tiled(out, drawn)
    with watch("sheet"):
        pdf = _sheet(planned, drawn)
        sheet = write_bytes(out / "sheet.pdf", pdf)
    with watch("DICOM objects"):
        objects = _write_objects(out, planned, drawn, pdf, (report, labels))
    notes = [drawn.note] if drawn.note else []
    if planned.series.facts.source is None:
        notes.append(NO_DICOM_OUTPUT)
    return Written((document, *png, sheet, *(one.path for one in objects)), objects, tuple(notes))


def _write_tiled(out: Path, drawn: Drawn) -> tuple[Path, ...]:
    if not drawn.pictures:
        return ()
    image = tiled(drawn.pictures)
    return (write_with(out / "plan.png", lambda part: image.save(part, format="PNG", compress_level=_PACKING)),)


def _sheet(planned: PlannedSeries, drawn: Drawn) -> bytes:
    say = Wording(planned.language)
    case = SheetCase(
        planned.plan,
        planned.series.facts,
        content_digest(planned.anatomy.labels.labels),
        planned.opened_at,
        planned.earlier,
        planned.signature,
    )
    return write_page(sheet_of(case, say), drawn, case.made_at, say)


def begin_segmentation(anatomy: Anatomy, series: OpenSeries, opened_at: datetime, begin: Begin) -> Work:
    """The segmentation, named after what it holds alone: it can be begun as soon as the anatomy is known."""
    source, labels = series.facts.source, anatomy.labels
    if source is None:
        return _nothing
    case = _case(source, opened_at, content_digest(labels.labels, labels.entries))
    return begin(partial(segmentation_document, labels, source, case))


def _begin_report(planned: PlannedSeries, begin: Begin) -> Work:
    """The report, named after what it holds alone: it needs no picture."""
    source, plan, signature = planned.series.facts.source, planned.plan, planned.signature
    if source is None:
        return _nothing
    case = _case(source, planned.opened_at, content_digest(plan, signature))
    return begin(partial(report_document, plan, source, case, signature))


def _nothing() -> tuple[()]:
    return ()


def _write_objects(
    out: Path, planned: PlannedSeries, drawn: Drawn, pdf: bytes, made: tuple[Work, Work]
) -> tuple[WrittenObject, ...]:
    source = planned.series.facts.source
    if source is None:
        return ()
    plan, pictures = planned.plan, drawn.pictures
    content = content_digest(plan, *(p.rgb for p in pictures), hashlib.sha256(pdf).digest())
    case = _case(source, planned.opened_at, content)
    first = made[0](), made[1]()
    objects = (*with_pictures(plan, first, pictures, source, case), sheet_document(pdf, plan, source, case))
    return tuple(WrittenObject(write_bytes(out / one.name, one.file), one.sop_instance_uid) for one in objects)


def _case(source: SeriesSource, opened_at: datetime, content: str) -> DicomCase:
    """Names and dates of objects that hold ``content`` of this series."""
    digest = content_digest(source.series_instance_uid, content)
    return DicomCase(source.study_instance_uid, digest, opened_at, program_version())
