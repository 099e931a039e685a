"""The CT and MR images among the files of a folder, and why the others were left out.

In: a folder or a file. Out: headers only, no pixels; about 4,000 files a second.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError

from dicom_io.dicomdir import listed_images
from dicom_io.image_tags import TAGS
from dicom_io.instances import Instance, instances_of

UNREADABLE = (
    InvalidDicomError,
    BytesLengthException,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    NotImplementedError,
    RecursionError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What pydicom and its decoders raise on broken files; the tests break files at random to find more."""


@dataclass(frozen=True, slots=True)
class Scan:
    """All CT and MR images found, how many other files were left out, by reason, and what a DICOMDIR lists.

    ``listed`` holds SOP Instance UIDs by Series Instance UID.
    """

    instances: tuple[Instance, ...]
    left_out: Mapping[str, int]
    listed: Mapping[str, frozenset[str]] = field(default_factory=dict)


def scan_files(path: Path) -> Scan:
    """Read the header of every file under a folder, or of one file and the images of its series beside it.

    A file named DICOMDIR stands for its folder.
    """
    if _is_directory_file(path):
        path = path.parent
    left_out: Counter[str] = Counter()
    files = tuple(_files(path))
    instances = [image for one in map(_read, files) for image in _kept(one, left_out)]
    if path.is_file():
        wanted = {one.study.series_instance_uid for one in instances if one.path == path}
        instances = [one for one in instances if one.study.series_instance_uid in wanted]
    return Scan(tuple(instances), dict(left_out), _listed(files))


def _listed(files: Iterable[Path]) -> dict[str, frozenset[str]]:
    listed: dict[str, frozenset[str]] = {}
    for directory in filter(_is_directory_file, files):
        with contextlib.suppress(*UNREADABLE):
            listed.update(listed_images(directory))
    return listed


def _is_directory_file(path: Path) -> bool:
    return path.name.upper() == "DICOMDIR" and not path.is_dir()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield from sorted(other for other in path.parent.iterdir() if other.is_file())
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder) / name for name in sorted(names))


def _kept(one: tuple[Instance, ...] | str, left_out: Counter[str]) -> tuple[Instance, ...]:
    if isinstance(one, str):
        left_out[one] += 1
        return ()
    return one


def _read(path: Path) -> tuple[Instance, ...] | str:
    """The image's header, or its frames', or why the file is none."""
    try:
        if _is_directory_file(path):
            return "DICOMDIR"
        if not _looks_like_dicom(path):
            return "not DICOM"
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=TAGS, force=True)
        return instances_of(path, header)
    except UNREADABLE:
        return "broken DICOM file"


def _looks_like_dicom(path: Path) -> bool:
    """Preamble and prefix (PS3.10 7.1), or a data set that starts at once with group 0002 or 0008."""
    with path.open("rb") as file:
        start = file.read(132)
    return (
        start[128:132] == b"DICM"
        or start[:4] in {b"\x08\x00\x05\x00", b"\x08\x00\x08\x00", b"\x08\x00\x16\x00"}
        or (start[:2] == b"\x02\x00" and start[2:4] in {b"\x00\x00", b"\x01\x00"})
    )
