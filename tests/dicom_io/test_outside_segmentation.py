"""Segmentations of other systems are read as masks with what they say of themselves; hostile ones are refused or listed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.color import CIELabColor
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from dicom_io.contours import ContourError, read_structure_set
from dicom_io.outside_segmentation import OutsideSegmentationError, is_segmentation, read_outside_segmentation
from dicom_io.series import ImageSeries, read_series
from planner.anatomy.outside.names import meaning_of
from planner.brought import Beside
from planner.structures import Side, SpineLevel, Structure
from planner.volume import LabelEntry
from tests.dicom_io.ct_files import write_ct_series

ORGAN = Code("91723000", "SCT", "Anatomical Structure")
LEFT, RIGHT = Code("7771000", "SCT", "Left"), Code("24028007", "SCT", "Right")
KIDNEY, L4 = Code("64033007", "SCT", "Kidney"), Code("11994002", "SCT", "L4 vertebra")
CORD, NOBODY = Code("2748008", "SCT", "Spinal cord"), Code("NN", "99NOBODY", "Nobody knows")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("ct")
    write_ct_series(found)
    return found


@pytest.fixture(scope="module")
def series(folder: Path) -> ImageSeries:
    return read_series(folder)


def described(number: int, label: str, kind: Code, side: Code | None = None) -> SegmentDescription:
    segment = SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=ORGAN,
        segmented_property_type=kind,
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            "a hospital's model", codes.DCM.ArtificialIntelligence, "7"
        ),
        display_color=CIELabColor(50.0, 0.0, 0.0),
    )
    if side is not None:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = side.value, side.scheme_designator, side.meaning
        segment.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [item]
    return segment


def written(
    folder: Path, target: Path, masks: np.ndarray, segments: Sequence[SegmentDescription], kind: str = "BINARY"
) -> Path:
    images = sorted((pydicom.dcmread(p) for p in folder.glob("*")), key=lambda d: float(d.ImagePositionPatient[2]))
    made = Segmentation(
        source_images=images,
        pixel_array=masks,
        segmentation_type=kind,
        segment_descriptions=list(segments),
        series_instance_uid=generate_uid(),
        series_number=9,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Nobody",
        manufacturer_model_name="a model",
        software_versions="7",
        device_serial_number="1",
        max_fractional_value=200,
        omit_empty_frames=True,
    )
    made.save_as(target)
    return target


def blocks(series: ImageSeries, count: int) -> np.ndarray:
    """(k, j, i, segments) one block each; neighbours overlap by two columns."""
    masks = np.zeros((*series.volume.geometry.shape, count), dtype=np.uint8)
    for n in range(count):
        masks[2:6, 8:14, 6 + 4 * n : 12 + 4 * n, n] = 1
    return masks


def truth(masks: np.ndarray, n: int) -> int:
    return int(masks[..., n].sum())


def by_label(read, label: str):
    return next(one for one in read.brought.segments if one.label == label)


def test_overlapping_binary_segments_keep_every_voxel_code_and_side(folder, series, tmp_path):
    masks = blocks(series, 2)
    path = written(
        folder, tmp_path / "s.dcm", masks, [described(1, "one", KIDNEY, LEFT), described(2, "vertebrae_L4", L4)]
    )
    assert is_segmentation(path)
    read = read_outside_segmentation(path, meaning_of)
    kidney, vertebra = by_label(read, "one"), by_label(read, "vertebrae_L4")
    assert (int(kidney.mask.sum()), int(vertebra.mask.sum())) == (truth(masks, 0), truth(masks, 1))
    assert isinstance(kidney.meaning, LabelEntry)
    assert isinstance(vertebra.meaning, LabelEntry)
    assert (kidney.meaning.structure, kidney.meaning.side) == (Structure.KIDNEY, Side.LEFT)
    assert (vertebra.meaning.structure, vertebra.meaning.level) == (Structure.VERTEBRA, SpineLevel.L4)
    assert read.series_instance_uid == series.source.series_instance_uid
    assert read.brought.geometry.frame_of_reference_uid == series.source.frame_of_reference_uid
    assert read.brought.source.version == "7"


def test_its_voxels_lie_where_the_images_say(folder, series, tmp_path):
    masks = blocks(series, 1)
    read = read_outside_segmentation(
        written(folder, tmp_path / "s.dcm", masks, [described(1, "one", KIDNEY, LEFT)]), meaning_of
    )
    one = read.brought.segments[0]
    ours = np.argwhere(one.mask) + [part.start for part in one.box]
    index = series.volume.geometry.indices(read.brought.geometry.points_mm(ours))
    assert np.abs(index - np.round(index)).max() < 1e-3
    assert {tuple(row) for row in np.round(index).astype(int)} <= {
        tuple(row) for row in np.argwhere(_as_read(series, folder, masks[..., 0]))
    }


def _as_read(series: ImageSeries, folder: Path, mask: np.ndarray) -> np.ndarray:
    """The mask with its slices in the order of the read volume."""
    z = sorted(float(pydicom.dcmread(p).ImagePositionPatient[2]) for p in folder.glob("*"))
    first = series.volume.geometry.points_mm([0, 0, 0])[2]
    return mask if abs(first - z[0]) < 1e-3 else mask[::-1]


def test_a_fractional_segment_counts_from_one_half(folder, series, tmp_path):
    shares = blocks(series, 1).astype(np.float64)
    shares[2:6, 8:14, 6:9] *= 0.3
    path = written(folder, tmp_path / "s.dcm", shares, [described(1, "one", KIDNEY, LEFT)], "FRACTIONAL")
    read = read_outside_segmentation(path, meaning_of)
    assert int(read.brought.segments[0].mask.sum()) == int((shares >= 0.5).sum())


def test_a_label_map_is_read_as_its_segments(folder, series, tmp_path):
    masks = blocks(series, 2)
    labels = np.where(masks[..., 0] > 0, 1, 2 * masks[..., 1]).astype(np.uint8)
    segments = [described(1, "one", KIDNEY, LEFT), described(2, "two", L4)]
    read = read_outside_segmentation(written(folder, tmp_path / "s.dcm", labels, segments, "LABELMAP"), meaning_of)
    assert int(by_label(read, "one").mask.sum()) == int((labels == 1).sum())
    assert int(by_label(read, "two").mask.sum()) == int((labels == 2).sum())


def test_an_empty_segment_is_named_and_an_unknown_one_kept_without_meaning(folder, series, tmp_path):
    masks = blocks(series, 3)
    masks[..., 1] = 0
    segments = [described(1, "one", CORD), described(2, "two", L4), described(3, "three", NOBODY)]
    read = read_outside_segmentation(written(folder, tmp_path / "s.dcm", masks, segments), meaning_of)
    assert read.brought.notes == ("segment 2 'two' is empty",)
    assert by_label(read, "one").meaning is Beside.CORD
    assert by_label(read, "three").meaning is None


def test_a_segment_whose_codes_and_label_contradict_each_other_means_nothing(folder, series, tmp_path):
    segments = [described(1, "kidney_right", KIDNEY, LEFT)]
    read = read_outside_segmentation(written(folder, tmp_path / "s.dcm", blocks(series, 1), segments), meaning_of)
    assert read.brought.segments[0].meaning is None
    assert "different sides" in read.brought.segments[0].why


def test_a_segmentation_without_a_voxel_is_refused(folder, series, tmp_path):
    path = written(folder, tmp_path / "s.dcm", blocks(series, 1), [described(1, "one", KIDNEY, LEFT)])
    dataset = pydicom.dcmread(path)
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.save_as(path)
    with pytest.raises(OutsideSegmentationError, match="no segment holds a voxel"):
        read_outside_segmentation(path, meaning_of)


def structure_set(series: ImageSeries, corners_mm: Sequence[np.ndarray], name: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = RTStructureSetStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    roi, contour, frame = Dataset(), Dataset(), Dataset()
    roi.ROINumber, roi.ROIName = 1, name
    contour.ReferencedROINumber = 1
    contour.ContourSequence = []
    for corners in corners_mm:
        one = Dataset()
        one.ContourGeometricType = "CLOSED_PLANAR"
        one.NumberOfContourPoints = len(corners)
        one.ContourData = [f"{value:.3f}" for value in corners.ravel()]
        contour.ContourSequence.append(one)
    frame.FrameOfReferenceUID = series.source.frame_of_reference_uid
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [roi], [contour]
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    return dataset


def rectangle(series: ImageSeries, k: int, low: float, high: float) -> np.ndarray:
    return series.volume.geometry.points_mm([(k, low, low), (k, low, high), (k, high, high), (k, high, low)])


def test_contours_are_filled_and_a_hole_stays_open(series, tmp_path):
    made = structure_set(series, [rectangle(series, 3, 4.5, 14.5), rectangle(series, 3, 7.5, 9.5)], "Kidney left")
    made.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    read = read_structure_set(tmp_path / "rt.dcm", series.volume.geometry, meaning_of)
    one = read.brought.segments[0]
    assert int(one.mask.sum()) == 10 * 10 - 2 * 2
    assert one.box[0] == slice(3, 4)
    assert isinstance(one.meaning, LabelEntry)
    assert one.meaning.side is Side.LEFT


def test_a_contour_across_the_slices_is_refused(series, tmp_path):
    corners = rectangle(series, 3, 4.5, 14.5)
    corners[2:, 2] += 4.0
    structure_set(series, [corners], "liver").save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    with pytest.raises(ContourError, match="rises"):
        read_structure_set(tmp_path / "rt.dcm", series.volume.geometry, meaning_of)
