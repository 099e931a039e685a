"""NIfTI, NRRD and MetaImage files as volumes, for research: no patient, no series, no DICOM output.

In: one file. Out: an ``ImageFile``: int16 Hounsfield units or signal in LPS mm, and what was assumed on the way.
RAS, PIR and every other orthogonal orientation is kept as stored; the geometry says where it lies.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK

from dicom_io.voxels import found_padding
from planner.errors import GeometryError
from planner.geometry import AnyArray, FloatArray, VolumeGeometry
from planner.volume import Modality, Volume
from service.errors import ServiceError
from service.nifti_orientation import read_orientations

_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
_INT16 = np.iinfo(np.int16)

_LARGEST_DISAGREEMENT_MM = 0.5
"""Between two orientations of one file at the furthest voxel: the accuracy that is promised for clearances."""

_LEAST_SPAN = 100.0
"""A CT spans over 1000 HU, an MR signal hundreds: fractions over a smaller span are a normalised image (assumed)."""


class ImageFileError(ServiceError):
    """An image file that is no volume, or a doubtful one."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageFile:
    """A volume from a research file, and what its reading assumed."""

    volume: Volume
    notes: tuple[str, ...]


def is_image_file(path: Path) -> bool:
    """The name ends like a NIfTI, NRRD or MetaImage file."""
    return path.is_file() and path.name.lower().endswith(_SUFFIXES)


def read_image_file(path: Path, modality: Modality | None = None) -> ImageFile:
    """Read one NIfTI, NRRD or MetaImage file.

    Parameters
    ----------
    modality : what the image is; None takes it for CT where its values are Hounsfield units, and refuses else.
    """
    image = _read(path)
    matrix = _lps_from_index(image)
    _require_stated_orientation(path, matrix, image.GetSize())
    stored = SimpleITK.GetArrayFromImage(image)
    del image
    voxels, notes = _int16(stored)
    del stored
    padding = found_padding(voxels)
    known, note = _modality(voxels, padding, modality)
    padding = padding if known is Modality.CT else None
    geometry = _geometry(matrix, voxels)
    if padding is not None:
        notes = (*notes, f"{padding} fills what lies outside the reconstruction; taken as padding")
    return ImageFile(Volume(geometry, voxels, known, padding), (*note, *_orientation_notes(path), *notes))


def _read(path: Path) -> SimpleITK.Image:
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _require_one_volume(reader)
        return reader.Execute()
    except RuntimeError as error:
        is_skewed = "orthonormal" in str(error) or "direction" in str(error).lower()
        raise ImageFileError(
            "the image's axes are not at right angles; resample it to an orthogonal grid"
            if is_skewed
            else "the image file cannot be read; check that it is a whole NIfTI, NRRD or MetaImage file"
        ) from error


def _require_one_volume(reader: SimpleITK.ImageFileReader) -> None:
    size, components = reader.GetSize(), reader.GetNumberOfComponents()
    if components != 1:
        raise ImageFileError(f"the image has {components} values per voxel; give one with a single value, HU or signal")
    if len(size) != 3 or min(size) < 2:
        shape = " x ".join(map(str, size))
        raise ImageFileError(f"the image is {shape}; give one volume with at least 2 voxels along each of 3 axes")


def _lps_from_index(image: SimpleITK.Image) -> FloatArray:
    """(4, 4) from (k, j, i): SimpleITK counts (i, j, k), in LPS mm as we do."""
    directions = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    matrix = np.eye(4)
    matrix[:3, :3] = directions[:, ::-1]
    matrix[:3, 3] = image.GetOrigin()
    return matrix


def _geometry(matrix: FloatArray, voxels: npt.NDArray[np.int16]) -> VolumeGeometry:
    """The frame of reference is derived from the content: the same for the same image, shared with no other."""
    digest = hashlib.sha256(matrix.tobytes() + np.ascontiguousarray(voxels).tobytes()).hexdigest()
    frame = f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, digest).int}"
    k, j, i = voxels.shape
    try:
        return VolumeGeometry(matrix, (k, j, i), frame)
    except GeometryError as error:
        raise ImageFileError(str(error)) from error


def _require_stated_orientation(path: Path, matrix: FloatArray, size: tuple[int, ...]) -> None:
    """A NIfTI file states where it lies, once or twice in agreement; a mirror image looks like a patient too."""
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        return
    stated = read_orientations(path).stated
    if not stated:
        raise ImageFileError(
            "the NIfTI file states no orientation (qform and sform codes are 0): left and right are unknown; "
            "write it again with its orientation"
        )
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in size], indexing="ij"), axis=-1).reshape(-1, 3)
    read = corners[:, ::-1] @ matrix[:3, :3].T + matrix[:3, 3]
    off_mm = max(float(np.abs(corners @ m[:3, :3].T + m[:3, 3] - read).max()) for m in stated)
    if off_mm > _LARGEST_DISAGREEMENT_MM:
        raise ImageFileError(
            f"the NIfTI file's two orientations (qform and sform) disagree by {off_mm:.1f} mm (limit "
            f"{_LARGEST_DISAGREEMENT_MM} mm); write it again with one orientation"
        )


def _orientation_notes(path: Path) -> tuple[str, ...]:
    if path.name.lower().endswith((".mha", ".mhd")):
        return ("MetaImage names no patient space; its axes are taken as LPS, as ITK writes them",)
    return ()


def _int16(stored: AnyArray) -> tuple[npt.NDArray[np.int16], tuple[str, ...]]:
    if stored.dtype == np.int16:
        return stored, ()
    lowest, highest = stored.min(), stored.max()
    if not np.isfinite([lowest, highest]).all():
        count = int(np.count_nonzero(~np.isfinite(stored)))
        raise ImageFileError(
            f"{count} voxels hold no number (NaN or infinite); write them as a value below the image's"
        )
    if lowest < _INT16.min or highest > _INT16.max:
        raise ImageFileError(
            f"values reach from {lowest:g} to {highest:g}, beyond {_INT16.min} to {_INT16.max}; give HU or a scaled signal"
        )
    voxels = np.empty(stored.shape, dtype=np.int16)
    off = max(_round_into(voxels[k], stored[k]) for k in range(len(stored)))
    if off > 0 and highest - lowest < _LEAST_SPAN:
        span = f"{highest - lowest:g}"
        raise ImageFileError(f"values span {span} in fractions: a normalised image; give Hounsfield units or signal")
    return voxels, (f"values were rounded to whole numbers, by at most {off:.2f}",) if off > 0 else ()


def _round_into(voxels: npt.NDArray[np.int16], stored: AnyArray) -> float:
    """One slice, rounded; by how much at most. Slice by slice, so that no second volume is held."""
    if np.issubdtype(stored.dtype, np.integer):
        voxels[...] = stored
        return 0.0
    whole = np.rint(stored)
    voxels[...] = whole
    return float(np.abs(whole - stored).max())


def _modality(
    voxels: npt.NDArray[np.int16], padding: int | None, stated: Modality | None
) -> tuple[Modality, tuple[str, ...]]:
    if stated is not None:
        return stated, ()
    if _has_air_in_hounsfield_units(voxels, padding):
        return Modality.CT, ("taken as CT: its values have air near -1000",)
    raise ImageFileError(
        f"values from {voxels.min()} to {voxels.max()} have no air near -1000 HU: the file does not say whether it is "
        "CT or MR; state it (--modality CT), or give the DICOM series"
    )


def _has_air_in_hounsfield_units(voxels: npt.NDArray[np.int16], padding: int | None) -> bool:
    """Something is below -500 HU, and most of that, padding aside, is lung or air: not an MR phase or a label map."""
    low = voxels[voxels < -500]
    low = low if padding is None else low[low != padding]
    sample = low[:: max(1, low.size // 100_000)]
    return bool(sample.size) and float(np.median(sample)) >= -1100
