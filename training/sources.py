"""The patients the network is trained on, read from disk and from the phantom's closed forms.

In: the folder of real label maps. Out: one ``TrainingMap`` per patient. Scans that judge the network are never read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from planner.anatomy import itk
from planner.anatomy.network.windows import SPACING_MM
from planner.anatomy.outside.schemes import TOTALSEGMENTATOR
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import Part, Structure
from planner.volume import Volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom
from training.maps import NO_HU, Parts, TrainingMap, masks_by_name, parts_of, targets_of, tissues_of
from training.tissues import Tissue

PHANTOMS = (
    PhantomParameters(seed=1),
    PhantomParameters(seed=2, scoliosis_deg=18.0, axial_rotation_deg=10.0),
    PhantomParameters(seed=3, lumbar_count=6, scoliosis_deg=-10.0),
)
"""Schematic patients beside the real ones: straight, turned, and with one vertebra more."""

_BENEATH_SKIN_MM = 15.0
_BETWEEN_ORGANS_MM = 36.0
_COARSE_MM = 6.0


def training_maps(data: Path) -> Iterator[TrainingMap]:
    """Every patient that may be trained on."""
    for folder in ("whole_spine_labels", "lumbar_bone_ct"):
        yield _with_table(data / folder)
    yield _pelvis(data / "lumbar_pelvis_ct")
    for number, parameters in enumerate(PHANTOMS):
        yield phantom_map(f"phantom {number + 1}", make_phantom(parameters))


def _table(path: Path) -> dict[int, str]:
    rows = (line.split(maxsplit=1) for line in path.read_text(encoding="utf8").splitlines() if line.strip())
    return {int(number): name.strip() for number, name in rows}


def _read(path: Path) -> Volume:
    image = sitk.ReadImage(str(path))
    matrix = np.eye(4)
    axes = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, :3], matrix[:3, 3] = axes[:, ::-1], image.GetOrigin()
    array = itk.to_array(image)
    return Volume(VolumeGeometry(matrix, array.shape), np.clip(array, -32000, 32000).astype(np.int16)).in_patient_axes()


def _with_table(folder: Path) -> TrainingMap:
    labels = _read(folder / "labels.nii.gz")
    masks = masks_by_name(labels.voxels.astype(np.uint8), _table(folder / "labels.txt"))
    geometry = labels.geometry
    hu = np.full(geometry.shape, NO_HU, dtype=np.int16)
    image = folder / "bone_ct.nrrd"
    if image.exists():
        bone = _read(image).voxels
        hu[bone != 0] = bone[bone != 0]
    return _made(folder.name, masks, _trunk(labels.voxels > 0, geometry), hu, geometry)


def _pelvis(folder: Path) -> TrainingMap:
    """3 mm: each label brought to 1.5 mm with its border at the half level."""
    labels, image = _read(folder / "labels.nii.gz"), _read(folder / "ct.nii.gz")
    grid = itk.isotropic_grid(labels.geometry, SPACING_MM)
    coarse = masks_by_name(labels.voxels.astype(np.uint8), TOTALSEGMENTATOR.names)
    masks = {name: itk.mask_on(mask, labels.geometry, grid) for name, mask in coarse.items()}
    hu = itk.resampled(image, grid).voxels
    trunk = itk.largest_component(itk.opened(hu > -300, grid, 4.5))
    return _made(folder.name, masks, itk.filled_in_slices(trunk), hu, grid)


def _made(
    name: str, masks: Mapping[str, BoolArray], trunk: BoolArray, hu: npt.NDArray[np.int16], grid: VolumeGeometry
) -> TrainingMap:
    parts = parts_of(masks, grid)
    tissue = tissues_of(parts, masks, trunk, grid)
    _by_image(tissue, hu)
    return TrainingMap(name, tissue, targets_of(parts), hu)


def _by_image(tissue: npt.NDArray[np.uint8], hu: npt.NDArray[np.int16]) -> None:
    """Unlabelled soft tissue told apart by a real image where there is one."""
    unnamed = (tissue == Tissue.SOFT) & (hu != NO_HU)
    for low, high, kind in (
        (-2000, -400, Tissue.GAS),
        (-400, -30, Tissue.FAT),
        (-30, 130, Tissue.MUSCLE),
        (2200, 32767, Tissue.METAL),
    ):
        tissue[unnamed & (hu >= low) & (hu < high)] = kind


def _trunk(known: BoolArray, geometry: VolumeGeometry) -> BoolArray:
    """What lies between all labelled organs, and some fat around."""
    coarse = itk.isotropic_grid(geometry, _COARSE_MM)
    filled = itk.closed(itk.mask_on(itk.dilated(known, geometry, 3.0), geometry, coarse), coarse, _BETWEEN_ORGANS_MM)
    return itk.mask_on(itk.dilated(filled, coarse, _BENEATH_SKIN_MM), coarse, geometry)


def phantom_map(name: str, phantom: Phantom) -> TrainingMap:
    """A phantom's truth on cubes of 1.5 mm, painted by its own materials' kinds."""
    grid = itk.isotropic_grid(phantom.geometry, SPACING_MM)
    truth = phantom.truth_labels(grid)

    def of(structure: Structure, *parts: Part) -> BoolArray:
        wanted = [v for v, e in truth.entries.items() if e.structure is structure and (not parts or e.part in parts)]
        return np.isin(truth.labels, wanted)

    bones = (Structure.VERTEBRA,)
    sac = of(Structure.THECAL_SAC)
    parts = Parts(
        body=of(*bones, Part.BODY),
        posterior=of(*bones, Part.POSTERIOR),
        superior=of(*bones, Part.SUPERIOR_ARTICULAR_PROCESS),
        inferior=of(*bones, Part.INFERIOR_ARTICULAR_PROCESS),
        disc=of(Structure.DISC),
        canal=of(Structure.CANAL) | sac,
        cord=sac,
        sacrum=of(Structure.SACRUM),
        other=of(Structure.ILIUM) | of(Structure.RIB),
    )
    soft = {word: of(structure) for structure, word in _PHANTOM_SOFT.items()}
    hu = np.full(grid.shape, NO_HU, dtype=np.int16)
    return TrainingMap(name, tissues_of(parts, soft, truth.labels > 0, grid), targets_of(parts), hu)


_PHANTOM_SOFT = {
    Structure.AORTA: "aorta",
    Structure.INFERIOR_VENA_CAVA: "inferior_vena_cava",
    Structure.ARTERY: "iliac_artery",
    Structure.VEIN: "iliac_vena",
    Structure.KIDNEY: "kidney",
    Structure.LIVER: "liver",
    Structure.SPLEEN: "spleen",
    Structure.LUNG: "lung",
    Structure.BOWEL: "colon",
    Structure.GAS: "trachea",
    Structure.PSOAS: "iliopsoas",
    Structure.MUSCLE: "autochthon",
}
"""Named as the real maps name them."""
