"""The real scans as volumes, as the tests need them.

In: a NIfTI file, or a folder of DICOM files. Out: its voxels in the patient's axes, LPS mm.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name the whole field uses

from dicom_io.series import read_series
from planner.geometry import VolumeGeometry
from planner.volume import Volume


def real_scan(path: Path) -> Volume:
    """A CT in Hounsfield units, or a label map."""
    if path.is_dir():
        return read_series(path).volume.in_patient_axes()
    image = sitk.ReadImage(str(path))
    matrix = np.eye(4)
    matrix[:3, :3] = (np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing()))[:, ::-1]
    matrix[:3, 3] = image.GetOrigin()
    voxels = sitk.GetArrayFromImage(image)
    return Volume(VolumeGeometry(matrix, voxels.shape), voxels.astype(np.int16)).in_patient_axes()
