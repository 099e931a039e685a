"""The four UIDs that say where an instance belongs, read from the first bytes of its data set.

In: the start of a data set and its transfer syntax. Out: the UIDs, or None where the start is not plain enough for a look
of a few microseconds; a whole reader then decides. Nothing is decoded but the four values.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct, error

from pydicom.uid import ImplicitVRLittleEndian

_WANTED = (0x0008_0016, 0x0008_0018, 0x0020_000D, 0x0020_000E)
"""SOP Class, SOP Instance, Study and Series Instance UID, in the order of tags."""

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
_DELIMITERS = frozenset({_ITEM, _ITEM_END, _SEQUENCE_END})
_UNDEFINED_LENGTH = 0xFFFF_FFFF
_DEEPEST = 32
"""Sequences and items inside each other (PS3.5 7.5); real headers use six."""

_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
"""Length in 2 bytes (PS3.5 table 7.1-2)."""
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""2 bytes reserved, then length in 4 (PS3.5 table 7.1-1)."""
_OTHER_ENCODINGS = frozenset({"1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"})
"""Big endian and deflated (PS3.5 A.3, A.5); every other one starts as explicit VR little endian (A.4)."""

_tag = Struct("<HH").unpack_from
_uint2 = Struct("<H").unpack_from
_uint4 = Struct("<L").unpack_from


@dataclass(frozen=True, slots=True)
class HeaderUids:
    """Of one instance, as its data set says them; not yet checked."""

    sop_class_uid: str
    sop_uid: str
    study_uid: str
    series_uid: str


def header_uids(start: bytes, transfer_syntax: str) -> HeaderUids | None:
    """The UIDs, or None: they may still be there, behind what this look does not understand."""
    if transfer_syntax in _OTHER_ENCODINGS:
        return None
    try:
        found = _values(start, is_implicit=transfer_syntax == ImplicitVRLittleEndian)
        texts = [found[tag].rstrip(b"\0 ").decode("ascii") for tag in _WANTED]
    except (error, KeyError, ValueError):
        return None
    return HeaderUids(*texts)


def _values(start: bytes, *, is_implicit: bool) -> dict[int, bytes]:
    """The wanted values; raises where an element is cut short, unknown or out of order."""
    found: dict[int, bytes] = {}
    at, last, depth = 0, 0, 0
    while last < _WANTED[-1]:
        group, number = _tag(start, at)
        tag = group << 16 | number
        at, length = _value(start, at, is_implicit=is_implicit or tag in _DELIMITERS)
        if length == _UNDEFINED_LENGTH or tag in _DELIMITERS:
            depth, length = _within(depth, tag, length)
        elif depth == 0 and tag in _WANTED:
            found[tag] = start[at : at + length]
        if depth == 0:
            last = _later(tag, last)
        at += length
    if at > len(start):
        raise ValueError
    return found


def _value(start: bytes, at: int, *, is_implicit: bool) -> tuple[int, int]:
    """Where an element's value begins, and its length (PS3.5 7.1.2, 7.1.3)."""
    if is_implicit:
        return at + 8, _uint4(start, at + 4)[0]
    vr = start[at + 4 : at + 6]
    if vr in _SHORT_VRS:
        return at + 8, _uint2(start, at + 6)[0]
    if vr not in _LONG_VRS:
        raise ValueError
    length = _uint4(start, at + 8)[0]
    if vr != b"SQ" and length == _UNDEFINED_LENGTH:
        raise ValueError
    return at + 12, length


def _within(depth: int, tag: int, length: int) -> tuple[int, int]:
    """How deep in sequences and items of undefined length we are behind a tag, and how much of its value is skipped."""
    if tag in {_ITEM_END, _SEQUENCE_END}:
        depth, length = depth - 1, 0
    elif length == _UNDEFINED_LENGTH:
        depth, length = depth + 1, 0
    if not 0 <= depth <= _DEEPEST:
        raise ValueError
    return depth, length


def _later(tag: int, last: int) -> int:
    if tag in _DELIMITERS:
        return last
    if tag <= last:
        raise ValueError
    return tag
