"""What the stages found in one image, each stage's frozen value by its name: what ``segment`` makes an ``Anatomy`` of.

Everything lies on the working grid (``working_grid.py``) or, where a region was asked for, on its slices.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner.anatomy.column import SpineColumn
from planner.anatomy.doubts import NO_DOUBTS, Doubts
from planner.anatomy.foramina import Opening
from planner.anatomy.model import Facet, NerveRoot, SacralForamen, Slab
from planner.anatomy.organs import Organs
from planner.anatomy.pelvis import Pelvis
from planner.anatomy.region import rows_of
from planner.anatomy.ribs import Ribs
from planner.anatomy.sac import Sac
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel, Naming, Skin
from planner.anatomy.vertebrae import Vertebrae
from planner.anatomy.working_grid import WorkingGrid
from planner.geometry import AnyArray, FloatArray
from planner.structures import Interspace, LevelName, SpineLevel
from planner.volume import Volume

_HALF_BODY_MM = 17.0
"""Half a thoracolumbar level, body and disc (assumed): where only one disc is seen."""

_BODY_MM = 26.0
"""Height of the T12 body (assumed), where no disc below it is seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What everything else hangs on, in the whole scan: the canal, the discs along it, and their names."""

    skin: Skin
    bone: Bone
    canal: CanalTrack
    discs: tuple[DiscLevel, ...]
    pelvis: Pelvis
    ribs: Ribs
    naming: Naming

    @property
    def names(self) -> tuple[LevelName, ...]:
        """Of vertebra 0 (below the first disc), 1, 2 and on."""
        return (self.naming.below, *self.naming.names)

    @property
    def interspaces(self) -> tuple[Interspace, ...]:
        """Of disc 0, 1, 2 and on."""
        return interspaces_of(self.names)

    @property
    def lumbosacral(self) -> DiscLevel | None:
        """The disc above the sacrum, where a sacrum shows: the first."""
        return None if self.pelvis.lumbosacral is None else self.discs[0]

    @property
    def t12_end_s_mm(self) -> float | None:
        """Where the T12 body ends below, along the canal; None where T12 is not named."""
        if SpineLevel.T12 not in self.names:
            return None
        vertebra = self.names.index(SpineLevel.T12)
        if vertebra > 0:
            disc = self.discs[vertebra - 1]
            return disc.s_mm + disc.height_mm / 2.0
        return self.discs[0].s_mm - self.discs[0].height_mm / 2.0 - _BODY_MM


@dataclass(frozen=True, slots=True, eq=False)
class Spine:
    """Vertebrae and what lies between them, caudal to cranial; ``discs`` and ``names`` are those that were asked for."""

    discs: tuple[DiscLevel, ...]
    names: tuple[LevelName, ...]
    column: SpineColumn
    vertebrae: Vertebrae
    openings: tuple[Opening, ...]
    roots: tuple[NerveRoot, ...]
    facets: tuple[Facet, ...]
    sac: Sac
    sacral_foramina: tuple[SacralForamen, ...] = ()
    doubts: Doubts = NO_DOUBTS

    @property
    def interspaces(self) -> tuple[Interspace, ...]:
        """Of disc 0, 1, 2 and on."""
        return interspaces_of(self.names)

    @property
    def centres_mm(self) -> FloatArray:
        """(n, 3) middles of the bodies."""
        suv = [(body.center_s_mm, body.center_u_mm, body.center_v_mm) for body in self.column.bodies]
        return self.column.grid.frame.to_lps(np.array(suv))


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Everything that was found. ``whole`` is the frame in the whole scan, ``frame`` the same on the slices of ``volume``."""

    grid: WorkingGrid
    volume: Volume
    slab: Slab | None
    whole: Frame
    frame: Frame
    spine: Spine
    organs: Organs

    def on_grid(self, part: AnyArray, outside: int) -> AnyArray:
        """An array on the slices of ``volume``, on all slices of the working grid."""
        if self.slab is None:
            return part
        full = np.zeros(self.grid.volume.geometry.shape, dtype=part.dtype)
        if outside:
            full.fill(outside)
        full[rows_of(self.slab, self.grid.volume.geometry)] = part
        return full


def interspaces_of(names: tuple[LevelName, ...]) -> tuple[Interspace, ...]:
    """Between each vertebra and the next above it."""
    return tuple(Interspace(upper, lower) for lower, upper in pairwise(names))


def middles_mm(discs: tuple[DiscLevel, ...]) -> FloatArray:
    """(n + 1, 3) about where the bodies' middles lie: half-way between their discs."""
    centres = np.array([disc.center_mm for disc in discs])
    if len(discs) == 1:
        half = _HALF_BODY_MM * discs[0].normal
        return np.array([centres[0] - half, centres[0] + half])
    steps = np.diff(centres, axis=0)
    first, last = centres[0] - steps[0] / 2.0, centres[-1] + steps[-1] / 2.0
    return np.concatenate([first[None], centres[:-1] + steps / 2.0, last[None]])
