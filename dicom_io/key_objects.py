"""A Key Object Selection (PS3.3 A.35.4, TID 2010): the slices and pictures to open first.

In: the plan, its source, and the objects written for it. Out: the bytes of a DICOM file.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pydicom
from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from pydicom.dataset import Dataset

from dicom_io import codes
from dicom_io.documents import equipment, finished, plain, plan_marks, source_images
from dicom_io.identity import DicomCase, without_identity
from dicom_io.key_slices import key_slices
from dicom_io.series import SeriesSource
from planner.plan import Plan


def write_key_objects(plan: Plan, source: SeriesSource, case: DicomCase, written: Sequence[bytes]) -> bytes:
    """Point to the key slices and to every object in ``written`` (pictures, report: bytes of DICOM files)."""
    images = source_images(source)
    slices = images.showing(key_slices(plan, images))
    chosen = [*(_header(one) for one in written), *slices]
    described = ". ".join([plan_marks(plan), *(target.words for target in plan.targets)])
    document = KeyObjectSelectionDocument(
        evidence=chosen,
        content=KeyObjectSelection(codes.OF_INTEREST.code, chosen, description=plain(described)),
        series_instance_uid=case.uid_for("key object series"),
        series_number=case.series_numbers.key_objects,
        sop_instance_uid=case.uid_for("key objects"),
        instance_number=1,
        series_description=f"Needle plan key images, {plan_marks(plan)}"[:64],
        **equipment(case),
    )
    return finished(document, images, case)


def _header(file: bytes) -> Dataset:
    return without_identity(pydicom.dcmread(BytesIO(file), stop_before_pixels=True))
