"""Writing results: a file is there whole or not at all.

In: documents, bytes. Out: files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path to write to; on leaving without error it is renamed to ``path``, else removed."""
    part = path.with_name(f".{os.getpid()}.part.{path.name}")
    try:
        yield part
        _flush_to_disk(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """``path``, holding ``text``."""
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def write_bytes(path: Path, content: bytes) -> Path:
    """``path``, holding ``content``."""
    with written_whole(path) as part:
        part.write_bytes(content)
    return path


def write_document(path: Path, document: BaseModel) -> Path:
    """``path``, holding the document as JSON."""
    return write_text(path, document.model_dump_json(indent=1) + "\n")


def write_with(path: Path, write: Callable[[Path], None]) -> Path:
    """``path``, written whole by ``write``."""
    with written_whole(path) as part:
        write(part)
    return path


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
