"""What one CT or MR image says of itself, as frozen records.

In: one header. Out: an ``Instance``, or why it is none. Points are LPS mm as stored.
What is needed is checked here; pydicom's own warnings and log would print the values they warn about, so they are off.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydicom import config
from pydicom.dataset import Dataset

from dicom_io.attributes import integer, number, numbers, text, values
from dicom_io.enhanced import frame_headers
from dicom_io.image_tags import MARKS
from planner.volume import Modality

config.settings.reading_validation_mode = config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")

SINGLE_FRAME = {
    "1.2.840.10008.5.1.4.1.1.2": Modality.CT,
    "1.2.840.10008.5.1.4.1.1.4": Modality.MR,
}
"""CT and MR Image Storage (PS3.4 B.5)."""

MULTI_FRAME = {
    "1.2.840.10008.5.1.4.1.1.2.1": Modality.CT,
    "1.2.840.10008.5.1.4.1.1.2.2": Modality.CT,
    "1.2.840.10008.5.1.4.1.1.4.1": Modality.MR,
    "1.2.840.10008.5.1.4.1.1.4.4": Modality.MR,
}
"""Enhanced and Legacy Converted Enhanced CT and MR Image Storage (PS3.4 B.5)."""

MODALITIES = SINGLE_FRAME | MULTI_FRAME

_PROJECTIONS = {"PROJECTION IMAGE", "MIP", "MAX_IP", "MINIP", "MIN_IP", "VOLREND", "VRT", "SSD"}
"""Image Type (0008,0008): values of PS3.3 C.8.16.1 and of vendors."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Who was scanned; never printed: the representation is empty."""

    patient_id: str = field(default="", repr=False)
    issuer_of_patient_id: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Study:
    """Which study and series an image belongs to. Must be equal over a series."""

    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    modality: str
    patient_position: str
    accession_number: str = field(default="", repr=False)
    study_id: str = field(default="", repr=False)
    study_date: str = ""
    study_time: str = ""
    series_number: int | None = None
    series_date: str = ""
    body_part: str = ""
    series_description: str = field(default="", repr=False)
    requested_procedure: str = field(default="", repr=False)
    """Requested Procedure Description (0032,1060); like Series Description free text, so neither is shown."""
    manufacturer: str = ""
    model: str = ""
    station: str = ""


@dataclass(frozen=True, slots=True)
class Plane:
    """Where one image lies: directions, position of the first voxel and spacing, as stored; None where invalid."""

    rows: int
    columns: int
    thickness_mm: float | None
    orientation: tuple[float, ...] | None
    position_mm: tuple[float, ...] | None
    pixel_spacing_mm: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one image's stored values become Hounsfield units or signal."""

    bits_allocated: int
    bits_stored: int
    is_signed: bool
    slope: float | None
    intercept: float | None
    rescale_type: str
    padding: tuple[int, int] | None
    """Lowest and highest stored value that is padding: Pixel Padding Value (0028,0120), Range Limit (0028,0121)."""
    transfer_syntax_uid: str
    is_lossy: bool
    lossy_ratio: float | None


@dataclass(frozen=True, slots=True)
class Instance:
    """One image's header."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    instance_number: int | None
    acquisition_number: int | None
    images_in_acquisition: int | None
    slice_location_mm: float | None
    image_type: tuple[str, ...]
    frames: int
    plane: Plane
    encoding: Encoding
    study: Study
    patient: Patient
    frame_number: int | None = None
    """Which frame of a multi-frame object this is, from 1; None for a single-frame image."""
    marks: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What may tell volumes of one series apart, by the names of ``MARKS``; absent ones are left out."""

    @property
    def is_multi_frame(self) -> bool:
        """Enhanced CT or MR."""
        return self.sop_class_uid in MULTI_FRAME

    @property
    def words(self) -> str:
        """What a refusal calls this image: its Instance Number (0020,0013)."""
        return "an image without number" if self.instance_number is None else f"image {self.instance_number}"


def instances_of(path: Path, header: Dataset) -> tuple[Instance, ...] | str:
    """The image's record, one for each frame of an enhanced image, or why it is no CT or MR image."""
    if str(header.get("SOPClassUID", "")) not in MULTI_FRAME:
        found = instance_of(path, header)
        return found if isinstance(found, str) else (found,)
    frames = [instance_of(path, frame) for frame in frame_headers(header)]
    images = tuple(one for one in frames if isinstance(one, Instance))
    if images:
        return tuple(replace(one, frame_number=one.instance_number) for one in images)
    refused = [one for one in frames if isinstance(one, str)]
    return refused[0] if refused else "enhanced image whose frames and functional groups differ in number"


def instance_of(path: Path, header: Dataset) -> Instance | str:
    """The image's record, or why it is no CT or MR image."""
    sop_class = str(header.get("SOPClassUID", ""))
    if sop_class not in SINGLE_FRAME and sop_class not in MULTI_FRAME:
        return f"not a CT or MR image ({text(header, 'Modality') or 'no modality'})"
    image_type = tuple(str(value).upper() for value in values(header, "ImageType"))
    if "LOCALIZER" in image_type:
        return "scout or localizer image"
    if _PROJECTIONS.intersection(image_type):
        return "projection or rendering, whose voxels are not where they look"
    if int(header.get("SamplesPerPixel") or 1) != 1:
        return "colour image"
    if not header.get("SOPInstanceUID") or not header.get("SeriesInstanceUID"):
        return "broken DICOM file"
    return Instance(
        path=path,
        sop_class_uid=sop_class,
        sop_instance_uid=str(header.SOPInstanceUID),
        instance_number=integer(header, "InstanceNumber"),
        acquisition_number=integer(header, "AcquisitionNumber"),
        images_in_acquisition=integer(header, "ImagesInAcquisition"),
        slice_location_mm=number(header, "SliceLocation"),
        image_type=image_type,
        frames=integer(header, "NumberOfFrames") or 1,
        plane=_plane(header),
        encoding=_encoding(header),
        study=_study(header),
        patient=_patient(header),
        marks=_marks(header),
    )


def _marks(header: Dataset) -> dict[str, str]:
    found = {name: text(header, keyword) for name, keyword in MARKS.items()}
    return {name: value for name, value in found.items() if value}


def _plane(header: Dataset) -> Plane:
    return Plane(
        rows=integer(header, "Rows") or 0,
        columns=integer(header, "Columns") or 0,
        thickness_mm=number(header, "SliceThickness"),
        orientation=numbers(header, "ImageOrientationPatient", 6),
        position_mm=numbers(header, "ImagePositionPatient", 3),
        pixel_spacing_mm=numbers(header, "PixelSpacing", 2),
    )


def _encoding(header: Dataset) -> Encoding:
    is_signed = integer(header, "PixelRepresentation") == 1
    syntax = getattr(header, "file_meta", Dataset()).get("TransferSyntaxUID", "")
    ratios = values(header, "LossyImageCompressionRatio")
    return Encoding(
        bits_allocated=integer(header, "BitsAllocated") or 0,
        bits_stored=integer(header, "BitsStored") or 0,
        is_signed=is_signed,
        slope=number(header, "RescaleSlope"),
        intercept=number(header, "RescaleIntercept"),
        rescale_type=text(header, "RescaleType").upper(),
        padding=_padding(header, is_signed=is_signed),
        transfer_syntax_uid=str(syntax),
        is_lossy=text(header, "LossyImageCompression") == "01",
        lossy_ratio=float(str(ratios[-1])) if ratios else None,
    )


def _padding(header: Dataset, *, is_signed: bool) -> tuple[int, int] | None:
    value = integer(header, "PixelPaddingValue")
    if value is None:
        return None
    limit = integer(header, "PixelPaddingRangeLimit")
    kind = np.int16 if is_signed else np.uint16
    ends = [int(np.uint16(end & 0xFFFF).astype(kind)) for end in (value, value if limit is None else limit)]
    return min(ends), max(ends)


def _study(header: Dataset) -> Study:
    return Study(
        study_instance_uid=text(header, "StudyInstanceUID"),
        series_instance_uid=text(header, "SeriesInstanceUID"),
        frame_of_reference_uid=text(header, "FrameOfReferenceUID"),
        modality=text(header, "Modality"),
        patient_position=text(header, "PatientPosition").upper(),
        accession_number=text(header, "AccessionNumber"),
        study_id=text(header, "StudyID"),
        study_date=text(header, "StudyDate"),
        study_time=text(header, "StudyTime"),
        series_number=integer(header, "SeriesNumber"),
        series_date=text(header, "SeriesDate"),
        body_part=text(header, "BodyPartExamined"),
        series_description=text(header, "SeriesDescription"),
        requested_procedure=text(header, "RequestedProcedureDescription"),
        manufacturer=text(header, "Manufacturer"),
        model=text(header, "ManufacturerModelName"),
        station=text(header, "StationName"),
    )


def _patient(header: Dataset) -> Patient:
    return Patient(
        patient_id=text(header, "PatientID"),
        issuer_of_patient_id=text(header, "IssuerOfPatientID"),
        name=text(header, "PatientName"),
        birth_date=text(header, "PatientBirthDate"),
        sex=text(header, "PatientSex"),
    )
