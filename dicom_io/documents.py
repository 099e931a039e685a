"""What every object we write has in common: headers of its source, equipment, dates, and its bytes.

In: the files of the source series and a ``DicomCase``. Out: headers a library can work with, and the finished object
as the bytes of a DICOM file (PS3.10), the same for the same input.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from dicom_io.codes import coding_schemes
from dicom_io.errors import DicomIoError
from dicom_io.identity import MANUFACTURER, MODEL_NAME, DicomCase, copy_identity, without_identity
from dicom_io.series import SeriesSource, object_headers, source_headers
from planner.plan import Plan, PlanState

DRAFT_MARK = "DRAFT - NOT RELEASED"
RELEASED_MARK = "RELEASED"
REHEARSAL_MARK = "REHEARSAL"

_SPELLED = {
    "\N{DEGREE SIGN}": " degrees", "\N{PLUS-MINUS SIGN}": "+-", "\N{MULTIPLICATION SIGN}": "x",
    "\N{MIDDLE DOT}": "-", "\N{MICRO SIGN}": "u", "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{MINUS SIGN}": "-",
    "\N{RIGHTWARDS ARROW}": "to", "\N{LESS-THAN OR EQUAL TO}": "at most", "\N{GREATER-THAN OR EQUAL TO}": "at least",
    "\N{GREEK SMALL LETTER SIGMA}": "sigma", "\N{LATIN SMALL LETTER SHARP S}": "ss",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class SourceImages:
    """The headers of the source series, in the order of the volume's slices (index k).

    ``original`` is as stored; ``faceless`` is what libraries get: no identity, every attribute they ask for.
    """

    original: tuple[Dataset, ...]
    faceless: tuple[Dataset, ...]
    series: SeriesSource
    objects: tuple[Dataset, ...]
    """What libraries get where each object counts once: ``faceless``, or the whole headers of multi-frame objects."""

    def showing(self, slices: Sequence[int]) -> list[Dataset]:
        """The objects that hold these slices, each once, for lists that cannot name frames."""
        return list({str(self.faceless[k].SOPInstanceUID): self.faceless[k] for k in slices}.values())

    @property
    def frame_of_reference_uid(self) -> str:
        """Frame of Reference UID (0020,0052), stored or derived."""
        return self.series.frame_of_reference_uid


class NoStudyError(DicomIoError):
    """Images that belong to no study."""

    def __init__(self) -> None:
        super().__init__(
            "the images have no Study Instance UID, so nothing can be filed under their study; "
            "export the series again from the PACS"
        )


@lru_cache(maxsize=1)
def source_images(source: SeriesSource) -> SourceImages:
    """Read the headers of the source's files; once for all objects of one case, since no writer changes them."""
    if not source.study_instance_uid:
        raise NoStudyError
    original = tuple(source_headers(source))
    spacing_mm = _spacing_mm(source)
    faceless = tuple(_workable(one, source, spacing_mm) for one in original)
    if source.instances[0].frame_number is None:
        return SourceImages(original, faceless, source, faceless)
    whole = tuple(_workable(one, source, spacing_mm) for one in object_headers(source))
    return SourceImages(original, faceless, source, whole)


def equipment(case: DicomCase) -> dict[str, Any]:
    """General Equipment, Series dates and coding schemes, as highdicom's constructors take them."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL_NAME,
        "software_versions": case.software_version,
        "device_serial_number": "none",
        "institution_name": plain(case.institution) or None,
        "content_date": case.content_datetime.date(),
        "content_time": case.content_datetime.time(),
        "series_date": case.content_datetime.date(),
        "series_time": case.content_datetime.time(),
        "coding_schemes": coding_schemes(),
    }


def finished(dataset: Dataset, source: SourceImages, case: DicomCase) -> bytes:
    """The object with its source's identity and the case's time, as the bytes of a DICOM file."""
    copy_identity(source.original[0], dataset)
    dataset.InstanceCreationDate = case.content_datetime.date()
    dataset.InstanceCreationTime = case.content_datetime.time()
    for contribution in dataset.get("ContributingEquipmentSequence", ()):
        contribution.pop("ContributionDateTime", None)  # the library's clock
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = case.implementation_class_uid
    meta.ImplementationVersionName = f"NEEDLEPLAN_{case.software_version}"[:16]
    dataset.file_meta = meta
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def plan_marks(plan: Plan) -> str:
    """What every object of a plan says first."""
    state = DRAFT_MARK if plan.state is PlanState.DRAFT else RELEASED_MARK
    return f"{state}, {REHEARSAL_MARK}" if plan.is_rehearsal else state


def plain(text: str) -> str:
    """The text in ASCII: it must survive whatever Specific Character Set (0008,0005) the source has.

    >>> plain("12° ± 3 mm, Müller")
    '12 degrees +- 3 mm, Muller'
    """
    spelled = "".join(_SPELLED.get(letter, letter) for letter in text)
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()


def _workable(header: Dataset, source: SeriesSource, spacing_mm: float) -> Dataset:
    """A header with everything libraries ask for; the distance of slices stands in for Slice Thickness (0018,0050)."""
    faceless = without_identity(header)
    faceless.pop("FrameOfReferenceUID", None)  # elements are shared with the original: replaced, never set
    faceless.FrameOfReferenceUID = source.frame_of_reference_uid
    if not faceless.get("SliceThickness"):
        faceless.pop("SliceThickness", None)
        faceless.SliceThickness = f"{spacing_mm:.6g}"
    return faceless


def _spacing_mm(source: SeriesSource) -> float:
    first, second = (np.array(one.position_mm) for one in source.instances[:2])
    return float(np.linalg.norm(second - first))
