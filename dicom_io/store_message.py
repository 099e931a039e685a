"""C-STORE requests and responses as bytes (PS3.7 9.3.1): the two messages that come and go with every image.

In: an encoded command set. Out: what a C-STORE-RQ says, or None for every other command, which pynetdicom then reads; and the
PDU that answers it. Written by hand because the library spends longer on them than on the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct, error, pack

from dicom_io.landing import is_uid

_CLASS_UID, _COMMAND, _MESSAGE_ID, _PRIORITY, _DATA_SET_TYPE, _STATUS, _INSTANCE_UID = (
    0x0002, 0x0100, 0x0110, 0x0700, 0x0800, 0x0900, 0x1000,
)  # fmt: skip
_STORE_REQUEST, _STORE_RESPONSE = 0x0001, 0x8001
_NO_DATA_SET = 0x0101
_ANSWERED_MESSAGE_ID = 0x0120
_P_DATA, _LAST_OF_COMMAND = 0x04, 0x03
"""PDU type (PS3.8 9.3.5) and message control header (PS3.8 E.2)."""

LONGEST_RESPONSE_BYTES = 512
"""Two UIDs of 64 characters and five short elements."""

_header = Struct("<HHL").unpack_from


@dataclass(frozen=True, slots=True)
class StoreCommand:
    """A C-STORE-RQ that a data set follows."""

    message_id: int
    sop_class_uid: str
    sop_uid: str


def store_command(command: bytes) -> StoreCommand | None:
    """What a C-STORE-RQ says, or None for whatever is not plainly one."""
    try:
        said = _elements(command)
        kind, message_id, data_set_type = (_number(said[one]) for one in (_COMMAND, _MESSAGE_ID, _DATA_SET_TYPE))
        class_uid, uid = (said[one].rstrip(b"\0 ").decode("ascii") for one in (_CLASS_UID, _INSTANCE_UID))
    except (error, KeyError, ValueError):
        return None
    if kind != _STORE_REQUEST or data_set_type == _NO_DATA_SET or _PRIORITY not in said:
        return None
    return StoreCommand(message_id, class_uid, uid) if is_uid(class_uid) and is_uid(uid) else None


def store_response(context_id: int, command: StoreCommand, status: int) -> bytes:
    """The C-STORE-RSP as one P-DATA-TF PDU."""
    elements = b"".join(
        (
            _element(_CLASS_UID, _uid(command.sop_class_uid)),
            _element(_COMMAND, pack("<H", _STORE_RESPONSE)),
            _element(_ANSWERED_MESSAGE_ID, pack("<H", command.message_id)),
            _element(_DATA_SET_TYPE, pack("<H", _NO_DATA_SET)),
            _element(_STATUS, pack("<H", status)),
            _element(_INSTANCE_UID, _uid(command.sop_uid)),
        )
    )
    content = _element(0x0000, pack("<L", len(elements))) + elements
    value = pack(">LBB", len(content) + 2, context_id, _LAST_OF_COMMAND) + content
    return pack(">BBL", _P_DATA, 0, len(value)) + value


def _elements(command: bytes) -> dict[int, bytes]:
    """Elements of group 0000 by number; raises where one is cut short or of another group (PS3.7 6.3.1)."""
    found, at = {}, 0
    while at < len(command):
        group, number, length = _header(command, at)
        at += 8 + length
        if group or at > len(command):
            raise ValueError
        found[number] = command[at - length : at]
    return found


def _number(value: bytes) -> int:
    if len(value) != 2:
        raise ValueError
    return int.from_bytes(value, "little")


def _uid(text: str) -> bytes:
    return text.encode("ascii") + b"\0" * (len(text) % 2)


def _element(number: int, value: bytes) -> bytes:
    return pack("<HHL", 0, number, len(value)) + value
