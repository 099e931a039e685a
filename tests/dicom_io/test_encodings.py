"""Files as they come from CDs, old archives and broken disks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dicom_io import errors
from dicom_io.series import find_series, read_series
from tests.dicom_io.builders import Grid, edit_file, ramp, set_values, write_series

GRID = Grid(count=3)


def rewrite(path: Path, syntax: pydicom.uid.UID) -> None:
    image = pydicom.dcmread(path)
    image.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        image.PixelData = np.frombuffer(image.PixelData, "<u2").byteswap().tobytes()
    implicit, little = syntax.is_implicit_VR, syntax.is_little_endian
    pydicom.dcmwrite(path, image, implicit_vr=implicit, little_endian=little, force_encoding=True)


@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
    ids=lambda uid: uid.keyword,
)
def test_every_plain_encoding_gives_the_same_values(tmp_path: Path, syntax: pydicom.uid.UID) -> None:
    paths = write_series(tmp_path, GRID)
    plain = read_series(tmp_path).volume.voxels.copy()
    for path in paths:
        rewrite(path, syntax)
    np.testing.assert_array_equal(read_series(tmp_path).volume.voxels, plain)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian], ids=lambda uid: uid.keyword)
@pytest.mark.parametrize("keeps_meta", [True, False], ids=["meta header, no preamble", "data set alone"])
def test_files_without_preamble_are_read(tmp_path: Path, syntax: pydicom.uid.UID, keeps_meta) -> None:
    paths = write_series(tmp_path, GRID)
    plain = read_series(tmp_path).volume.voxels.copy()
    for path in paths:
        rewrite(path, syntax)
        content = path.read_bytes()
        meta_bytes = 12 + int.from_bytes(content[140:144], "little")
        path.write_bytes(content[132 if keeps_meta else 132 + meta_bytes :])
    np.testing.assert_array_equal(read_series(tmp_path).volume.voxels, plain)


def test_a_dicomdir_stands_for_its_folder_and_what_lies_below(tmp_path: Path) -> None:
    write_series(tmp_path / "A" / "B", GRID)
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    assert read_series(tmp_path / "DICOMDIR").volume.geometry.shape[0] == 3


def test_projections_are_left_out(tmp_path: Path) -> None:
    write_series(tmp_path / "a", GRID)
    mip = ["DERIVED", "SECONDARY", "AXIAL", "MIP"]
    write_series(tmp_path / "b", GRID, series_number=8, edit=lambda _, image: setattr(image, "ImageType", mip))
    series = read_series(tmp_path)
    assert series.source.series_number == 3
    assert any(note.startswith("left out 3 x projection") for note in series.notes)


def test_gaps_between_thin_slices_are_said(tmp_path: Path) -> None:
    write_series(tmp_path, GRID, edit=lambda _, image: setattr(image, "SliceThickness", "1.25"))
    assert any("1.25 mm between not measured" in note for note in read_series(tmp_path).notes)


def test_fewer_images_than_the_scanner_counted_are_said(tmp_path: Path) -> None:
    def count(_: int, image: pydicom.Dataset) -> None:
        image.ImagesInAcquisition = 5

    write_series(tmp_path, GRID, edit=count)
    assert any(note.startswith("3 images are here, the scanner counted 5") for note in read_series(tmp_path).notes)
    assert find_series(tmp_path)[0].expected_count == 5


def test_a_ct_without_fat_or_air_is_not_in_hounsfield_units(tmp_path: Path) -> None:
    def raw(k: int, image: pydicom.Dataset) -> None:
        set_values(image, ramp(GRID.points_mm(k)) + 1024, slope=1.0, intercept=0.0)

    write_series(tmp_path, GRID, edit=raw)
    with pytest.raises(errors.ValuesError, match=r"lowest value of this CT is \d+ HU"):
        read_series(tmp_path)


def test_headers_without_pixels_are_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    def empty(_: int, image: pydicom.Dataset) -> None:
        for keyword in ("Rows", "Columns", "BitsAllocated", "PixelData"):
            delattr(image, keyword)

    write_series(tmp_path, GRID, edit=empty)
    (found,) = find_series(tmp_path)
    assert isinstance(found.refusal, errors.NoPixelDataError)


def test_an_unspecified_rescale_type_is_said(tmp_path: Path) -> None:
    write_series(tmp_path, GRID, edit=lambda _, image: setattr(image, "RescaleType", "US"))
    assert any("Rescale Type is US" in note for note in read_series(tmp_path).notes)


def cut(content: bytearray, rng: np.random.Generator) -> bytes:
    return bytes(content[: rng.integers(1, len(content))])


def flip_bits(content: bytearray, rng: np.random.Generator) -> bytes:
    for at in rng.integers(132, 132 + 1200, 6):
        content[at] ^= 1 << rng.integers(8)
    return bytes(content)


def overwrite(content: bytearray, rng: np.random.Generator) -> bytes:
    at = rng.integers(132, 132 + 1200)
    content[at : at + 16] = rng.bytes(16)
    return bytes(content)


def outcome(folder: Path) -> str:
    try:
        read_series(folder)
    except errors.DicomIoError as refusal:
        return str(refusal)
    return "read"


@pytest.mark.parametrize("damage", [cut, flip_bits, overwrite])
@pytest.mark.parametrize("syntax", [None, pydicom.uid.RLELossless, pydicom.uid.JPEGLSLossless], ids=str)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_file_is_refused_or_left_out_never_a_crash(
    tmp_path: Path, damage: Callable[[bytearray, np.random.Generator], bytes], syntax: pydicom.uid.UID | None
) -> None:
    rng = np.random.default_rng(7)
    paths = write_series(tmp_path, GRID)
    if syntax is not None:
        edit_file(paths[1], lambda image: image.compress(syntax, generate_instance_uid=False))
    whole = paths[1].read_bytes()
    for _ in range(25):
        paths[1].write_bytes(damage(bytearray(whole), rng))
        answer = outcome(tmp_path)
        assert answer == "read" or "Test" not in answer
