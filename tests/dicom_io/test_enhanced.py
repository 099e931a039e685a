"""An enhanced multi-frame image gives the very volume that its single-frame twin gives, and the same refusals."""

from pathlib import Path

import data_store
import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEGLSLossless, RLELossless

from dicom_io.errors import DicomIoError
from dicom_io.publish import plan_documents
from dicom_io.segmentation import read_segmentation, write_segmentation
from dicom_io.series import find_series, read_series
from planner.volume import LabelMap, Modality
from tests.dicom_io import plans
from tests.dicom_io.builders import ORIENTATIONS, Grid, ramp, write_series
from tests.dicom_io.enhanced_files import write_enhanced
from tests.dicom_io.label_maps import blocks
from tests.dicom_io.test_pictures import AXIAL
from tests.servers import run

SAMPLES = Path(data_store.__file__).parent / "data"


def refusal(folder: Path) -> str:
    with pytest.raises(DicomIoError) as caught:
        read_series(folder)
    return str(caught.value)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("groups", ["shared", "per frame"])
def test_every_voxel_lies_where_the_single_frame_twin_has_it(tmp_path: Path, orientation: str, groups: str) -> None:
    grid = Grid(count=7, orientation=ORIENTATIONS[orientation])
    write_enhanced(tmp_path / "enhanced", grid, is_per_frame=groups == "per frame")
    write_series(tmp_path / "single", grid)
    enhanced, single = read_series(tmp_path / "enhanced"), read_series(tmp_path / "single")
    assert np.allclose(enhanced.volume.geometry.lps_from_index, single.volume.geometry.lps_from_index)
    assert (enhanced.volume.voxels == single.volume.voxels).all()
    assert [one.frame_number for one in enhanced.source.instances] == [
        one.instance_number for one in single.source.instances
    ]
    assert any("7 frames in 1" in note for note in enhanced.notes)


def test_frames_in_any_order_make_the_same_volume(tmp_path: Path) -> None:
    write_enhanced(tmp_path / "a", Grid(count=6))
    write_enhanced(tmp_path / "b", Grid(count=6), order=(4, 0, 5, 2, 1, 3))
    straight, mixed = read_series(tmp_path / "a"), read_series(tmp_path / "b")
    assert (straight.volume.voxels == mixed.volume.voxels).all()
    assert [one.frame_number for one in mixed.source.instances] == [2, 5, 4, 6, 1, 3]
    assert mixed.source.instances[0].sop_instance_uid == mixed.source.instances[5].sop_instance_uid


def test_two_objects_of_one_series_make_one_volume(tmp_path: Path) -> None:
    write_enhanced(tmp_path, Grid(count=10), order=(0, 1, 2, 3, 4))
    write_enhanced(tmp_path, Grid(count=10), order=(5, 6, 7, 8, 9), number=2)
    series = read_series(tmp_path)
    assert series.volume.geometry.shape == (10, 20, 24)
    expected = np.rint(np.stack([ramp(Grid(count=10).points_mm(k)) for k in range(10)]))
    assert (series.volume.voxels == expected).all()


def test_enhanced_mr_is_read_as_signal(tmp_path: Path) -> None:
    write_enhanced(tmp_path, Grid(count=5), modality="MR")
    assert read_series(tmp_path).volume.modality is Modality.MR


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless], ids=lambda uid: uid.keyword)
def test_compressed_frames_are_read(tmp_path: Path, syntax) -> None:
    path = write_enhanced(tmp_path, Grid(count=4, rows=64, columns=48))
    plain = read_series(tmp_path).volume.voxels.copy()
    image = pydicom.dcmread(path)
    image.compress(syntax, generate_instance_uid=False)
    image.save_as(path)
    assert (read_series(tmp_path).volume.voxels == plain).all()


def test_a_tilted_gantry_is_seen_in_frames_too(tmp_path: Path) -> None:
    write_enhanced(tmp_path, Grid(count=9, shear_mm=(0.4, 0.0)))
    series = read_series(tmp_path)
    assert any("gantry tilt" in note for note in series.notes)


def test_a_missing_frame_is_refused_in_mm(tmp_path: Path) -> None:
    write_enhanced(tmp_path, Grid(count=9), order=(0, 1, 2, 3, 5, 6, 7, 8))
    assert "1 slices are missing, the first after image 4: a gap of 5.000 mm" in refusal(tmp_path)


def test_frames_that_do_not_say_where_they_lie_are_refused(tmp_path: Path) -> None:
    write_enhanced(
        tmp_path, Grid(count=5), edit=lambda k, frame: frame.pop("PlanePositionSequence") if k == 2 else None
    )
    assert "1 of 5 images have no valid Image Position (Patient)" in refusal(tmp_path)


def test_a_position_outside_the_functional_groups_counts_for_nothing(tmp_path: Path) -> None:
    path = write_enhanced(tmp_path, Grid(count=5), edit=lambda _, frame: frame.pop("PlanePositionSequence"))
    image = pydicom.dcmread(path)
    image.ImagePositionPatient = [0, 0, 0]
    image.save_as(path)
    assert "5 of 5 images have no valid Image Position (Patient)" in refusal(tmp_path)


def test_functional_groups_that_do_not_match_the_frames_are_refused(tmp_path: Path) -> None:
    path = write_enhanced(tmp_path, Grid(count=5))
    image = pydicom.dcmread(path)
    del image.PerFrameFunctionalGroupsSequence[4]
    image.save_as(path)
    assert "enhanced image whose frames and functional groups differ in number" in refusal(tmp_path)


def test_pixels_shorter_than_the_frames_are_refused(tmp_path: Path) -> None:
    path = write_enhanced(tmp_path, Grid(count=5))
    image = pydicom.dcmread(path)
    image.PixelData = image.PixelData[:-960]
    image.save_as(path)
    assert "end too early (3840 of 4800 bytes)" in refusal(tmp_path)


def _echo(k: int, frame) -> None:
    frame.FrameContentSequence[0].TemporalPositionIndex = 1 + k // 4


def test_several_times_of_one_place_are_counted_and_refused(tmp_path: Path) -> None:
    write_enhanced(tmp_path, Grid(count=4), order=(0, 1, 2, 3) * 3, edit=_echo)
    assert "3 volumes at one place, told apart by Temporal Position Index (4, 4, 4 images)" in refusal(tmp_path)


def test_several_acquisitions_of_one_place_are_counted_and_refused(tmp_path: Path) -> None:
    series = "1.2.826.0.1.7"
    for number in (1, 2):

        def of_acquisition(_: int, image, number: int = number) -> None:
            image.AcquisitionNumber, image.StudyInstanceUID, image.FrameOfReferenceUID = number, "1.2.9", "1.2.10"

        write_series(tmp_path / str(number), Grid(count=4 + number), series_uid=series, edit=of_acquisition)
    assert "2 volumes at one place, told apart by Acquisition Number (6, 5 images)" in refusal(tmp_path)


def test_acquisitions_that_follow_each_other_are_one_volume(tmp_path: Path) -> None:
    def of_acquisition(k: int, image) -> None:
        image.AcquisitionNumber = 1 + k // 5

    write_series(tmp_path, Grid(count=10), edit=of_acquisition)
    assert read_series(tmp_path).volume.geometry.shape[0] == 10


def segmentation_of_single_frames(folder: Path, grid: Grid) -> LabelMap:
    write_series(folder, grid)
    series = read_series(folder)
    file = folder / "segmentation"
    file.write_bytes(write_segmentation(blocks(series.volume.geometry), series.source, plans.case(plans.plan())))
    return read_segmentation(file, series.volume.geometry)


@pytest.mark.servers
def test_what_is_published_on_frames_is_valid_and_names_each_object_once(tmp_path: Path) -> None:
    """Judged by dciodvfy; the segmentation lies where the frames lie; pictures name the frame."""
    grid = Grid(count=24, rows=80, columns=80, spacing_mm=(2.5, 1.5, 1.5), first_mm=(-60.0, -70.0, -20.0))
    write_enhanced(tmp_path, grid)
    series, plan = read_series(tmp_path), plans.plan()
    labels = blocks(series.volume.geometry)
    twin = segmentation_of_single_frames(tmp_path / "twin", grid)
    for document in plan_documents(plan, labels, [AXIAL], series.source, plans.case(plan)):
        path = document.save(tmp_path)
        judged = run("dciodvfy", "-new", path).stderr.splitlines()
        assert [line for line in judged if line.startswith("Error")] == []
        dataset = pydicom.dcmread(path)
        for request in dataset.get("CurrentRequestedProcedureEvidenceSequence", ()):
            named = [
                one.ReferencedSOPInstanceUID
                for series_named in request.ReferencedSeriesSequence
                for one in series_named.ReferencedSOPSequence
            ]
            assert len(named) == len(set(named))
        if document.name == "segmentation.dcm":
            kept = read_segmentation(path, series.volume.geometry)
            assert (kept.labels == twin.labels).all()
        if document.name.startswith("key-axial"):
            frames = [one.ReferencedFrameNumber for one in dataset.SourceImageSequence]
            assert frames == [series.source.instances[k].frame_number for k in AXIAL.slices]


def test_a_scanners_own_enhanced_ct_has_its_geometry() -> None:
    (found,) = find_series(SAMPLES / "eCT_Supplemental.dcm")
    images = {one.frame_number: one for one in found.instances}
    assert found.refusal is None, found.refusal
    assert images[1].plane.position_mm == (99.5, -301.5, -159.0)
    assert images[1].plane.orientation is not None
    assert (images[1].plane.rows, images[1].plane.columns) == (512, 512)


def test_an_enhanced_mr_without_functional_groups_is_refused() -> None:
    assert find_series(SAMPLES / "emri_small.dcm") == ()
