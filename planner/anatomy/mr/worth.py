"""What a landmark or an outline from an MR is worth: caps of confidence, and uncertainties that its cubes and its network leave.

In: landmarks as they come from the painted spine. Out: the same with an MR's confidence and uncertainty. Nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.anatomy.model import Foramen, NerveRoot
from planner.geometry import VolumeGeometry

BONE_WORTH = 0.4
"""Of the network's bone: its posterior elements reached a Dice of 0.59 on the one real MR with labels; below 0.5 a person must look."""

FORAMEN_WORTH = 0.75
"""Bounded in front by disc and body, above and below by pedicles, which the network sees; behind by what it does not (assumed)."""

BONE_UNCERTAINTY_MM = 2.0
"""Of a border: a cube of the network and half of one (assumed; measured on phantoms in ``docs/accuracy.md``)."""

_CUBE_MM = 1.5
_FORAMEN_MORE_MM, _ROOT_MORE_MM = 1.6, 1.1
"""Beside what the painted image leaves: the network's borders wander by a cube. With 0.6 mm less 22 of 24 foramina on three phantoms lay within."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The longest edge of the scan's voxels, the network's cubes counted as such."""

    voxel_mm: float

    @classmethod
    def of(cls, scan: VolumeGeometry) -> Resolution:
        """Of a scan."""
        return cls(max(_CUBE_MM, float(scan.spacing_mm.max())))

    @property
    def half_mm(self) -> float:
        """Half of it."""
        return self.voxel_mm / 2.0

    @property
    def thick(self) -> float:
        """Share of a confidence that thick slices leave: all up to 2 mm, half at 4."""
        return min(1.0, 2.0 / self.voxel_mm)


def on_mr(foramen: Foramen, resolution: Resolution) -> Foramen:
    """A foramen with an MR's worth."""
    return replace(
        foramen,
        confidence=round(foramen.confidence * FORAMEN_WORTH * resolution.thick, 3),
        uncertainty_mm=round(foramen.uncertainty_mm + _FORAMEN_MORE_MM, 2),
    )


def root_on_mr(root: NerveRoot, resolution: Resolution, assumed_mm: float = 0.0) -> NerveRoot:
    """A root with an MR's worth; where fat shows it, it is the image that placed it."""
    return replace(
        root,
        confidence=round(root.confidence * resolution.thick, 3),
        uncertainty_mm=round(root.uncertainty_mm + _ROOT_MORE_MM + assumed_mm, 2),
    )
