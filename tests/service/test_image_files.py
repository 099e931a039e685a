"""Research files are read to where they lie, in any orientation; what they do not say is asked for, not guessed."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from planner.volume import Modality
from service.image_files import ImageFile, ImageFileError, is_image_file, read_image_file
from tests.dicom_io.builders import ramp

ORIENTATIONS = {  # directions of the stored axes (i, j, k) in LPS, as columns
    "LPS": np.diag([1.0, 1, 1]),
    "RAS": np.diag([-1.0, -1, 1]),
    "PIR": np.array([[0.0, 0, -1], [1, 0, 0], [0, -1, 0]]),
    "LAS": np.diag([1.0, -1, 1]),
    "oblique": np.linalg.qr(np.array([[0.9, 0.1, 0.2], [-0.1, 0.95, 0.3], [0.2, -0.2, 0.9]]))[0],
}


def write(path: Path, directions: np.ndarray = ORIENTATIONS["LPS"], kind: str = "int16", offset: float = 0.0) -> Path:
    """A ramp of HU over 9 x 8 x 7 voxels, with one voxel of air so that it looks like CT."""
    image = SimpleITK.Image(9, 8, 7, SimpleITK.sitkInt16)
    image.SetSpacing((0.7, 0.8, 2.5))
    image.SetOrigin((-11.0, 7.0, -40.0))
    image.SetDirection(directions.ravel().tolist())
    indices = np.stack(np.meshgrid(*map(np.arange, (7, 8, 9)), indexing="ij"), axis=-1)[..., ::-1]
    points = (indices * image.GetSpacing()) @ directions.T + image.GetOrigin()
    values = ramp(points) + offset
    values[0, 0, 0] = -1000
    filled = SimpleITK.GetImageFromArray(np.rint(values).astype(kind) if kind != "float32" else values.astype(kind))
    filled.CopyInformation(image)
    SimpleITK.WriteImage(filled, str(path))
    return path


def largest_error(file: ImageFile) -> float:
    geometry = file.volume.geometry
    indices = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1)
    difference = np.abs(file.volume.voxels - ramp(geometry.points_mm(indices)))
    difference[0, 0, 0] = 0
    return float(difference.max())


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"])
@pytest.mark.parametrize("directions", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_every_voxel_lies_where_the_closed_form_says(tmp_path: Path, suffix: str, directions: np.ndarray) -> None:
    file = read_image_file(write(tmp_path / f"ct{suffix}", directions))
    assert largest_error(file) <= 0.5 + 1e-3
    np.testing.assert_allclose(file.volume.geometry.spacing_mm, (2.5, 0.8, 0.7), atol=1e-5)
    assert file.volume.modality is Modality.CT
    assert any("taken as CT" in note for note in file.notes)


def test_the_suffix_tells_an_image_file_from_a_dicom_folder(tmp_path: Path) -> None:
    assert is_image_file(write(tmp_path / "CT.NII.GZ".lower()))
    assert not is_image_file(tmp_path)
    assert not is_image_file(tmp_path / "absent.nii")


def test_fractions_are_rounded_and_said(tmp_path: Path) -> None:
    file = read_image_file(write(tmp_path / "ct.nii.gz", kind="float32"))
    assert largest_error(file) <= 0.5 + 1e-3
    assert any("rounded to whole numbers, by at most 0." in note for note in file.notes)


def test_the_frame_of_reference_is_the_image_s_own(tmp_path: Path) -> None:
    a, same, b = (
        read_image_file(write(tmp_path / f"{name}.nrrd", offset=offset)).volume.geometry.frame_of_reference_uid
        for name, offset in (("a", 0), ("same", 0), ("b", 1))
    )
    assert a == same
    assert a != b
    assert a.startswith("2.25.")
    assert len(a) <= 64


def test_values_without_air_need_a_stated_modality(tmp_path: Path) -> None:
    path = tmp_path / "mr.nii.gz"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.arange(60, dtype="int16").reshape(3, 4, 5)), str(path))
    with pytest.raises(ImageFileError, match="from 0 to 59 have no air near -1000 HU"):
        read_image_file(path)
    assert read_image_file(path, Modality.MR).volume.modality is Modality.MR


def test_an_mr_phase_image_is_not_taken_for_ct(tmp_path: Path) -> None:
    path = tmp_path / "phase.nrrd"
    phase = np.random.default_rng(1).integers(-4096, 4096, (8, 9, 10)).astype("int16")
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(phase), str(path))
    with pytest.raises(ImageFileError, match="--modality CT"):
        read_image_file(path)


def test_padding_below_air_is_found(tmp_path: Path) -> None:
    path = tmp_path / "ct.nrrd"
    voxels = np.full((6, 8, 8), -1000, dtype="int16")
    voxels[:, 2:6, 2:6] = 40
    voxels[:, [0, 0, -1, -1], [0, -1, 0, -1]] = -2048
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(voxels), str(path))
    assert read_image_file(path).volume.padding_value == -2048


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.full((4, 4, 4), 40000.0), "values reach from 40000 to 40000"),
        (np.linspace(0, 1, 64).reshape(4, 4, 4), "normalised image"),
        (np.where(np.arange(64).reshape(4, 4, 4) == 5, np.nan, -1000.0), "1 voxels hold no number"),
        (np.zeros((1, 4, 4)), "4 x 4 x 1"),
        (np.zeros((4, 4)), "the image is 4 x 4;"),
    ],
    ids=["too large", "normalised", "not a number", "one slice", "two axes"],
)
def test_doubtful_values_are_refused_with_a_number(tmp_path: Path, array: np.ndarray, says: str) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array), str(tmp_path / "x.nrrd"))
    with pytest.raises(ImageFileError, match=says):
        read_image_file(tmp_path / "x.nrrd")


def test_four_axes_are_refused(tmp_path: Path) -> None:
    volumes = SimpleITK.Image([4, 4, 4, 3], SimpleITK.sitkInt16)
    SimpleITK.WriteImage(volumes, str(tmp_path / "x.nii.gz"))
    with pytest.raises(ImageFileError, match="4 x 4 x 4 x 3"):
        read_image_file(tmp_path / "x.nii.gz")


def test_several_values_per_voxel_are_refused(tmp_path: Path) -> None:
    colours = SimpleITK.Image([4, 4, 4], SimpleITK.sitkVectorUInt8, 3)
    SimpleITK.WriteImage(colours, str(tmp_path / "x.nrrd"))
    with pytest.raises(ImageFileError, match="3 values per voxel"):
        read_image_file(tmp_path / "x.nrrd")


def test_a_broken_file_is_refused_without_its_path(tmp_path: Path) -> None:
    path = write(tmp_path / "name^of^patient.nrrd")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ImageFileError, match="cannot be read") as raised:
        read_image_file(path)
    assert "patient" not in str(raised.value)


def patched(path: Path, offset: int, content: bytes) -> Path:
    """A NIfTI-1 file with some bytes of its header replaced."""
    whole = bytearray(path.read_bytes())
    whole[offset : offset + len(content)] = content
    path.write_bytes(bytes(whole))
    return path


def test_a_nifti_without_orientation_is_refused(tmp_path: Path) -> None:
    path = patched(write(tmp_path / "ct.nii"), 252, b"\0\0\0\0")
    with pytest.raises(ImageFileError, match="left and right are unknown"):
        read_image_file(path)


def test_a_nifti_whose_two_orientations_mirror_each_other_is_refused_in_mm(tmp_path: Path) -> None:
    path = write(tmp_path / "ct.nii")
    first = np.frombuffer(path.read_bytes()[280:284], "<f4")
    path = patched(path, 280, (-first).astype("<f4").tobytes())
    with pytest.raises(ImageFileError, match=r"disagree by 11\.2 mm"):
        read_image_file(path)


def test_skewed_axes_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "ct.nrrd")
    content = path.read_bytes()
    start = content.index(b"space directions:")
    end = content.index(b"\n", start)
    path.write_bytes(content[:start] + b"space directions: (0.7,0,0) (0.3,0.8,0) (0,0,2.5)" + content[end:])
    with pytest.raises(ImageFileError, match="not at right angles"):
        read_image_file(path)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "padding"),
    [
        ("lumbar_pelvis_ct/ct.nii.gz", None),
        ("vertebra_ct/sub-ct_label-22_ct.nii.gz", None),
        ("thorax_ct/ct.nii.gz", -2048),
    ],
)
def test_real_ct_files_are_taken_as_ct(real_data: Path, name: str, padding: int | None) -> None:
    volume = read_image_file(real_data / name).volume
    assert volume.modality is Modality.CT
    assert volume.padding_value == padding


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name", ["abdomen_mr/mr.nii.gz", "lumbar_mr/t2.nii.gz", "lumbar_mr_crop/sub-mri_label-6_T2w.nii.gz"]
)
def test_real_mr_files_are_asked_about(real_data: Path, name: str) -> None:
    with pytest.raises(ImageFileError, match="--modality CT"):
        read_image_file(real_data / name)
    assert read_image_file(real_data / name, Modality.MR).volume.modality is Modality.MR
