"""Content items of a report, one function per kind of statement (PS3.3 C.17.3, PS3.16 TID 300).

In: a concept and a value. Out: highdicom content items and measurements; lengths mm, angles degrees, points LPS mm.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from highdicom.sr import (
    CodeContentItem,
    ContentSequence,
    CoordinatesForMeasurement3D,
    FindingSite,
    Measurement,
    NumContentItem,
    Scoord3DContentItem,
    TextContentItem,
    UIDRefContentItem,
)

from dicom_io import codes
from dicom_io.codes import Concept
from dicom_io.documents import plain
from dicom_io.structure_codes import CodedSite
from planner.geometry import FloatArray

Item: TypeAlias = Any
"""A highdicom content item, measurement or group; the library brings no usable types."""

_CONTAINS = "CONTAINS"
_PROPERTY = "HAS PROPERTIES"


def text(name: Concept, words: str) -> Item:
    """A sentence."""
    return TextContentItem(name.code, plain(words), _CONTAINS)


def coded(name: Concept, value: Concept) -> Item:
    """A coded answer."""
    return CodeContentItem(name.code, value.code, _CONTAINS)


def reference(name: Concept, uid: str) -> Item:
    """A pointer to something tracked by its UID."""
    return UIDRefContentItem(name.code, uid, _CONTAINS)


def point(name: Concept, point_mm: FloatArray, frame_of_reference_uid: str) -> Item:
    """A point in the patient."""
    return Scoord3DContentItem(
        name.code, "POINT", np.asarray(point_mm, dtype=float).reshape(1, 3), frame_of_reference_uid, None, _CONTAINS
    )


def segment(name: Concept, first_mm: FloatArray, last_mm: FloatArray, frame_of_reference_uid: str) -> Item:
    """A directed line a measurement is inferred from; ``name`` is its purpose."""
    ends = np.stack([first_mm, last_mm]).astype(float)
    return CoordinatesForMeasurement3D("POLYLINE", ends, frame_of_reference_uid, purpose=name.code)


def finding_site(site: CodedSite) -> Item:
    """What is measured: structure, side, and the vertebra that says where."""
    return FindingSite(
        site.kind.code,
        laterality=site.side.code if site.side else None,
        topographical_modifier=site.region.code if site.region else None,
    )


def number(name: Concept, value: float, unit: Concept, details: Iterable[Item] = ()) -> Item:
    """A measurement with nothing but its properties."""
    measurement = Measurement(name.code, value, unit.code)
    if isinstance(value, int):
        measurement[0].MeasuredValueSequence[0].NumericValue = str(value)  # a count, not 3.0
    return with_details(measurement, details)


def inferred(name: Concept, value_mm: float, line: Item) -> Item:
    """A length inferred from a line."""
    return Measurement(name.code, float(value_mm), codes.MILLIMETRE.code, referenced_coordinates=[line])


def smallest_distance(value_mm: float, site: CodedSite, line: Item, details: Iterable[Item]) -> Item:
    """The smallest distance to a structure, with the line where it is reached."""
    measurement = Measurement(
        codes.DISTANCE.code,
        float(value_mm),
        codes.MILLIMETRE.code,
        derivation=codes.MINIMUM.code,
        finding_sites=[finding_site(site)],
        referenced_coordinates=[line],
    )
    return with_details(measurement, details)


def number_detail(name: Concept, value: float, unit: Concept) -> Item:
    """A number that belongs to a measurement."""
    return NumContentItem(name.code, float(value), unit.code, None, _PROPERTY)


def text_detail(name: Concept, words: str) -> Item:
    """A sentence that belongs to a measurement."""
    return TextContentItem(name.code, plain(words), _PROPERTY)


def coded_detail(name: Concept, value: Concept) -> Item:
    """A coded property of a measurement."""
    return CodeContentItem(name.code, value.code, _PROPERTY)


def with_details(measurement: Item, details: Iterable[Item]) -> Item:
    """The measurement with properties below it."""
    found = list(details)
    if found:
        item = measurement[0]
        item.ContentSequence = ContentSequence([*item.get("ContentSequence", []), *found])
    return measurement
