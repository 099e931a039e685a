"""An image in, an Anatomy out: the straight line over all stages.

In: a CT volume on any grid. Out: labels on the scan's own grid, landmarks in LPS mm, and what is doubtful.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from planner.anatomy.coarse import coarse_image
from planner.anatomy.column import lay_straight
from planner.anatomy.compose import compose, confidences, uncertainties_mm
from planner.anatomy.derived import Counted, derived
from planner.anatomy.doubts import doubted_foramen, metal_words, placed_discs
from planner.anatomy.findings import Findings, Frame, Spine
from planner.anatomy.foramina import foramina
from planner.anatomy.lie import agrees_with_spine
from planner.anatomy.model import Anatomy, Slab, StageWatch, Surroundings, Vertebra, unwatched
from planner.anatomy.mr.segment_mr import segment_mr
from planner.anatomy.naming import LevelAnchor, confidence_of_names
from planner.anatomy.network.session import Network
from planner.anatomy.organs import SOUGHT, Organs, find_organs
from planner.anatomy.pieces import Found, all_pieces, missing
from planner.anatomy.plausible import require_ct
from planner.anatomy.region import ORGAN_MARGIN_MM, Region, discs_in, names_in, rows_of, stage_in, volume_in, widened
from planner.anatomy.sac import find_sac
from planner.anatomy.stages import Skin
from planner.anatomy.vertebrae import share_out
from planner.anatomy.whole_frame import find_frame
from planner.anatomy.working_grid import WorkingGrid
from planner.errors import ModalityError
from planner.geometry import AnyArray, VolumeGeometry
from planner.side_by_side import side_by_side
from planner.structures import SpineLevel, Structure
from planner.volume import LabelMap, Modality, Volume

Beside: TypeAlias = Callable[[Callable[[], Organs]], Callable[[], Organs]]
"""Starts a piece of work, and gives the call that waits for its answer."""

STAGES = (
    "working grid", "skin", "bone", "canal", "discs", "marrow", "pelvis", "ribs", "vertebrae", "foramina", "nerve roots",
    "facets", "sac", "organs", "labels",
)  # fmt: skip
"""What the watch is called with; organs may run beside the five before them."""

_SKIN_IN_VIEW = 0.9
_WEAK_DISC = 0.25
"""Of a disc's confidence: below, a person should look."""


def in_turn(work: Callable[[], Organs]) -> Callable[[], Organs]:
    """Work done at once, before anything else."""
    answer = work()
    return lambda: answer


def segment(
    volume: Volume,
    anchor: LevelAnchor | None = None,
    watch: StageWatch = unwatched,
    region: Region | None = None,
    beside: Beside = in_turn,
    network: Network | None = None,
) -> Anatomy:
    """All anatomy that this version finds in a CT of the trunk, or in an MR of its spine.

    Parameters
    ----------
    anchor : a person's name for the vertebra at one z, where the image anchors none or is to be overruled.
    watch : called with each stage's name and held open while it runs.
    region : what one plan needs; None: everything in the scan.
    beside : starts the organs beside the spine where the caller has a thread to spare; the answer is the same.
    network : what sees a spine on MR; a CT needs none. An MR is always segmented whole.
    """
    if volume.modality is Modality.MR and network is not None:
        return segment_mr(volume, network, anchor, watch)
    return anatomy_of(find(volume, anchor, watch, region, beside), watch)


def find(
    volume: Volume,
    anchor: LevelAnchor | None = None,
    watch: StageWatch = unwatched,
    region: Region | None = None,
    beside: Beside = in_turn,
) -> Findings:
    """Every stage's own result, for ``anatomy_of`` and for whoever wants to look at one stage alone."""
    if volume.modality is not Modality.CT:
        raise ModalityError(volume.modality)
    with watch("working grid"):
        grid = WorkingGrid.of(volume)
        require_ct(grid.volume)
    whole = find_frame(grid, anchor, watch)
    slab = _slab(whole, region, grid.volume.geometry)
    needed = () if region is None else region.needed
    waiting = beside(lambda: _organs(grid.volume, whole, slab, needed, watch))
    part, frame = grid.volume, whole
    if slab is not None:
        part, frame = _in_rows(part, whole, rows_of(slab, part.geometry))
    spine = _spine(part, frame, slab, watch)
    organs = waiting()
    return Findings(grid, part, slab, whole, frame, spine, organs)


def anatomy_of(found: Findings, watch: StageWatch = unwatched) -> Anatomy:
    """What the stages found as one answer on the scan's own grid."""
    frame, spine, organs = found.frame, found.spine, found.organs
    with watch("labels"):
        pieces = all_pieces(found.volume.geometry, _to_draw(found))
        labels = compose(found.volume.geometry, pieces)
        drawn, around = side_by_side(
            found.grid.back_after, (lambda: found.on_grid(labels.labels, 0), lambda: _surroundings(found))
        )
    sure = confidences(pieces)
    beyond = _beyond(found, sure)
    slab = None if found.slab is None else replace(found.slab, beyond=tuple(beyond))
    whole = found.whole.skin
    anatomy = Anatomy(
        labels=LabelMap(found.grid.scan, drawn, labels.entries),
        surroundings=LabelMap(found.grid.scan, around),
        vertebrae=_vertebrae(frame, spine),
        discs=placed_discs(spine.discs, spine.interspaces, spine.doubts),
        canal_centreline_mm=frame.canal.frame.centres_mm,
        foramina=tuple(doubted_foramen(f, spine.doubts) for f in foramina(spine.openings, spine.column.voxel_mm)),
        facets=spine.facets,
        nerve_roots=spine.roots,
        confidence={**sure, **beyond},
        uncertainty_mm={**dict.fromkeys(beyond, 0.0), **uncertainties_mm(pieces)},
        lie=agrees_with_spine(whole.lie, whole.body, whole.geometry, frame.canal.frame.centres_mm),
        naming=frame.naming.evidence,
        warnings=(*frame.naming.warnings, *organs.warnings, *_doubts(frame.skin, spine)),
        stages=STAGES,
        sacral_foramina=spine.sacral_foramina,
        region=slab,
    )
    asked = () if slab is None else (slab.words,)
    return replace(anatomy, warnings=(*anatomy.warnings, *missing(anatomy.confidence), *asked))


def _slab(frame: Frame, region: Region | None, scan: VolumeGeometry) -> Slab | None:
    slab = None if region is None else region.slab(frame.interspaces, frame.discs, scan)
    return slab if slab is None or len(frame.discs[discs_in(slab, frame.discs)]) else None


def _in_rows(volume: Volume, frame: Frame, rows: slice) -> tuple[Volume, Frame]:
    """Volume and frame on the slices alone."""
    cut = replace(
        frame,
        skin=stage_in(frame.skin, volume.geometry, rows),
        bone=stage_in(frame.bone, volume.geometry, rows),
        canal=stage_in(frame.canal, volume.geometry, rows),
        pelvis=stage_in(frame.pelvis, volume.geometry, rows),
        ribs=stage_in(frame.ribs, volume.geometry, rows),
    )
    return volume_in(volume, rows), cut


def _spine(volume: Volume, frame: Frame, slab: Slab | None, watch: StageWatch) -> Spine:
    wanted = slice(0, len(frame.discs)) if slab is None else discs_in(slab, frame.discs)
    discs, names = frame.discs[wanted], names_in(frame.names, wanted)
    with watch("vertebrae"):
        column = lay_straight(volume, frame.bone, frame.canal, discs)
        vertebrae = share_out(column)
    counted = Counted(discs, names, column, vertebrae)
    return derived(volume, frame, counted, lambda: find_sac(volume, frame.canal), watch)


def _organs(
    volume: Volume, whole: Frame, slab: Slab | None, needed: tuple[Structure, ...], watch: StageWatch
) -> Organs:
    """In the slab with a margin; in the whole scan where something that must be sought is not there."""
    with watch("organs"):
        if slab is not None:
            part, frame = _in_rows(volume, whole, rows_of(widened(slab, ORGAN_MARGIN_MM), volume.geometry))
            found = _organs_of(part, frame)
            if not {s for s in needed if s in SOUGHT} - set(found.confidence) - _known_above(whole, slab):
                return found
        return _organs_of(volume, whole)


def _organs_of(volume: Volume, frame: Frame) -> Organs:
    return find_organs(volume, coarse_image(volume, frame.skin, frame.bone, frame.canal), frame.t12_end_s_mm)


def _known_above(whole: Frame, slab: Slab) -> set[Structure]:
    """The pleural zone, where T12's name tells that it ends above the slab; a margin holds what is tilted."""
    end = whole.t12_end_s_mm
    if end is None:
        return set()
    end_z_mm = float(whole.canal.frame.at(end)[0][2])
    return {Structure.PLEURAL_ZONE} if end_z_mm > slab.high_z_mm + ORGAN_MARGIN_MM else set()


def _beyond(found: Findings, drawn: Mapping[Structure, float]) -> dict[Structure, float]:
    """Structures that were sought and lie outside the slab, and how sure that is."""
    if found.slab is None:
        return {}
    above = dict.fromkeys(_known_above(found.whole, found.slab), found.whole.naming.confidence)
    return {s: sure for s, sure in {**above, **found.organs.confidence}.items() if s not in drawn}


def _to_draw(found: Findings) -> Found:
    frame, spine = found.frame, found.spine
    return Found(
        frame.skin,
        frame.bone,
        spine.sac,
        frame.canal,
        spine.column,
        spine.vertebrae,
        spine.names,
        frame.pelvis,
        frame.ribs,
        spine.roots,
        found.organs,
    )


def _surroundings(found: Findings) -> AnyArray:
    """Of the slices that were asked for; a path that leaves them has no entry, as one that leaves the image."""
    return found.on_grid(found.frame.skin.surroundings, Surroundings.OUTSIDE_RECONSTRUCTION)


def _vertebrae(frame: Frame, spine: Spine) -> tuple[Vertebra, ...]:
    sure = dict(zip(frame.names, confidence_of_names(frame.naming, frame.discs), strict=True))
    return tuple(
        Vertebra(name, centre, confidence, sure[name] if isinstance(name, SpineLevel) else 0.0)
        for name, centre, confidence in zip(spine.names, spine.centres_mm, spine.vertebrae.confidence, strict=True)
    )


def _doubts(skin: Skin, spine: Spine) -> tuple[str, ...]:
    """What a person should look at, in words and numbers."""
    said = []
    if skin.confidence < _SKIN_IN_VIEW:
        said.append(
            f"only {skin.confidence:.0%} of the body's outline is skin; elsewhere the image's edge cuts the body"
        )
    weak = [str(b) for b, d in zip(spine.interspaces, spine.discs, strict=True) if d.confidence < _WEAK_DISC]
    if weak:
        said.append(f"discs {', '.join(weak)} are hardly seen and placed by their neighbours' distances")
    return (*said, *metal_words(spine.discs, spine.interspaces, spine.doubts))
