"""What is written of one case: all of it, the same again for the same case, and nothing left of an earlier one."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pydicom
import pytest

from dicom_io.series import read_series
from planner.anatomy.model import Anatomy, Lie, Surroundings
from planner.structures import Pose
from planner.volume import LabelMap
from service import pictures
from service.opening import OpenSeries
from service.results import NO_DICOM_OUTPUT, PlannedSeries, clear, write_plan
from service.scribe import scribe
from service.series_facts import SeriesFacts
from service.watch import Stopwatch
from tests.dicom_io.ct_files import write_ct_series
from tests.dicom_io.label_maps import blocks
from tests.dicom_io.plans import plan, target

OPENED_AT = datetime(2026, 1, 5, 10, 15, tzinfo=UTC)
WITHOUT_PICTURES = {"plan.json", "report.dcm", "segmentation.dcm", "key-objects.dcm", "sheet.pdf", "sheet.dcm"}


@pytest.fixture
def planned(tmp_path) -> PlannedSeries:
    (tmp_path / "ct").mkdir()
    write_ct_series(tmp_path / "ct")
    series = read_series(tmp_path / "ct")
    labels = blocks(series.volume.geometry)
    around = LabelMap(labels.geometry, np.full(labels.labels.shape, Surroundings.BODY, np.uint16))
    lie = Lie(Pose.PRONE, 1.0, "built so")
    anatomy = Anatomy(labels, around, (), (), np.zeros((0, 3)), (), (), (), {}, {}, lie, "")
    return PlannedSeries(plan(), anatomy, OpenSeries(series.volume, SeriesFacts.of(series)), OPENED_AT)


@pytest.fixture
def no_graphics(monkeypatch):
    """VTK told to draw on an X server that is not there: what it does without libraries."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("VTK_DEFAULT_OPENGL_WINDOW", "vtkXOpenGLRenderWindow")
    pictures.probe_graphics.cache_clear()
    yield
    pictures.probe_graphics.cache_clear()


def written(planned, out):
    clear(out)
    return write_plan(out, planned, Stopwatch())


@pytest.mark.graphics
@pytest.mark.usefixtures("no_graphics")
def test_without_graphics_libraries_plan_and_dicom_are_there_and_the_missing_ones_are_named(planned, tmp_path):
    done = written(planned, tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").iterdir()} == WITHOUT_PICTURES
    (note,) = done.notes
    assert "apt-get install libegl1" in note


@pytest.mark.graphics
def test_with_graphics_the_pictures_are_there_and_say_where_they_look(planned, tmp_path):
    done = written(planned, tmp_path / "out")
    assert done.notes == ()
    axial = pydicom.dcmread(tmp_path / "out" / "key-axial.dcm")
    assert list(axial.PatientOrientation) == ["L", "P"], "supine, as at the console: ceiling up, seen from the feet"
    assert axial.BurnedInAnnotation == "YES"
    assert list(pydicom.dcmread(tmp_path / "out" / "key-3d.dcm").get("PatientOrientation") or []) == []
    assert {one.path.name for one in done.objects} == {file.name for file in (tmp_path / "out").glob("*.dcm")}


@pytest.mark.usefixtures("no_graphics")
def test_the_same_case_gives_the_same_bytes(planned, tmp_path):
    for name in ("first", "second"):
        written(planned, tmp_path / name)
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes(), file.name


@pytest.mark.usefixtures("no_graphics")
def test_a_case_opened_at_another_time_has_other_objects(planned, tmp_path):
    first = written(planned, tmp_path / "first")
    later = written(replace(planned, opened_at=OPENED_AT.replace(hour=11)), tmp_path / "later")
    assert not {one.sop_instance_uid for one in first.objects} & {one.sop_instance_uid for one in later.objects}


@pytest.mark.graphics
def test_no_old_picture_lies_beside_a_new_plan(planned, tmp_path):
    out = tmp_path / "out"
    written(planned, out)
    (out / "notes.txt").write_text("not ours")
    done = written(replace(planned, plan=plan(targets=(target(()),))), out)
    assert {file.name for file in out.iterdir()} == {*WITHOUT_PICTURES, "notes.txt"}
    assert done.notes == ("no pictures: no path is safe",)


@pytest.mark.usefixtures("no_graphics")
def test_an_input_without_dicom_gives_no_dicom_and_says_so(planned, tmp_path):
    nifti = OpenSeries(planned.series.volume, SeriesFacts(planned.series.volume.geometry, None, ()))
    done = written(replace(planned, series=nifti), tmp_path / "out")
    assert [file.name for file in done.files] == ["plan.json", "sheet.pdf"]
    assert done.objects == ()
    assert NO_DICOM_OUTPUT in done.notes


@pytest.mark.usefixtures("no_graphics")
def test_what_another_process_writes_is_what_this_one_writes(planned, tmp_path):
    alone = written(planned, tmp_path / "alone")
    with scribe() as begin:
        (tmp_path / "beside").mkdir()
        write_plan(tmp_path / "beside", planned, Stopwatch(), begin)
    for one in alone.objects:
        assert one.path.read_bytes() == (tmp_path / "beside" / one.path.name).read_bytes()


@pytest.mark.usefixtures("no_graphics")
def test_another_plan_has_another_report_and_the_same_segmentation(planned, tmp_path):
    first = {one.path.name: one for one in written(planned, tmp_path / "first").objects}
    other = written(replace(planned, plan=plan(targets=(target(()),))), tmp_path / "other").objects
    same = [one for one in other if one.sop_instance_uid == first[one.path.name].sop_instance_uid]
    assert [one.path.name for one in same] == ["segmentation.dcm"]
    assert same[0].path.read_bytes() == first["segmentation.dcm"].path.read_bytes()
