"""Stored pixels to int16 Hounsfield units (CT) or signal (MR), slice by slice.

In: a ``Stack`` of headers whose pixels are still in their files. Out: (k, j, i) int16 voxels, what padding is, and how
many voxels did not fit. Memory is one volume and one slice per thread.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_io.errors import DecodingError, NoPixelDataError, TruncatedPixelDataError, ValuesError
from dicom_io.instances import Instance
from dicom_io.scan import UNREADABLE
from dicom_io.tilt import Shear, sheared
from planner.geometry import AnyArray, BoolArray
from planner.volume import Modality

_INT16 = np.iinfo(np.int16)

AIR_HU = -1000
"""Hounsfield units of air, by definition; padding lies below."""

_BELOW_CT = -2048
"""Fills what was not measured where the series names no padding; below the -1024 that CT scanners store at least."""

_FAT_HU = -50
"""Every part of a body holds fat, near -100 HU; without anything below this the values are no Hounsfield units."""

_HU_TYPES = {"", "HU", "HU_MOD", "US"}
"""Rescale Type (0028,1054) of images in Hounsfield units; US is unspecified (PS3.3 C.11.1.1.2)."""


@dataclass(frozen=True, slots=True)
class Rescaling:
    """Value = stored * slope + intercept, one pair per slice; ``padding`` is None where there is none."""

    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]
    padding: int | None
    notes: tuple[str, ...]

    def of(self, k: int) -> tuple[float, float]:
        """Slope and intercept of slice k."""
        return self.slopes[k], self.intercepts[k]


@dataclass(frozen=True, slots=True, eq=False)
class Voxels:
    """The volume's values, what padding is, and notes."""

    values: npt.NDArray[np.int16]
    padding: int | None
    notes: tuple[str, ...]


def read_voxels(instances: Sequence[Instance], modality: Modality, shear: Shear | None) -> Voxels:
    """Decode all slices; with ``shear`` each is moved onto the orthogonal grid."""
    rescaling = _rescaling(instances, modality)
    frames = _frames(instances)
    padding = rescaling.padding
    if padding is None and modality is Modality.CT:
        padding = _padding_in_samples(instances, frames, rescaling)
    fill = padding if padding is not None else (_BELOW_CT if modality is Modality.CT else 0)
    plane = shear.plane if shear else (instances[0].plane.rows, instances[0].plane.columns)
    values = np.empty((len(instances), *plane), dtype=np.int16)

    def read(k: int) -> int:
        image, is_padding, cut = _slice(instances[k], _stored(instances[k], frames), rescaling.of(k), padding)
        values[k] = sheared(image, is_padding | (image == fill), shear.shifts[k], plane, fill) if shear else image
        return cut

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        cut = sum(pool.map(read, range(len(instances))))
    if modality is Modality.CT:
        _require_fat_or_air(values, fill)
    return Voxels(values, fill if shear else padding, (*rescaling.notes, *_notes(instances, cut)))


def _require_fat_or_air(values: npt.NDArray[np.int16], fill: int) -> None:
    """Stored numbers that start at 0 under a rescale of 1 and 0 are a common fault of converters."""
    lowest = min(int(image.min(where=image != fill, initial=_INT16.max)) for image in values)
    if lowest > _FAT_HU:
        raise ValuesError("the lowest value of this CT", f"{lowest} HU (fat and air are below {_FAT_HU})")


def found_padding(images: npt.NDArray[np.int16]) -> int | None:
    """The value outside the reconstruction, where a CT image shows one without naming it.

    It is the lowest value, below what a scanner gives for air (-1024), and fills at least half of the corners.
    """
    corners = images[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    lowest = int(images.min())
    return lowest if lowest < -1024 and np.mean(corners == lowest) >= 0.5 else None


def _rescaling(instances: Sequence[Instance], modality: Modality) -> Rescaling:
    return _hounsfield(instances) if modality is Modality.CT else _signal(instances)


def _hounsfield(instances: Sequence[Instance]) -> Rescaling:
    for one in instances:
        if one.encoding.slope is None or one.encoding.intercept is None:
            raise ValuesError("Rescale Slope or Intercept", f"absent in {one.words}")
        if one.encoding.slope <= 0:
            raise ValuesError("Rescale Slope", f"{one.encoding.slope:g} in {one.words}")
        if one.encoding.rescale_type not in _HU_TYPES:
            raise ValuesError("Rescale Type", f"{one.encoding.rescale_type[:16]} in {one.words}")
    slopes = tuple(float(one.encoding.slope or 1) for one in instances)
    intercepts = tuple(float(one.encoding.intercept or 0) for one in instances)
    padding = _declared_padding(instances, slopes, intercepts)
    notes: tuple[str, ...] = ()
    if any(one.encoding.rescale_type == "US" for one in instances):
        notes = ("Rescale Type is US, unspecified; taken as Hounsfield units",)
    if padding is not None and padding > AIR_HU:
        notes = (
            *notes,
            f"the padding value that the series declares is {padding} HU, inside the range of tissue: ignored",
        )
        padding = None
    return Rescaling(slopes, intercepts, padding, notes)


def _signal(instances: Sequence[Instance]) -> Rescaling:
    """MR signal in units of the largest slope: its scale is arbitrary, one scale over all slices is not."""
    slopes = np.array([1.0 if one.encoding.slope is None else one.encoding.slope for one in instances])
    intercepts = np.array([one.encoding.intercept or 0.0 for one in instances])
    if (slopes <= 0).any():
        raise ValuesError("Rescale Slope", f"{slopes.min():g} in {instances[int(slopes.argmin())].words}")
    largest = float(slopes.max())
    scaled, offsets = tuple((slopes / largest).tolist()), tuple((intercepts / largest).tolist())
    padding = _declared_padding(instances, scaled, offsets)
    notes: tuple[str, ...] = ()
    if slopes.min() < largest:
        notes = (
            *notes,
            f"rescale slopes differ between slices ({slopes.min():g} to {largest:g}); signal is in units of {largest:g}",
        )
    return Rescaling(scaled, offsets, padding, notes)


def _declared_padding(
    instances: Sequence[Instance], slopes: Sequence[float], intercepts: Sequence[float]
) -> int | None:
    lowest = [
        one.encoding.padding[0] * slope + intercept
        for one, slope, intercept in zip(instances, slopes, intercepts, strict=True)
        if one.encoding.padding is not None
    ]
    if not lowest:
        return None
    return int(np.clip(np.rint(min(lowest)), _INT16.min, _INT16.max))


def _padding_in_samples(
    instances: Sequence[Instance], frames: Mapping[Path, AnyArray], rescaling: Rescaling
) -> int | None:
    sampled = sorted({0, len(instances) // 2, len(instances) - 1})
    images = [_slice(instances[k], _stored(instances[k], frames), rescaling.of(k), None)[0] for k in sampled]
    return found_padding(np.stack(images))


def _slice(
    one: Instance, stored: AnyArray, scale: tuple[float, float], padding: int | None
) -> tuple[npt.NDArray[np.int16], BoolArray, int]:
    """One image's values, which of them are padding, and how many did not fit int16."""
    slope, intercept = scale
    is_padding = np.zeros(stored.shape, dtype=bool)
    if padding is not None and one.encoding.padding is not None:
        lowest, highest = one.encoding.padding
        is_padding = (stored >= lowest) & (stored <= highest)
    values: AnyArray
    if slope == 1.0 and intercept.is_integer():
        values = stored.astype(np.int32) + int(intercept)
    else:
        values = np.rint(stored * slope + intercept)
    does_not_fit = ((values < _INT16.min) | (values > _INT16.max)) & ~is_padding
    values = np.clip(values, _INT16.min, _INT16.max).astype(np.int16)
    if padding is not None:
        values[is_padding] = padding
    return values, is_padding, int(np.count_nonzero(does_not_fit))


def _stored(one: Instance, frames: Mapping[Path, AnyArray]) -> AnyArray:
    """(rows, columns) stored pixel values; ``frames`` holds those of multi-frame objects."""
    if one.frame_number is not None:
        return cast("AnyArray", frames[one.path][one.frame_number - 1])
    try:
        return _decoded(one, (one.plane.rows, one.plane.columns))
    except (RuntimeError, *UNREADABLE) as error:
        raise DecodingError(one.words, UID(one.encoding.transfer_syntax_uid).name) from error


def _frames(instances: Sequence[Instance]) -> dict[Path, AnyArray]:
    """(frames, rows, columns) stored values of each multi-frame object, decoded once."""
    found: dict[Path, AnyArray] = {}
    for one in instances:
        if one.frame_number is None or one.path in found:
            continue
        try:
            found[one.path] = _decoded_frames(one)
        except (RuntimeError, *UNREADABLE) as error:
            raise DecodingError(one.words, UID(one.encoding.transfer_syntax_uid).name) from error
    return found


def _decoded_frames(one: Instance) -> AnyArray:
    frames = int(pydicom.dcmread(one.path, specific_tags=["NumberOfFrames"], stop_before_pixels=True).NumberOfFrames)
    shape = (frames, one.plane.rows, one.plane.columns)
    return _decoded(one, shape if frames > 1 else shape[1:]).reshape(shape)


def _decoded(one: Instance, shape: tuple[int, ...]) -> AnyArray:
    dataset = pydicom.dcmread(one.path, force=True)
    pixels = dataset.get("PixelData")
    if not pixels:
        raise NoPixelDataError(one.words)
    if "TransferSyntaxUID" not in dataset.file_meta:
        is_implicit, is_little_endian = dataset.original_encoding
        plain = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = plain if is_little_endian else ExplicitVRBigEndian
    expected = int(np.prod(shape)) * one.encoding.bits_allocated // 8
    _require_all_bytes(one, (len(pixels), expected), UID(str(dataset.file_meta.TransferSyntaxUID)))
    stored = pixel_array(dataset, raw=True)
    if stored.shape != shape:
        raise ValueError(f"shape {stored.shape}")
    return stored


def _require_all_bytes(one: Instance, found_and_expected: tuple[int, int], syntax: UID) -> None:
    found, expected = found_and_expected
    if not syntax.is_compressed and found < expected:
        raise TruncatedPixelDataError(one.words, found, expected)


def _notes(instances: Sequence[Instance], cut: int) -> tuple[str, ...]:
    lossy = [one for one in instances if one.encoding.is_lossy]
    notes = []
    if lossy:
        ratios = [one.encoding.lossy_ratio for one in lossy if one.encoding.lossy_ratio]
        worst = f", up to {max(ratios):g}:1" if ratios else ""
        notes.append(f"{len(lossy)} of {len(instances)} images were compressed with loss{worst}")
    if cut:
        notes.append(f"{cut} voxels were beyond {_INT16.min} to {_INT16.max} and were cut there")
    return tuple(notes)
