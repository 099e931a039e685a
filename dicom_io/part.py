"""One file that is being received: written and hashed piece by piece, under a name that nobody outside chooses.

In: the pieces of a data set, as they come. Out: a file, its digest, and its first bytes. A disk that refuses a piece leaves
no file behind.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import suppress
from pathlib import Path


class Part:
    """One file on its way in. Never named by what a sender says: two senders of one instance must not share a file."""

    HEAD_BYTES = 2**16
    """So much of the data set's start is kept at hand, for who must know what it is."""

    def __init__(self, folder: Path, start: bytes) -> None:
        self.path = folder / f"{uuid.uuid4().hex}.part"
        self.head = bytearray()
        self._hash = hashlib.sha256()
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._write_or_drop(start)

    @property
    def sha256(self) -> str:
        """Of the data set so far."""
        return self._hash.hexdigest()

    def add(self, piece: bytes | memoryview) -> None:
        """More of the data set; a disk that refuses it leaves no file behind."""
        self._hash.update(piece)
        if len(self.head) < self.HEAD_BYTES:
            self.head += piece[: self.HEAD_BYTES - len(self.head)]
        self._write_or_drop(piece)

    def sync(self) -> None:
        """Return when every byte is on disk for good."""
        try:
            os.fsync(self._descriptor)
        except OSError:
            self.drop()
            raise
        self._close()

    def drop(self) -> None:
        """Remove the file."""
        self._close()
        with suppress(FileNotFoundError):
            self.path.unlink()

    def _write_or_drop(self, piece: bytes | memoryview) -> None:
        try:
            written = os.write(self._descriptor, piece)
            while written < len(piece):
                written += os.write(self._descriptor, memoryview(piece)[written:])
        except OSError:
            self.drop()
            raise

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
