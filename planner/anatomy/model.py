"""What was found in one image: labelled voxels, levels, landmarks, and how sure each is.

Frozen values only. Everything is LPS mm in the scan's own frame; the label map lies on the scan's own grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

import numpy as np

from planner.geometry import FloatArray, frozen
from planner.structures import Interspace, LevelName, Pose, Side, Structure
from planner.volume import LabelMap, Modality

StageWatch: TypeAlias = Callable[[str], AbstractContextManager[None]]
"""Called with a stage's name, held open while it runs; the planner itself reads no clock."""


def unwatched(_stage: str) -> AbstractContextManager[None]:
    """A watch that looks away."""
    return nullcontext()


class Surroundings(IntEnum):
    """What a voxel outside the body is."""

    BODY = 0
    AIR = 1
    OBJECT = 2
    OUTSIDE_RECONSTRUCTION = 3


@dataclass(frozen=True, slots=True, eq=False)
class Vertebra:
    """One vertebra that was counted; named only where an anchor names it."""

    name: LevelName
    body_center_mm: FloatArray
    confidence: float
    """That there is one vertebra here."""
    name_confidence: float
    """That the name is right; 0 where it is not named."""


@dataclass(frozen=True, slots=True, eq=False)
class Disc:
    """The disc between two vertebrae; ``normal`` is a unit vector pointing cranially."""

    between: Interspace
    center_mm: FloatArray
    normal: FloatArray
    confidence: float
    uncertainty_mm: float = 0.0
    """How far the true middle may lie from ``center_mm`` (95 %); 0 where nobody said."""


@dataclass(frozen=True, slots=True, eq=False)
class Foramen:
    """One intervertebral foramen, bounded by the pedicles above and below.

    ``center_mm`` lies in the middle of its sagittal opening. ``pedicle_above_mm`` is the lowest point
    of the upper pedicle, ``pedicle_below_mm`` the highest of the lower one: their distance is the height.
    """

    between: Interspace
    side: Side
    center_mm: FloatArray
    pedicle_above_mm: FloatArray
    pedicle_below_mm: FloatArray
    area_mm2: float
    confidence: float
    uncertainty_mm: float = 0.0
    """How far the true middle may lie from ``center_mm`` (95 %)."""


@dataclass(frozen=True, slots=True, eq=False)
class SacralForamen:
    """One sacral foramen, a short tunnel: the middles of its dorsal and its ventral opening.

    ``between`` S1/S2 is the first; the S1 root leaves through it.
    """

    between: Interspace
    side: Side
    posterior_mm: FloatArray
    anterior_mm: FloatArray
    diameter_mm: float
    """Of the largest ball that passes the dorsal opening."""
    uncertainty_mm: float
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """One facet joint: a point on its posterior gap and the unit vector along its cranio-caudal axis.

    ``surface_mm`` (n, 3) are points of the gap that were seen, ``normal`` the unit vector across it, from the lower vertebra's
    process to the upper one's; both empty where only a point is known.
    """

    between: Interspace
    side: Side
    point_mm: FloatArray
    axis: FloatArray
    confidence: float
    surface_mm: FloatArray = field(default_factory=lambda: frozen(np.zeros((0, 3))))
    normal: FloatArray = field(default_factory=lambda: frozen(np.zeros(0)))


@dataclass(frozen=True, slots=True, eq=False)
class NerveRoot:
    """One root as a model: (n, 3) centreline from the sac outwards, with its ganglion.

    Not seen on CT: placed from the foramen; ``uncertainty_mm`` is the shell that holds it.
    """

    root: str
    between: Interspace
    side: Side
    course_mm: FloatArray
    ganglion_mm: FloatArray
    radius_mm: float
    uncertainty_mm: float
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Lie:
    """How the image says the body lies, and what says so."""

    pose: Pose
    confidence: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Slab:
    """The part of the scan that was asked for, between two LPS z: what lies outside is absent by request.

    ``beyond`` are structures that were sought, and lie outside: checked, though nothing of them is drawn.
    """

    low_z_mm: float
    high_z_mm: float
    beyond: tuple[Structure, ...] = ()

    @property
    def words(self) -> str:
        """What a person must know about it."""
        said = (
            f"only z {self.low_z_mm:.0f} to {self.high_z_mm:.0f} mm was asked for: what lies outside is not drawn, and no path "
            "may leave it"
        )
        return f"{said}; outside it lies the {', '.join(s.words for s in self.beyond)}" if self.beyond else said


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """One image's anatomy, and what is doubtful about it.

    ``labels`` and ``surroundings`` share the scan's grid. ``uncertainty_mm`` is how far a structure's
    drawn border may lie from the true one (95 %), ``confidence`` is 0 to 1; a structure missing from
    ``confidence`` was not looked for or not found.
    """

    labels: LabelMap
    surroundings: LabelMap
    vertebrae: tuple[Vertebra, ...]
    discs: tuple[Disc, ...]
    canal_centreline_mm: FloatArray
    foramina: tuple[Foramen, ...]
    facets: tuple[Facet, ...]
    nerve_roots: tuple[NerveRoot, ...]
    confidence: Mapping[Structure, float]
    uncertainty_mm: Mapping[Structure, float]
    lie: Lie
    naming: str
    """What anchors the level names, in words; empty where nothing does."""
    warnings: tuple[str, ...] = ()
    stages: tuple[str, ...] = field(default=())
    sacral_foramina: tuple[SacralForamen, ...] = ()
    region: Slab | None = None
    """What was asked for of the scan; None: all of it."""
    origin: Mapping[Structure, str] = field(default_factory=dict)
    """Whose segmentation a structure is, where it is not ours: name, version, digest."""
    gates: tuple[str, ...] = ()
    """What was asked of a segmentation that others made, and the answers."""
    modality: Modality = Modality.CT
    """Of the image: bone, needles and reach differ on MR."""
