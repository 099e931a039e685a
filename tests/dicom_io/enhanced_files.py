"""The ramp of ``builders.py`` as one enhanced multi-frame object, its functional groups where a test wants them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EnhancedCTImageStorage, EnhancedMRImageStorage, ExplicitVRLittleEndian

from tests.dicom_io.builders import Edit, Grid, ramp

TEN_SLICES = Grid()
SERIES, FRAME = "1.2.826.0.1.5", "1.2.826.0.1.6"


def write_enhanced(
    folder: Path,
    grid: Grid = TEN_SLICES,
    *,
    modality: str = "CT",
    order: tuple[int, ...] | None = None,
    is_per_frame: bool = False,
    number: int = 1,
    edit: Edit | None = None,
) -> Path:
    """One object; ``order`` is which slice each frame is; ``edit(frame, its functional groups)`` may change each frame."""
    folder.mkdir(parents=True, exist_ok=True)
    slices = tuple(range(grid.count)) if order is None else order
    image = _header(grid, modality, len(slices), number)
    shared = Dataset()
    shared.PlaneOrientationSequence = [
        _item(ImageOrientationPatient=[f"{v:.10g}" for v in grid.axes[:, [2, 1]].T.ravel()])
    ]
    shared.PixelMeasuresSequence = [_item(PixelSpacing=list(grid.spacing_mm[1:]), SliceThickness=grid.spacing_mm[0])]
    shared.PixelValueTransformationSequence = [_item(RescaleIntercept="-1024", RescaleSlope="1", RescaleType="HU")]
    kind = "CTImageFrameTypeSequence" if modality == "CT" else "MRImageFrameTypeSequence"
    setattr(shared, kind, [_item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])])
    frames = [_frame(grid, k, position) for position, k in enumerate(slices, start=1)]
    if is_per_frame:
        for frame in frames:
            frame.update(shared)
        shared = Dataset()
    for index, frame in enumerate(frames):
        if edit is not None:
            edit(index, frame)
    image.SharedFunctionalGroupsSequence, image.PerFrameFunctionalGroupsSequence = [shared], frames
    values = np.stack([ramp(grid.points_mm(k)) for k in slices])
    image.PixelData = np.rint(values + 1024).astype("<u2").tobytes()
    image["PixelData"].VR = "OW"
    path = folder / f"enhanced{number}.dcm"
    image.save_as(path, enforce_file_format=True)
    return path


def _item(**attributes: object) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def _frame(grid: Grid, k: int, position: int) -> Dataset:
    frame = Dataset()
    frame.PlanePositionSequence = [_item(ImagePositionPatient=[f"{v:.10g}" for v in grid.corner_mm(k)])]
    content = _item(StackID="1", InStackPositionNumber=position, FrameAcquisitionNumber=1)
    frame.FrameContentSequence = [content]
    return frame


def _header(grid: Grid, modality: str, frames: int, number: int) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = EnhancedCTImageStorage if modality == "CT" else EnhancedMRImageStorage
    image.SOPInstanceUID = f"{SERIES}.{number}"
    image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = "1.2.9", SERIES, FRAME
    image.Modality, image.ImageType = modality, ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    image.PatientName, image.PatientID, image.PatientBirthDate, image.PatientSex = "Test^Ramp", "R-1", "19600102", "F"
    image.StudyDate, image.StudyTime, image.AccessionNumber, image.StudyID = "20260105", "101500", "A7", "1"
    image.ReferringPhysicianName, image.PatientPosition = "", "HFS"
    image.Manufacturer, image.ManufacturerModelName = "needleplan tests", "ramp"
    image.SeriesNumber, image.InstanceNumber, image.NumberOfFrames = 3, number, frames
    image.Rows, image.Columns = grid.rows, grid.columns
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    return image
