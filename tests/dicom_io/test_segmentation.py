"""Labels survive the way into a segmentation and back, voxel by voxel, and every segment says what it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.seg import segread

from dicom_io.segmentation import (
    EmptySegmentationError,
    SegmentationFormatError,
    UnnamedLabelError,
    read_segmentation,
    write_segmentation,
)
from dicom_io.series import ImageSeries, read_series
from planner.errors import FrameMismatchError
from planner.geometry import VolumeGeometry
from planner.structures import Structure
from planner.volume import LabelEntry, LabelMap
from tests.dicom_io import plans
from tests.dicom_io.builders import ORIENTATIONS, Grid, write_series
from tests.dicom_io.ct_files import write_ct_series
from tests.dicom_io.judges import complaints, header_text
from tests.dicom_io.label_maps import ENTRIES, blocks

CASE = plans.case(plans.plan())


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> ImageSeries:
    folder = tmp_path_factory.mktemp("ct")
    write_ct_series(folder)
    return read_series(folder)


@pytest.fixture(scope="module")
def file(series: ImageSeries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(blocks(series.volume.geometry), series, tmp_path_factory.mktemp("seg"))


def written(labels: LabelMap, series: ImageSeries, folder: Path) -> Path:
    path = folder / "segmentation.dcm"
    path.write_bytes(write_segmentation(labels, series.source, CASE))
    return path


def by_entry(labels: LabelMap) -> dict[LabelEntry, np.ndarray]:
    """Voxels of each structure, whatever value they bear."""
    return {entry: np.argwhere(labels.labels == value) for value, entry in labels.entries.items()}


def assert_same_structures(back: LabelMap, labels: LabelMap) -> None:
    wanted = {e: voxels for e, voxels in by_entry(labels).items() if e.structure is not Structure.BODY}
    found = by_entry(back)
    assert found.keys() == wanted.keys()
    for entry, voxels in wanted.items():
        np.testing.assert_array_equal(found[entry], voxels)


def test_every_voxel_and_entry_comes_back_on_the_source_grid(series: ImageSeries, file: Path) -> None:
    back = read_segmentation(file, series.volume.geometry)
    assert back.geometry.matches(series.volume.geometry)
    assert_same_structures(back, blocks(series.volume.geometry))


def test_without_a_grid_the_frames_make_their_own(series: ImageSeries, file: Path) -> None:
    back = read_segmentation(file)
    first = np.argwhere(blocks(series.volume.geometry).labels > 1)[:, 0].min()
    np.testing.assert_allclose(back.geometry.points_mm((0, 0, 0)), series.volume.geometry.points_mm((first, 0, 0)))
    assert np.count_nonzero(back.labels) == np.count_nonzero(blocks(series.volume.geometry).labels > 1)


def test_skin_and_body_are_left_out_and_empty_frames_too(file: Path) -> None:
    dataset = pydicom.dcmread(file)
    assert len(dataset.SegmentSequence) == len(ENTRIES) - 1
    assert dataset.NumberOfFrames == 3 * (len(ENTRIES) - 1)


def test_a_segment_names_structure_level_side_and_confidence(file: Path) -> None:
    segment = next(s for s in pydicom.dcmread(file).SegmentSequence if s.SegmentLabel == "left L4 nerve root, ganglion")
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    assert kind.CodeMeaning == "Dorsal root ganglion, placed by model"
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning == "Left"
    assert segment.AnatomicRegionSequence[0].CodeMeaning == "L4 vertebra"
    assert segment.SegmentDescription == "confidence 0.5"
    assert segment.SegmentAlgorithmType == "AUTOMATIC"


def test_frames_refer_to_the_slices_they_lie_on(series: ImageSeries, file: Path) -> None:
    slices = {one.sop_instance_uid: one.position_mm for one in series.source.instances}
    for group in pydicom.dcmread(file).PerFrameFunctionalGroupsSequence:
        source = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        np.testing.assert_allclose(slices[source], group.PlanePositionSequence[0].ImagePositionPatient)


def test_highdicom_reads_the_same_voxels(series: ImageSeries, file: Path) -> None:
    segmentation = segread(file)
    aorta = next(
        n for n in segmentation.segment_numbers if segmentation.get_segment_description(n).segment_label == "aorta"
    )
    found = segmentation.get_volume(segment_numbers=[aorta], combine_segments=True).array
    assert np.count_nonzero(found) == np.count_nonzero(blocks(series.volume.geometry).labels == 7)


@pytest.mark.servers
def test_dciodvfy_finds_nothing_and_dcmdump_reads_it(file: Path) -> None:
    assert complaints(file) == []
    assert "BINARY" in header_text(file)


def test_the_same_case_gives_the_same_bytes(series: ImageSeries, file: Path) -> None:
    assert write_segmentation(blocks(series.volume.geometry), series.source, CASE) == file.read_bytes()


def test_values_that_name_the_same_structure_share_a_segment_with_the_lower_confidence(
    series: ImageSeries, tmp_path: Path
) -> None:
    geometry = series.volume.geometry
    labels = np.zeros(geometry.shape, dtype=np.uint16)
    labels[4, 10:20, 10:20], labels[4, 30:40, 10:20] = 1, 2
    rib = {1: LabelEntry(Structure.RIB, confidence=0.9), 2: LabelEntry(Structure.RIB, confidence=0.4)}
    back = read_segmentation(written(LabelMap(geometry, labels, rib), series, tmp_path), geometry)
    assert list(back.entries.values()) == [LabelEntry(Structure.RIB, confidence=0.4)]
    assert np.count_nonzero(back.labels) == 200


@pytest.mark.servers
def test_after_a_gantry_tilt_the_frames_lie_on_the_resampled_grid(tmp_path: Path) -> None:
    (tmp_path / "ct").mkdir()
    write_ct_series(tmp_path / "ct", shear_mm=0.5)
    tilted = read_series(tmp_path / "ct")
    assert tilted.volume.geometry.shape[1] > 80
    labels = blocks(tilted.volume.geometry)
    path = written(labels, tilted, tmp_path)
    assert_same_structures(read_segmentation(path, tilted.volume.geometry), labels)
    assert complaints(path) == []


@pytest.mark.servers
@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_however_the_slices_lie_the_voxels_come_back(
    orientation: tuple[tuple[float, ...], tuple[float, ...]], tmp_path: Path
) -> None:
    grid = Grid(count=16, rows=60, columns=64, spacing_mm=(2.5, 0.8125, 0.703125), orientation=orientation)
    write_series(tmp_path / "ct", grid)
    turned = read_series(tmp_path / "ct")
    labels = blocks(turned.volume.geometry)
    path = written(labels, turned, tmp_path)
    assert_same_structures(read_segmentation(path, turned.volume.geometry), labels)
    frame = pydicom.dcmread(path).PerFrameFunctionalGroupsSequence[0]
    assert "DerivationImageSequence" in frame
    assert complaints(path) == []


def test_labels_of_another_frame_of_reference_are_refused(series: ImageSeries) -> None:
    geometry = series.volume.geometry
    elsewhere = VolumeGeometry(geometry.lps_from_index, geometry.shape, "1.2.3")
    with pytest.raises(FrameMismatchError):
        write_segmentation(blocks(elsewhere), series.source, CASE)


def test_a_grid_beside_the_frames_is_refused(series: ImageSeries, file: Path) -> None:
    matrix = series.volume.geometry.lps_from_index.copy()
    matrix[0, 3] += 0.5
    shifted = VolumeGeometry(matrix, series.volume.geometry.shape, series.volume.geometry.frame_of_reference_uid)
    with pytest.raises(SegmentationFormatError, match="mm off the wanted grid"):
        read_segmentation(file, shifted)


def test_voxels_without_a_name_are_refused_not_dropped(series: ImageSeries) -> None:
    labels = blocks(series.volume.geometry)
    nameless = replace(labels, entries={value: entry for value, entry in ENTRIES.items() if value != 7})
    with pytest.raises(UnnamedLabelError, match="label values 7 have no entry"):
        write_segmentation(nameless, series.source, CASE)


def test_nothing_but_body_is_refused(series: ImageSeries) -> None:
    only_body = blocks(series.volume.geometry)
    only_body = replace(only_body, labels=np.minimum(only_body.labels, 1))
    with pytest.raises(EmptySegmentationError, match="no structure"):
        write_segmentation(only_body, series.source, CASE)


def test_segments_of_others_are_listed_not_dropped(file: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(file)
    dataset.SegmentSequence[2].SegmentedPropertyTypeCodeSequence[0].CodeValue = "80891009"
    dataset.save_as(tmp_path / "heart.dcm")
    with pytest.raises(SegmentationFormatError, match="segments 3 have codes that are not known"):
        read_segmentation(tmp_path / "heart.dcm")


def test_an_image_is_not_read_as_a_segmentation(series: ImageSeries) -> None:
    with pytest.raises(SegmentationFormatError, match="no Segmentation"):
        read_segmentation(series.source.instances[0].path)
