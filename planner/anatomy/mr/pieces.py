"""All structures of an MR as pieces of one label map on the scan's own working grid.

In: the painted spine, vertebrae, sac, roots and zones. Out: ``Piece`` values for ``compose``. Bone is one structure with a low
confidence and an uncertainty of its own: an MR does not show it as a CT does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner.anatomy import itk
from planner.anatomy.column import SpineColumn
from planner.anatomy.compose import Piece, piece, skin_layer
from planner.anatomy.model import NerveRoot
from planner.anatomy.mr.painted import PaintedSpine
from planner.anatomy.mr.worth import BONE_UNCERTAINTY_MM, BONE_WORTH, Resolution
from planner.anatomy.mr.zones import MrZone
from planner.anatomy.pelvis import Pelvis
from planner.anatomy.pieces import half_voxel_mm
from planner.anatomy.roots import draw_roots
from planner.anatomy.sac import Sac
from planner.anatomy.stages import Skin
from planner.anatomy.vertebrae import PartCode, Vertebrae, on_scan
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import LevelName, Part, SpineLevel, Structure
from planner.volume import LabelEntry

_CANAL_UNCERTAINTY_MM = 1.5
_PARTS = {
    PartCode.BODY: Part.BODY,
    PartCode.POSTERIOR: Part.POSTERIOR,
    PartCode.SUPERIOR_ARTICULAR_PROCESS: Part.SUPERIOR_ARTICULAR_PROCESS,
    PartCode.INFERIOR_ARTICULAR_PROCESS: Part.INFERIOR_ARTICULAR_PROCESS,
}
_INSTANCE_UNCERTAINTY_MM = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class MrFound:
    """Everything that goes into an MR's label map; ``names`` of vertebra 0, 1 and on."""

    skin: Skin
    ground: PaintedSpine
    pelvis: Pelvis
    column: SpineColumn
    vertebrae: Vertebrae
    names: tuple[LevelName, ...]
    sac: Sac
    roots: tuple[NerveRoot, ...]
    zones: tuple[MrZone, ...]


def mr_pieces(scan: VolumeGeometry, found: MrFound) -> tuple[Piece | None, ...]:
    """Pieces of every structure on the working grid of the scan."""
    resolution = Resolution.of(scan)
    return (
        *_hull(scan, found.skin),
        *_bones(scan, found, resolution),
        *_vertebrae(scan, found, resolution),
        *_roots(scan, found.roots),
        *(_zone(scan, zone) for zone in found.zones),
    )


def _hull(scan: VolumeGeometry, skin: Skin) -> Iterator[Piece | None]:
    near = half_voxel_mm(scan)
    yield piece(skin.body, LabelEntry(Structure.BODY, confidence=skin.confidence), near)
    yield piece(skin_layer(skin.body, scan), LabelEntry(Structure.SKIN, confidence=skin.confidence), near)


def _bones(scan: VolumeGeometry, found: MrFound, resolution: Resolution) -> Iterator[Piece | None]:
    ground, grid = found.ground, found.ground.volume.geometry
    sure = round(BONE_WORTH * ground.bone.confidence * resolution.thick, 3)
    wide = resolution.half_mm + BONE_UNCERTAINTY_MM - 0.75
    yield piece(_on(ground.bone.mask, grid, scan), LabelEntry(Structure.BONE, confidence=sure), wide)
    yield piece(
        _on(found.pelvis.sacrum, grid, scan),
        LabelEntry(Structure.SACRUM, confidence=min(sure, found.pelvis.sacrum_confidence)),
        wide,
    )
    canal = LabelEntry(Structure.CANAL, confidence=round(ground.canal.confidence * resolution.thick, 3))
    yield piece(_on(ground.canal.mask, grid, scan), canal, resolution.half_mm + _CANAL_UNCERTAINTY_MM)
    sac = found.sac
    sac_entry = LabelEntry(Structure.THECAL_SAC, confidence=round(sac.confidence * resolution.thick, 3))
    yield piece(_on(sac.mask, grid, scan), sac_entry, max(sac.uncertainty_mm, resolution.half_mm))


def _on(mask: BoolArray, grid: VolumeGeometry, scan: VolumeGeometry) -> BoolArray:
    return itk.mask_on(mask, grid, scan)


def _vertebrae(scan: VolumeGeometry, found: MrFound, resolution: Resolution) -> Iterator[Piece | None]:
    """Bodies and discs are what the network sees well; of what lies behind them it says less than a person must check."""
    drawn = on_scan(
        found.vertebrae, found.column, scan, _on(found.ground.bone.mask, found.ground.volume.geometry, scan)
    )
    near = resolution.half_mm + _INSTANCE_UNCERTAINTY_MM
    corner = (drawn.box[0].start, drawn.box[1].start, drawn.box[2].start)
    for n, (name, sure) in enumerate(zip(found.names, found.vertebrae.confidence, strict=True), start=1):
        own = drawn.number == n
        low = round(sure * BONE_WORTH * resolution.thick, 3)
        if isinstance(name, SpineLevel) and name.region == "S":
            yield piece(own, LabelEntry(Structure.SACRUM, level=name, confidence=low), near, corner)
            continue
        for code, part in _PARTS.items():
            worth = low if part is not Part.BODY else round(sure * resolution.thick, 3)
            yield piece(
                own & (drawn.part == code), LabelEntry(Structure.VERTEBRA, part, name, confidence=worth), near, corner
            )
    for n, name in enumerate(found.names[1:], start=1):
        sure = found.vertebrae.confidence[n] * resolution.thick
        yield piece(drawn.disc == n, LabelEntry(Structure.DISC, level=name, confidence=round(sure, 3)), near, corner)


def _roots(scan: VolumeGeometry, roots: tuple[NerveRoot, ...]) -> Iterator[Piece | None]:
    whole = draw_roots(roots, scan)
    for n, root in enumerate(roots):
        for offset, part in ((1, Part.ROOT), (2, Part.GANGLION)):
            entry = LabelEntry(Structure.NERVE_ROOT, part, root.between.upper, root.side, root.confidence)
            yield piece(np.asarray(whole == 2 * n + offset), entry, root.uncertainty_mm)


def _zone(scan: VolumeGeometry, zone: MrZone) -> Piece | None:
    corner, mask = zone.region.part_of(scan)
    entry = LabelEntry(zone.structure, side=zone.side, confidence=zone.region.confidence)
    return piece(mask, entry, zone.region.uncertainty_mm, corner, is_zone=True)
