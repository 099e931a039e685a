"""A CD's list and its files are compared: pydicom's own samples, and one written here by DCMTK."""

from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicom_io.dicomdir import listed_images
from dicom_io.series import find_series, read_series
from tests.dicom_io.builders import Grid, write_series
from tests.servers import run

SAMPLES = Path(get_testdata_file("DICOMDIR", download=False)).parent
COUNTS = {
    "DICOMDIR": 31,
    "DICOMDIR-reordered": 31,
    "DICOMDIR-bigEnd": 31,
    "DICOMDIR-implicit": 31,
    "DICOMDIR-nooffset": 31,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_every_image_is_listed_in_whatever_order_the_records_are(name: str, count: int) -> None:
    assert sum(map(len, listed_images(SAMPLES / name).values())) == count


@pytest.mark.filterwarnings("ignore")
def test_pydicoms_sample_cd_is_read_series_by_series() -> None:
    found = {one.series_number: one for one in find_series(SAMPLES / "DICOMDIR") if one.stack is not None}
    series = read_series(SAMPLES / "DICOMDIR", found[5].series_uid)
    assert series.volume.geometry.shape[0] == 5


@pytest.mark.servers
def test_an_image_missing_at_the_end_is_said(tmp_path: Path) -> None:
    paths = write_series(tmp_path, Grid(count=5), name="IM{:04}")
    made = run("dcmmkdir", "+id", tmp_path, "+D", tmp_path / "DICOMDIR", "-Nxc", "+I", *[path.name for path in paths])
    assert made.returncode == 0, made.stderr
    assert not any("DICOMDIR lists" in note for note in read_series(tmp_path / "DICOMDIR").notes)
    paths[-1].unlink()
    series = read_series(tmp_path / "DICOMDIR")
    assert "1 of 5 images that the DICOMDIR lists for this series are not among the files" in series.notes


def test_circular_records_end(tmp_path: Path) -> None:
    whole = pydicom.dcmread(SAMPLES / "DICOMDIR")
    for record in whole.DirectoryRecordSequence:
        record.OffsetOfTheNextDirectoryRecord = record.seq_item_tell
    whole.save_as(tmp_path / "DICOMDIR")
    listed_images(tmp_path / "DICOMDIR")
