"""A small axial CT series as files, with the identity and the gaps a test asks for."""

from datetime import date, time
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from dicom_io.identity import derived_uid
from dicom_io.series import SeriesSource, read_series

Wish: TypeAlias = Any

FRAME = derived_uid("test", "frame of reference")
STUDY = derived_uid("test", "study")
SERIES = derived_uid("test", "series")
FIRST_MM = (-60.0, -70.0, -20.0)
SPACING_MM = (2.5, 1.5, 1.5)


def write_ct_series(
    folder: Path,
    *,
    slices: int = 24,
    name: str = "Test^Patient",
    patient_id: str = "ID-1",
    character_set: str | tuple[str, ...] | None = "ISO_IR 100",
    omit: tuple[str, ...] = (),
    size: int = 80,
    shear_mm: float = 0.0,
    lossy_ratio: float | None = None,
) -> list[Path]:
    """Slices 2.5 mm apart along +z, 1.5 mm pixels; ``omit`` leaves attributes out, ``shear_mm`` is per slice along y."""
    paths = []
    for k in range(slices):
        header = _header(k, size, shear_mm)
        if character_set:
            header.SpecificCharacterSet = character_set if isinstance(character_set, str) else list(character_set)
        header.StudyDescription = "CT Wirbelsäule" if character_set in {"ISO_IR 100", "ISO_IR 192"} else "CT spine"
        header.PatientName = name
        header.PatientID = patient_id
        if lossy_ratio:
            header.LossyImageCompression, header.LossyImageCompressionRatio = "01", lossy_ratio
        for keyword in omit:
            delattr(header, keyword)
        path = folder / f"{k:03d}.dcm"
        pydicom.dcmwrite(path, header, enforce_file_format=True)
        paths.append(path)
    return paths


def ct_source(folder: Path, **wishes: Wish) -> SeriesSource:
    """The series above, read as a case is read."""
    write_ct_series(folder, **wishes)
    return read_series(folder).source


def _header(k: int, size: int, shear_mm: float) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = derived_uid("test", "image", str(k))
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = STUDY, SERIES, FRAME
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = date(2024, 5, 6)
    ds.StudyTime = ds.ContentTime = time(7, 8, 9)
    ds.AccessionNumber, ds.StudyID, ds.ReferringPhysicianName = "ACC-7", "S7", ""
    ds.Modality, ds.Manufacturer, ds.SeriesNumber, ds.InstanceNumber = "CT", "test bench", 4, k + 1
    ds.PatientBirthDate, ds.PatientSex, ds.PatientPosition = "19500102", "F", "HFP"
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [FIRST_MM[0], FIRST_MM[1] + k * shear_mm, FIRST_MM[2] + k * SPACING_MM[0]]
    ds.SliceLocation = ds.ImagePositionPatient[2]
    ds.PixelSpacing, ds.SliceThickness, ds.PositionReferenceIndicator = [1.5, 1.5], 2.5, ""
    ds.Rows = ds.Columns = size
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleSlope, ds.RescaleIntercept, ds.KVP = 1, 0, 120
    ds.PixelData = _round_body_hu(size).tobytes()
    return ds


def _round_body_hu(size: int) -> npt.NDArray[np.int16]:
    rows, columns = np.ogrid[:size, :size]
    is_body = np.hypot(rows - size / 2, columns - size / 2) < 0.4 * size
    return np.where(is_body, 40, -1000).astype(np.int16)
