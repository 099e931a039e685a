"""What a page sends to have a state signed, and what comes back.

In: a person, the digest of what was read, the warnings that were ticked. Out: the signature and the objects to export.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from viz.viewer.session import Signature


@dataclass(frozen=True, slots=True)
class SignedObject:
    """One DICOM file."""

    path: Path
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person sends to sign: who, which state was read, which warnings were ticked."""

    person: str = field(repr=False)
    digest: str
    ticked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignedCase:
    """The signature, and the objects to export."""

    signature: Signature
    objects: tuple[SignedObject, ...]


def mark(sentence: str) -> str:
    """A short name of a sentence for a form's tick."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:16]
