"""The one CT or MR volume in a folder, and everything about its origin that an answer must carry.

In: a folder (searched with its subfolders) or a file. Out: an ``ImageSeries``: voxels in LPS mm and their source.
Doubtful geometry is refused in millimetres. What was left out, assumed or resampled is said in ``notes``.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from dicom_io.candidates import Candidate, candidates, choose, with_volume
from dicom_io.enhanced import frame_headers
from dicom_io.instances import MODALITIES, Instance, Patient, Study
from dicom_io.scan import Scan, scan_files
from dicom_io.stack import LARGEST_OFF_MM, Stack
from dicom_io.tilt import Shear, shear_of
from dicom_io.voxels import read_voxels
from planner.geometry import VolumeGeometry
from planner.structures import PatientPosition
from planner.volume import Modality, Volume


@dataclass(frozen=True, slots=True)
class SliceSource:
    """The image that slice k of the volume was read from."""

    sop_class_uid: str
    sop_instance_uid: str
    instance_number: int | None
    slice_location_mm: float | None
    position_mm: tuple[float, float, float]
    path: Path
    frame_number: int | None = None
    """Which frame of a multi-frame object, from 1."""


@dataclass(frozen=True, slots=True)
class SeriesSource:
    """Whose and which series a volume is.

    ``frame_of_reference_uid`` is the stored one, or derived from the Series UID where the images have none.
    ``instances[k]`` is the image of slice k; also after a gantry tilt was resampled, because slices move in their plane.
    """

    study: Study
    patient: Patient
    modality: Modality
    patient_position: PatientPosition | None
    frame_of_reference_uid: str
    frame_of_reference_is_derived: bool
    instances: tuple[SliceSource, ...]

    @property
    def study_instance_uid(self) -> str:
        """Study Instance UID (0020,000D)."""
        return self.study.study_instance_uid

    @property
    def series_instance_uid(self) -> str:
        """Series Instance UID (0020,000E)."""
        return self.study.series_instance_uid

    @property
    def series_number(self) -> int | None:
        """Series Number (0020,0011)."""
        return self.study.series_number


@dataclass(frozen=True, slots=True, eq=False)
class ImageSeries:
    """A volume, where it comes from, and what a reader of the plan must know about the reading."""

    volume: Volume
    source: SeriesSource
    notes: tuple[str, ...]


def read_series(path: Path, series_uid: str | None = None, volume: str = "") -> ImageSeries:
    """Read the only (or the named) CT or MR volume series under ``path``.

    Parameters
    ----------
    path : a folder, a DICOMDIR, or one image (its series is then read from the images beside it).
    series_uid : Series Instance UID (0020,000E) to read where a folder holds several.
    volume : which one is meant of several volumes at one place in the series, as ``volumes.CHOICE`` says; empty: the only one.
    """
    scan = scan_files(path)
    chosen, others = choose(candidates(scan), series_uid, scan.left_out)
    chosen = with_volume(chosen, volume) if volume else chosen
    stack = chosen.require_stack()
    source = _source(stack, chosen)
    shear = _shear(stack)
    voxels = read_voxels(stack.instances, source.modality, shear)
    geometry = _geometry(stack, shear, source.frame_of_reference_uid)
    notes = (
        *_tilt_notes(stack),
        *_gap_notes(stack),
        *_source_notes(source),
        *voxels.notes,
        *chosen.notes,
        *_others_notes(others, scan),
    )
    return ImageSeries(Volume(geometry, voxels.values, source.modality, voxels.padding), source, notes)


def find_series(path: Path) -> tuple[Candidate, ...]:
    """Every CT or MR series under ``path`` and whether its geometry makes a volume; headers only."""
    return candidates(scan_files(path))


def source_headers(source: SeriesSource) -> list[Dataset]:
    """The images' headers without pixels, in the order of the slices, for objects that refer to them.

    A missing Frame of Reference UID is filled with the derived one. Stays inside this room.
    """
    objects = {one.path: pydicom.dcmread(one.path, stop_before_pixels=True, force=True) for one in _objects(source)}
    frames = {path: frame_headers(header) for path, header in objects.items() if "NumberOfFrames" in header}
    headers = [
        objects[one.path] if one.frame_number is None else frames[one.path][one.frame_number - 1]
        for one in source.instances
    ]
    if source.frame_of_reference_is_derived:
        for header in headers:
            header.FrameOfReferenceUID = source.frame_of_reference_uid
    return headers


def object_headers(source: SeriesSource) -> list[Dataset]:
    """One header for each object of the series, as stored; a multi-frame one with its functional groups."""
    return [pydicom.dcmread(one.path, stop_before_pixels=True, force=True) for one in _objects(source)]


def _objects(source: SeriesSource) -> list[SliceSource]:
    """The first slice of each object."""
    return list({one.sop_instance_uid: one for one in reversed(source.instances)}.values())[::-1]


def derived_frame_of_reference_uid(series_uid: str) -> str:
    """A Frame of Reference UID for a series without one: always the same for it, shared with none (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{series_uid} frame of reference').int}"


def _source(stack: Stack, chosen: Candidate) -> SeriesSource:
    first = stack.instances[0]
    stored = first.study.frame_of_reference_uid
    return SeriesSource(
        study=first.study,
        patient=first.patient,
        modality=MODALITIES[first.sop_class_uid],
        patient_position=_patient_position(first.study),
        frame_of_reference_uid=stored or derived_frame_of_reference_uid(chosen.series_uid),
        frame_of_reference_is_derived=not stored,
        instances=tuple(_slice_source(one) for one in stack.instances),
    )


def _patient_position(study: Study) -> PatientPosition | None:
    known = {str(position): position for position in PatientPosition}
    return known.get(study.patient_position)


def _slice_source(one: Instance) -> SliceSource:
    x, y, z = one.plane.position_mm or (0.0, 0.0, 0.0)
    return SliceSource(
        one.sop_class_uid,
        one.sop_instance_uid,
        one.instance_number,
        one.slice_location_mm,
        (x, y, z),
        one.path,
        one.frame_number,
    )


def _shear(stack: Stack) -> Shear | None:
    if not stack.shear_mm.any():
        return None
    count, *plane = stack.shape
    return shear_of(count, (plane[0], plane[1]), stack.shear_mm / stack.spacing_mm[1:])


def _geometry(stack: Stack, shear: Shear | None, frame_of_reference_uid: str) -> VolumeGeometry:
    count, rows, columns = stack.shape
    matrix = np.eye(4)
    matrix[:3, :3] = stack.axes * stack.spacing_mm
    matrix[:3, 3] = stack.first_mm
    if shear:
        rows, columns = shear.plane
        matrix[:3, 3] += matrix[:3, 1:3] @ shear.first
    return VolumeGeometry(matrix, (count, rows, columns), frame_of_reference_uid)


def _tilt_notes(stack: Stack) -> tuple[str, ...]:
    if not stack.shear_mm.any():
        return ()
    angle, off = f"{stack.tilt_deg:.2f} degrees", f"{stack.shift_at_last_mm:.1f} mm at the last slice"
    return (f"gantry tilt: slices are sheared by {angle} ({off}); resampled within each slice to an orthogonal grid",)


def _gap_notes(stack: Stack) -> tuple[str, ...]:
    """What lies between slices thinner than their distance was never measured."""
    thickness_mm = max((one.plane.thickness_mm or 0.0 for one in stack.instances), default=0.0)
    gap_mm = float(stack.spacing_mm[0]) - thickness_mm
    if thickness_mm <= 0 or gap_mm <= LARGEST_OFF_MM:
        return ()
    return (
        f"slices are {stack.spacing_mm[0]:.2f} mm apart and {thickness_mm:.2f} mm thick: {gap_mm:.2f} mm between not measured",
    )


def _source_notes(source: SeriesSource) -> tuple[str, ...]:
    notes = []
    if source.frame_of_reference_is_derived:
        notes.append("no Frame of Reference UID in the images; derived from the series, valid for this series alone")
    if source.patient_position is None:
        stated = source.study.patient_position[:16]
        notes.append(f"Patient Position is {stated or 'absent'}; it must be found in the image and confirmed")
    if not source.patient.patient_id:
        notes.append("no Patient ID in the images")
    return tuple(notes)


def _others_notes(others: tuple[Candidate, ...], scan: Scan) -> tuple[str, ...]:
    left_out = Counter({f"{reason}": count for reason, count in scan.left_out.items()})
    files = tuple(f"left out {count} x {reason}" for reason, count in left_out.items())
    return tuple(f"left out {one.summary}" for one in others) + files
