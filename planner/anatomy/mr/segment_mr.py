"""An MR in, an Anatomy out: the straight line over all stages.

In: an MR volume on any grid and the spine's network. Out: labels on the scan's own grid, landmarks in LPS mm, and what is doubtful.
The network says what is bone, disc and canal; skin, sac, fat and roots are the image's; from the straightened spine on an MR goes the
CT's way, on a spine painted as a CT would show it. Bone and joints are never sure here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy import itk
from planner.anatomy.coarse import coarse_image
from planner.anatomy.column import SpineColumn, lay_straight
from planner.anatomy.compose import compose, confidences, uncertainties_mm
from planner.anatomy.findings import interspaces_of, middles_mm
from planner.anatomy.foramina import Opening, foramina
from planner.anatomy.lie import agrees_with_spine
from planner.anatomy.model import Anatomy, Disc, NerveRoot, StageWatch, Vertebra, unwatched
from planner.anatomy.mr.bias import evened
from planner.anatomy.mr.ganglia import NerveMap, seen_roots
from planner.anatomy.mr.naming import find_sacrum, no_ribs, pelvis_on
from planner.anatomy.mr.openings import FatMap, modelled_pedicles, mr_openings, opening_mask, pedicle_mask
from planner.anatomy.mr.painted import FAT_HU, SOFT_HU, PaintedSpine, painted, with_bone
from planner.anatomy.mr.pieces import MrFound, mr_pieces
from planner.anatomy.mr.plausible import require_mr
from planner.anatomy.mr.sac import find_sac_on_mr
from planner.anatomy.mr.skin import find_skin_on_mr, seen_on
from planner.anatomy.mr.stacks import spine_in_stacks
from planner.anatomy.mr.weighting import Contrast, Weighting, weighed
from planner.anatomy.mr.worth import Resolution, on_mr, root_on_mr
from planner.anatomy.mr.zones import MrZone, find_zones
from planner.anatomy.naming import LevelAnchor, name_levels
from planner.anatomy.network.session import Network
from planner.anatomy.network.spine_on_mr import MrSpine
from planner.anatomy.pelvis import Pelvis
from planner.anatomy.pieces import missing
from planner.anatomy.roots import find_roots
from planner.anatomy.sac import Sac
from planner.anatomy.skin import not_reconstructed
from planner.anatomy.stages import Bone, DiscLevel, Naming, Skin
from planner.anatomy.straight import bring_back, straighten
from planner.anatomy.vertebrae import Vertebrae, share_out
from planner.anatomy.working_grid import WorkingGrid
from planner.errors import AnatomyError
from planner.geometry import VolumeGeometry
from planner.structures import Interspace, LevelName, SpineLevel
from planner.volume import LabelMap, Modality, Volume

STAGES = (
    "working grid", "shading", "spine on MR", "weighting", "skin", "vertebrae", "foramina", "nerve roots", "sac",
    "zones", "labels",
)  # fmt: skip

_SKIN_IN_VIEW = 0.9
_BODY_MM = 26.0
"""Height of the T12 body (assumed), where no disc below it is seen."""

_BONE_SAID = (
    "MR does not show bone as CT does: what is drawn of it is the network's, never sure, and joints are not sought; look at every path where "
    "it passes bone, or plan on a CT"
)

_OPPOSED_SAID = (
    "fat and water cancel where they meet: nerves and the borders of foramina are not sought in this image; plan on the in-phase image of "
    "the same Dixon series"
)


@dataclass(frozen=True, slots=True, eq=False)
class MrFindings:
    """Every stage's own result; ``discs`` begin at the lumbosacral one where a sacrum shows."""

    grid: WorkingGrid
    even: Volume
    contrast: Contrast
    spine: MrSpine
    skin: Skin
    ground: PaintedSpine
    discs: tuple[DiscLevel, ...]
    pelvis: Pelvis
    naming: Naming
    column: SpineColumn
    vertebrae: Vertebrae
    openings: tuple[Opening, ...]
    roots: tuple[NerveRoot, ...]
    sac: Sac
    zones: tuple[MrZone, ...]

    @property
    def names(self) -> tuple[LevelName, ...]:
        """Of vertebra 0 (below the first disc), 1, 2 and on."""
        return (self.naming.below, *self.naming.names)

    @property
    def interspaces(self) -> tuple[Interspace, ...]:
        """Of disc 0, 1, 2 and on."""
        return interspaces_of(self.names)


def segment_mr(
    volume: Volume,
    network: Network,
    anchor: LevelAnchor | None = None,
    watch: StageWatch = unwatched,
    stacks: Sequence[Volume] = (),
) -> Anatomy:
    """All anatomy that this version finds in an MR of the lumbar or lower thoracic spine.

    Parameters
    ----------
    anchor : a person's name for the vertebra at one z, where the image anchors none or is to be overruled.
    stacks : others of the same study and frame of reference, in which the network looks too (``stacks.py``).
    """
    return mr_anatomy_of(find_on_mr(volume, network, anchor, watch, stacks), watch)


def find_on_mr(
    volume: Volume,
    network: Network,
    anchor: LevelAnchor | None = None,
    watch: StageWatch = unwatched,
    stacks: Sequence[Volume] = (),
) -> MrFindings:
    """Every stage's own result."""
    return find_with(volume, lambda even: spine_in_stacks(even, stacks, network), anchor, watch)


def find_with(
    volume: Volume,
    see: Callable[[Volume], MrSpine],
    anchor: LevelAnchor | None = None,
    watch: StageWatch = unwatched,
) -> MrFindings:
    """Every stage's own result, whoever sees the spine."""
    with watch("working grid"):
        require_mr(volume)
        grid = WorkingGrid.of(volume)
        absent = not_reconstructed(grid.volume)
    with watch("shading"):
        even = evened(grid.volume, absent)
    with watch("spine on MR"):
        spine = see(even)
        _require_disc(spine)
    with watch("weighting"):
        contrast = weighed(even, spine)
    with watch("skin"):
        skin = seen_on(find_skin_on_mr(even, absent), grid.oblique)
    with watch("vertebrae"):
        ground = painted(even, skin.body, contrast, spine)
        place, sure = find_sacrum(spine)
        discs = spine.discs[place or 0 :]
        pelvis = pelvis_on(spine, ground, place, sure)
        naming = name_levels(discs, middles_mm(discs), pelvis, no_ribs(ground.volume.geometry.shape), anchor)
        names = (naming.below, *naming.names)
        column = lay_straight(ground.volume, ground.bone, ground.canal, discs)
        column = replace(column, pedicles=modelled_pedicles(column, names), voxel_mm=_voxel_mm(grid.volume.geometry))
    between = interspaces_of(names)
    with watch("foramina"):
        fat = _fat(ground, column, contrast)
        openings = mr_openings(column, fat, between)
        column, ground = _opened(column, ground, openings)
        vertebrae = share_out(column)
    with watch("nerve roots"):
        signal = straighten(even.voxels, even.geometry, column.grid, 0.0)
        modelled = find_roots(_of_fat(column, fat), openings)
        roots = seen_roots(modelled, openings, NerveMap.of(column.grid, signal, contrast))
    with watch("sac"):
        sac = find_sac_on_mr(even, contrast, ground)
    with watch("zones"):
        zones = _zones(even, skin, ground, _t12_end_s_mm(discs, names))
    return MrFindings(
        grid, even, contrast, spine, skin, ground, discs, pelvis, naming, column, vertebrae, openings, roots, sac, zones
    )  # fmt: skip


def _fat(ground: PaintedSpine, column: SpineColumn, contrast: Contrast) -> FatMap:
    """Fat as the column shows it. Where it is dark, cortex and ligament are as dark."""
    grid = ground.volume.geometry
    share = straighten(ground.fat, grid, column.grid, 0.0)
    known = straighten(np.ones(grid.shape, dtype=np.uint8), grid, column.grid, 0.0)
    marrow = float(contrast.fat_share(np.array([contrast.marrow], dtype=np.float32))[0])
    return FatMap(share, known, contrast.shows_fat, contrast.fat > contrast.muscle, marrow)


def _of_fat(column: SpineColumn, fat: FatMap) -> SpineColumn:
    """The column with nothing but fat and no fat in its image: what a root in its foramen is seen by."""
    return replace(column, hu=(SOFT_HU + (FAT_HU - SOFT_HU) * fat.share).astype(np.float32))


def _voxel_mm(scan: VolumeGeometry) -> float:
    return Resolution.of(scan).voxel_mm


def _opened(
    column: SpineColumn, ground: PaintedSpine, openings: tuple[Opening, ...]
) -> tuple[SpineColumn, PaintedSpine]:
    """Bone with its pedicles where they must be, and without what the network drew into the foramina."""
    more, less = pedicle_mask(column), opening_mask(column, openings)
    changed = replace(column, bone=(column.bone | more) & ~less)
    back = bring_back(more.astype(np.uint8) + 2 * less.astype(np.uint8), column.grid, ground.volume.geometry)
    return changed, with_bone(ground, np.asarray(back == 1), np.asarray(back >= 2))


def _require_disc(spine: MrSpine) -> None:
    if not spine.discs:
        raise AnatomyError(
            "intervertebral disc",
            f"what looks like a canal of {spine.canal.frame.s_mm[-1]:.0f} mm has none",
            "send an MR that shows two neighbouring vertebrae of the thoracic or lumbar spine",
        )


def _t12_end_s_mm(discs: tuple[DiscLevel, ...], names: tuple[LevelName, ...]) -> float | None:
    """Where the T12 body ends below, along the canal; None where T12 is not named."""
    if SpineLevel.T12 in names:
        vertebra = names.index(SpineLevel.T12)
        if vertebra > 0:
            return discs[vertebra - 1].s_mm + discs[vertebra - 1].height_mm / 2.0
        return discs[0].s_mm - discs[0].height_mm / 2.0 - _BODY_MM
    lumbar = [n for n, name in enumerate(names) if isinstance(name, SpineLevel) and name.region == "L"]
    if not lumbar or lumbar[-1] == 0:
        return None
    top = names[lumbar[-1]]
    assert isinstance(top, SpineLevel)
    return discs[lumbar[-1] - 1].s_mm + _LEVEL_MM * top.number


_LEVEL_MM = 35.0
"""From a lumbar disc to the next one above (Panjabi 1992, Spine 17:299), where T12 lies above the scan."""


def _zones(even: Volume, skin: Skin, ground: PaintedSpine, t12_end_s_mm: float | None) -> tuple[MrZone, ...]:
    geometry = even.geometry
    bone = itk.mask_on(ground.bone.mask, ground.volume.geometry, geometry)
    none = np.zeros(geometry.shape, dtype=bool)
    return find_zones(coarse_image(even, skin, Bone(bone, none, 0.0), ground.canal), t12_end_s_mm)


def mr_anatomy_of(found: MrFindings, watch: StageWatch = unwatched) -> Anatomy:
    """What the stages found as one answer on the scan's own grid."""
    scan = found.grid.volume.geometry
    resolution = Resolution.of(scan)
    roots = tuple(
        root_on_mr(root, resolution, opening.sheet.assumed_out_mm)
        for root, opening in zip(found.roots, found.openings, strict=True)
    )
    drawn = MrFound(
        found.skin, found.ground, found.pelvis, found.column, found.vertebrae, found.names, found.sac, roots, found.zones
    )  # fmt: skip
    with watch("labels"):
        pieces = mr_pieces(scan, drawn)
        labels = compose(scan, pieces)
    sure = confidences(pieces)
    return Anatomy(
        labels=LabelMap(found.grid.scan, found.grid.back(labels.labels), labels.entries),
        surroundings=LabelMap(found.grid.scan, found.grid.back(found.skin.surroundings.astype(np.uint16))),
        vertebrae=_vertebrae(found, resolution),
        discs=_discs(found, resolution),
        canal_centreline_mm=found.ground.canal.frame.centres_mm,
        foramina=tuple(on_mr(one, resolution) for one in foramina(found.openings, found.column.voxel_mm)),
        facets=(),
        nerve_roots=roots,
        confidence=sure,
        uncertainty_mm=uncertainties_mm(pieces),
        lie=agrees_with_spine(found.skin.lie, found.skin.body, scan, found.ground.canal.frame.centres_mm),
        naming=found.naming.evidence,
        warnings=(*_warnings(found, scan), *missing(sure)),
        stages=STAGES,
        modality=Modality.MR,
    )


def _vertebrae(found: MrFindings, resolution: Resolution) -> tuple[Vertebra, ...]:
    named = found.naming.confidence
    suv = [(body.center_s_mm, body.center_u_mm, body.center_v_mm) for body in found.column.bodies]
    centres = found.column.grid.frame.to_lps(np.array(suv))
    return tuple(
        Vertebra(name, centre, round(sure * resolution.thick, 3), named if isinstance(name, SpineLevel) else 0.0)
        for name, centre, sure in zip(found.names, centres, found.vertebrae.confidence, strict=True)
    )


def _discs(found: MrFindings, resolution: Resolution) -> tuple[Disc, ...]:
    return tuple(
        Disc(between, disc.center_mm, disc.normal, round(disc.confidence * resolution.thick, 3))
        for between, disc in zip(found.interspaces, found.discs, strict=True)
    )


def _warnings(found: MrFindings, scan: VolumeGeometry) -> tuple[str, ...]:
    """What a person should look at, in words and numbers."""
    said = [f"MR {found.contrast.words}", _BONE_SAID, *found.spine.notes]
    if found.contrast.weighting is Weighting.OPPOSED:
        said.append(_OPPOSED_SAID)
    if found.skin.confidence < _SKIN_IN_VIEW:
        said.append(
            f"only {found.skin.confidence:.0%} of the body's outline is skin; elsewhere the image's edge cuts the body"
        )
    thickest = float(scan.spacing_mm.max())
    if thickest > 2.0:
        said.append(
            f"slices of {thickest:.1f} mm: every border is known to half of that at best, and confidences fall with it"
        )
    return (*said, *found.naming.warnings, *(zone.said for zone in found.zones))
