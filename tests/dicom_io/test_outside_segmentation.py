"""Segmentations of other systems are read as masks with what they say of themselves; hostile ones are refused or listed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.color import CIELabColor
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.data import get_testdata_file
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


def slices_mm(read) -> list[float]:
    """Where each slice lies that a segment fills, along z."""
    one = read.brought.segments[0]
    filled = np.flatnonzero(one.mask.any(axis=(1, 2))) + one.box[0].start
    return sorted(
        float(z) for z in read.brought.geometry.points_mm(np.stack([filled, 0 * filled, 0 * filled], axis=1))[:, 2]
    )


def test_slices_that_are_left_out_stay_empty(folder, series, tmp_path):
    """Drawn on every third slice alone: what lies between is not stated, and is not filled."""
    masks = np.zeros((*series.volume.geometry.shape, 1), dtype=np.uint8)
    masks[0:7:3, 8:14, 6:12, 0] = 1
    read = read_outside_segmentation(
        written(folder, tmp_path / "s.dcm", masks, [described(1, "one", KIDNEY, LEFT)]), meaning_of
    )
    spacing = series.volume.geometry.spacing_mm[0]
    assert read.brought.geometry.spacing_mm[0] == pytest.approx(spacing)
    assert np.diff(slices_mm(read)) == pytest.approx([3 * spacing, 3 * spacing])
    assert int(read.brought.segments[0].mask.sum()) == truth(masks, 0)


def test_slices_left_out_at_uneven_distances_are_read(folder, series, tmp_path):
    masks = np.zeros((*series.volume.geometry.shape, 1), dtype=np.uint8)
    masks[[0, 2, 5], 8:14, 6:12, 0] = 1
    read = read_outside_segmentation(
        written(folder, tmp_path / "s.dcm", masks, [described(1, "one", KIDNEY, LEFT)]), meaning_of
    )
    assert int(read.brought.segments[0].mask.sum()) == truth(masks, 0)
    assert len(slices_mm(read)) == 3


def test_the_order_of_frames_means_nothing(folder, series, tmp_path):
    """Frames and their descriptions turned round together: the same masks in the same places."""
    segments = [described(1, "one", KIDNEY, LEFT), described(2, "two", L4)]
    path = written(folder, tmp_path / "s.dcm", blocks(series, 2), segments)
    before = read_outside_segmentation(path, meaning_of)
    dataset = pydicom.dcmread(path)
    frames = dataset.pixel_array[::-1]
    dataset.PixelData = np.packbits(frames.astype(np.uint8).ravel(), bitorder="little").tobytes()
    dataset.PixelData += bytes(len(dataset.PixelData) % 2)
    dataset.PerFrameFunctionalGroupsSequence = list(dataset.PerFrameFunctionalGroupsSequence)[::-1]
    dataset.save_as(path)
    after = read_outside_segmentation(path, meaning_of)
    assert after.brought.geometry.matches(before.brought.geometry)
    for one, other in zip(before.brought.segments, after.brought.segments, strict=True):
        assert (one.label, one.box) == (other.label, other.box)
        assert np.array_equal(one.mask, other.mask)


def test_a_frame_that_is_not_described_is_refused(folder, series, tmp_path):
    path = written(folder, tmp_path / "s.dcm", blocks(series, 1), [described(1, "one", KIDNEY, LEFT)])
    dataset = pydicom.dcmread(path)
    dataset.PerFrameFunctionalGroupsSequence = list(dataset.PerFrameFunctionalGroupsSequence)[:-1]
    dataset.save_as(path)
    with pytest.raises(OutsideSegmentationError, match="describes 3 frames and holds 4"):
        read_outside_segmentation(path, meaning_of)


def test_another_frame_of_reference_is_kept_as_stated(folder, series, tmp_path):
    """It is refused where it meets the scan (``tests/planner/outside``), with both."""
    path = written(folder, tmp_path / "s.dcm", blocks(series, 1), [described(1, "one", KIDNEY, LEFT)])
    dataset = pydicom.dcmread(path)
    dataset.FrameOfReferenceUID = "1.2.3.4"
    dataset.save_as(path)
    assert read_outside_segmentation(path, meaning_of).brought.geometry.frame_of_reference_uid == "1.2.3.4"


@pytest.mark.parametrize(
    ("code", "label", "structure"),
    [
        (Code("T-62000", "SRT", "Liver"), "", Structure.LIVER),
        (Code("10200004", "SCT", "Liver"), "Liver", Structure.LIVER),
        (Code("51114001", "SCT", "Artery"), "ORANGE", Structure.ARTERY),
        (Code("29092000", "SCT", "Vein"), "DARK_BLUE", Structure.VEIN),
    ],
)
def test_codes_of_dcmqis_published_examples_are_known(folder, series, tmp_path, code, label, structure):
    """doc/examples/seg-example.json, seg-example_liver_spine_gapped.json, seg-example_partial_overlaps.json."""
    segment = described(1, label or "x", code)
    path = written(folder, tmp_path / "s.dcm", blocks(series, 1), [segment])
    if not label:  # the first example has a description alone
        dataset = pydicom.dcmread(path)
        dataset.SegmentSequence[0].SegmentLabel = ""
        dataset.save_as(path)
    one = read_outside_segmentation(path, meaning_of).brought.segments[0]
    assert isinstance(one.meaning, LabelEntry)
    assert one.meaning.structure is structure


@pytest.mark.parametrize("code", ["122495006", "79654002", "20982000"])
def test_codes_of_dcmqis_examples_that_are_no_structure_here_are_kept_without_meaning(folder, series, tmp_path, code):
    """Thoracic spine, oedema, capillary: listed to the user, never dropped."""
    segment = described(1, "PURPLE", Code(code, "SCT", "as in the example"))
    read = read_outside_segmentation(written(folder, tmp_path / "s.dcm", blocks(series, 1), [segment]), meaning_of)
    assert [(one.label, one.meaning) for one in read.brought.segments] == [("PURPLE", None)]


@pytest.mark.parametrize("name", ["liver.dcm", "liver_expb.dcm"])
def test_a_file_that_dcmqi_wrote_is_read(name):
    """Test data of pydicom: dcmqi 0d533f1, BINARY, SRT codes, little and big endian."""
    path = get_testdata_file(name)
    assert path is not None, "pydicom-data, of the extra dev, is not installed"
    read = read_outside_segmentation(Path(path), meaning_of)
    (liver,) = read.brought.segments
    assert isinstance(liver.meaning, LabelEntry)
    assert (liver.label, liver.meaning.structure) == ("Liver", Structure.LIVER)
    assert int(liver.mask.sum()) == int(pydicom.dcmread(path).pixel_array.sum())
    assert (read.brought.source.name, read.brought.source.version) == ("SlicerEditor", "0d533f1")


def test_a_file_cut_to_one_of_its_frames_is_refused():
    with pytest.raises(OutsideSegmentationError, match="describes 3 frames and holds 1"):
        read_outside_segmentation(Path(get_testdata_file("liver_1frame.dcm") or ""), meaning_of)


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


def keyhole(series: ImageSeries, k: int) -> np.ndarray:
    """An outer square and a hole in one closed contour: in by a bridge, round the hole the other way, out by the same bridge."""
    outer = [(4.5, 4.5), (4.5, 14.5), (14.5, 14.5), (14.5, 4.5), (4.5, 4.5)]
    inner = [(7.5, 7.5), (9.5, 7.5), (9.5, 9.5), (7.5, 9.5), (7.5, 7.5)]
    return series.volume.geometry.points_mm([(k, row, column) for row, column in outer + inner])


def test_a_keyhole_contour_leaves_its_hole_open(series, tmp_path):
    """PS3.3 C.8.8.6.3: an inner opening drawn by a narrow channel within one contour."""
    structure_set(series, [keyhole(series, 3)], "liver").save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    one = read_structure_set(tmp_path / "rt.dcm", series.volume.geometry, meaning_of).brought.segments[0]
    assert int(one.mask.sum()) == 10 * 10 - 2 * 2
    assert not one.mask[0, 8 - one.box[1].start, 8 - one.box[2].start]


def test_two_separate_contours_of_one_region_in_one_slice_are_both_filled(series, tmp_path):
    contours = [rectangle(series, 3, 2.5, 5.5), rectangle(series, 3, 8.5, 13.5)]
    structure_set(series, contours, "liver").save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    one = read_structure_set(tmp_path / "rt.dcm", series.volume.geometry, meaning_of).brought.segments[0]
    assert int(one.mask.sum()) == 3 * 3 + 5 * 5


@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"])
def test_a_region_that_encloses_nothing_is_said_to_be_empty(series, tmp_path, kind):
    made = structure_set(series, [rectangle(series, 3, 4.5, 14.5)], "liver")
    made.ROIContourSequence[0].ContourSequence[0].ContourGeometricType = kind
    made.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    with pytest.raises(ContourError, match="no region holds a voxel"):
        read_structure_set(tmp_path / "rt.dcm", series.volume.geometry, meaning_of)
