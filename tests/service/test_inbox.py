"""Complete is a decision about geometry, taken after a quiet time."""

import shutil

import pytest

from service.inbox import Readiness, judge
from service.settings import InboxSettings
from tests.dicom_io.builders import Grid, write_series

SERIES = "1.2.826.0.1.1"
SETTINGS = InboxSettings(quiet_seconds=10, patience_seconds=100)


@pytest.fixture
def folder(tmp_path):
    write_series(tmp_path, Grid(count=8), series_uid=SERIES)
    return tmp_path


def images(folder):
    return sorted(file for file in folder.rglob("*") if file.is_file())


def test_even_slices_are_complete_after_the_quiet_time(folder):
    assert judge(folder, SERIES, 9.9, SETTINGS).readiness is Readiness.KEEP_WAITING
    verdict = judge(folder, SERIES, 10.0, SETTINGS)
    assert verdict.readiness is Readiness.COMPLETE
    assert "8 evenly spaced images" in verdict.why


def test_a_gap_waits_for_its_slice_then_for_a_person(folder):
    images(folder)[4].unlink()
    assert judge(folder, SERIES, 50.0, SETTINGS).readiness is Readiness.KEEP_WAITING
    verdict = judge(folder, SERIES, 100.0, SETTINGS)
    assert verdict.readiness is Readiness.ASK
    assert "mm" in verdict.why


def test_one_image_alone_may_have_more_to_come(folder):
    for image in images(folder)[1:]:
        image.unlink()
    assert judge(folder, SERIES, 50.0, SETTINGS).readiness is Readiness.KEEP_WAITING
    assert judge(folder, SERIES, 100.0, SETTINGS).readiness is Readiness.ASK


def test_what_no_further_slice_can_mend_is_for_a_person_at_once(folder):
    write_series(folder / "second", Grid(count=8, orientation=((1.0, 0, 0), (0, 0, -1.0))), series_uid=SERIES)
    assert judge(folder, SERIES, 11.0, SETTINGS).readiness is Readiness.ASK


def test_a_series_without_ct_or_mr_images_is_ignored(folder):
    assert judge(folder, "1.2.3.4", 11.0, SETTINGS).readiness is Readiness.IGNORE
    shutil.rmtree(folder)
    folder.mkdir()
    assert judge(folder, SERIES, 11.0, SETTINGS).readiness is Readiness.IGNORE


def test_slices_missing_at_an_end_are_waited_for_by_the_scanners_count(tmp_path):
    def counted(_, image):
        image.AcquisitionNumber, image.ImagesInAcquisition = 1, 10

    write_series(tmp_path, Grid(count=8), series_uid=SERIES, edit=counted)
    waiting = judge(tmp_path, SERIES, 50.0, SETTINGS)
    assert waiting.readiness is Readiness.KEEP_WAITING
    assert "8 of the 10 images" in waiting.why
    verdict = judge(tmp_path, SERIES, 100.0, SETTINGS)
    assert verdict.readiness is Readiness.COMPLETE
    assert "of 10 that the scanner counted" in verdict.why
