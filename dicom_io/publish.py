"""All objects of one case, in the order they are sent: report, segmentation, pictures, key objects, sheet.

In: a plan, the labels it was made on, drawn pictures, the source series and the case. Out: named DICOM files as bytes.
The segmentation needs no plan and the report no picture: they can be written while others plan and draw.
"""

from __future__ import annotations

from collections.abc import Sequence

from dicom_io.document import Document
from dicom_io.encapsulated import write_sheet
from dicom_io.identity import DicomCase
from dicom_io.key_objects import write_key_objects
from dicom_io.pictures import Picture, PictureNameError, write_picture
from dicom_io.report import write_report
from dicom_io.segmentation import write_segmentation
from dicom_io.series import SeriesSource
from dicom_io.signature import Signature
from planner.plan import Plan
from planner.volume import LabelMap

__all__ = [
    "Document",
    "plan_documents",
    "report_document",
    "segmentation_document",
    "sheet_document",
    "with_pictures",
]


def plan_documents(
    plan: Plan,
    labels: LabelMap,
    pictures: Sequence[Picture],
    source: SeriesSource,
    case: DicomCase,
    signature: Signature | None = None,
) -> tuple[Document, ...]:
    """Report, segmentation, one Secondary Capture per picture, and the Key Object Selection of slices and pictures."""
    _require_own_names(pictures)
    made = report_document(plan, source, case, signature), segmentation_document(labels, source, case)
    return with_pictures(plan, made, pictures, source, case)


def report_document(plan: Plan, source: SeriesSource, case: DicomCase, signature: Signature | None = None) -> Document:
    """The plan as a report; it needs no picture."""
    return Document.of("report.dcm", write_report(plan, source, case, signature))


def segmentation_document(labels: LabelMap, source: SeriesSource, case: DicomCase) -> Document:
    """The labels; they need no plan."""
    return Document.of("segmentation.dcm", write_segmentation(labels, source, case))


def with_pictures(
    plan: Plan,
    made: tuple[Document, Document],
    pictures: Sequence[Picture],
    source: SeriesSource,
    case: DicomCase,
) -> tuple[Document, ...]:
    """Report and segmentation, then the pictures and what points to all of them."""
    _require_own_names(pictures)
    drawn = [write_picture(picture, number, plan, source, case) for number, picture in enumerate(pictures, 1)]
    return (
        *made,
        *(Document.of(f"key-{picture.name}.dcm", file) for picture, file in zip(pictures, drawn, strict=True)),
        Document.of("key-objects.dcm", write_key_objects(plan, source, case, [made[0].file, *drawn])),
    )


def sheet_document(pdf: bytes, plan: Plan, source: SeriesSource, case: DicomCase) -> Document:
    """The sheet for the intervention room."""
    return Document.of("sheet.dcm", write_sheet(pdf, plan, source, case))


def _require_own_names(pictures: Sequence[Picture]) -> None:
    names = [picture.name for picture in pictures]
    taken = next((name for name in names if names.count(name) > 1 or name == "objects"), None)
    if taken is not None:
        raise PictureNameError(taken)
