"""The quick look at a header finds what pydicom finds, in every encoding, or says that it does not know."""

import random
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from dicom_io.header_uids import HeaderUids, header_uids
from tests.dicom_io.builders import Grid, write_series
from tests.dicom_io.hostile import CHANGES


def image(folder: Path) -> Dataset:
    (path,) = write_series(folder, Grid(count=1))
    return pydicom.dcmread(path)


def encoded(header: Dataset, syntax: pydicom.uid.UID, *, undefined: bool = False) -> bytes:
    """The data set with a sequence before its UIDs, inside which the same tags stand."""
    inner, outer = Dataset(), Dataset()
    inner.SOPInstanceUID = inner.SeriesInstanceUID = "9.9.9"
    outer.SOPInstanceUID = "9.9"
    outer.ReferencedSOPSequence = Sequence([inner])
    header.ReferencedImageSequence = Sequence([outer, inner])
    for element in (header["ReferencedImageSequence"], outer["ReferencedSOPSequence"]):
        element.is_undefined_length = undefined
        for item in element.value:
            item.is_undefined_length_sequence_item = undefined
    file = BytesIO()
    pydicom.filewriter.write_dataset(_stream(file, syntax), header, parent_encoding="iso8859")
    return file.getvalue()


def _stream(file: BytesIO, syntax: pydicom.uid.UID) -> pydicom.filebase.DicomIO:
    stream = pydicom.filebase.DicomFileLike(file)
    stream.is_little_endian, stream.is_implicit_VR = syntax.is_little_endian, syntax.is_implicit_VR
    return stream


def said(header: Dataset) -> HeaderUids:
    return HeaderUids(header.SOPClassUID, header.SOPInstanceUID, header.StudyInstanceUID, header.SeriesInstanceUID)


@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "delimiters"])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian], ids=lambda uid: uid.keyword)
def test_it_finds_the_four_and_passes_over_sequences(
    tmp_path: Path, *, syntax: pydicom.uid.UID, undefined: bool
) -> None:
    header = image(tmp_path)
    assert header_uids(encoded(header, syntax, undefined=undefined), syntax) == said(header)


def test_a_compressed_image_starts_like_an_explicit_one(tmp_path: Path) -> None:
    header = image(tmp_path)
    assert header_uids(encoded(header, ExplicitVRLittleEndian), RLELossless) == said(header)


def test_big_endian_is_left_to_a_reader(tmp_path: Path) -> None:
    assert header_uids(encoded(image(tmp_path), ExplicitVRLittleEndian), ExplicitVRBigEndian) is None


@pytest.mark.parametrize("kept", [0, 7, 50, 200])
def test_a_start_that_ends_too_early_is_left_to_a_reader(tmp_path: Path, kept: int) -> None:
    content = encoded(image(tmp_path), ExplicitVRLittleEndian)
    assert header_uids(content[:kept], ExplicitVRLittleEndian) is None


def test_broken_headers_never_raise_nor_run_on(tmp_path: Path) -> None:
    rng = random.Random(5)  # noqa: S311 - a fuzzer
    for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        whole = encoded(image(tmp_path / syntax.keyword), syntax, undefined=True)[:2000]
        for _ in range(2000):
            broken = bytearray(whole)
            rng.choice(CHANGES)(rng, broken)
            header_uids(bytes(broken), syntax)
