"""What a plan must say about the images it was made on: whose frame, which slice, what is missing.

In: a volume's geometry and, for DICOM, its source. Out: ``SeriesDocument``, the slice that holds a point, and what
keeps a plan on these images from release.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dicom_io.series import ImageSeries, SeriesSource
from planner.geometry import FloatArray, VolumeGeometry
from planner.plan import VALID_FOR
from service.documents import SeriesDocument
from service.path_documents import SliceDocument

NO_CHECKLIST = "Clinical checklist and contraindications are not recorded: this version has no gates for them."
BREATHING_UNKNOWN = "The breathing phase of the scan is unknown."
FRAME_DERIVED = "The images have no Frame of Reference UID: it is derived from the series and shared with no other."
NO_DICOM = "The images are no DICOM series: patient, series and slices are unknown."


@dataclass(frozen=True, slots=True, eq=False)
class SeriesFacts:
    """One series; ``source`` is None for NIfTI, NRRD and MetaImage."""

    geometry: VolumeGeometry
    source: SeriesSource | None
    notes: tuple[str, ...]

    @classmethod
    def of(cls, series: ImageSeries) -> SeriesFacts:
        """The facts of a DICOM series."""
        return cls(series.volume.geometry, series.source, series.notes)

    def document(self) -> SeriesDocument:
        """As written into every file."""
        source = self.source
        return SeriesDocument(
            series_instance_uid=None if source is None else source.series_instance_uid,
            frame_of_reference_uid=self.geometry.frame_of_reference_uid,
            frame_of_reference_is_derived=source is None or source.frame_of_reference_is_derived,
            has_patient_id=None if source is None else bool(source.patient.patient_id),
            notes=list(self.notes),
            valid_for=VALID_FOR,
        )

    def slice_index(self, point_mm: FloatArray) -> int | None:
        """Index k of the image nearest to a point along the slices' normal; None beyond the scan or without DICOM."""
        nearest = int(np.floor(self.geometry.indices(point_mm)[0] + 0.5))
        return nearest if self.source is not None and 0 <= nearest < len(self.source.instances) else None

    def slice_at(self, point_mm: FloatArray) -> SliceDocument | None:
        """What the images call the slice that holds a point."""
        k = self.slice_index(point_mm)
        if self.source is None or k is None:
            return None
        image = self.source.instances[k]
        off_slices = abs(float(self.geometry.indices(point_mm)[0]) - k)
        return SliceDocument(
            series_number=self.source.series_number,
            instance_number=image.instance_number,
            slice_location_mm=image.slice_location_mm,
            off_slice_mm=off_slices * float(self.geometry.spacing_mm[0]),
        )

    @property
    def release_blockers(self) -> tuple[str, ...]:
        """What these images, and this version, keep from release."""
        if self.source is None:
            return (NO_DICOM, BREATHING_UNKNOWN, NO_CHECKLIST)
        from dicom_io.report import NO_PATIENT_ID  # noqa: PLC0415 - highdicom: a page that is only looked at needs none

        identity = () if self.source.patient.patient_id else (NO_PATIENT_ID,)
        frame = (FRAME_DERIVED,) if self.source.frame_of_reference_is_derived else ()
        return (*identity, *frame, BREATHING_UNKNOWN, NO_CHECKLIST)
