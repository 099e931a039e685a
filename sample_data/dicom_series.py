"""Writes a volume as a CT or MR series: one CT or MR Image Storage file for each slice.

In: a ``Volume`` in LPS mm, how the patient lies, ``SeriesOptions``. Out: the paths written, in instance order.
Rows and columns run as on a scanner's console for the Patient Position; the same input gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    MRImageStorage,
    RLELossless,
    generate_uid,
)

from planner.geometry import FloatArray, unit
from planner.structures import PatientPosition, Pose
from planner.volume import Modality, Volume
from sample_data.phantom import Phantom

_STORED_ZERO_HU = 1024
"""Stored value of 0 HU: Rescale Intercept (0028,1052) is -1024, twelve bits hold -1024 to 3071 HU."""


class Encoding(StrEnum):
    """Transfer syntax (PS3.5 A.4)."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"
    RLE = "rle"
    JPEG_LS = "jpeg-ls"

    @property
    def uid(self) -> UID:
        """Transfer Syntax UID (0002,0010)."""
        return {
            "explicit": ExplicitVRLittleEndian,
            "implicit": ImplicitVRLittleEndian,
            "rle": RLELossless,
            "jpeg-ls": JPEGLSLossless,
        }[self.value]

    @property
    def is_compressed(self) -> bool:
        """Pixel data are encapsulated."""
        return self in (Encoding.RLE, Encoding.JPEG_LS)


@dataclass(frozen=True, slots=True)
class SeriesOptions:
    """How the series is written.

    Parameters
    ----------
    position : Patient Position (0018,5100); sets how rows and columns run.
    tilt_deg : gantry tilt: slices lean, while their positions advance along the table.
    as_stored : rows and columns as in the volume's array, whatever the position.
    with_position, with_frame_of_reference : False leaves Patient Position or Frame of Reference UID out.
    """

    position: PatientPosition = PatientPosition.HFS
    encoding: Encoding = Encoding.EXPLICIT
    tilt_deg: float = 0.0
    extension: str = ".dcm"
    as_stored: bool = False
    with_position: bool = True
    with_frame_of_reference: bool = True
    patient_name: str = "Phantom^Lumbar"
    patient_id: str = "NEEDLEPLAN-PHANTOM"
    series_number: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """Pixels in HU (n, rows, columns), the first voxel's place, and the LPS steps to the next slice, row and column."""

    hu: npt.NDArray[np.int16]
    first_mm: FloatArray
    steps_mm: tuple[FloatArray, FloatArray, FloatArray]

    def flipped(self, axis: int) -> Slices:
        """The same voxels, one axis counted from its other end."""
        steps = list(self.steps_mm)
        first = self.first_mm + (self.hu.shape[axis] - 1) * steps[axis]
        steps[axis] = -steps[axis]
        return Slices(np.flip(self.hu, axis), first, (steps[0], steps[1], steps[2]))

    def facing(self, axis: int, direction: FloatArray) -> Slices:
        """Flipped where an axis runs against a direction."""
        return self if self.steps_mm[axis] @ direction >= 0 else self.flipped(axis)

    def with_columns_along(self, right: FloatArray) -> Slices:
        """Rows and columns exchanged where the image's right runs along the array's rows."""
        step, down, across = self.steps_mm
        if abs(unit(across) @ right) >= abs(unit(down) @ right):
            return self
        return Slices(self.hu.swapaxes(1, 2), self.first_mm, (step, across, down))


def head_first_position(pose: Pose) -> PatientPosition:
    """HFS or HFP, as the patient lies."""
    return PatientPosition.HFP if pose is Pose.PRONE else PatientPosition.HFS


def write_dicom_series(phantom: Phantom, folder: Path, options: SeriesOptions | None = None) -> list[Path]:
    """The phantom as a series; without options head first, as it lies."""
    options = options or SeriesOptions(position=head_first_position(phantom.parameters.pose))
    return write_volume_series(phantom.volume, folder, options, identity=repr(phantom.parameters))


def write_volume_series(volume: Volume, folder: Path, options: SeriesOptions, *, identity: str) -> list[Path]:
    """Any CT or MR volume as a series; UIDs follow from ``identity`` and the options, study and frame from identity alone."""
    slices = _slices(volume, options)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(1, len(slices.hu) + 1):
        dataset = _instance(slices, number, options, identity)
        if volume.modality is Modality.MR:
            _as_mr(dataset, slices.hu[number - 1])
        if options.with_frame_of_reference:
            dataset.FrameOfReferenceUID = volume.geometry.frame_of_reference_uid or _uid(identity, "frame")
            dataset.PositionReferenceIndicator = ""
        path = folder / f"{volume.modality}{number:04d}{options.extension}"
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def console_axes(position: PatientPosition) -> tuple[FloatArray, FloatArray]:
    """LPS directions of image right and image down on the console: ceiling up, seen from the table's foot end.

    Into the screen is cranial for a head-first patient, caudal for a feet-first one.

    >>> right, down = console_axes(PatientPosition.HFP)
    >>> (right + 0.0).tolist(), (down + 0.0).tolist()
    ([-1.0, 0.0, 0.0], [0.0, -1.0, 0.0])
    """
    down = np.array(
        {"S": (0.0, 1.0, 0.0), "P": (0.0, -1.0, 0.0), "DL": (1.0, 0.0, 0.0), "DR": (-1.0, 0.0, 0.0)}[position.value[2:]]
    )
    into = np.array([0.0, 0.0, 1.0 if position.value.startswith("H") else -1.0])
    return np.cross(down, into), down


def _slices(volume: Volume, options: SeriesOptions) -> Slices:
    slices = _leaning(volume, options.tilt_deg) if options.tilt_deg else _straight(volume)
    if options.as_stored:
        return slices
    right, down = console_axes(options.position)
    cranial_first = slices.with_columns_along(right).facing(0, np.array([0.0, 0.0, -1.0]))
    return cranial_first.facing(1, down).facing(2, right)


def _straight(volume: Volume) -> Slices:
    matrix = volume.geometry.lps_from_index
    return Slices(volume.voxels, matrix[:3, 3].copy(), (matrix[:3, 0], matrix[:3, 1], matrix[:3, 2]))


def _leaning(volume: Volume, tilt_deg: float) -> Slices:
    """Each slice turned about its own middle row's axis, read from the volume trilinearly."""
    step, down, across = _straight(volume).steps_mm
    length = np.linalg.norm(down)
    lean = length * (np.cos(np.radians(tilt_deg)) * unit(down) + np.sin(np.radians(tilt_deg)) * unit(step))
    count, rows, columns = volume.geometry.shape
    first = volume.geometry.points_mm([0, (rows - 1) / 2, 0]) - lean * (rows - 1) / 2
    grid = np.arange(rows)[:, None, None] * lean + np.arange(columns)[None, :, None] * across
    hu = [np.rint(volume.linear(first + k * step + grid, -1000.0)).astype(np.int16) for k in range(count)]
    return Slices(np.stack(hu), first, (step, lean, across))


def _uid(*words: str) -> UID:
    """The same words give the same UID."""
    return generate_uid(entropy_srcs=["needleplan phantom", *words])


def _instance(slices: Slices, number: int, options: SeriesOptions, identity: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = _uid(identity, repr(options), "instance", str(number))
    meta.TransferSyntaxUID = options.encoding.uid if not options.encoding.is_compressed else ExplicitVRLittleEndian
    meta.ImplementationClassUID = _uid("implementation")
    meta.ImplementationVersionName = "NEEDLEPLAN_DATA"
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    _patient_and_study(dataset, options, identity)
    _place(dataset, slices, number, options)
    _pixels(dataset, slices.hu[number - 1])
    if options.encoding.is_compressed:
        dataset.compress(options.encoding.uid, generate_instance_uid=False)
    return dataset


def _as_mr(dataset: FileDataset, signal: npt.NDArray[np.int16]) -> None:
    """The same slice as MR Image Storage (PS3.3 A.4): signal without rescale, a spin echo's attributes; never compressed."""
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
    dataset.Modality, dataset.ImageType = "MR", ["ORIGINAL", "PRIMARY", "M"]
    for name in ("RescaleIntercept", "RescaleSlope", "RescaleType", "KVP", "GantryDetectorTilt"):
        delattr(dataset, name)
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "SE", "SK", ""
    dataset.MRAcquisitionType, dataset.EchoTime, dataset.RepetitionTime, dataset.EchoTrainLength = (
        "2D",
        "90",
        "4000",
        "15",
    )
    stored = np.clip(signal, 0, 4095).astype("<u2")
    dataset.WindowCenter, dataset.WindowWidth = str(int(stored.max()) // 2), str(max(1, int(stored.max())))
    dataset.PixelData = np.ascontiguousarray(stored).tobytes()


def _patient_and_study(dataset: Dataset, options: SeriesOptions, identity: str) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName, dataset.PatientID = options.patient_name, options.patient_id
    dataset.PatientBirthDate, dataset.PatientSex = "19700101", "O"
    dataset.StudyInstanceUID = _uid(identity, "study")
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20200101", "120000", "1"
    dataset.StudyDescription, dataset.AccessionNumber, dataset.ReferringPhysicianName = "Synthetic phantom", "PH1", ""
    dataset.Modality, dataset.SeriesNumber = "CT", options.series_number
    dataset.SeriesInstanceUID = _uid(identity, repr(options), "series")
    dataset.SeriesDate, dataset.SeriesTime = "20200101", "120000"
    dataset.SeriesDescription, dataset.BodyPartExamined = "Lumbar spine, computed phantom", "LSPINE"
    dataset.Manufacturer, dataset.ManufacturerModelName = "needleplan", "phantom"
    if options.with_position:
        dataset.PatientPosition = options.position.value


def _place(dataset: Dataset, slices: Slices, number: int, options: SeriesOptions) -> None:
    step, down, right = slices.steps_mm
    place = slices.first_mm + (number - 1) * step
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber, dataset.AcquisitionNumber = number, 1
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20200101", "120000"
    dataset.ContentDate, dataset.ContentTime = "20200101", "120000"
    dataset.ImagePositionPatient = [_decimal(value) for value in place]
    dataset.ImageOrientationPatient = [_decimal(value) for value in (*unit(right), *unit(down))]
    dataset.PixelSpacing = [_decimal(float(np.linalg.norm(down))), _decimal(float(np.linalg.norm(right)))]
    normal = np.cross(unit(right), unit(down))
    dataset.SliceThickness = _decimal(abs(float(step @ normal)))
    dataset.SliceLocation = _decimal(float(place[2]))
    dataset.KVP, dataset.GantryDetectorTilt = "120", _decimal(options.tilt_deg)


def _decimal(value: float) -> str:
    """A Decimal String (PS3.5 6.2): at most 16 characters."""
    return f"{float(value) + 0.0:.10g}" if abs(value) > 1e-9 else "0"


def _pixels(dataset: Dataset, hu: npt.NDArray[np.int16]) -> None:
    stored = np.clip(hu.astype(np.int32) + _STORED_ZERO_HU, 0, 4095).astype("<u2")
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = str(-_STORED_ZERO_HU), "1", "HU"
    dataset.WindowCenter, dataset.WindowWidth = "60", "400"
    dataset.PixelData = np.ascontiguousarray(stored).tobytes()
    dataset["PixelData"].VR = "OW"
