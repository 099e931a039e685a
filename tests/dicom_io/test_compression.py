"""Compressed images give the values of the uncompressed ones: pydicom's encoders and DCMTK's write, we read."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGLSLossless, RLELossless

from dicom_io import errors
from dicom_io.series import read_series
from tests.dicom_io.builders import Grid, write_series
from tests.servers import run

GRID = Grid(count=4, rows=96, columns=80)  # OpenJPEG needs 64 voxels along each axis


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless], ids=lambda uid: uid.keyword)
def test_lossless_by_pydicom_changes_nothing(tmp_path: Path, syntax, signed) -> None:
    paths = write_series(tmp_path, GRID, signed=signed)
    plain = read_series(tmp_path).volume.voxels.copy()
    for path in paths:
        image = pydicom.dcmread(path)
        image.compress(syntax, generate_instance_uid=False)
        image.save_as(path)
    series = read_series(tmp_path)
    np.testing.assert_array_equal(series.volume.voxels, plain)
    assert series.notes == ()


@pytest.mark.servers
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(
    ("tool", "option"),
    [("dcmcjpeg", "+e1"), ("dcmcjpeg", "+el"), ("dcmcrle", ""), ("dcmcjpls", "")],
    ids=["JPEG lossless SV1", "JPEG lossless", "RLE", "JPEG-LS"],
)
def test_lossless_by_dcmtk_changes_nothing(tmp_path: Path, tool: str, option: str, signed) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    packed.mkdir()
    paths = write_series(plain, GRID, signed=signed)
    for path in paths:
        done = run(tool, *([option] if option else []), path, packed / path.name)
        assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(read_series(packed).volume.voxels, read_series(plain).volume.voxels)


@pytest.mark.parametrize(("rate", "off"), [(8, 25), (4, 12)])
def test_lossy_jpeg_2000_is_read_and_said(tmp_path: Path, rate: float, off: int) -> None:
    paths = write_series(tmp_path, GRID)
    plain = read_series(tmp_path).volume.voxels.astype(int)
    for path in paths:
        image = pydicom.dcmread(path)
        image.compress(JPEG2000, j2k_cr=[rate], generate_instance_uid=False)
        image.LossyImageCompression, image.LossyImageCompressionRatio = "01", rate
        image.save_as(path)
    series = read_series(tmp_path)
    assert np.abs(series.volume.voxels - plain).max() <= off
    assert f"4 of 4 images were compressed with loss, up to {rate}:1" in series.notes


@pytest.mark.servers
def test_ct_cut_to_8_bits_is_refused(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    packed.mkdir()
    for path in write_series(plain, GRID):
        assert run("dcmcjpeg", "+eb", path, packed / path.name).returncode == 0
    with pytest.raises(errors.ValuesError, match="Bits Allocated is 8"):
        read_series(packed)


def test_pixels_that_cannot_be_decoded_are_refused_with_the_syntax(tmp_path: Path) -> None:
    paths = write_series(tmp_path, GRID)
    image = pydicom.dcmread(paths[2])
    image.compress(JPEGLSLossless, generate_instance_uid=False)
    broken = bytearray(image.PixelData)
    broken[40:] = b"\0" * (len(broken) - 40)
    image.PixelData = bytes(broken)
    image.save_as(paths[2])
    with pytest.raises(errors.DecodingError, match=r"image 3 \(JPEG-LS"):
        read_series(tmp_path)
