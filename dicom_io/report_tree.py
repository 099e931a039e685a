"""Walking an SR content tree: the items below an item that bear a given concept name.

In: pydicom items of a Content Sequence (0040,A730). Out: values; lengths as stored, points (n, 3) LPS mm.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset

from dicom_io.codes import Concept
from dicom_io.errors import DicomIoError
from planner.geometry import FloatArray, frozen


class ReportFormatError(DicomIoError):
    """A structured report that does not hold what ours hold."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"the report holds no {missing}; only reports written by needleplan can be read back")


def items(parent: Dataset, name: Concept) -> Iterator[Dataset]:
    """Direct children with this concept name."""
    for child in parent.get("ContentSequence", ()):
        names = child.get("ConceptNameCodeSequence")
        if names and _is(names[0], name):
            yield child


def first(parent: Dataset, name: Concept) -> Dataset:
    """The first such child, or the refusal."""
    found = next(items(parent, name), None)
    if found is None:
        raise ReportFormatError(name.meaning)
    return found


def texts(parent: Dataset, name: Concept) -> tuple[str, ...]:
    """All sentences of that name."""
    return tuple(str(child.TextValue) for child in items(parent, name))


def text(parent: Dataset, name: Concept) -> str:
    """The one sentence of that name."""
    return str(first(parent, name).TextValue)


def number(parent: Dataset, name: Concept) -> float:
    """The value of a number; the 64-bit one where it is there."""
    return numeric_value(first(parent, name))


def number_if_there(parent: Dataset, name: Concept) -> float | None:
    """The value of a number that a report may leave out."""
    found = next(items(parent, name), None)
    return None if found is None else numeric_value(found)


def text_if_there(parent: Dataset, name: Concept) -> str:
    """A sentence that a report may leave out; empty where it does."""
    return next(iter(texts(parent, name)), "")


def numeric_value(item: Dataset) -> float:
    """Floating Point Value (0040,A161), else Numeric Value (0040,A30A)."""
    measured = item.MeasuredValueSequence[0]
    return float(measured.get("FloatingPointValue", measured.NumericValue))


def points_mm(parent: Dataset, name: Concept) -> FloatArray:
    """(n, 3) points of a SCOORD3D."""
    return frozen(np.array(first(parent, name).GraphicData, dtype=np.float64).reshape(-1, 3))


def uid(parent: Dataset, name: Concept) -> str:
    """The UID of a UIDREF."""
    return str(first(parent, name).UID)


def concept(parent: Dataset, name: Concept) -> Concept:
    """The coded value of that name."""
    return as_concept(first(parent, name))


def as_concept(item: Dataset) -> Concept:
    """The coded value of an item."""
    return _concept(item.ConceptCodeSequence[0])


def answers(parent: Dataset, name: Concept, value: Concept) -> bool:
    """A coded answer of that name has that value."""
    return any(_is(child.ConceptCodeSequence[0], value) for child in items(parent, name))


def _is(code: Dataset, wanted: Concept) -> bool:
    return (code.get("CodeValue"), code.get("CodingSchemeDesignator")) == (wanted.value, wanted.scheme)


def _concept(code: Dataset) -> Concept:
    return Concept(str(code.CodeValue), str(code.CodingSchemeDesignator), str(code.get("CodeMeaning", "")), "read")
