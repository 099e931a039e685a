"""One DICOM file to be written or sent."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom


@dataclass(frozen=True, slots=True)
class Document:
    """One DICOM file to be written or sent; ``name`` is its file name."""

    name: str
    sop_class_uid: str
    sop_instance_uid: str
    file: bytes

    @classmethod
    def of(cls, name: str, file: bytes) -> Document:
        """The file under a name."""
        header = pydicom.dcmread(
            BytesIO(file), stop_before_pixels=True, specific_tags=["SOPClassUID", "SOPInstanceUID"]
        )
        return cls(name, str(header.SOPClassUID), str(header.SOPInstanceUID), file)

    def save(self, folder: Path) -> Path:
        """Write the file into ``folder``, whole or not at all."""
        part = folder / f"{self.name}.part"
        part.write_bytes(self.file)
        return part.replace(folder / self.name)
