"""The gates asked of one anatomy that others' segmentations went into, and what a failed one takes from its confidence.

In: the anatomy, what its stages found, the given masks. Out: the anatomy with gates, lowered confidences and warnings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from planner.anatomy.canal_ring import canal_mask, canal_rings
from planner.anatomy.findings import Findings
from planner.anatomy.model import Anatomy, Foramen
from planner.anatomy.outside import gates
from planner.anatomy.outside.gates import DOUBTFUL, Gate
from planner.anatomy.outside.given import Given, GivenMask
from planner.geometry import BoolArray
from planner.structures import Part, SpineLevel, Structure
from planner.volume import Volume

_ONE_PIECE = (
    Structure.VERTEBRA, Structure.CANAL, Structure.THECAL_SAC, Structure.AORTA, Structure.INFERIOR_VENA_CAVA, Structure.KIDNEY,
    Structure.LIVER, Structure.SPLEEN, Structure.SACRUM, Structure.ILIUM,
)  # fmt: skip
"""What is one thing on one side; a kidney's cyst is a segment of its own."""

_DENSE_HU = 300
"""Cortex: a canal holds none, but a wall's partial volume (assumed; intrathecal contrast is denser and must be looked at)."""


def judged(
    anatomy: Anatomy, found: Findings, given: Given, places: dict[int, SpineLevel], openings: tuple[Foramen, ...]
) -> Anatomy:
    """All gates that the given structures raise."""
    asked = (
        *_of_vertebrae(found, given, places),
        *_of_pieces(given),
        *_of_canal(found, given),
        *_of_sides(found, given),
    )
    if given.of(Structure.VERTEBRA) or given.of(Structure.CANAL):
        asked = (*asked, gates.alike_foramina(openings))
    failed = tuple(gate for gate in asked if not gate.is_passed)
    confidence = dict(anatomy.confidence)
    for gate in failed:
        if gate.structure in confidence:
            confidence[gate.structure] = min(DOUBTFUL, confidence[gate.structure])
    doubtful = {level for gate in failed for level in gate.levels}
    vertebrae = tuple(
        replace(one, confidence=min(DOUBTFUL, one.confidence)) if one.name in doubtful else one
        for one in anatomy.vertebrae
    )
    return replace(
        anatomy,
        confidence=confidence,
        vertebrae=vertebrae,
        gates=tuple(gate.words for gate in asked),
        warnings=(*anatomy.warnings, *(gate.words for gate in failed)),
    )


def _of_vertebrae(found: Findings, given: Given, places: dict[int, SpineLevel]) -> Iterator[Gate]:
    if not places:
        return
    middles = {level: _s_mm(found, given.drawn(given.of(Structure.VERTEBRA, level)), given) for level in given.levels}
    yield gates.ordered_levels(middles)
    whole = {level: given.of(Structure.VERTEBRA, level) for level in given.levels}
    volumes = {
        level: sum(gates.volume_ml(one.mask, given.geometry) for one in masks)
        for level, masks in whole.items()
        if not any(_is_cut(one, given) for one in masks) and not _is_body_alone(masks)
    }
    yield gates.alike_neighbours(volumes)


def _s_mm(found: Findings, mask: BoolArray, given: Given) -> float:
    index = np.argwhere(mask)[::7]
    return float(np.median(found.frame.canal.frame.from_lps(given.geometry.points_mm(index))[:, 0]))


def _is_cut(one: GivenMask, given: Given) -> bool:
    return bool(one.box[0].start == 0 or one.box[0].stop == given.geometry.shape[0])


def _is_body_alone(masks: tuple[GivenMask, ...]) -> bool:
    return {one.entry.part for one in masks if one.entry is not None} == {Part.BODY}


def _of_pieces(given: Given) -> Iterator[Gate]:
    for one in given.masks:
        entry = one.entry
        if entry is None or entry.structure not in _ONE_PIECE or entry.part not in (None, Part.BODY):
            continue
        if entry.structure is Structure.VERTEBRA and entry.level is None:
            continue
        level = entry.level if isinstance(entry.level, SpineLevel) else None
        yield gates.one_piece(entry.structure, one.label, one.mask, level)


def _of_canal(found: Findings, given: Given) -> Iterator[Gate]:
    masks = (*given.of(Structure.CANAL), *given.of(Structure.THECAL_SAC))
    if not masks:
        return
    canal = given.drawn(masks)
    frame, geometry = found.frame.canal.frame, found.volume.geometry
    open_bone = Volume(geometry, np.where(found.volume.voxels > _DENSE_HU, np.int16(100), np.int16(0)))
    ring = canal_mask(geometry, frame, canal_rings(open_bone, frame))
    yield gates.canal_in_ring(canal, ring)
    bones = given.drawn((*given.of(Structure.VERTEBRA), *given.of(Structure.SACRUM)))
    yield gates.canal_apart(canal, bones | (found.volume.voxels > _DENSE_HU))


def _of_sides(found: Findings, given: Given) -> Iterator[Gate]:
    for structure in (Structure.KIDNEY, Structure.ILIUM, Structure.PSOAS, Structure.LUNG):
        for one in given.of(structure):
            if one.entry is not None and one.entry.side is not None:
                index = np.argwhere(one.mask)[::11] + [part.start for part in one.box]
                points = given.geometry.points_mm(index)
                yield gates.on_its_side(structure, one.entry.side, points, found.frame.canal.frame)
