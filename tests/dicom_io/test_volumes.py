"""Several volumes at one place in a series are read only as the one that somebody names, and never mixed."""

from pathlib import Path

import numpy as np
import pytest

from dicom_io.errors import DicomIoError
from dicom_io.series import read_series
from tests.dicom_io.builders import Grid, write_series
from tests.dicom_io.enhanced_files import write_enhanced

SERIES = "1.2.826.0.1.7"


def phases(folder: Path, *marks: dict[str, object]) -> None:
    """One volume for each set of attributes; the n-th one's stored values are n more."""
    for number, attributes in enumerate(marks, start=1):

        def edit(_: int, image, number: int = number, attributes: dict[str, object] = attributes) -> None:
            image.StudyInstanceUID, image.FrameOfReferenceUID = "1.2.9", "1.2.10"
            pixels = np.frombuffer(image.PixelData, dtype=np.int16) + number
            image.PixelData = pixels.astype(np.int16).tobytes()
            for keyword, value in attributes.items():
                setattr(image, keyword, value)

        write_series(folder / str(number), Grid(count=5), series_uid=SERIES, edit=edit)


def refusal(folder: Path, volume: str = "") -> str:
    with pytest.raises(DicomIoError) as caught:
        read_series(folder, volume=volume)
    return str(caught.value)


def is_volume(folder: Path, wanted: str, number: int) -> bool:
    """Whether the n-th folder's images are read, and they alone."""
    found, alone = read_series(folder, volume=wanted), read_series(folder / str(number))
    is_source = {one.path.parent.name for one in found.source.instances} == {str(number)}
    return is_source and bool((found.volume.voxels == alone.volume.voxels).all())


def test_without_a_choice_it_is_refused_with_what_tells_the_volumes_apart(tmp_path: Path) -> None:
    phases(tmp_path, {"AcquisitionNumber": 3}, {"AcquisitionNumber": 10})
    words = refusal(tmp_path)
    assert "2 volumes at one place, told apart by Acquisition Number (5, 5 images)" in words
    assert "1: Acquisition Number=3 (5 images); 2: Acquisition Number=10 (5 images)" in words


@pytest.mark.parametrize("wanted", ["2", "Acquisition Number=10", "acquisition number = 10"])
def test_a_volume_is_named_by_its_number_or_by_what_tells_it_apart(tmp_path: Path, wanted: str) -> None:
    phases(tmp_path, {"AcquisitionNumber": 3}, {"AcquisitionNumber": 10})
    assert is_volume(tmp_path, wanted, 2)


def test_what_was_chosen_and_left_out_is_told(tmp_path: Path) -> None:
    phases(tmp_path, {"EchoTime": "4.6"}, {"EchoTime": "9.2"}, {"EchoTime": "13.8"})
    notes = read_series(tmp_path, volume="3").notes
    assert "volume 3 of 3 at one place was chosen: Echo Time=13.8; 10 images of the others left out" in notes


def test_acquisitions_of_several_echoes_need_both_to_be_told_apart(tmp_path: Path) -> None:
    marks = [{"AcquisitionNumber": a, "EchoTime": e} for a in (1, 2) for e in ("5", "10")]
    phases(tmp_path, *marks)
    assert "4 volumes at one place, told apart by Acquisition Number and Echo Time" in refusal(tmp_path)
    assert is_volume(tmp_path, "Acquisition Number=2, Echo Time=5", 3)
    assert is_volume(tmp_path, "4", 4)


def test_kernels_and_image_types_tell_volumes_apart(tmp_path: Path) -> None:
    phases(tmp_path / "kernels", {"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70f"})
    assert is_volume(tmp_path / "kernels", "Convolution Kernel=B70f", 2)
    kinds = [["ORIGINAL", "PRIMARY", "AXIAL"], ["DERIVED", "PRIMARY", "AXIAL", "VMI"]]
    phases(tmp_path / "types", *({"ImageType": kind} for kind in kinds))
    assert is_volume(tmp_path / "types", r"Image Type=DERIVED\PRIMARY\AXIAL\VMI", 2)


@pytest.mark.parametrize("wanted", ["3", "Acquisition Number=4", "Echo Time=5"])
def test_a_volume_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path, wanted: str) -> None:
    phases(tmp_path, {"AcquisitionNumber": 1}, {"AcquisitionNumber": 2})
    assert "1: Acquisition Number=1 (5 images)" in refusal(tmp_path, wanted)


def test_a_series_of_one_volume_is_its_number_one_and_no_other(tmp_path: Path) -> None:
    phases(tmp_path, {"AcquisitionNumber": 7})
    assert is_volume(tmp_path, "1", 1)
    assert is_volume(tmp_path, "Acquisition Number=7", 1)
    assert "one volume alone" in refusal(tmp_path, "2")
    assert "one volume alone" in refusal(tmp_path, "Acquisition Number=1")


def test_copies_that_nothing_tells_apart_stay_refused(tmp_path: Path) -> None:
    phases(tmp_path, {}, {})
    assert "lie where another one lies" in refusal(tmp_path)
    assert "one volume alone" in refusal(tmp_path, "2")


def test_a_chosen_volume_with_a_hole_is_refused_in_mm(tmp_path: Path) -> None:
    phases(tmp_path, {"AcquisitionNumber": 1}, {"AcquisitionNumber": 2})
    sorted((tmp_path / "2").iterdir())[2].unlink()
    assert is_volume(tmp_path, "1", 1)
    assert "1 slices are missing" in refusal(tmp_path, "2")


def test_slices_of_acquisitions_that_take_turns_are_told(tmp_path: Path) -> None:
    def in_turn(k: int, image) -> None:
        image.AcquisitionNumber = 1 + k % 2

    def one_after_the_other(k: int, image) -> None:
        image.AcquisitionNumber = 1 + k // 4

    write_series(tmp_path / "turns", Grid(count=8), edit=in_turn)
    write_series(tmp_path / "rows", Grid(count=8), edit=one_after_the_other)
    assert any("slices of 2 acquisitions take turns" in note for note in read_series(tmp_path / "turns").notes)
    assert not any("take turns" in note for note in read_series(tmp_path / "rows").notes)


def test_one_time_of_a_multi_frame_image_is_read_alone(tmp_path: Path) -> None:
    def time(at: int, frame) -> None:
        frame.FrameContentSequence[0].TemporalPositionIndex = 1 + at // 4

    write_enhanced(tmp_path / "all", Grid(count=4), order=(0, 1, 2, 3) * 2, edit=time)
    write_enhanced(tmp_path / "one", Grid(count=4))
    second = read_series(tmp_path / "all", volume="Temporal Position Index=2")
    assert [one.frame_number for one in second.source.instances] == [5, 6, 7, 8]
    assert (second.volume.voxels == read_series(tmp_path / "one").volume.voxels).all()
