"""The body, and what lies around it: table, air, and what the scanner did not reconstruct.

In: a CT volume in the patient's axes. Out: a ``Skin`` on the same grid: the filled body without table and mattress,
arms beside it included. The image's edge is never skin: how much of the outline is skin is the confidence.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.anatomy import aligned, itk
from planner.anatomy.lie import lie_on_table
from planner.anatomy.model import Surroundings
from planner.anatomy.stages import Skin
from planner.errors import AnatomyError
from planner.geometry import BoolArray, VolumeGeometry
from planner.volume import Volume

_SKIN_HU = -300
"""Half way between air (-1000) and skin with its fat (0 to -100), a little to the tissue's side."""

_OBJECT_HU = -700
"""Table shells, cushions and blankets are denser than this, air with 60 HU of noise is not."""

_AIR_HU = -930
"""Median of a gas region at the image's edge: room air is below, aerated lung (-700 to -900) above."""

_SHELL_MM = 4.0
"""Table shells and clothes are thinner than twice this, the body is not."""

_THIN_WALL_MM = 10.0
"""The chest wall between two ribs of a lean person is no thicker (assumed)."""

_OWN_WALL = 0.25
"""Of a lung's walls half are its own fine vessels, which are too thin to be kept; a table's hollow has almost no kept wall."""

_LARGEST_BOWEL_MM3, _OPENS_MM, _BOWEL_WALLS = 400_000.0, 80.0, 0.9
"""Gas in one loop of colon or in a stomach, how wide the image's edge may cut it in a slice, and how much of what lies around it is the
body's own: a room's air is open over centimetres more, and a table's hollow has the table's walls (assumed)."""

_BLUR_MM = 3.0
"""Within this distance of the skin a voxel between air and tissue is the skin's own blur, not an object."""

_COARSE_MM = 2.0
_SMALLEST_BODY_MM3 = 100_000.0
"""A third of a neonate's trunk; a piece of table or a bottle is smaller."""

_SMALLEST_LIMB_MM3 = 30_000.0
"""A forearm 3 cm thick over 4 cm."""


def skin_of(volume: Volume, oblique: Volume | None) -> Skin:
    """The skin on the volume's grid; where that was resampled from oblique slices, as these slices show it.

    Lungs that the scan's end opens are closed within its own slices; in resampled ones they would open to the room.
    """
    if oblique is None:
        return find_skin(volume)
    k_mm, j_mm, i_mm = (float(mm) for mm in oblique.geometry.spacing_mm)
    upright = VolumeGeometry.from_spacing(oblique.geometry.shape, (k_mm, j_mm, i_mm))
    own = find_skin(Volume(upright, oblique.voxels, oblique.modality, oblique.padding_value))
    absent = not_reconstructed(volume)
    body = itk.mask_on(own.body, oblique.geometry, volume.geometry) & ~absent
    around = itk.labels_on(own.surroundings, oblique.geometry, volume.geometry)
    around[(around == 0) & ~body] = Surroundings.AIR
    around[body] = 0
    around[absent] = Surroundings.OUTSIDE_RECONSTRUCTION
    return replace(own, geometry=volume.geometry, body=body, surroundings=around)


def find_skin(volume: Volume) -> Skin:
    """The filled body and its surroundings, on the volume's own grid."""
    absent = not_reconstructed(volume)
    grid = itk.isotropic_grid(volume.geometry, _COARSE_MM)
    coarse = itk.resampled(volume, grid)
    outside_scan = itk.mask_on(absent, volume.geometry, grid) if absent.any() else np.zeros(grid.shape, dtype=bool)
    rough = _rough_body(coarse, outside_scan)
    blur = itk.dilated(rough, grid, _BLUR_MM)
    body, surroundings = _refined(volume, absent, (rough, blur), grid)
    objects = (coarse.voxels > _OBJECT_HU) & ~blur & ~outside_scan
    return Skin(
        volume.geometry,
        body,
        surroundings,
        lie_on_table(rough, objects, grid),
        share_of_outline_in_air(rough, outside_scan),
    )


def not_reconstructed(volume: Volume) -> BoolArray:
    """Voxels outside the scanner's field of view: the stated padding, or a constant filling all corners."""
    voxels = volume.voxels
    corners = voxels[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    lowest = int(corners.min())
    if volume.padding_value is not None:
        return np.asarray(voxels == volume.padding_value)
    if (corners == lowest).mean() < 0.75 or (lowest > -1100 and _share_inside(voxels, lowest) > 0.01):
        return np.zeros(voxels.shape, dtype=bool)
    return np.asarray(voxels == lowest)


def _share_inside(voxels: npt.NDArray[np.int16], value: int) -> float:
    """Share of the voxels well inside the scanner's circle that have this value."""
    inner = _inner_disc(voxels.shape)
    return float(np.mean([np.count_nonzero((plane == value) & inner) for plane in voxels]) / max(1, inner.sum()))


def _inner_disc(shape: tuple[int, ...]) -> BoolArray:
    j, i = np.ogrid[-1 : 1 : shape[1] * 1j, -1 : 1 : shape[2] * 1j]
    return np.asarray(j**2 + i**2 < 0.9**2)


def _rough_body(coarse: Volume, outside_scan: BoolArray) -> BoolArray:
    grid = coarse.geometry
    tissue = (coarse.voxels > _SKIN_HU) & ~outside_scan
    core = itk.eroded(tissue | outside_scan, grid, _SHELL_MM) & tissue
    kept = itk.dilated(_body_parts(core, coarse), grid, _SHELL_MM + _COARSE_MM) & tissue
    chest = _air_inside(tissue, kept)
    walled = kept | chest | (itk.dilated(chest, grid, _THIN_WALL_MM) & tissue)
    filled = itk.filled_in_slices(walled)
    return np.asarray(filled | _gas_cut_by_the_edge(filled, outside_scan, coarse))


def _air_inside(tissue: BoolArray, kept: BoolArray) -> BoolArray:
    """Lungs and gas whose walls are the body's own; the hollow of a table has walls of its own.

    Found before thin walls are lost: between the ribs of a lean chest the wall is thinner than a table's shell.
    """
    labels = itk.components(itk.filled_in_slices(tissue) & ~tissue)
    air = np.nonzero(labels)
    label = labels[air]
    wall, own = (np.zeros(int(labels.max(initial=0)) + 1, dtype=np.intp) for _ in range(2))
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1), (2, 1), (2, -1)):
        beside = list(air)
        beside[axis] = (air[axis] + step) % labels.shape[axis]
        wall += np.bincount(label[tissue[tuple(beside)]], minlength=len(wall))
        own += np.bincount(label[kept[tuple(beside)]], minlength=len(own))
    inside = own > _OWN_WALL * np.maximum(wall, 1)
    inside[0] = False
    return np.asarray(inside[labels])


def _body_parts(core: BoolArray, coarse: Volume) -> BoolArray:
    """The trunk and the limbs beside it: large pieces that hold bone and lie at the trunk's height."""
    labels = itk.components(core)
    voxel_mm3 = float(np.prod(coarse.geometry.spacing_mm))
    sizes = np.bincount(labels.ravel()) * voxel_mm3
    if len(sizes) < 2 or sizes[1] < _SMALLEST_BODY_MM3:
        found = f"largest piece of tissue {(sizes[1] if len(sizes) > 1 else 0) / 1000:.0f} mL"
        raise AnatomyError("body", found, "send a CT of the trunk; an empty table or a phantom piece cannot be planned")
    trunk = labels == 1
    low, high = (int(edge) for edge in np.flatnonzero(trunk.any(axis=(0, 2)))[[0, -1]])
    parts = trunk
    for label in range(2, int(np.searchsorted(-sizes[1:], -_SMALLEST_LIMB_MM3)) + 1):
        piece = labels == label
        height = float(np.argwhere(piece.any(axis=(0, 2))).mean())
        inside = coarse.voxels[piece]
        if low <= height <= high and -50 < np.median(inside) < 150 and (inside > 250).mean() > 0.01:
            parts = parts | piece
    return np.asarray(parts)


def _gas_cut_by_the_edge(body: BoolArray, outside_scan: BoolArray, coarse: Volume) -> BoolArray:
    """Lung and gut gas that a narrow field of view opens to the image's edge: gas, but not room air."""
    rest = ~body & ~outside_scan
    if not body[:, :, [0, -1]].any() and not body[:, [0, -1]].any() and not outside_scan.any():
        return np.zeros(body.shape, dtype=bool)
    labels = itk.components(rest)
    inside = np.zeros(int(labels.max()) + 1, dtype=bool)
    for label in range(1, min(len(inside), 40)):
        piece = labels == label
        inside[label] = np.median(coarse.voxels[piece]) > _AIR_HU or _is_cut_bowel(piece, body, outside_scan, coarse)
    return np.asarray(inside[labels] & itk.dilated(body, coarse.geometry, 60.0))


def _is_cut_bowel(gas: BoolArray, body: BoolArray, outside_scan: BoolArray, coarse: Volume) -> bool:
    """It opens to the edge over less than a room does, is as small as bowel, and its walls are the body's, not a table's."""
    mm = coarse.geometry.spacing_mm
    if float(gas.sum() * mm.prod()) > _LARGEST_BOWEL_MM3:
        return False
    edge = itk.dilated(outside_scan, coarse.geometry, _COARSE_MM)
    edge[:, [0, -1]] = True
    edge[:, :, [0, -1]] = True
    open_mm = float((gas & edge).sum(axis=(1, 2)).max() * mm[1])
    shell = itk.dilated(gas, coarse.geometry, _COARSE_MM) & ~gas & ~outside_scan
    walled = float(body[shell].mean()) if shell.any() else 0.0
    return 0.0 < open_mm < _OPENS_MM and walled > _BOWEL_WALLS


def _refined(
    volume: Volume, absent: BoolArray, coarse: tuple[BoolArray, BoolArray], grid: VolumeGeometry
) -> tuple[BoolArray, npt.NDArray[np.uint8]]:
    """The outline at the scan's own resolution, within one coarse voxel of the rough one, and the kinds of what lies around it.

    ``coarse`` is the rough body and where its own blur may lie. A slice after the other: a whole scan's masks cost more to
    fetch than to compute.
    """
    distance = itk.signed_distance_mm(coarse[0], grid)
    zones = (distance < _COARSE_MM).astype(np.uint8) + (distance < -_COARSE_MM - 0.5) + np.uint8(_BLURRED) * coarse[1]
    body = np.empty(volume.geometry.shape, dtype=bool)
    kinds = np.empty(volume.geometry.shape, dtype=np.uint8)

    def refine(k: int, own: npt.NDArray[np.uint8]) -> None:
        hu, zone = volume.voxels[k], own % _BLURRED
        body[k] = ((zone == 2) | ((zone == 1) & (hu > _SKIN_HU))) & ~absent[k]
        is_object = (hu > _OBJECT_HU) & (own < _BLURRED)
        kinds[k] = (is_object.view(np.uint8) + np.uint8(Surroundings.AIR)) * ~body[k]  # air, object next, body 0
        kinds[k][absent[k]] = Surroundings.OUTSIDE_RECONSTRUCTION

    aligned.each_nearest_slice(refine, zones, grid, volume.geometry)
    return body, kinds


_BLURRED = 4
"""Added to a zone where the skin's own blur may lie."""


def share_of_outline_in_air(body: BoolArray, outside_scan: BoolArray) -> float:
    """How much of the body's outline in the axial slices is skin, not the image's or the scanner's edge."""
    frame = np.pad(outside_scan, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    inner = np.pad(body, ((0, 0), (1, 1), (1, 1)), constant_values=False)
    skin = edge = 0
    for axis, step in ((1, 1), (1, -1), (2, 1), (2, -1)):
        beyond_body = np.roll(inner, step, axis)
        beyond_scan = np.roll(frame, step, axis)
        edge += int((inner & beyond_scan).sum())
        skin += int((inner & ~beyond_body & ~beyond_scan).sum())
    return round(skin / max(1, skin + edge), 3)
