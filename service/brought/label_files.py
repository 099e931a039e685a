"""Label maps and folders of masks from NIfTI, NRRD and MetaImage files.

In: a path and a person's map. Out: a ``Brought`` on the file's own grid, without a frame of reference: such files have none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from planner.brought import Beside, Brought, BroughtError, BroughtSegment, Meaning, Source, segment_of
from planner.geometry import VolumeGeometry
from planner.structures import SpineLevel, Structure
from planner.volume import LabelEntry, Modality, Volume
from service.brought.tables import OwnMap, table_beside
from service.image_files import is_image_file, read_image_file

_MOST_VALUES = 2000
"""A label map of more values is an image (assumed)."""


def read_label_map(path: Path, own: OwnMap) -> Brought:
    """One label map with its table: beside it, in its header, or in the map."""
    volume = _labels(path)
    names = {**table_beside(path), **own.numbers}
    values = np.flatnonzero(np.bincount(volume.voxels.ravel().astype(np.uint16)))
    if len(values) > _MOST_VALUES:
        raise BroughtError(f"the file holds {len(values)} different values: it is an image, not a label map")
    segments = (_segment(volume, int(value), names, own) for value in values if value > 0)
    return Brought(
        _without_frame(volume.geometry), tuple(one for one in segments if one is not None), _source(path, _digest(path))
    )


def _segment(volume: Volume, value: int, names: Mapping[int, str], own: OwnMap) -> BroughtSegment | None:
    name = names.get(value, "")
    meaning = own.meaning(name) if name else None
    why = "" if name else "its number has no name; give a table beside it, or a scheme or numbers in the map"
    return segment_of(value, name or str(value), volume.voxels == value, meaning, why)


def read_folder(path: Path, own: OwnMap) -> Brought:
    """A folder of masks, one file per class, named by the class: TotalSegmentator's own way."""
    files = sorted(one for one in path.iterdir() if is_image_file(one))
    geometry: VolumeGeometry | None = None
    segments: list[BroughtSegment] = []
    digests: list[str] = []
    for number, file in enumerate(files, start=1):
        volume = _labels(file)
        geometry = geometry or volume.geometry
        if not volume.geometry.matches(geometry, tolerance_mm=0.1):
            raise BroughtError(
                f"the masks do not share one grid: {file.name.split('.')[0]!r} lies elsewhere; export them again"
            )
        name = file.name.split(".")[0]
        segment = segment_of(number, name, volume.voxels > 0, own.meaning(name))
        if segment is not None:
            segments.append(segment)
        digests.append(_digest(file))
    if geometry is None or not segments:
        raise BroughtError(
            "the folder holds no mask with a voxel; give TotalSegmentator's output folder, or one label map"
        )
    digest = hashlib.sha256("".join(digests).encode()).hexdigest()
    return Brought(_without_frame(geometry), tuple(segments), Source("folder of masks", "", digest))


def with_instances(parts: Brought, instances: Brought) -> Brought:
    """Parts of vertebrae (SPINEPS subregions) cut by the vertebrae of a second file on the same grid (its instances).

    Each part of a vertebra becomes one segment per named vertebra; everything else of the first file stays.
    """
    if not parts.geometry.matches(instances.geometry, tolerance_mm=0.1):
        raise BroughtError("the two label maps do not share one grid; give the pair as one tool wrote it")
    levels = np.zeros(parts.geometry.shape, dtype=np.uint8)
    ordered = list(SpineLevel)
    for one in instances.segments:
        if isinstance(one.meaning, LabelEntry) and isinstance(one.meaning.level, SpineLevel):
            levels[one.box][one.mask] = one.meaning.level.order + 1
    cut: list[BroughtSegment] = []
    for one in parts.segments:
        if not _is_part(one.meaning):
            cut.append(one)
            continue
        for value in np.unique(levels[one.box][one.mask]):
            entry = replace(one.meaning, level=ordered[int(value) - 1]) if value else one.meaning  # type: ignore[type-var]
            inside = one.mask & (levels[one.box] == value)
            cut.append(
                BroughtSegment(
                    one.number, f"{one.label} {getattr(entry, 'level', '') or ''}".strip(), inside, one.box, entry
                )
            )
    digest = hashlib.sha256((parts.source.digest + instances.source.digest).encode()).hexdigest()
    return replace(parts, segments=tuple(cut), source=replace(parts.source, digest=digest))


def _is_part(meaning: Meaning | None) -> bool:
    return (
        isinstance(meaning, LabelEntry)
        and not isinstance(meaning, Beside)
        and meaning.structure is Structure.VERTEBRA
        and meaning.level is None
    )


def _labels(path: Path) -> Volume:
    volume = read_image_file(path, Modality.MR).volume
    if volume.voxels.min() < 0:
        raise BroughtError(f"the file holds values down to {int(volume.voxels.min())}: it is an image, not a label map")
    return volume


def _without_frame(geometry: VolumeGeometry) -> VolumeGeometry:
    return VolumeGeometry(geometry.lps_from_index, geometry.shape, "")


def _source(path: Path, digest: str) -> Source:
    kind = (
        "NRRD"
        if path.name.lower().endswith((".nrrd", ".nhdr"))
        else "NIfTI"
        if ".nii" in path.name.lower()
        else "MetaImage"
    )
    return Source(f"{kind} label map", "", digest)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
