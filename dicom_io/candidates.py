"""Which of several series is meant: the only one that can be a volume, or a question back.

In: the headers of a folder. Out: one ``Candidate`` per series, with its geometry or the reason it has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from dicom_io.errors import (
    DicomIoError,
    DuplicatePositionError,
    MixedSeriesError,
    MultiFrameError,
    NoPixelDataError,
    NoSeriesError,
    SeriesNotFoundError,
    SeveralSeriesError,
    SeveralVolumesError,
    ValuesError,
)
from dicom_io.instances import MODALITIES, Instance
from dicom_io.scan import Scan
from dicom_io.stack import Stack, stack
from dicom_io.volumes import VolumePart, volume_of, volumes

_SAME_OVER_A_SERIES = (
    ("patient", "patient_id", "Patient ID"),
    ("patient", "issuer_of_patient_id", "Issuer of Patient ID"),
    ("patient", "name", "Patient's Name"),
    ("patient", "birth_date", "Patient's Birth Date"),
    ("study", "study_instance_uid", "Study Instance UID"),
    ("study", "frame_of_reference_uid", "Frame of Reference UID"),
    ("study", "patient_position", "Patient Position"),
    ("study", "modality", "Modality"),
)
"""Identity and frame: PS3.3 A.1.2, one series has one patient, study, modality and frame of reference."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One series: its images, and the grid they make or why they make none."""

    instances: tuple[Instance, ...]
    stack: Stack | None
    refusal: DicomIoError | None
    notes: tuple[str, ...]

    @property
    def series_uid(self) -> str:
        """Series Instance UID (0020,000E)."""
        return self.instances[0].study.series_instance_uid

    @property
    def series_number(self) -> int | None:
        """Series Number (0020,0011)."""
        return self.instances[0].study.series_number

    @property
    def modality(self) -> str:
        """Modality (0008,0060)."""
        return self.instances[0].study.modality or MODALITIES.get(self.instances[0].sop_class_uid, "")

    @property
    def expected_count(self) -> int | None:
        """Images in Acquisition (0020,1002), where the whole series is one acquisition; often absent."""
        stated = {(one.acquisition_number, one.images_in_acquisition) for one in self.instances}
        return next(iter(stated))[1] if len(stated) == 1 else None

    @property
    def summary(self) -> str:
        """Number, modality, count and spacing, without a word that could name a patient."""
        number = "without number" if self.series_number is None else str(self.series_number)
        facts = f"series {number} ({self.modality}, {len(self.instances)} images"
        if self.stack is None:
            return f"{facts}, no volume: {self.refusal})"
        k, j, i = self.stack.spacing_mm
        return f"{facts}, {j:.2f} x {i:.2f} x {k:.2f} mm)"

    def require_stack(self) -> Stack:
        """The grid, or the refusal raised."""
        if self.refusal is not None:
            raise self.refusal
        assert self.stack is not None
        return self.stack


def candidates(scan: Scan) -> tuple[Candidate, ...]:
    """One per series, the one with the most images first."""
    by_series: dict[str, list[Instance]] = {}
    for one in scan.instances:
        by_series.setdefault(one.study.series_instance_uid, []).append(one)
    found = [_with_list_checked(_candidate(tuple(series)), scan) for series in by_series.values()]
    return tuple(sorted(found, key=lambda one: -len(one.instances)))


def choose(
    found: tuple[Candidate, ...], series_uid: str | None, left_out: Mapping[str, int]
) -> tuple[Candidate, tuple[Candidate, ...]]:
    """The series meant and the others.

    A series that makes no volume steps back only behind one that does and has more images.
    """
    if not found:
        raise NoSeriesError(left_out)
    if series_uid is not None:
        named = [one for one in found if one.series_uid == series_uid]
        if not named:
            raise SeriesNotFoundError(found)
        return named[0], tuple(one for one in found if one is not named[0])
    largest = len(found[0].instances)
    meant = [one for one in found if one.stack is not None or len(one.instances) == largest]
    if len(meant) > 1:
        raise SeveralSeriesError(meant)
    return meant[0], tuple(one for one in found if one is not meant[0])


def with_volume(candidate: Candidate, wanted: str) -> Candidate:
    """The series as the one of its volumes that is meant (``volumes.CHOICE``); what is left out is counted in its notes."""
    found = _candidate(candidate.instances, wanted)
    return replace(found, notes=(*candidate.notes, *(note for note in found.notes if note not in candidate.notes)))


def _candidate(instances: tuple[Instance, ...], wanted: str = "") -> Candidate:
    try:
        kept, notes = _without_copies(instances)
        _require_one_source(kept)
        _require_stored_as_ct_or_mr(kept)
        if wanted:
            part, count = volume_of(kept, wanted)
            notes = (*notes, *_volume_notes(part, count, len(kept)))
            kept = part.instances
        notes = (*notes, *_frame_notes(kept), *_turn_notes(kept))
        return _with_count_checked(Candidate(kept, _one_stack(kept), None, notes))
    except DicomIoError as refusal:
        return Candidate(instances, None, refusal, ())


def _one_stack(instances: tuple[Instance, ...]) -> Stack:
    """The images as one volume; where they are several volumes, the refusal says how many and what tells them apart."""
    try:
        return stack(instances)
    except DuplicatePositionError:
        parts = volumes(instances)
        if not parts:
            raise
        told_by = " and ".join(pair.partition("=")[0] for pair in parts[0].mark.split(", "))
        counts = sorted((len(one.instances) for one in parts), reverse=True)
        raise SeveralVolumesError(told_by, counts, [one.words for one in parts]) from None


def _volume_notes(part: VolumePart, count: int, images: int) -> tuple[str, ...]:
    if count == 1:
        return ()
    left_out = images - len(part.instances)
    return (
        f"volume {part.number} of {count} at one place was chosen: {part.mark}; {left_out} images of the others left out",
    )


def _turn_notes(instances: tuple[Instance, ...]) -> tuple[str, ...]:
    """Acquisitions that take turns along the stack make one grid, but the patient may have moved between them."""
    numbers = [one.acquisition_number for one in sorted(instances, key=_depth)]
    turns = sum(one != other for one, other in pairwise(numbers))
    acquisitions = len(set(numbers))
    if turns < acquisitions or None in numbers:
        return ()
    return (
        f"slices of {acquisitions} acquisitions take turns in this volume: the patient may have moved between them",
    )


def _depth(one: Instance) -> float:
    plane = one.plane
    if plane.position_mm is None or plane.orientation is None:
        return 0.0
    normal = np.cross(plane.orientation[:3], plane.orientation[3:])
    return float(normal @ np.array(plane.position_mm))


def _frame_notes(instances: tuple[Instance, ...]) -> tuple[str, ...]:
    if not instances[0].is_multi_frame:
        return ()
    objects = len({one.sop_instance_uid for one in instances})
    return (f"enhanced multi-frame images: {len(instances)} frames in {objects}; image numbers are frame numbers",)


def _with_count_checked(candidate: Candidate) -> Candidate:
    """Slices missing at an end leave no gap; the scanner's own count tells, where there is one."""
    expected, found = candidate.expected_count, len(candidate.instances)
    if expected is None or expected <= found:
        return candidate
    note = (
        f"{found} images are here, the scanner counted {expected} in this acquisition: slices may be missing at an end"
    )
    return replace(candidate, notes=(*candidate.notes, note))


def _with_list_checked(candidate: Candidate, scan: Scan) -> Candidate:
    listed = scan.listed.get(candidate.series_uid, frozenset())
    missing = len(listed - {one.sop_instance_uid for one in candidate.instances})
    if not missing:
        return candidate
    note = f"{missing} of {len(listed)} images that the DICOMDIR lists for this series are not among the files"
    return replace(candidate, notes=(*candidate.notes, note))


def _without_copies(instances: tuple[Instance, ...]) -> tuple[tuple[Instance, ...], tuple[str, ...]]:
    """Each image once; a second file of the same image must hold the same bytes."""
    first: dict[tuple[str, int | None], Instance] = {}
    for one in instances:
        other = first.setdefault((one.sop_instance_uid, one.frame_number), one)
        if other is not one and _digest(other) != _digest(one):
            raise DuplicatePositionError(1, one.words, 0.0)
    copies = len(instances) - len(first)
    return tuple(first.values()), (f"left out {copies} x second copy of an image",) if copies else ()


def _digest(one: Instance) -> str:
    return hashlib.sha256(one.path.read_bytes()).hexdigest()


def _require_one_source(instances: tuple[Instance, ...]) -> None:
    for part, attribute, name in _SAME_OVER_A_SERIES:
        if len({getattr(getattr(one, part), attribute) for one in instances}) > 1:
            raise MixedSeriesError(name)
    if len({one.sop_class_uid for one in instances}) > 1:
        raise MixedSeriesError("SOP Class UID")


def _require_stored_as_ct_or_mr(instances: tuple[Instance, ...]) -> None:
    for one in instances:
        if one.frames > 1:
            raise MultiFrameError(one.frames)
        if not one.plane.rows or not one.plane.columns or not one.encoding.bits_allocated:
            raise NoPixelDataError(one.words)
        if one.encoding.bits_allocated != 16:
            raise ValuesError("Bits Allocated", f"{one.encoding.bits_allocated} in {one.words}")
