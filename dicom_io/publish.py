"""All objects of one case, in the order they are sent: report, segmentation, pictures, key objects.

In: a plan, the labels it was made on, drawn pictures, the source series and the case. Out: named DICOM files as bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom

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


@dataclass(frozen=True, slots=True)
class Document:
    """One DICOM file to be written or sent; ``name`` is its file name."""

    name: str
    sop_class_uid: str
    sop_instance_uid: str
    file: bytes

    def save(self, folder: Path) -> Path:
        """Write the file into ``folder``, whole or not at all."""
        part = folder / f"{self.name}.part"
        part.write_bytes(self.file)
        return part.replace(folder / self.name)


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
    report = write_report(plan, source, case, signature)
    drawn = [write_picture(picture, number, plan, source, case) for number, picture in enumerate(pictures, 1)]
    return (
        _document("report.dcm", report),
        _document("segmentation.dcm", write_segmentation(labels, source, case)),
        *(_document(f"key-{picture.name}.dcm", file) for picture, file in zip(pictures, drawn, strict=True)),
        _document("key-objects.dcm", write_key_objects(plan, source, case, [report, *drawn])),
    )


def sheet_document(pdf: bytes, plan: Plan, source: SeriesSource, case: DicomCase) -> Document:
    """The sheet for the intervention room."""
    return _document("sheet.dcm", write_sheet(pdf, plan, source, case))


def _require_own_names(pictures: Sequence[Picture]) -> None:
    names = [picture.name for picture in pictures]
    taken = next((name for name in names if names.count(name) > 1 or name == "objects"), None)
    if taken is not None:
        raise PictureNameError(taken)


def _document(name: str, file: bytes) -> Document:
    header = pydicom.dcmread(BytesIO(file), stop_before_pixels=True, specific_tags=["SOPClassUID", "SOPInstanceUID"])
    return Document(name, str(header.SOPClassUID), str(header.SOPInstanceUID), file)
