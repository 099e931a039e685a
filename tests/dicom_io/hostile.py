"""What a broken or hostile peer sends: PDUs written byte by byte (PS3.8 9.3), and a seeded fuzzer of them."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Callable

CT = b"1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = b"1.2.840.10008.1.1"
IMPLICIT = b"1.2.840.10008.1.2"
EXPLICIT = b"1.2.840.10008.1.2.1"


def item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def pdu(kind: int, content: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BBL", kind, 0, len(content) if length is None else length) + content


def associate(abstract: bytes = CT, syntax: bytes = IMPLICIT, calling: bytes = b"SCANNER") -> bytes:
    """An A-ASSOCIATE-RQ with one presentation context, number 1."""
    context = item(0x20, bytes([1, 0, 0, 0]) + item(0x30, abstract) + item(0x40, syntax))
    user = item(0x50, item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4"))
    titles = b"NEEDLEPLAN".ljust(16) + calling.ljust(16) + bytes(32)
    return pdu(1, struct.pack(">HH", 1, 0) + titles + item(0x10, b"1.2.840.10008.3.1.1.1") + context + user)


def data(content: bytes, *, is_command: bool, is_last: bool = True, context: int = 1) -> bytes:
    """A P-DATA-TF with one fragment."""
    header = bytes([context, is_command + 2 * is_last])
    return pdu(4, struct.pack(">L", len(content) + 2) + header + content)


def element(group: int, number: int, value: bytes) -> bytes:
    """One element, implicit VR little endian."""
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHL", group, number, len(value)) + value


def command(*elements: bytes) -> bytes:
    """A command set with its group length."""
    content = b"".join(elements)
    return element(0, 0, struct.pack("<L", len(content))) + content


def store_command(sop_uid: bytes, sop_class: bytes = CT) -> bytes:
    """A C-STORE-RQ."""
    return command(
        element(0, 2, sop_class),
        element(0, 0x100, struct.pack("<H", 1)),
        element(0, 0x110, struct.pack("<H", 1)),
        element(0, 0x700, struct.pack("<H", 0)),
        element(0, 0x800, struct.pack("<H", 1)),
        element(0, 0x1000, sop_uid),
    )


def data_set(sop_uid: bytes, *more: bytes) -> bytes:
    """The fewest elements that a receiver needs, then more."""
    return b"".join(
        (
            element(8, 0x16, CT),
            element(8, 0x18, sop_uid),
            element(0x10, 0x10, b"Secret^Name"),
            element(0x20, 0x0D, b"1.2.3"),
            element(0x20, 0x0E, b"1.2.3.4"),
            *more,
        )
    )


def exchange(port: int, *messages: bytes, patience_s: float = 3.0) -> bytes:
    """Say each message in turn; all that came back until silence or the end."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(patience_s)
        try:
            for message in messages:
                connection.sendall(message)
                heard += connection.recv(65536)
        except OSError:
            pass
    return heard


Change = Callable[[random.Random, bytearray], None]


def _flip(rng: random.Random, content: bytearray) -> None:
    for _ in range(rng.randint(1, 12)):
        content[rng.randrange(len(content))] = rng.randrange(256)


def _cut(rng: random.Random, content: bytearray) -> None:
    del content[rng.randrange(len(content)) :]


def _repeat(rng: random.Random, content: bytearray) -> None:
    start = rng.randrange(len(content))
    content[start:start] = content[start : start + rng.randint(1, 64)] * rng.randint(1, 8)


def _lie_about_length(rng: random.Random, content: bytearray) -> None:
    start = rng.randrange(max(len(content) - 4, 1))
    content[start : start + 4] = struct.pack(">L", rng.choice([0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE]))


def _insert_noise(rng: random.Random, content: bytearray) -> None:
    start = rng.randrange(len(content))
    content[start:start] = rng.randbytes(rng.randint(1, 200))


CHANGES: tuple[Change, ...] = (_flip, _cut, _repeat, _lie_about_length, _insert_noise)


def malformed(rng: random.Random) -> list[bytes]:
    """One conversation: an association, a C-STORE or C-ECHO, a release; one of its messages broken, or noise alone."""
    if rng.random() < 0.1:
        return [rng.randbytes(rng.randint(1, 400))]
    uid = f"1.2.9.{rng.randrange(10**6)}".encode()
    said = [
        associate(),
        data(store_command(uid), is_command=True) + data(data_set(uid), is_command=False),
        pdu(5, bytes(4)),
    ]
    which = rng.choice([0, 1, 1, 1, 2])
    broken = bytearray(said[which])
    for _ in range(rng.randint(1, 3)):
        if broken:
            rng.choice(CHANGES)(rng, broken)
    said[which] = bytes(broken)
    return said
