"""An image in, an Anatomy out: the straight line over all stages.

In: a CT volume on any grid. Out: labels on the scan's own grid, landmarks in LPS mm, and what is doubtful.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.bone import find_bone, with_marrow
from planner.anatomy.canal import track_canal
from planner.anatomy.coarse import coarse_image
from planner.anatomy.column import SpineColumn, lay_straight
from planner.anatomy.compose import compose, confidences, uncertainties_mm
from planner.anatomy.discs import find_discs
from planner.anatomy.facets import find_facets
from planner.anatomy.foramina import find_openings, foramina
from planner.anatomy.lie import agrees_with_spine
from planner.anatomy.model import Anatomy, Disc, StageWatch, Vertebra, unwatched
from planner.anatomy.naming import LevelAnchor, name_levels
from planner.anatomy.organs import find_organs
from planner.anatomy.pelvis import Pelvis, find_pelvis
from planner.anatomy.pieces import Found, all_pieces, missing
from planner.anatomy.ribs import Ribs, find_ribs
from planner.anatomy.roots import find_roots
from planner.anatomy.sac import find_sac
from planner.anatomy.skin import find_skin
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel, Naming, Skin
from planner.anatomy.vertebrae import Vertebrae, share_out
from planner.anatomy.working_grid import WorkingGrid
from planner.errors import AnatomyError, ModalityError
from planner.geometry import FloatArray
from planner.structures import Interspace, LevelName, SpineLevel
from planner.volume import LabelMap, Modality, Volume

_SKIN_IN_VIEW = 0.9
_WEAK_DISC, _SURE_DISC = 0.25, 0.4
"""Of a disc's confidence: below the first a person should look; a spine shows at least one above the second."""


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What everything else hangs on; discs are sought in cortex alone, where foramina are open for sure."""

    skin: Skin
    bone: Bone
    canal: CanalTrack
    discs: tuple[DiscLevel, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Spine:
    """What the spine's stages found, and the names of its vertebrae, caudal to cranial."""

    discs: tuple[DiscLevel, ...]
    pelvis: Pelvis
    ribs: Ribs
    column: SpineColumn
    vertebrae: Vertebrae
    naming: Naming

    @property
    def names(self) -> tuple[LevelName, ...]:
        """Of vertebra 0 (below the first disc), 1, 2 and on."""
        return (self.naming.below, *self.naming.names)

    @property
    def interspaces(self) -> tuple[Interspace, ...]:
        """Of disc 0, 1, 2 and on."""
        return tuple(Interspace(upper, lower) for lower, upper in zip(self.names[:-1], self.names[1:], strict=True))


def segment(volume: Volume, anchor: LevelAnchor | None = None, watch: StageWatch = unwatched) -> Anatomy:
    """All anatomy that this version finds in a CT of the trunk.

    Parameters
    ----------
    anchor : a person's name for the vertebra at one z, where the image anchors none or is to be overruled.
    watch : called with each stage's name and held open while it runs.
    """
    if volume.modality is not Modality.CT:
        raise ModalityError(volume.modality)
    stages: list[str] = []
    watched = _noting(watch, stages)
    with watched("working grid"):
        grid = WorkingGrid.of(volume)
    frame = _frame(grid.volume, watched)
    skin, bone, canal = frame.skin, frame.bone, frame.canal
    spine = _spine(grid.volume, frame, anchor, watched)
    with watched("foramina"):
        openings = find_openings(spine.column, spine.interspaces)
    with watched("nerve roots"):
        roots = find_roots(spine.column, openings)
    with watched("facets"):
        facets = find_facets(grid.volume, spine.column, spine.vertebrae, spine.interspaces)
    with watched("sac"):
        sac = find_sac(grid.volume, canal)
    with watched("organs"):
        organs = find_organs(grid.volume, coarse_image(grid.volume, skin, bone, canal), _t12_end_s_mm(spine))
    found = Found(
        skin, bone, sac, canal, spine.column, spine.vertebrae, spine.names, spine.pelvis, spine.ribs, roots, organs
    )
    with watched("labels"):
        pieces = all_pieces(grid.volume.geometry, found)
        labels = compose(grid.volume.geometry, pieces)
    anatomy = Anatomy(
        labels=_on_scan(grid, labels),
        surroundings=LabelMap(volume.geometry, grid.back(skin.surroundings.astype(np.uint16))),
        vertebrae=_vertebrae(spine),
        discs=_discs(spine),
        canal_centreline_mm=canal.frame.centres_mm,
        foramina=foramina(openings),
        facets=facets,
        nerve_roots=roots,
        confidence=confidences(pieces),
        uncertainty_mm=uncertainties_mm(pieces),
        lie=agrees_with_spine(skin.lie, skin.body, grid.volume.geometry, canal.frame.centres_mm),
        naming=spine.naming.evidence,
        warnings=(*spine.naming.warnings, *organs.warnings, *_doubts(skin, spine)),
        stages=tuple(stages),
    )
    return replace(anatomy, warnings=(*anatomy.warnings, *missing(anatomy.confidence)))


def _noting(watch: StageWatch, stages: list[str]) -> StageWatch:
    """The same watch, keeping the stages' names in order."""

    def noted(stage: str) -> AbstractContextManager[None]:
        stages.append(stage)
        return watch(stage)

    return noted


def _frame(volume: Volume, watched: StageWatch) -> _Frame:
    with watched("skin"):
        skin = find_skin(volume)
    with watched("bone"):
        bone = find_bone(volume, skin)
    with watched("canal"):
        canal = track_canal(volume, skin, bone)
    with watched("marrow"):
        filled = with_marrow(volume, skin, bone, canal)
    with watched("discs"):
        return _Frame(skin, filled, canal, find_discs(volume, bone, canal))


def _spine(volume: Volume, frame: _Frame, anchor: LevelAnchor | None, watched: StageWatch) -> _Spine:
    seen = frame.discs
    if max((disc.confidence for disc in seen), default=0.0) < _SURE_DISC:
        raise AnatomyError(
            "intervertebral disc",
            f"what looks like a canal of {frame.canal.frame.s_mm[-1]:.0f} mm has none",
            "send a CT that shows two neighbouring vertebrae of the thoracic or lumbar spine",
        )
    with watched("pelvis"):
        pelvis = find_pelvis(volume, frame.bone, frame.canal, seen)
    discs = seen[pelvis.lumbosacral or 0 :]
    with watched("ribs"):
        ribs = find_ribs(volume.geometry, frame.bone, frame.canal, discs)
    with watched("vertebrae"):
        column = lay_straight(volume, frame.bone, frame.canal, discs)
        vertebrae = share_out(column)
    naming = name_levels(discs, _centres_mm(column), pelvis, ribs, anchor)
    return _Spine(discs, pelvis, ribs, column, vertebrae, naming)


def _centres_mm(column: SpineColumn) -> FloatArray:
    """(n, 3) middles of the bodies."""
    suv = [(body.center_s_mm, body.center_u_mm, body.center_v_mm) for body in column.bodies]
    return column.grid.frame.to_lps(np.array(suv))


def _t12_end_s_mm(spine: _Spine) -> float | None:
    """Where the T12 body ends below, along the canal; None where T12 is not named."""
    if SpineLevel.T12 not in spine.names:
        return None
    body = spine.column.bodies[spine.names.index(SpineLevel.T12)]
    return body.center_s_mm - body.height_mm / 2.0


def _vertebrae(spine: _Spine) -> tuple[Vertebra, ...]:
    sure = spine.naming.confidence
    return tuple(
        Vertebra(name, centre, confidence, sure if isinstance(name, SpineLevel) else 0.0)
        for name, centre, confidence in zip(
            spine.names, _centres_mm(spine.column), spine.vertebrae.confidence, strict=True
        )
    )


def _discs(spine: _Spine) -> tuple[Disc, ...]:
    return tuple(
        Disc(between, disc.center_mm, disc.normal, disc.confidence)
        for between, disc in zip(spine.interspaces, spine.discs, strict=True)
    )


def _on_scan(grid: WorkingGrid, labels: LabelMap) -> LabelMap:
    return LabelMap(grid.scan, grid.back(labels.labels), labels.entries)


def _doubts(skin: Skin, spine: _Spine) -> tuple[str, ...]:
    """What a person should look at, in words and numbers."""
    said = []
    if skin.confidence < _SKIN_IN_VIEW:
        said.append(
            f"only {skin.confidence:.0%} of the body's outline is skin; elsewhere the image's edge cuts the body"
        )
    weak = [str(b) for b, d in zip(spine.interspaces, spine.discs, strict=True) if d.confidence < _WEAK_DISC]
    if weak:
        said.append(f"discs {', '.join(weak)} are hardly seen and placed by their neighbours' distances")
    return tuple(said)
