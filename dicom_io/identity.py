"""Who an object belongs to and what it is called: identity copied from the source, UIDs derived from content.

In: the source's headers and a ``DicomCase``. Out: identity elements, unchanged, and UIDs that are the same for the
same case. No clock and no random number: the same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

MANUFACTURER = "needleplan"
MODEL_NAME = "needleplan"

IDENTITY_KEYWORDS = (
    "SpecificCharacterSet", "TimezoneOffsetFromUTC", "PatientName", "PatientID", "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence", "TypeOfPatientID", "PatientBirthDate", "PatientBirthTime", "PatientSex",
    "OtherPatientIDsSequence", "PatientAge", "PatientSize", "PatientWeight", "PatientIdentityRemoved",
    "DeidentificationMethod", "DeidentificationMethodCodeSequence", "StudyInstanceUID", "StudyDate", "StudyTime",
    "AccessionNumber", "IssuerOfAccessionNumberSequence", "StudyID", "StudyDescription", "ReferringPhysicianName",
    "ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialProtocolName", "ClinicalTrialSiteID",
    "ClinicalTrialSiteName", "ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID",
)  # fmt: skip
"""Patient, Patient Study, General Study and Clinical Trial modules (PS3.3 C.7.1 and C.7.2)."""

REQUIRED_IDENTITY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber",
    "StudyID", "ReferringPhysicianName",
)  # fmt: skip
"""Type 2: present in every object, empty where the source has none."""


def derived_uid(*parts: str) -> UID:
    """A UID that depends on nothing but its parts: a UUID of version 8 from SHA-256, written as ``2.25.``.

    PS3.5 B.2 and RFC 9562 section 5.8.

    >>> derived_uid("a", "b") == derived_uid("a", "b") != derived_uid("ab")
    True
    """
    number = int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16], "big")
    number = number & ~(0xF << 76) | (0x8 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return UID(f"2.25.{number}")


def content_digest(*values: object) -> str:
    """SHA-256, in hex, of frozen values: numbers, words, arrays, tuples, mappings and dataclasses of these."""
    digest = hashlib.sha256()
    for value in values:
        _feed(digest, value)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class SeriesNumbers:
    """Series Number (0020,0011) of each kind of object; high, so that they sort behind the scanner's own."""

    report: int = 9901
    segmentation: int = 9902
    pictures: int = 9903
    key_objects: int = 9904
    sheet: int = 9905


@dataclass(frozen=True, slots=True)
class DicomCase:
    """What names and dates every object of one case.

    ``content`` is the digest of everything that decides the objects' content (``content_digest``);
    ``content_datetime`` is local time, given by whoever opened the case, and kept for every later try.
    """

    study_instance_uid: str
    content: str
    content_datetime: datetime
    software_version: str
    institution: str = ""
    series_numbers: SeriesNumbers = SeriesNumbers()

    def uid_for(self, role: str) -> UID:
        """UID of one object or series of this case: the same case and role give the same UID.

        The time is part of it: objects that differ in a byte never share a SOP Instance UID.
        """
        moment = self.content_datetime.isoformat()
        return derived_uid(self.study_instance_uid, self.content, moment, self.software_version, role)

    @property
    def implementation_class_uid(self) -> UID:
        """Implementation Class UID (0002,0012): one per version."""
        return derived_uid(MANUFACTURER, "implementation", self.software_version)


def copy_identity(source: Dataset, target: Dataset) -> None:
    """Copy patient and study exactly as the source has them, its character set included."""
    for keyword in IDENTITY_KEYWORDS:
        if keyword in source:
            target[keyword] = source[keyword]
        elif keyword in target:
            delattr(target, keyword)
    for keyword in REQUIRED_IDENTITY:
        if keyword not in target:
            setattr(target, keyword, "")


def without_identity(header: Dataset) -> Dataset:
    """The header for a library that would check, log or re-write names: patient and study are empty.

    ``copy_identity`` puts them back into what the library made.
    """
    faceless = Dataset()
    faceless.update({element.tag: element for element in header if element.keyword not in _HIDDEN})
    for keyword in REQUIRED_IDENTITY:
        setattr(faceless, keyword, "")
    return faceless


_HIDDEN = frozenset(IDENTITY_KEYWORDS) - {"StudyInstanceUID"}


def _feed(digest: hashlib._Hash, value: object) -> None:
    digest.update(type(value).__name__.encode() + b"\x1e")
    if isinstance(value, np.ndarray):
        digest.update(repr((value.shape, value.dtype.str)).encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Enum):
        digest.update(str(value.value).encode())
    elif is_dataclass(value):
        for field in fields(value):
            digest.update(field.name.encode())
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            _feed(digest, key)
            _feed(digest, value[key])
    elif isinstance(value, (tuple, list)):
        for item in value:
            _feed(digest, item)
    else:
        digest.update(repr(value).encode())
    digest.update(b"\x1d")
