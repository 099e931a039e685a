"""What everything else hangs on, found in the whole scan: skin, bone, canal, discs, pelvis, ribs and the vertebrae's names.

In: a CT on the working grid. Out: a ``Frame`` on its grid. What does not need one another is found side by side.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from planner.anatomy.bone import Enclosed, find_bone, find_enclosed, without_canal
from planner.anatomy.canal import CanalLine, canal_line
from planner.anatomy.discs import find_discs
from planner.anatomy.findings import Frame, middles_mm
from planner.anatomy.model import StageWatch
from planner.anatomy.naming import LevelAnchor, name_levels
from planner.anatomy.pelvis import draw_pelvis, find_lumbosacral
from planner.anatomy.ribs import BoneInSpine, Ribs, bone_in_spine, find_ribs
from planner.anatomy.skin import skin_of
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel, Skin
from planner.anatomy.working_grid import WorkingGrid
from planner.errors import AnatomyError
from planner.volume import Volume

_SURE_DISC = 0.4
"""Of a disc's confidence: a spine shows at least one above."""


def find_frame(grid: WorkingGrid, anchor: LevelAnchor | None, watch: StageWatch) -> Frame:
    """Discs are sought in cortex alone, where foramina are open for sure; bones are parted with their marrow."""
    volume = grid.volume
    with watch("skin"):
        skin = skin_of(volume, grid.oblique)
    with watch("bone"):
        bone = find_bone(volume, skin)
    discs, canal, bone = _discs_and_marrow(volume, skin, bone, watch)
    with ThreadPoolExecutor(1) as pool:
        laid = pool.submit(bone_in_spine, volume, bone, canal)
        with watch("pelvis"):
            sacrum = find_lumbosacral(volume, bone, canal, discs)
            above = discs if sacrum is None else discs[sacrum.place :]
            tracing = pool.submit(_ribs, volume, bone, canal, above, laid, watch)
            pelvis = draw_pelvis(volume, bone, canal, discs, sacrum)
        ribs = tracing.result()
    naming = name_levels(above, middles_mm(above), pelvis, ribs, anchor)
    return Frame(skin, bone, canal, above, pelvis, ribs, naming)


def _discs_and_marrow(
    volume: Volume, skin: Skin, bone: Bone, watch: StageWatch
) -> tuple[tuple[DiscLevel, ...], CanalTrack, Bone]:
    """What bone encloses is sought beside the canal, the canal's mask is drawn beside the discs: none needs the other."""
    with ThreadPoolExecutor(1) as pool:
        seeking = pool.submit(_enclosed, volume, bone, watch)
        with watch("canal"):
            line = canal_line(volume, skin, bone)
        drawing = pool.submit(line.drawn, volume.geometry)
        with watch("discs"):
            discs = _sure_discs(volume, bone, line)
        filled = seeking.result().filled(volume.geometry, bone, line)
        canal = drawing.result()
    return discs, canal, without_canal(filled, skin, bone, canal)


def _enclosed(volume: Volume, bone: Bone, watch: StageWatch) -> Enclosed:
    with watch("marrow"):
        return find_enclosed(volume, bone)


def _ribs(
    volume: Volume,
    bone: Bone,
    canal: CanalTrack,
    discs: tuple[DiscLevel, ...],
    laid: Future[BoneInSpine],
    watch: StageWatch,
) -> Ribs:
    with watch("ribs"):
        return find_ribs(volume, bone, canal, discs, laid.result())


def _sure_discs(volume: Volume, bone: Bone, canal: CanalLine) -> tuple[DiscLevel, ...]:
    seen = find_discs(volume, bone, canal)
    if max((disc.confidence for disc in seen), default=0.0) < _SURE_DISC:
        raise AnatomyError(
            "intervertebral disc",
            f"what looks like a canal of {canal.frame.s_mm[-1]:.0f} mm has none",
            "send a CT that shows two neighbouring vertebrae of the thoracic or lumbar spine",
        )
    return seen
