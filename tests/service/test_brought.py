"""Files, folders and commands that others fill become segmentations with names, or are refused in a sentence."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name its own documentation uses

from planner.brought import Beside, BroughtError
from planner.geometry import VolumeGeometry
from planner.structures import Part, Side, SpineLevel, Structure
from planner.volume import LabelEntry, Volume
from service.brought.command import OutsideCommand, run_command
from service.brought.label_files import read_folder, read_label_map, with_instances
from service.brought.site import bringing_for
from service.brought.tables import NO_MAP, OwnMap, TableError, read_map, read_table, table_beside
from service.settings.segmentation import SegmentationSettings

GRID = VolumeGeometry.from_spacing((8, 9, 10), (3.0, 1.5, 1.5), (-7.0, -6.0, 100.0))


def labels(path: Path, values: np.ndarray) -> Path:
    image = sitk.GetImageFromArray(values.astype(np.uint8))
    image.SetSpacing((1.5, 1.5, 3.0))
    image.SetOrigin((-7.0, -6.0, 100.0))
    path.parent.mkdir(exist_ok=True)
    sitk.WriteImage(image, str(path))
    return path


def block(*values: int) -> np.ndarray:
    """One slab of voxels per value."""
    drawn = np.zeros(GRID.shape)
    for n, value in enumerate(values):
        drawn[2:5, 3:6, 2 * n : 2 * n + 2] = value
    return drawn


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.json", '{"1": "aorta", "2": "kidney_left"}'),
        ("l.json", '{"aorta": 1, "kidney_left": 2}'),
        ("l.json", '{"labels": {"background": 0, "aorta": 1, "kidney_left": 2}}'),
        (
            "l.json",
            '{"1": {"structure": "aorta"}, "2": {"structure": "kidney", "side": "left", "level": null, "part": null}}',
        ),
        ("l.csv", "group,structure,id\nx,aorta,1\nx,kidney_left,2\n"),
        ("l.txt", "1 aorta\n2 kidney_left\n"),
        ("l.txt", '# ITK-SNAP\n    1   255    0    0        1  1  1    "aorta"\n    2  0 255 0 1 1 1 "kidney_left"\n'),
    ],
)
def test_every_kind_of_table_names_the_labels(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    brought = read_label_map(labels(tmp_path / "l.nii.gz", block(1, 2)), NO_MAP)
    aorta, kidney = (one.meaning for one in brought.segments)
    assert isinstance(aorta, LabelEntry)
    assert isinstance(kidney, LabelEntry)
    assert (aorta.structure, kidney.structure, kidney.side) == (Structure.AORTA, Structure.KIDNEY, Side.LEFT)


def test_the_table_in_a_nifti_header_is_read(tmp_path):
    xml = b'<LabelTable><Label Key="2" Red="1"><![CDATA[vertebrae_L4]]></Label></LabelTable>'
    path = tmp_path / "l.nii.gz"
    path.write_bytes(gzip.compress(b"\0" * 352 + xml))
    assert table_beside(path) == {2: "vertebrae_L4"}


def test_a_label_map_lies_where_its_header_says_and_has_no_frame(tmp_path):
    brought = read_label_map(labels(tmp_path / "l.nii.gz", block(1)), OwnMap(numbers={1: "aorta"}))
    assert brought.geometry.matches(GRID)
    assert brought.geometry.frame_of_reference_uid == ""


def test_numbers_without_a_table_mean_nothing_and_say_why(tmp_path):
    brought = read_label_map(labels(tmp_path / "l.nii.gz", block(27)), NO_MAP)
    assert brought.segments[0].meaning is None
    assert "give a table" in brought.segments[0].why


def test_a_map_states_a_scheme_and_renames(tmp_path):
    (tmp_path / "m.toml").write_text(
        'scheme = "verse"\nours_first = ["canal"]\n[numbers]\n200 = "Bauchaorta"\n[names]\nBauchaorta = "aorta"\n'
    )
    own = read_map(tmp_path / "m.toml")
    brought = read_label_map(labels(tmp_path / "l.nii.gz", block(23, 200)), own)
    vertebra, aorta = (one.meaning for one in brought.segments)
    assert isinstance(vertebra, LabelEntry)
    assert isinstance(aorta, LabelEntry)
    assert (vertebra.level, aorta.structure) == (SpineLevel.L4, Structure.AORTA)
    assert own.ours_first == (Structure.CANAL,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('scheme = "mine"', "valid: spider"),
        ('[names]\na = "b"', "no structure here: a = b"),
        ("colour = 1", "colour"),
        ("=", "cannot be read"),
    ],
)
def test_a_map_with_a_fault_is_refused_with_it(tmp_path, text, says):
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(TableError, match=says):
        read_map(tmp_path / "m.toml")


def test_a_table_without_the_columns_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("red,green\n1,2\n")
    with pytest.raises(TableError, match="red, green"):
        read_table(tmp_path / "t.csv")


def test_a_folder_of_masks_is_named_by_its_files(tmp_path):
    labels(tmp_path / "seg" / "vertebrae_L4.nii.gz", block(1))
    labels(tmp_path / "seg" / "spinal_cord.nii.gz", block(0, 1))
    labels(tmp_path / "seg" / "pancreas.nii.gz", block(0, 0, 1))
    labels(tmp_path / "seg" / "liver.nii.gz", block(0))
    found = {one.label: one.meaning for one in read_folder(tmp_path / "seg", NO_MAP).segments}
    assert found["spinal_cord"] is Beside.CORD
    assert found["pancreas"] is Beside.NOT_USED
    assert isinstance(found["vertebrae_L4"], LabelEntry)
    assert "liver" not in found


def test_masks_on_two_grids_are_refused(tmp_path):
    labels(tmp_path / "seg" / "aorta.nii.gz", block(1))
    labels(tmp_path / "seg" / "liver.nii.gz", block(1)[:-1])
    with pytest.raises(BroughtError, match="one grid"):
        read_folder(tmp_path / "seg", NO_MAP)


def test_parts_are_cut_by_the_vertebrae_of_a_second_map(tmp_path):
    parts = read_label_map(
        labels(tmp_path / "p.nii.gz", block(49, 49, 60)), OwnMap(numbers={49: "corpus", 60: "spinal_cord"})
    )
    whole = read_label_map(
        labels(tmp_path / "v.nii.gz", block(22, 23)), OwnMap(numbers={22: "vertebrae_L3", 23: "vertebrae_L4"})
    )
    cut = [one.meaning for one in with_instances(parts, whole).segments]
    bodies = [one for one in cut if isinstance(one, LabelEntry)]
    assert [(one.part, one.level) for one in bodies] == [(Part.BODY, SpineLevel.L3), (Part.BODY, SpineLevel.L4)]
    assert Beside.CORD in cut


MODEL = (
    "import sys, pathlib, SimpleITK as s; i = s.ReadImage(sys.argv[1]); o = pathlib.Path(sys.argv[2]); o.mkdir();"
    "s.WriteImage(s.Cast(i > 100, s.sitkUInt8), str(o / 'aorta.nii.gz')); s.WriteImage(s.Cast(i < 0, s.sitkUInt8), str(o / 'liver.nii.gz'))"
)


def volume() -> Volume:
    voxels = np.zeros(GRID.shape, dtype=np.int16)
    voxels[2:4, 3:6, 1:5] = 300
    voxels[5, 5, 5] = -50
    return Volume(GRID, voxels)


def test_a_command_sees_the_scan_in_its_place_and_its_masks_come_back(tmp_path):
    script = tmp_path / "model.py"
    script.write_text(MODEL)
    brought = run_command(OutsideCommand(f"{sys.executable} {script} {{input}} {{output}}"), volume())
    aorta = next(one for one in brought.segments if one.label == "aorta")
    assert brought.geometry.matches(GRID)
    assert aorta.box == (slice(2, 4), slice(3, 6), slice(1, 5))
    assert brought.source.name == Path(sys.executable).name


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; sys.exit(3)", "exit code 3"),
        ("pass", "wrote no segmentation"),
        ("import time; time.sleep(60)", "longer than 1 s"),
    ],
)
def test_a_command_that_fails_is_a_refusal(tmp_path, code, says):
    script = tmp_path / "model.py"
    script.write_text(code)
    with pytest.raises(BroughtError, match=says):
        run_command(
            OutsideCommand(
                f"{sys.executable} {script} {{input}} {{output}}", time_limit_s=1.0 if "sleep" in code else 60.0
            ),
            volume(),
        )


def test_a_command_that_takes_too_much_memory_ends(tmp_path):
    script = tmp_path / "model.py"
    script.write_text("import time; time.sleep(0.3); x = bytearray(3 << 30)")
    with pytest.raises(BroughtError, match="exit code"):
        run_command(OutsideCommand(f"{sys.executable} {script} {{input}} {{output}}", memory_limit_gb=0.5), volume())


def test_a_command_that_is_not_there_is_a_refusal():
    with pytest.raises(BroughtError, match="cannot be started"):
        run_command(OutsideCommand("/no/such/model {input} {output}"), volume())


def test_a_template_without_both_places_is_no_setting():
    with pytest.raises(ValueError, match="needs"):
        SegmentationSettings(command="totalsegmentator -i {input}")


def test_by_default_a_site_brings_nothing():
    assert bringing_for(SegmentationSettings(), "1.2", ()).bring(None).sources == ()  # type: ignore[arg-type]
