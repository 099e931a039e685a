"""What everything else hangs on, found in the whole scan: skin, bone, canal, discs, pelvis, ribs and the vertebrae's names.

In: a CT on the working grid. Out: a ``Frame`` on its grid. What does not need one another is found side by side.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from planner.anatomy.bone import filled_bone, find_bone, without_canal
from planner.anatomy.canal import CanalLine, canal_line
from planner.anatomy.discs import find_discs
from planner.anatomy.findings import Frame, middles_mm
from planner.anatomy.model import StageWatch
from planner.anatomy.naming import LevelAnchor, name_levels
from planner.anatomy.pelvis import find_pelvis
from planner.anatomy.ribs import bone_in_spine, find_ribs
from planner.anatomy.skin import skin_of
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel
from planner.anatomy.working_grid import WorkingGrid
from planner.errors import AnatomyError
from planner.geometry import BoolArray
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
        line = canal_line(volume, skin, bone)
    discs, canal, filled = _discs_and_marrow(volume, bone, line, watch)
    bone = without_canal(filled, skin, bone, canal)
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
    volume: Volume, bone: Bone, line: CanalLine, watch: StageWatch
) -> tuple[tuple[DiscLevel, ...], CanalTrack, BoolArray]:
    """Discs, the canal's mask and the filled bone: none needs another, so side by side."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_filled, volume, bone, line, watch)
        with watch("discs"):
            discs = _sure_discs(volume, bone, line)
        canal = line.drawn(volume.geometry)
        return discs, canal, waiting.result()


def _filled(volume: Volume, bone: Bone, line: CanalLine, watch: StageWatch) -> BoolArray:
    with watch("marrow"):
        return filled_bone(volume, bone, line)


def _sure_discs(volume: Volume, bone: Bone, canal: CanalLine) -> tuple[DiscLevel, ...]:
    seen = find_discs(volume, bone, canal)
    if max((disc.confidence for disc in seen), default=0.0) < _SURE_DISC:
        raise AnatomyError(
            "intervertebral disc",
            f"what looks like a canal of {canal.frame.s_mm[-1]:.0f} mm has none",
            "send a CT that shows two neighbouring vertebrae of the thoracic or lumbar spine",
        )
    return seen
