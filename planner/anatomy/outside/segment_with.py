"""An image and somebody else's segmentation in, an Anatomy out: given structures take the place of our own stages' results.

In: a CT volume, brought segmentations, whose word counts for which structure. Out: the same ``Anatomy`` as ``segment`` makes.
Skin and bone contact are the image's own. Levels, foramina, joints and roots are always derived again, from the chosen bone,
canal and vertebrae: a model that draws bodies alone works too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.bone import find_bone, with_marrow
from planner.anatomy.coarse import coarse_image
from planner.anatomy.column import lay_straight
from planner.anatomy.derived import Counted, derived
from planner.anatomy.discs import find_discs
from planner.anatomy.findings import Findings, Frame, Spine, middles_mm
from planner.anatomy.foramina import foramina
from planner.anatomy.model import Anatomy, StageWatch, unwatched
from planner.anatomy.naming import LevelAnchor, name_levels
from planner.anatomy.organs import find_organs
from planner.anatomy.outside.canal import find_canal
from planner.anatomy.outside.column_with import column_with
from planner.anatomy.outside.fuse import IN_STAGES, fused
from planner.anatomy.outside.given import Given, kept_where, on_grid
from planner.anatomy.outside.judge import judged
from planner.anatomy.outside.levels import Levels, given_levels, given_vertebrae, names_by
from planner.anatomy.outside.naming_with import naming_with, without_agreement
from planner.anatomy.pelvis import Pelvis, find_pelvis
from planner.anatomy.plausible import require_ct
from planner.anatomy.ribs import find_ribs
from planner.anatomy.sac import Sac, find_sac
from planner.anatomy.segment import anatomy_of
from planner.anatomy.skin import skin_of
from planner.anatomy.stages import Bone, CanalTrack, Skin
from planner.anatomy.working_grid import WorkingGrid
from planner.brought import Brought
from planner.errors import AnatomyError, ModalityError
from planner.structures import SpineLevel, Structure
from planner.volume import Modality, Volume

_BONES = (Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM, Structure.RIB, Structure.BONE)
_NO_BONE_HU = -30.0
"""Fat and air at a given bone's coarse border are no bone: fatty marrow of the elderly is above (assumed)."""

_SAC_UNCERTAINTY_MM = 1.5


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose word counts.

    ``ours_first``: structures that are ours where we find them; all others are the brought ones. ``frame_is_confirmed``: a
    person says that the segmentation's frame of reference is the scan's.
    """

    ours_first: tuple[Structure, ...] = ()
    frame_is_confirmed: bool = False


def segment_with(
    volume: Volume,
    sources: Iterable[Brought],
    choice: Choice = Choice(),
    anchor: LevelAnchor | None = None,
    watch: StageWatch = unwatched,
) -> Anatomy:
    """The anatomy with the sources' structures; an earlier source goes before a later one."""
    if volume.modality is not Modality.CT:
        raise ModalityError(volume.modality)
    brought = tuple(sources)
    with watch("working grid"):
        grid = WorkingGrid.of(volume)
        require_ct(grid.volume)
    with watch("given segmentation"):
        given = _chosen(_placed(brought, grid, choice), choice)
    found, levels, said = _find(grid, given, anchor, watch)
    anatomy = anatomy_of(found, watch)
    with watch("fusion"):
        anatomy = _stages_origin(anatomy, given)
        on_scan = on_grid(brought, volume.geometry, volume.geometry, frame_is_confirmed=choice.frame_is_confirmed)
        anatomy = fused(anatomy, on_scan, choice.ours_first)
        anatomy = judged(anatomy, found, given, levels.places, foramina(found.spine.openings))
    return replace(anatomy, warnings=(*anatomy.warnings, *said, *given.listed))


def _placed(brought: tuple[Brought, ...], grid: WorkingGrid, choice: Choice) -> Given:
    return on_grid(brought, grid.scan, grid.volume.geometry, frame_is_confirmed=choice.frame_is_confirmed)


def _chosen(given: Given, choice: Choice) -> Given:
    """Without what our own stages go first in."""
    stages_ours = tuple(s for s in choice.ours_first if s in IN_STAGES)
    return kept_where(given, lambda one: one.entry is None or one.entry.structure not in stages_ours)


def _find(
    grid: WorkingGrid, given: Given, anchor: LevelAnchor | None, watch: StageWatch
) -> tuple[Findings, Levels, tuple[str, ...]]:
    volume = grid.volume
    with watch("skin"):
        skin = skin_of(volume, grid.oblique)
    with watch("bone"):
        bone = _bone_with(volume, find_bone(volume, skin), skin, given)
    with watch("canal"):
        canal, said = find_canal(volume, skin, bone, given)
    with watch("discs"):
        levels = _levels(volume, bone, canal, given)
    with watch("marrow"):
        bone = _bone_with(volume, with_marrow(volume, skin, bone, canal), skin, given)
        bone = replace(bone, mask=bone.mask & ~canal.mask)
    frame, levels = _frame(volume, (skin, bone, canal), levels, given, anchor, watch)
    spine = _spine(volume, frame, levels, given, watch)
    with watch("organs"):
        organs = find_organs(volume, coarse_image(volume, skin, bone, canal), frame.t12_end_s_mm)
    found = Findings(grid, volume, None, frame, frame, spine, organs)
    return found, levels, (*said, *levels.said)


def _bone_with(volume: Volume, bone: Bone, skin: Skin, given: Given) -> Bone:
    """The image's own bone, and what is given as bone where the image does not show fat or air."""
    brought = given.drawn(one for structure in _BONES for one in given.of(structure))
    hollow = given.drawn((*given.of(Structure.CANAL), *given.of(Structure.THECAL_SAC), *given.of(Structure.DISC)))
    brought &= skin.body & (volume.voxels > _NO_BONE_HU) & ~hollow & ~bone.metal
    return replace(bone, mask=bone.mask | brought)


def _levels(volume: Volume, bone: Bone, canal: CanalTrack, given: Given) -> Levels:
    ours = find_discs(volume, bone, canal)
    vertebrae = given_vertebrae(given, canal)
    if len(vertebrae) >= 2:
        levels = given_levels(vertebrae, canal, ours)
    else:
        places = {sum(1 for disc in ours if disc.s_mm < one.s_mm): one.level for one in vertebrae}
        levels = Levels(ours, places)
    if not levels.discs:
        raise AnatomyError(
            "intervertebral disc", "neither in the image nor between given vertebrae", "give two neighbouring vertebrae"
        )
    return levels


def _frame(
    volume: Volume,
    stages: tuple[Skin, Bone, CanalTrack],
    levels: Levels,
    given: Given,
    anchor: LevelAnchor | None,
    watch: StageWatch,
) -> tuple[Frame, Levels]:
    skin, bone, canal = stages
    with watch("pelvis"):
        pelvis = find_pelvis(volume, bone, canal, levels.discs)
    first = _lumbosacral(levels, pelvis)
    shift = first or 0
    discs = levels.discs[shift:]
    levels = Levels(
        discs, {n - shift: level for n, level in levels.places.items() if n >= shift}, levels.said, levels.miscounted
    )
    with watch("ribs"):
        ribs = find_ribs(volume, bone, canal, discs)
    is_agreed = pelvis.lumbosacral in (None, first)
    shown = pelvis if pelvis.lumbosacral == first else replace(pelvis, lumbosacral=None)
    ours = name_levels(discs, middles_mm(discs), shown, ribs, anchor)
    names = names_by(levels, len(discs) + 1, (ours.below, *ours.names))
    naming = ours if anchor is not None else naming_with(ours, names, levels, _sources_words(given))
    if not is_agreed and anchor is None:
        naming = without_agreement(naming, _sources_words(given))
    pelvis = replace(pelvis, lumbosacral=first)
    return Frame(skin, bone, canal, discs, pelvis, ribs, naming), levels


def _lumbosacral(levels: Levels, pelvis: Pelvis) -> int | None:
    """The disc below the lowest lumbar vertebra as the source counts; ours where it names none near the sacrum."""
    lowest = min(levels.places, default=None)
    if lowest is None:
        return pelvis.lumbosacral
    name = levels.places[lowest]
    if name is SpineLevel.S1:
        return lowest
    if name.region != "L":
        return pelvis.lumbosacral if pelvis.lumbosacral is not None and pelvis.lumbosacral < lowest else None
    disc = lowest - 1 - max(0, SpineLevel.L5.number - name.number)
    is_shown = name.number >= SpineLevel.L5.number or pelvis.lumbosacral is not None
    return disc if disc >= 0 and is_shown else None


def _sources_words(given: Given) -> str:
    names = dict.fromkeys(one.source.name for one in given.of(Structure.VERTEBRA))
    return ", ".join(names)


def _spine(volume: Volume, frame: Frame, levels: Levels, given: Given, watch: StageWatch) -> Spine:
    with watch("vertebrae"):
        straight = lay_straight(volume, frame.bone, frame.canal, frame.discs)
        column, vertebrae = column_with(straight, given, levels.places)
    counted = Counted(frame.discs, frame.names, column, vertebrae)
    return derived(volume, frame, counted, lambda: _sac(volume, frame.canal, given), watch)


def _sac(volume: Volume, canal: CanalTrack, given: Given) -> Sac:
    """The given sac in its own slices, ours in the others."""
    ours = find_sac(volume, canal)
    masks = given.of(Structure.THECAL_SAC)
    if not masks:
        return ours
    drawn = given.drawn(masks)
    rows = np.flatnonzero(drawn.any(axis=(1, 2)))
    mask = ours.mask.copy()
    mask[rows[0] : rows[-1] + 1] = drawn[rows[0] : rows[-1] + 1]
    widest = max(one.uncertainty_mm for one in masks)
    return Sac(mask, canal.mask & ~mask, max(ours.confidence, 0.8), max(widest, _SAC_UNCERTAINTY_MM))


def _stages_origin(anatomy: Anatomy, given: Given) -> Anatomy:
    """Origin and uncertainty of what the stages took up."""
    origin, uncertainty = dict(anatomy.origin), dict(anatomy.uncertainty_mm)
    for structure in IN_STAGES:
        masks = given.of(structure)
        if masks:
            origin[structure] = " and ".join(dict.fromkeys(one.source.words for one in masks))
            widest = max(one.uncertainty_mm for one in masks)
            uncertainty[structure] = max(widest, uncertainty.get(structure, 0.0))
    return replace(anatomy, origin=origin, uncertainty_mm=uncertainty)
