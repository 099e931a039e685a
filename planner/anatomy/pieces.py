"""All found structures as pieces of one label map, each with its own confidence and uncertainty.

In: what the stages found. Out: ``Piece`` values for ``compose``, and sentences for what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from planner.anatomy import itk
from planner.anatomy.coarse import Region
from planner.anatomy.column import SpineColumn
from planner.anatomy.compose import Piece, piece, skin_layer
from planner.anatomy.model import NerveRoot
from planner.anatomy.organs import Organs
from planner.anatomy.pelvis import Pelvis
from planner.anatomy.ribs import Ribs
from planner.anatomy.roots import draw_roots
from planner.anatomy.sac import Sac
from planner.anatomy.stages import Bone, CanalTrack, Skin
from planner.anatomy.vertebrae import PartCode, Vertebrae, on_scan
from planner.anatomy.vessel_zones import ZONE_CONFIDENCE
from planner.geometry import BoolArray, VolumeGeometry
from planner.side_by_side import side_by_side
from planner.structures import LevelName, Part, Side, SpineLevel, Structure
from planner.volume import LabelEntry

_LOOKED_FOR = (
    Structure.SKIN,
    Structure.CANAL,
    Structure.VERTEBRA,
    Structure.NERVE_ROOT,
    Structure.AORTA,
    Structure.INFERIOR_VENA_CAVA,
    Structure.KIDNEY,
    Structure.LUNG,
    Structure.PLEURAL_ZONE,
    Structure.GAS,
    Structure.BOWEL,
)
"""What a lumbar plan keeps clear of; a sentence says which of them this scan did not give."""

_CANAL_UNCERTAINTY_MM = 1.5
"""Between the bony ring where it is closed and interpolated foramina; measured against cord labels in two scans."""

_INSTANCE_UNCERTAINTY_MM = 2.0
"""Which vertebra a bone voxel belongs to, near facet joints; contact with bone is tested on bone, not on instances."""

_DISC_BEYOND_MM = 0.25
"""A disc lies between two bodies' contours: turned by 12 degrees, the phantom's lumbosacral one moved by 2.8 mm."""

_PARTS = {
    PartCode.BODY: Part.BODY,
    PartCode.POSTERIOR: Part.POSTERIOR,
    PartCode.SUPERIOR_ARTICULAR_PROCESS: Part.SUPERIOR_ARTICULAR_PROCESS,
    PartCode.INFERIOR_ARTICULAR_PROCESS: Part.INFERIOR_ARTICULAR_PROCESS,
}


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Everything that goes into the label map; ``names`` of vertebra 0, 1 and on."""

    skin: Skin
    bone: Bone
    sac: Sac
    canal: CanalTrack
    column: SpineColumn
    vertebrae: Vertebrae
    names: tuple[LevelName, ...]
    pelvis: Pelvis
    ribs: Ribs
    roots: tuple[NerveRoot, ...]
    organs: Organs


def all_pieces(geometry: VolumeGeometry, found: Found) -> tuple[Piece | None, ...]:
    """Pieces of every structure on the working grid."""
    organs = tuple(_organs(geometry, found.organs))
    families: tuple[Callable[[], Iterator[Piece | None]], ...] = (
        lambda: _hull(geometry, found.skin),
        lambda: _bones(geometry, found, without_contrast(found.bone.mask, organs)),
        lambda: _vertebrae(geometry, found),
        lambda: _roots(geometry, found.roots),
    )
    return (*chain.from_iterable(side_by_side(lambda family: list(family()), families)), *organs)


def missing(confidence: Mapping[Structure, float]) -> tuple[str, ...]:
    """One sentence for what a lumbar plan needs and this scan did not give."""
    absent = [structure.words for structure in _LOOKED_FOR if structure not in confidence]
    return (f"not found in this scan: {', '.join(absent)}",) if absent else ()


def half_voxel_mm(geometry: VolumeGeometry) -> float:
    """Half of a voxel's longest edge."""
    return float(geometry.spacing_mm.max() / 2.0)


def _hull(geometry: VolumeGeometry, skin: Skin) -> Iterator[Piece | None]:
    near = half_voxel_mm(geometry)
    yield piece(skin.body, LabelEntry(Structure.BODY, confidence=skin.confidence), near)
    yield piece(skin_layer(skin.body, geometry), LabelEntry(Structure.SKIN, confidence=skin.confidence), near)


_BRIGHT = (Structure.AORTA, Structure.INFERIOR_VENA_CAVA, Structure.ARTERY, Structure.VEIN, Structure.KIDNEY)
_SEEN = 0.4
"""Zones and doubtful outlines stay below: bone is not given up for them."""


def without_contrast(bone: BoolArray, organs: tuple[Piece | None, ...]) -> BoolArray:
    """Bone without lumen and kidneys that contrast makes as dense; what belongs to a named bone is painted after them."""
    kept = bone.copy()
    for one in organs:
        if one is not None and one.entry.structure in _BRIGHT and one.entry.confidence > _SEEN:
            kept[one.box] &= ~one.mask
    return kept


def _bones(geometry: VolumeGeometry, found: Found, mask: BoolArray) -> Iterator[Piece | None]:
    near = half_voxel_mm(geometry)
    bone, pelvis = found.bone, found.pelvis
    yield piece(mask, LabelEntry(Structure.BONE, confidence=bone.confidence), near)
    yield piece(bone.metal, LabelEntry(Structure.METAL, confidence=bone.confidence), near)
    yield piece(pelvis.sacrum, LabelEntry(Structure.SACRUM, confidence=pelvis.sacrum_confidence), near)
    for side, wing in pelvis.ilium.items():
        yield piece(
            wing, LabelEntry(Structure.ILIUM, side=side, confidence=pelvis.ilium_confidence.get(side, 0.0)), near
        )
    for side in Side:
        sure = found.ribs.confidence_of(side)
        yield piece(
            found.ribs.mask & _half(geometry, found, side), LabelEntry(Structure.RIB, side=side, confidence=sure), near
        )
    yield piece(
        found.canal.mask,
        LabelEntry(Structure.CANAL, confidence=found.canal.confidence),
        near + _CANAL_UNCERTAINTY_MM,
    )
    sac = found.sac
    yield piece(sac.mask, LabelEntry(Structure.THECAL_SAC, confidence=sac.confidence), sac.uncertainty_mm)


def _half(geometry: VolumeGeometry, found: Found, side: Side) -> BoolArray:
    """The part of the grid on one side of the canal, slice by slice."""
    k = np.arange(geometry.shape[0])
    z = geometry.points_mm(np.stack([k, 0 * k, 0 * k], axis=1))[:, 2]
    centres = found.canal.frame.centres_mm
    order = np.argsort(centres[:, 2], kind="stable")
    middle = np.interp(z, centres[order, 2], centres[order, 0])
    i = np.arange(geometry.shape[2])
    x = geometry.points_mm(np.stack([0 * i, 0 * i, i], axis=1))[:, 0]
    beside = (x[None, :] - middle[:, None]) * side.sign > 0
    return np.broadcast_to(beside[:, None, :], geometry.shape)


def _vertebrae(geometry: VolumeGeometry, found: Found) -> Iterator[Piece | None]:
    scan = on_scan(found.vertebrae, found.column, geometry, found.bone.mask)
    first = (scan.box[0].start, scan.box[1].start, scan.box[2].start)
    near = half_voxel_mm(geometry) + _INSTANCE_UNCERTAINTY_MM
    for n, (name, sure) in enumerate(zip(found.names, found.vertebrae.confidence, strict=True), start=1):
        own = scan.number == n
        box = itk.true_box(own)
        if box is None:
            continue
        k, j, i = (low + span.start for low, span in zip(first, box, strict=True))
        corner, own, code = (k, j, i), own[box], scan.part[box]
        if isinstance(name, SpineLevel) and name.region == "S":
            yield piece(own, LabelEntry(Structure.SACRUM, level=name, confidence=sure), near, corner)
            continue
        for part_code, part in _PARTS.items():
            entry = LabelEntry(Structure.VERTEBRA, part, name, confidence=sure)
            yield piece(own & (code == part_code), entry, near, corner)
    for n, name in enumerate(found.names[1:], start=1):
        entry = LabelEntry(Structure.DISC, level=name, confidence=found.vertebrae.confidence[n])
        yield piece(scan.disc == n, entry, near + _DISC_BEYOND_MM, first)


def _roots(geometry: VolumeGeometry, roots: tuple[NerveRoot, ...]) -> Iterator[Piece | None]:
    whole = draw_roots(roots, geometry)
    box = itk.box_around(whole > 0, geometry)
    corner, drawn = (box[0].start, box[1].start, box[2].start), whole[box]
    for n, root in enumerate(roots):
        for offset, part in ((1, Part.ROOT), (2, Part.GANGLION)):
            entry = LabelEntry(Structure.NERVE_ROOT, part, root.between.upper, root.side, root.confidence)
            yield piece(drawn == 2 * n + offset, entry, root.uncertainty_mm, corner)


def _organs(geometry: VolumeGeometry, organs: Organs) -> Iterator[Piece | None]:
    for vessel in organs.vessels.found:
        yield _region(geometry, vessel.region, vessel.structure, vessel.side)
    for zone in (*organs.vessels.zones, *organs.renal, *organs.ureters):
        unseen = zone.region.confidence <= ZONE_CONFIDENCE
        yield _region(geometry, zone.region, zone.structure, zone.side, is_zone=unseen)
    yield _region(geometry, organs.lungs.lung, Structure.LUNG)
    yield _region(geometry, organs.lungs.gas, Structure.GAS)
    yield _region(geometry, organs.lungs.pleural_zone, Structure.PLEURAL_ZONE)
    yield _region(geometry, organs.muscles.psoas_left, Structure.PSOAS, Side.LEFT)
    yield _region(geometry, organs.muscles.psoas_right, Structure.PSOAS, Side.RIGHT)
    yield _region(geometry, organs.muscles.back, Structure.MUSCLE)
    yield _region(geometry, organs.crura.left, Structure.CRUS, Side.LEFT)
    yield _region(geometry, organs.crura.right, Structure.CRUS, Side.RIGHT)
    yield _region(geometry, organs.kidneys.left, Structure.KIDNEY, Side.LEFT)
    yield _region(geometry, organs.kidneys.right, Structure.KIDNEY, Side.RIGHT)
    yield _region(geometry, organs.abdomen.bowel, Structure.BOWEL)
    yield _region(geometry, organs.abdomen.liver, Structure.LIVER)
    yield _region(geometry, organs.abdomen.spleen, Structure.SPLEEN)


def _region(
    geometry: VolumeGeometry,
    region: Region | None,
    structure: Structure,
    side: Side | None = None,
    *,
    is_zone: bool = False,
) -> Piece | None:
    if region is None:
        return None
    entry = LabelEntry(structure, side=side, confidence=region.confidence)
    corner, mask = region.part_of(geometry)
    return piece(mask, entry, region.uncertainty_mm, corner, is_zone=is_zone)
