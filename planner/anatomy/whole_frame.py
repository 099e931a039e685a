"""What everything else hangs on, found in the whole scan: skin, bone, canal, discs, pelvis, ribs and the vertebrae's names.

In: a CT on the working grid. Out: a ``Frame`` on its grid. What does not need one another is found side by side.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from planner.anatomy.bone import find_bone, with_marrow
from planner.anatomy.canal import track_canal
from planner.anatomy.discs import find_discs
from planner.anatomy.findings import Frame, middles_mm
from planner.anatomy.model import StageWatch
from planner.anatomy.naming import LevelAnchor, name_levels
from planner.anatomy.pelvis import find_pelvis
from planner.anatomy.ribs import bone_in_spine, find_ribs
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
    with watch("canal"):
        canal = track_canal(volume, skin, bone)
    discs, bone = _discs_and_marrow(volume, skin, bone, canal, watch)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(bone_in_spine, volume, bone, canal)
        with watch("pelvis"):
            pelvis = find_pelvis(volume, bone, canal, discs)
        discs = discs[pelvis.lumbosacral or 0 :]
        with watch("ribs"):
            ribs = find_ribs(volume, bone, canal, discs, waiting.result())
    naming = name_levels(discs, middles_mm(discs), pelvis, ribs, anchor)
    return Frame(skin, bone, canal, discs, pelvis, ribs, naming)


def _discs_and_marrow(
    volume: Volume, skin: Skin, bone: Bone, canal: CanalTrack, watch: StageWatch
) -> tuple[tuple[DiscLevel, ...], Bone]:
    """Neither needs the other: side by side."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_with_marrow, volume, skin, bone, canal, watch)
        with watch("discs"):
            discs = _sure_discs(volume, bone, canal)
        return discs, waiting.result()


def _with_marrow(volume: Volume, skin: Skin, bone: Bone, canal: CanalTrack, watch: StageWatch) -> Bone:
    with watch("marrow"):
        return with_marrow(volume, skin, bone, canal)


def _sure_discs(volume: Volume, bone: Bone, canal: CanalTrack) -> tuple[DiscLevel, ...]:
    seen = find_discs(volume, bone, canal)
    if max((disc.confidence for disc in seen), default=0.0) < _SURE_DISC:
        raise AnatomyError(
            "intervertebral disc",
            f"what looks like a canal of {canal.frame.s_mm[-1]:.0f} mm has none",
            "send a CT that shows two neighbouring vertebrae of the thoracic or lumbar spine",
        )
    return seen
