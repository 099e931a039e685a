"""A picture as PNG, quickly: each row less the one above (filter Up), packed at zlib's fastest level.

In: RGB. Out: bytes that every browser reads, and the same pixels from them. W3C PNG, third edition, 2025, sections 5, 9 and 11.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2
_DEPTH, _RGB = 8, 2
_FASTEST = 1


def png(picture: npt.NDArray[np.uint8]) -> bytes:
    """(height, width, 3) RGB, top row first, without loss."""
    height, width, _ = picture.shape
    flat = picture.reshape(height, -1)
    rows = np.empty((height, 1 + flat.shape[1]), np.uint8)
    rows[:, 0] = _UP
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])  # modulo 256, as the filter wants it
    header = struct.pack(">IIBBBBB", width, height, _DEPTH, _RGB, 0, 0, 0)
    packed = zlib.compress(rows.tobytes(), _FASTEST)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
