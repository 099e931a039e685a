"""A segmentation that somebody else made: masks on its own grid, what each is called, and where it comes from.

In: nothing. Out: the types that readers fill and ``planner/anatomy/outside`` fuses. LPS mm, indices (k, j, i).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from planner.errors import PlannerError
from planner.geometry import BoolArray, VolumeGeometry
from planner.volume import LabelEntry, LabelMap

Box: TypeAlias = tuple[slice, slice, slice]


class Beside(StrEnum):
    """What a segment can be that is no structure of ours."""

    CORD = "spinal cord"
    """Lies within the canal: supports it, and is never drawn as the canal."""
    ENDPLATE = "vertebral end-plate"
    """Belongs to the body beside it."""
    NOT_USED = "known, no plan keeps clear of it"


Meaning: TypeAlias = LabelEntry | Beside


class BroughtError(PlannerError):
    """A segmentation that cannot be used as it is; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a segmentation comes from: a name without patient data, a version where it states one, its content's SHA-256."""

    name: str
    version: str
    digest: str

    @property
    def words(self) -> str:
        """For a person, a report and a plan."""
        version = f" {self.version}" if self.version else ""
        return f"{self.name}{version}, sha256 {self.digest[:12]}"


@dataclass(frozen=True, slots=True, eq=False)
class BroughtSegment:
    """One segment: ``mask`` fills ``box`` of the source's grid.

    ``meaning`` is what its codes or its own table say; None where nothing does, and ``why`` says why.
    """

    number: int
    label: str
    mask: BoolArray
    box: Box
    meaning: Meaning | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Brought:
    """All segments of one source on one grid; segments may overlap. An empty frame of reference is not stated."""

    geometry: VolumeGeometry
    segments: tuple[BroughtSegment, ...]
    source: Source
    notes: tuple[str, ...] = ()


def segment_of(
    number: int, label: str, whole: BoolArray, meaning: Meaning | None = None, why: str = ""
) -> BroughtSegment | None:
    """A segment cut to the box it fills; None where it is empty."""
    if not whole.any():
        return None
    spans = []
    for axis in range(3):
        used = np.flatnonzero(whole.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append(slice(int(used[0]), int(used[-1]) + 1))
    k, j, i = spans
    return BroughtSegment(number, label, np.ascontiguousarray(whole[k, j, i]), (k, j, i), meaning, why)


def brought_of(labels: LabelMap, source: Source) -> Brought:
    """A label map with its own entries, one segment per value; a value without an entry is kept, to be listed."""
    values = [int(value) for value in np.flatnonzero(np.bincount(labels.labels.ravel())) if value > 0]
    found = (_segment(labels, value) for value in values)
    return Brought(labels.geometry, tuple(one for one in found if one is not None), source)


def _segment(labels: LabelMap, value: int) -> BroughtSegment | None:
    entry = labels.entries.get(value)
    words = (
        str(value)
        if entry is None
        else " ".join(str(part) for part in (entry.side, entry.level, entry.structure) if part)
    )
    return segment_of(value, words, labels.labels == value, entry)
