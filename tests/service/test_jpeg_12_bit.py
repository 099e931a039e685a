"""JPEG Extended of 12 bits, written by DCMTK, is read through the service within the loss that its quality allows."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_io.series import read_series
from service.jpeg_12_bit import enable_jpeg_12_bit
from service.opening import open_series
from tests.dicom_io.builders import Grid, write_series
from tests.servers import run


@pytest.mark.servers
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_12_bit_jpeg_is_read_and_its_loss_is_said(tmp_path: Path, signed) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    packed.mkdir()
    for path in write_series(plain, Grid(count=4, rows=40, columns=48), signed=signed):
        image = pydicom.dcmread(path)
        image.BitsStored, image.HighBit = 12, 11
        image.save_as(path)
        assert run("dcmcjpeg", "+ee", "+q", "98", path, packed / path.name).returncode == 0
    series = open_series(packed)
    difference = np.abs(series.volume.voxels.astype(int) - read_series(plain).volume.voxels)
    assert difference.max() <= 3
    assert any("compressed with loss" in note for note in series.facts.notes)


def test_enabling_it_twice_is_no_fault() -> None:
    enable_jpeg_12_bit()
    enable_jpeg_12_bit()
