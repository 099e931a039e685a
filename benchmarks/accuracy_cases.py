"""What accuracy is measured on: labelled scans and phantoms, each as one image with what is true of it.

In: the name of a case and the folder of the real scans. Out: a ``Case``: volume and labels on one grid in the patient's axes,
and the landmarks that are known there. Nothing is cropped. One scan is composed: real bone in painted soft tissue.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from accuracy_phantoms import PHANTOMS

from planner.anatomy.model import Anatomy
from planner.geometry import AxisOrder, FloatArray, VolumeGeometry
from planner.structures import Part, Side, SpineLevel, Structure
from planner.volume import LabelEntry, LabelMap, Volume
from sample_data.phantom import Phantom, make_phantom

REAL = ("abdomen_ct", "lumbar_pelvis_ct", "thorax_ct", "vertebra_ct", "lumbar_bone_ct")


@dataclass(frozen=True, eq=False)
class Case:
    """One image and its truth; ``hollow`` are the label values of organs that hold gas, ``phantom`` knows landmarks."""

    name: str
    volume: Volume
    truth: LabelMap
    hollow: tuple[int, ...] = ()
    phantom: Phantom | None = None
    skin_is_known: bool = False

    @property
    def landmarks(self) -> Anatomy | None:
        """Foramina, joints, ganglia: known of phantoms alone."""
        return None if self.phantom is None else self.phantom.anatomy()


def names() -> tuple[str, ...]:
    """Every case, the real scans first."""
    return (*REAL, *PHANTOMS)


def load(name: str, folder: Path) -> Case:
    """One case by its name."""
    if name in PHANTOMS:
        return _phantom(name)
    return {
        "abdomen_ct": _abdomen,
        "lumbar_pelvis_ct": _by_totalsegmentator,
        "thorax_ct": _by_totalsegmentator,
        "vertebra_ct": _vertebra,
        "lumbar_bone_ct": _composed,
    }[name](folder / name, folder)


def _phantom(name: str) -> Case:
    phantom = make_phantom(PHANTOMS[name])
    volume, truth = phantom.volume, phantom.truth
    order = AxisOrder.to_patient_axes(volume.geometry)
    labels = LabelMap(
        order.apply_to_geometry(volume.geometry), np.ascontiguousarray(order.apply(truth.labels)), truth.entries
    )
    hollow = tuple(int(v) for v in truth.values_of(Structure.GAS))
    return Case(name, volume.in_patient_axes(), labels, hollow, phantom, skin_is_known=True)


def read(image: sitk.Image) -> Volume:
    """An image as stored, in the patient's axes."""
    matrix = np.eye(4)
    matrix[:3, :3] = (np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing()))[:, ::-1]
    matrix[:3, 3] = image.GetOrigin()
    voxels = sitk.GetArrayFromImage(image)
    return Volume(
        VolumeGeometry(matrix, voxels.shape), np.clip(voxels, -2048, 32767).astype(np.int16)
    ).in_patient_axes()


def _file(path: Path) -> Volume:
    return read(sitk.ReadImage(str(path)))


def _labelled(volume: Volume, numbers: np.ndarray, meaning: dict[int, LabelEntry]) -> LabelMap:
    present = {int(v): meaning[int(v)] for v in np.unique(numbers) if int(v) in meaning}
    return LabelMap(volume.geometry, numbers.astype(np.uint16), present)


def _abdomen(folder: Path, _data: Path) -> Case:
    """Its labels lie slice by slice on the series, which has no origin in common with them."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / "series")))
    image = reader.Execute()
    stored = sitk.ReadImage(str(folder / "labels.nii.gz"))
    labels = sitk.GetImageFromArray(sitk.GetArrayFromImage(stored))
    labels.CopyInformation(image)
    volume, numbers = read(image), read(labels).voxels.copy()
    for value in (7, 8):  # veins and arteries with all branches: the trunk is what a 6 mm ball fits in
        numbers[(numbers == value) & ~_opened(numbers == value, volume.geometry, 6.0)] = 1
    meaning = {
        1: LabelEntry(Structure.BODY),
        2: LabelEntry(Structure.LIVER),
        3: LabelEntry(Structure.LIVER),
        4: LabelEntry(Structure.LIVER),
        5: LabelEntry(Structure.BONE),
        6: LabelEntry(Structure.BODY),
        7: LabelEntry(Structure.INFERIOR_VENA_CAVA),
        8: LabelEntry(Structure.AORTA),
    }
    return Case("abdomen_ct", volume, _labelled(volume, numbers, meaning), skin_is_known=True)


def _opened(mask: np.ndarray, geometry: VolumeGeometry, radius_mm: float) -> np.ndarray:
    radius = [max(1, round(radius_mm / float(mm))) for mm in geometry.spacing_mm[::-1]]
    opened = sitk.BinaryMorphologicalOpening(sitk.GetImageFromArray(mask.astype(np.uint8)), radius)
    grown = sitk.BinaryDilate(opened, [1, 1, 1])
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(grown), sortByObjectSize=True)
    return (sitk.GetArrayFromImage(parts) == 1) & mask


def _by_totalsegmentator(folder: Path, data: Path) -> Case:
    with (data / "thorax_ct" / "structures.csv").open(encoding="utf8") as table:
        numbered = {int(row["id"]): row["structure"] for row in csv.DictReader(table)}
    volume = _file(folder / "ct.nii.gz")
    numbers = _file(folder / "labels.nii.gz").voxels
    return Case(folder.name, volume, _labelled(volume, numbers, _meanings(numbered)), _hollow(numbered))


_ORGANS = {
    "liver": Structure.LIVER,
    "spleen": Structure.SPLEEN,
    "aorta": Structure.AORTA,
    "inferior_vena_cava": Structure.INFERIOR_VENA_CAVA,
    "sacrum": Structure.SACRUM,
    "spinal_cord": Structure.THECAL_SAC,
    "stomach": Structure.BOWEL,
    "duodenum": Structure.BOWEL,
    "small_bowel": Structure.BOWEL,
    "colon": Structure.BOWEL,
}
_SIDED = {
    "kidney_": Structure.KIDNEY,
    "hip_": Structure.ILIUM,
    "rib_": Structure.RIB,
    "lung_": Structure.LUNG,
    "iliac_artery_": Structure.ARTERY,
    "iliac_vena_": Structure.VEIN,
    "iliopsoas_": Structure.PSOAS,
}


def _meanings(numbered: dict[int, str]) -> dict[int, LabelEntry]:
    known = {number: _meaning(name) for number, name in numbered.items()}
    return {number: entry for number, entry in known.items() if entry is not None}


def _meaning(name: str) -> LabelEntry | None:
    if name in _ORGANS:
        return LabelEntry(_ORGANS[name])
    if name.startswith("vertebrae_"):
        level = SpineLevel(name.removeprefix("vertebrae_"))
        return LabelEntry(Structure.SACRUM if level.region == "S" else Structure.VERTEBRA, level=level)
    side = Side.LEFT if "left" in name else Side.RIGHT
    found = [structure for start, structure in _SIDED.items() if name.startswith(start) and "cyst" not in name]
    return LabelEntry(found[0], side=side) if found and ("left" in name or "right" in name) else None


def _hollow(numbered: dict[int, str]) -> tuple[int, ...]:
    return tuple(number for number, name in numbered.items() if _ORGANS.get(name) is Structure.BOWEL)


_SUBREGIONS = {
    49: Part.BODY,
    50: Part.BODY,
    45: Part.SUPERIOR_ARTICULAR_PROCESS,
    46: Part.SUPERIOR_ARTICULAR_PROCESS,
    47: Part.INFERIOR_ARTICULAR_PROCESS,
    48: Part.INFERIOR_ARTICULAR_PROCESS,
}


def _vertebra(folder: Path, _data: Path) -> Case:
    volume = _file(folder / "sub-ct_label-22_ct.nii.gz")
    level = _file(folder / "sub-ct_seg-vert_label-22_msk.nii.gz").voxels
    region = _file(folder / "sub-ct_seg-subreg_label-22_msk.nii.gz").voxels
    meaning = {
        100 * number + subregion: LabelEntry(Structure.VERTEBRA, _SUBREGIONS.get(subregion, Part.POSTERIOR), name)
        for number, name in ((21, SpineLevel.L2), (22, SpineLevel.L3), (23, SpineLevel.L4))
        for subregion in range(41, 51)
    }
    both = np.where((level > 0) & (region > 0), 100 * level + region, 0)
    return Case("vertebra_ct", volume, _labelled(volume, both, meaning))


_PAINTED_HU = {
    "aorta": 45, "inferior_vena_cava": 40, "iliac": 42, "kidney": 32, "liver": 58, "spleen": 48, "lung": -850, "heart": 42,
    "portal": 42, "pancreas": 38, "stomach": 20, "duodenum": 30, "small_bowel": 30, "colon": 15, "gallbladder": 8,
    "urinary_bladder": 5, "prostate": 40, "spinal_cord": 32, "autochthon": 52, "iliopsoas": 56, "gluteus": 52, "adrenal": 25,
    "esophagus": 35, "femur": 320, "costal_cartilages": 110, "sternum": 200,
}  # fmt: skip
"""Typical unenhanced values, as in any textbook of CT (assumed); the cord stands for the sac's content."""

_FAT_HU, _DISC_HU, _GAS_HU, _NOISE_HU = -100.0, 85.0, -950.0, 15.0
_UNDER_SKIN_MM = 18.0
"""Subcutaneous fat around all that is labelled (assumed)."""


def _composed(folder: Path, _data: Path) -> Case:
    """Real bone in painted soft tissue: fat between organs, discs between bodies, gas at the top of the colon."""
    numbered = {
        int(line.split()[0]): line.split()[1]
        for line in (folder / "labels.txt").read_text(encoding="utf8").splitlines()
    }
    bone, numbers = _file(folder / "bone_ct.nrrd"), _file(folder / "labels.nii.gz").voxels
    geometry = bone.geometry
    hu = np.full(geometry.shape, -1000.0, dtype=np.float32)
    hu[_trunk(numbers > 0, geometry)] = _FAT_HU
    for number, name in numbered.items():
        value = next((hu for start, hu in _PAINTED_HU.items() if name.startswith(start)), None)
        if value is not None:
            hu[numbers == number] = value
    _paint_gas(hu, np.isin(numbers, [n for n, name in numbered.items() if name in ("colon", "stomach")]))
    spine = np.isin(numbers, [n for n, name in numbered.items() if name.startswith(("vertebrae_", "sacrum"))])
    sac = numbers == next(n for n, name in numbered.items() if name == "spinal_cord")
    hu[_discs(spine, sac, geometry) & (hu == _FAT_HU)] = _DISC_HU
    hu = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(hu), 0.5))
    hu = np.where(bone.voxels != 0, bone.voxels, hu)
    hu += np.random.default_rng(7).normal(0.0, _NOISE_HU, hu.shape) * (hu > -900)
    volume = Volume(geometry, np.clip(np.rint(hu), -1024, 3071).astype(np.int16))
    return Case("lumbar_bone_ct", volume, _labelled(volume, numbers, _meanings(numbered)), _hollow(numbered))


def _trunk(known: np.ndarray, geometry: VolumeGeometry) -> np.ndarray:
    """The filled outline of all that is labelled, slice by slice, with fat under the skin."""
    image = sitk.GetImageFromArray(known.astype(np.uint8))
    image.SetSpacing([float(mm) for mm in geometry.spacing_mm[::-1]])
    near = sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True)
    grown = sitk.GetArrayFromImage(near) < 40.0  # closes the gaps between organs
    filled = np.stack(
        [sitk.GetArrayFromImage(sitk.BinaryFillhole(sitk.GetImageFromArray(p.astype(np.uint8)))) for p in grown]
    )
    image = sitk.GetImageFromArray(filled)
    image.SetSpacing([float(mm) for mm in geometry.spacing_mm[::-1]])
    inner = sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True)
    return sitk.GetArrayFromImage(inner) < _UNDER_SKIN_MM - 40.0


def _paint_gas(hu: np.ndarray, hollow: np.ndarray) -> None:
    """The uppermost third of stomach and colon in each slice, the patient lying on the back."""
    for plane, organ in zip(hu, hollow, strict=True):
        rows = np.flatnonzero(organ.any(axis=1))
        if len(rows):
            top = rows[0] + len(rows) // 3
            inside = (
                sitk.GetArrayFromImage(sitk.BinaryErode(sitk.GetImageFromArray(organ.astype(np.uint8)), [1, 1])) > 0
            )
            plane[:top][inside[:top]] = _GAS_HU


def _discs(spine: np.ndarray, sac: np.ndarray, geometry: VolumeGeometry) -> np.ndarray:
    """What lies between two bodies, at most 16 mm apart, in front of the sac."""
    image = sitk.GetImageFromArray(spine.astype(np.uint8))
    closed = sitk.BinaryMorphologicalClosing(image, [0, 0, round(8.0 / float(geometry.spacing_mm[0]))])
    between = (sitk.GetArrayFromImage(closed) > 0) & ~spine
    front = _front_rows(sac)
    rows = np.arange(geometry.shape[1])[None, :, None]
    return between & (rows < front[:, None, None])


def _front_rows(sac: np.ndarray) -> FloatArray:
    """(k,) the row in front of which no sac lies, slice by slice."""
    seen = np.flatnonzero(sac.any(axis=(1, 2)))
    first = [float(np.flatnonzero(sac[k].any(axis=1))[0]) for k in seen]
    return np.interp(np.arange(len(sac)), seen, first)
