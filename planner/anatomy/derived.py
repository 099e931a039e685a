"""What hangs between counted vertebrae: foramina, nerve roots, joints. The same whoever drew the vertebrae.

In: the counted vertebrae in their straightened image, and the frame they hang on. Out: the whole spine. Spine coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planner.anatomy.column import SpineColumn
from planner.anatomy.doubts import doubted_root, level_doubts
from planner.anatomy.facets import find_facets
from planner.anatomy.findings import Frame, Spine, interspaces_of
from planner.anatomy.foramina import find_openings
from planner.anatomy.model import StageWatch
from planner.anatomy.roots import find_roots
from planner.anatomy.sac import Sac
from planner.anatomy.sacral_foramina import find_sacral_foramina
from planner.anatomy.sacral_roots import sacral_roots
from planner.anatomy.stages import DiscLevel
from planner.anatomy.vertebrae import Vertebrae
from planner.structures import LevelName
from planner.volume import Volume


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The vertebrae of a scan or of a slab of it, caudal to cranial, and the straightened image around them."""

    discs: tuple[DiscLevel, ...]
    names: tuple[LevelName, ...]
    column: SpineColumn
    vertebrae: Vertebrae


def derived(volume: Volume, frame: Frame, counted: Counted, sac: Callable[[], Sac], watch: StageWatch) -> Spine:
    """Foramina, roots and joints between counted vertebrae, whoever drew these; ``sac`` finds the sac when its turn comes."""
    discs, names, column, vertebrae = counted.discs, counted.names, counted.column, counted.vertebrae
    between = interspaces_of(names)
    doubts = level_doubts(discs, between, frame.bone.metal, volume.geometry)
    with watch("foramina"):
        openings = find_openings(column, between)
    with watch("nerve roots"):
        sacral = () if discs[0] is not frame.lumbosacral else find_sacral_foramina(volume, frame.canal, discs[0])
        found_roots = (*sacral_roots(sacral, frame.canal.frame), *find_roots(column, openings))
        roots = tuple(doubted_root(root, doubts) for root in found_roots)
    with watch("facets"):
        facets = find_facets(volume, column, vertebrae, between)
    with watch("sac"):
        found = sac()
    return Spine(discs, names, column, vertebrae, openings, roots, facets, found, sacral, doubts)
