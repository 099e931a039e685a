"""What each anatomy stage hands to the next: frozen values on the working grid.

The working grid is the scan's own grid re-ordered to the patient's axes (``Volume.in_patient_axes``): k cranial,
j posterior, i left. An oblique scan is resampled to such a grid first. Masks are (k, j, i) bool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from planner.anatomy.model import Lie
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import BoolArray, Float32Array, FloatArray, VolumeGeometry
from planner.structures import LevelName


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """The body without table, arms that lie apart included, and what lies around it.

    ``body`` is filled (lungs and gas inside). ``surroundings`` holds ``model.Surroundings`` values as uint8.
    """

    geometry: VolumeGeometry
    body: BoolArray
    surroundings: npt.NDArray[np.uint8]
    lie: Lie
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Bone:
    """Cortex and marrow of all bones in the image, filled but with the spinal canal open; metal apart."""

    mask: BoolArray
    metal: BoolArray
    confidence: float


class CanalCourse(Protocol):
    """Where the canal runs and how wide it is: a ``CanalTrack``, or one whose mask is not drawn yet."""

    @property
    def frame(self) -> SpineFrame:
        """Travels along it every millimetre."""

    @property
    def radius_mm(self) -> FloatArray:
        """(n,) its equivalent radius at each sample of the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class CanalTrack:
    """The spinal canal: a frame that travels along it every millimetre, caudal to cranial, and its mask.

    ``radius_mm`` (n,) is the canal's equivalent radius at each sample of the frame, ``score`` (n,) in 0..1 how much the
    image looks like a canal there.
    """

    frame: SpineFrame
    mask: BoolArray
    radius_mm: FloatArray
    score: FloatArray
    confidence: float


class SpineProbabilities(Protocol):
    """What a trained network says of each voxel, (k, j, i) in 0..1 on the working grid: a second opinion to be fused.

    ``network.opinion.SpineOpinion`` is one. The classical stages stand without it; it can only lower a confidence (``network.agreement``).
    """

    @property
    def body(self) -> Float32Array:
        """Vertebral body."""

    @property
    def posterior(self) -> Float32Array:
        """Posterior element."""

    @property
    def disc(self) -> Float32Array:
        """Intervertebral disc."""

    @property
    def canal(self) -> Float32Array:
        """Spinal canal."""


@dataclass(frozen=True, slots=True, eq=False)
class DiscLevel:
    """One disc found along the canal, caudal to cranial: where its mid-plane is, and how it is tilted.

    ``s_mm`` is the arc length on the canal's frame at which the disc's mid-plane crosses the canal's front wall;
    ``center_mm`` the middle of the disc; ``normal`` a unit vector pointing cranially; ``height_mm`` its height there.
    """

    s_mm: float
    center_mm: FloatArray
    normal: FloatArray
    height_mm: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Naming:
    """Names for the counted vertebrae, most caudal first, and what anchors them.

    ``names[i]`` is the vertebra above ``discs[i]`` ... the vertebra below ``discs[0]`` is ``below``.
    ``confidence`` is 0 where nothing anchors; ``evidence`` says in words what does. ``counted_from`` are the places of the
    anchors, the vertebra below the first disc being 0: beyond them a name is no surer than the discs that were counted.
    """

    below: LevelName
    names: tuple[LevelName, ...]
    confidence: float
    evidence: str
    warnings: tuple[str, ...] = ()
    counted_from: tuple[int, ...] = ()
