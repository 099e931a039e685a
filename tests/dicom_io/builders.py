"""A small CT or MR series whose value at every point is known in closed form.

The value is linear in LPS mm: ``ramp(points)``. A reader that puts one voxel in the wrong place gives a wrong value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from planner.geometry import FloatArray

Edit = Callable[[int, Dataset], None]

AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
CORONAL = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0))
SAGITTAL = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
FLIPPED_AXIAL = ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
ORIENTATIONS = {
    "axial": AXIAL,
    "coronal": CORONAL,
    "sagittal": SAGITTAL,
    "axial, patient prone": FLIPPED_AXIAL,
    "axial, read from the head": ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "axial, patient on the left side": ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)),
    "axial, patient on the right side": ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0)),
    "oblique": ((0.9, 0.3, np.sqrt(1 - 0.81 - 0.09)), (-0.3, 0.9, 0.0)),
}


def ramp(points_mm: FloatArray) -> FloatArray:
    """(...) value at LPS points: linear, and different along each axis."""
    return np.asarray(points_mm) @ np.array([2.0, 5.0, -3.0]) - 400.0


@dataclass(frozen=True)
class Grid:
    """Where a built series lies; ``shear_mm`` is the shift per slice along a column and along a row."""

    count: int = 10
    rows: int = 20
    columns: int = 24
    spacing_mm: tuple[float, float, float] = (2.5, 0.8, 0.7)
    orientation: tuple[tuple[float, ...], tuple[float, ...]] = AXIAL
    first_mm: tuple[float, float, float] = (-11.0, 7.0, -40.0)
    shear_mm: tuple[float, float] = (0.0, 0.0)

    @property
    def axes(self) -> FloatArray:
        """(3, 3) unit vectors of k, j, i as columns."""
        row, column = (np.array(v) / np.linalg.norm(v) for v in self.orientation)
        column = column - row * (row @ column)
        column /= np.linalg.norm(column)
        return np.stack([np.cross(row, column), column, row], axis=1)

    def corner_mm(self, k: float) -> FloatArray:
        """(3,) centre of the first voxel of slice k."""
        return np.array(self.first_mm) + k * (self.axes @ np.array([self.spacing_mm[0], *self.shear_mm]))

    def points_mm(self, k: float) -> FloatArray:
        """(rows, columns, 3) centres of slice k's voxels."""
        _, column, row = self.axes.T
        down = np.arange(self.rows)[:, None, None] * column * self.spacing_mm[1]
        along = np.arange(self.columns)[None, :, None] * row * self.spacing_mm[2]
        return self.corner_mm(k) + down + along


def write_series(
    folder: Path,
    grid: Grid = Grid(),
    *,
    modality: str = "CT",
    series_number: int = 3,
    series_uid: str | None = None,
    intercept: float = -1024.0,
    slope: float = 1.0,
    signed: bool = False,
    edit: Edit | None = None,
    name: str = "{:03}.dcm",
) -> list[Path]:
    """Write one series of ``ramp`` values; ``edit(k, dataset)`` may change each image before it is written."""
    folder.mkdir(parents=True, exist_ok=True)
    study, series, frame = generate_uid(), series_uid or generate_uid(), generate_uid()
    paths = []
    for k in range(grid.count):
        image = _image(grid, k, modality)
        image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = study, series, frame
        image.SeriesNumber = series_number
        set_values(image, ramp(grid.points_mm(k)), intercept=intercept, slope=slope, signed=signed)
        if edit is not None:
            edit(k, image)
        paths.append(folder / name.format(k))
        image.save_as(paths[-1], enforce_file_format=True)
    return paths


def set_values(
    image: Dataset, values: FloatArray, *, intercept: float = -1024.0, slope: float = 1.0, signed: bool = False
) -> None:
    """Store values so that stored * slope + intercept gives them back, rounded to whole stored numbers."""
    stored = np.rint((values - intercept) / slope).astype("<i2" if signed else "<u2")
    image.Rows, image.Columns = stored.shape
    image.RescaleIntercept, image.RescaleSlope = str(intercept), str(slope)
    image.PixelRepresentation = int(signed)
    image.PixelData = stored.tobytes()
    image["PixelData"].VR = "OW"


def edit_file(path: Path, change: Callable[[Dataset], None]) -> None:
    """Change one written image in place."""
    image = pydicom.dcmread(path)
    change(image)
    image.save_as(path)


def _image(grid: Grid, k: int, modality: str) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
    image.SOPInstanceUID = generate_uid()
    image.Modality = modality
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.PatientName, image.PatientID, image.PatientBirthDate, image.PatientSex = "Test^Ramp", "R-1", "19600102", "F"
    image.StudyDate, image.StudyTime, image.AccessionNumber, image.StudyID = "20260105", "101500", "A7", "1"
    image.ReferringPhysicianName = ""
    image.PatientPosition = "HFS"
    image.Manufacturer, image.ManufacturerModelName = "needleplan tests", "ramp"
    image.InstanceNumber = k + 1
    image.ImageOrientationPatient = [f"{value:.10g}" for value in grid.axes[:, [2, 1]].T.ravel()]
    image.ImagePositionPatient = [f"{value:.10g}" for value in grid.corner_mm(k)]
    image.SliceLocation = f"{grid.corner_mm(k)[2]:.6g}"
    image.PixelSpacing = [grid.spacing_mm[1], grid.spacing_mm[2]]
    image.SliceThickness = grid.spacing_mm[0]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 16, 15
    return image
