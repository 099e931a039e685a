"""A file is there whole or not at all, and labels lie where the scan lies."""

import json

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name its own documentation uses

from planner.geometry import VolumeGeometry
from planner.structures import Part, Side, SpineLevel, Structure
from planner.volume import LabelEntry, LabelMap
from service.describe import labels_document
from service.files import write_document, write_text
from service.label_map_file import write_label_map

VERTEBRA = LabelEntry(Structure.VERTEBRA, Part.BODY, SpineLevel.L3, None, 0.9)
KIDNEY = LabelEntry(Structure.KIDNEY, side=Side.LEFT, confidence=0.8)


def turned(seed: int, shape=(5, 6, 7), *, mirrored=False) -> VolumeGeometry:
    """A grid turned at random about all axes, with three different spacings."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    if mirrored == (np.linalg.det(axes) > 0):
        axes[:, 0] *= -1
    matrix = np.eye(4)
    matrix[:3, :3] = axes * [2.5, 0.8, 0.7]
    matrix[:3, 3] = rng.uniform(-200, 200, 3)
    return VolumeGeometry(matrix, shape)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_every_voxel_of_a_written_label_map_comes_back_at_its_place(tmp_path, seed, mirrored):
    geometry = turned(seed, mirrored=mirrored)
    labels = np.arange(np.prod(geometry.shape), dtype=np.uint16).reshape(geometry.shape)
    write_label_map(tmp_path / "labels.nii.gz", LabelMap(geometry, labels, {}))
    image = sitk.ReadImage(tmp_path / "labels.nii.gz")
    for k, j, i in [(0, 0, 0), (4, 5, 6), (1, 4, 2), (3, 0, 5)]:
        index = image.TransformPhysicalPointToIndex(geometry.points_mm([k, j, i]).tolist())
        assert image[index] == labels[k, j, i]
        assert np.allclose(image.TransformIndexToPhysicalPoint(index), geometry.points_mm([k, j, i]), atol=1e-3)


def test_labels_json_says_what_each_value_means(tmp_path):
    labels = LabelMap(turned(0), np.zeros((5, 6, 7), np.uint16), {12: KIDNEY, 3: VERTEBRA})
    written = json.loads(write_document(tmp_path / "labels.json", labels_document(labels)).read_text())
    assert written == {
        "3": {"structure": "vertebra", "part": "body", "level": "L3", "side": None, "confidence": 0.9},
        "12": {"structure": "kidney", "part": None, "level": None, "side": "left", "confidence": 0.8},
    }


def test_a_failed_write_leaves_the_old_file_and_no_part(tmp_path):
    write_text(tmp_path / "plan.json", "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "plan.json", "\ud800")
    assert (tmp_path / "plan.json").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]
