"""The start of a DICOM file: preamble and file meta information, for a data set that came over the network.

In: three UIDs. Out: bytes to put before the data set (PS3.10 7.1), explicit VR little endian. Written by hand because every
received image needs one, and a general writer takes a tenth of an image's whole time.
"""

from __future__ import annotations

from pynetdicom import PYNETDICOM_IMPLEMENTATION_UID, PYNETDICOM_IMPLEMENTATION_VERSION

_PREAMBLE = bytes(128) + b"DICM"
_VERSION = b"\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01"
"""File Meta Information Version (0002,0001)."""


def file_start(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Preamble, prefix and group 0002."""
    group = b"".join(
        (
            _VERSION,
            _element(0x0002, b"UI", sop_class_uid),
            _element(0x0003, b"UI", sop_instance_uid),
            _element(0x0010, b"UI", transfer_syntax_uid),
            _element(0x0012, b"UI", str(PYNETDICOM_IMPLEMENTATION_UID)),
            _element(0x0013, b"SH", PYNETDICOM_IMPLEMENTATION_VERSION),
        )
    )
    length = b"\x02\x00\x00\x00UL\x04\x00" + len(group).to_bytes(4, "little")
    return _PREAMBLE + length + group


def _element(element: int, vr: bytes, text: str) -> bytes:
    """Values of odd length are padded, UIDs with a null, texts with a space (PS3.5 6.2)."""
    value = text.encode("ascii", "replace")
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return b"\x02\x00" + element.to_bytes(2, "little") + vr + len(value).to_bytes(2, "little") + value
