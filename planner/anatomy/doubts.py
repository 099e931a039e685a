"""What makes a level's landmarks doubtful as a whole: metal near them, whose streaks look like edges, and a disc hardly seen.

In: the counted discs with their names, and the metal. Out: ``Doubts``, which make foramina and roots less sure and wider. LPS mm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.model import Disc, Foramen, NerveRoot
from planner.anatomy.stages import DiscLevel
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.structures import Interspace

_LEAST_METAL_MM3 = 100.0
"""Less is a clip or a lead, whose streaks are short (assumed); a pedicle screw is 700 mm3 and more."""

_STREAKS_MM = 40.0
"""As far from metal its streaks bend what is found (assumed)."""

_SEEN_DISC = 0.4
"""Of a disc's confidence: below it the disc is placed by its neighbours' distances more than by the image."""

_LESS_SURE, _WIDER_MM = 0.6, 5.0
"""Of confidence and in mm, where the doubt is full: assumed. On phantoms with two rods 25 mm beside the canal ganglia moved by 5 to 9 mm, one by 13."""

_SEEN_DISC_MM = 2.0
"""How far the middle of a clearly seen disc may lie off (assumed: all 242 on phantoms and 20 of 21 on real scans lay within 1.5 mm)."""


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """(n, 3) LPS places of metal, none where there is little of it, and 0..1 for each disc that is hardly seen."""

    metal_mm: FloatArray
    of_disc: Mapping[Interspace, float]

    def at(self, point_mm: FloatArray, between: Interspace) -> float:
        """0..1 at one landmark."""
        return max(self.by_metal(point_mm), self.of_disc.get(between, 0.0))

    def by_metal(self, point_mm: FloatArray) -> float:
        """1 at metal, 0 beyond the reach of its streaks."""
        if not len(self.metal_mm):
            return 0.0
        away_mm = float(np.linalg.norm(self.metal_mm - point_mm, axis=1).min())
        return max(0.0, 1.0 - away_mm / _STREAKS_MM)


NO_DOUBTS = Doubts(np.zeros((0, 3)), {})


def level_doubts(
    discs: tuple[DiscLevel, ...], between: tuple[Interspace, ...], metal: BoolArray, geometry: VolumeGeometry
) -> Doubts:
    """The doubts of a scan, or of a slab of it."""
    unseen = {b: max(0.0, 1.0 - disc.confidence / _SEEN_DISC) for b, disc in zip(between, discs, strict=True)}
    return Doubts(_metal_mm(metal, geometry), unseen)


def _metal_mm(metal: BoolArray, geometry: VolumeGeometry) -> FloatArray:
    voxel_mm3 = float(np.prod(geometry.spacing_mm))
    if not metal.any() or metal.sum() * voxel_mm3 < _LEAST_METAL_MM3:
        return np.zeros((0, 3))
    return geometry.points_mm(np.argwhere(metal))


def doubted_root(root: NerveRoot, doubts: Doubts) -> NerveRoot:
    """Less sure and wider by what is doubted at its ganglion."""
    doubt = doubts.at(root.ganglion_mm, root.between)
    return replace(root, confidence=_less(root.confidence, doubt), uncertainty_mm=_wider(root.uncertainty_mm, doubt))


def doubted_foramen(foramen: Foramen, doubts: Doubts) -> Foramen:
    """Less sure and wider by what is doubted at its middle."""
    doubt = doubts.at(foramen.center_mm, foramen.between)
    sure, wide = _less(foramen.confidence, doubt), _wider(foramen.uncertainty_mm, doubt)
    return replace(foramen, confidence=sure, uncertainty_mm=wide)


def _less(confidence: float, doubt: float) -> float:
    return round(confidence * (1.0 - _LESS_SURE * doubt), 3)


def _wider(uncertainty_mm: float, doubt: float) -> float:
    return round(uncertainty_mm + _WIDER_MM * doubt, 2)


def placed_discs(discs: tuple[DiscLevel, ...], between: tuple[Interspace, ...], doubts: Doubts) -> tuple[Disc, ...]:
    """Discs as landmarks: one of which nothing is seen may lie as far off as its neighbour."""
    middles = np.array([disc.center_mm for disc in discs]).reshape(-1, 3)
    steps = np.linalg.norm(np.diff(middles, axis=0), axis=1)
    placed = []
    for n, (name, disc) in enumerate(zip(between, discs, strict=True)):
        pitch_mm = float(steps[max(0, n - 1) : n + 1].max(initial=0.0))
        by_metal = doubts.by_metal(disc.center_mm)
        unsure_mm = _wider(_SEEN_DISC_MM + (1.0 - disc.confidence) * pitch_mm, by_metal)
        placed.append(Disc(name, disc.center_mm, disc.normal, _less(disc.confidence, by_metal), unsure_mm))
    return tuple(placed)


def metal_words(discs: tuple[DiscLevel, ...], between: tuple[Interspace, ...], doubts: Doubts) -> tuple[str, ...]:
    """Which levels lie near metal, for the person who reads the plan."""
    near = [str(b) for b, disc in zip(between, discs, strict=True) if doubts.by_metal(disc.center_mm) > 0.0]
    if not near:
        return ()
    return (
        f"metal within {_STREAKS_MM:.0f} mm of {', '.join(near)}: what is found there is less sure and its uncertainty wider",
    )
