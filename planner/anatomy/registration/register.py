"""An earlier CT or MR laid over today's scan: landmarks, then the whole spine, then each vertebra, since the spine bends.

In: both volumes with landmarks, today's label map. Out: for each vertebra a motion from the earlier scan to today's with a
measured residual, LPS mm. What cannot be told from one level off, or from another person, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from planner.anatomy import itk
from planner.anatomy.registration.landmarks import Landmark, Pair, first_motion, one_level_off, paired
from planner.anatomy.registration.matching import Scene, information, match, scene
from planner.errors import RegistrationError
from planner.geometry import BoolArray, FloatArray, VolumeGeometry
from planner.motion import RigidMotion
from planner.structures import SpineLevel, Structure
from planner.volume import LabelEntry, LabelMap, Volume

Bones: TypeAlias = dict[SpineLevel, BoolArray]

Together: TypeAlias = Callable[[Callable[[Pair], "LevelFit"], Iterable[Pair]], Iterable["LevelFit"]]
"""How the vertebrae are worked on: ``map``, or a pool's."""

LARGEST_RESIDUAL_MM = 3.0
"""Beyond it nothing is carried over: as much as a root's own uncertainty on CT (assumed)."""

_SPACING_MM, _COARSE_MM = 2.0, 3.0
_AROUND_MM = 5.0
"""A bone's border lies between it and what is next to it: this much of that is compared too."""

_CUBE_MM = 10.0
"""Side of the cubes that the two halves of a vertebra take in turn; several in each direction of a body."""

_APART_MM = 1.5
"""Each half starts this far off to its own side, so that a match which stays where it began shows as a residual."""

_CLEARLY = 1.05
"""Mutual information of the right pairing over that of one level off; below it the two cannot be told apart (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelFit:
    """One vertebra: where the earlier scan's tissue lies today, and how far two independent halves of the image disagree about it."""

    level: SpineLevel
    today_from_earlier: RigidMotion
    residual_mm: float

    @property
    def is_usable(self) -> bool:
        """Within the stated limit."""
        return self.residual_mm <= LARGEST_RESIDUAL_MM


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """What an earlier scan's places are today, vertebra by vertebra, and the whole spine as one piece."""

    levels: tuple[LevelFit, ...]
    whole: RigidMotion
    """From the earlier scan to today's; how the picture is shown, nothing is carried by it."""
    over_one_level_off: float
    """Mutual information over that of the better of the two pairings one level off."""

    def fit_at(self, level: SpineLevel) -> LevelFit:
        """The vertebra's own fit.

        Raises
        ------
        RegistrationError
            Where that vertebra was not laid over, or its residual is too large.
        """
        fit = next((fit for fit in self.levels if fit.level is level), None)
        if fit is None:
            names = ", ".join(fit.level for fit in self.levels)
            raise RegistrationError(f"{level} is not in both scans (laid over: {names}); nothing is carried over there")
        if not fit.is_usable:
            raise RegistrationError(
                f"{level} fits with a residual of {fit.residual_mm:.1f} mm, allowed are {LARGEST_RESIDUAL_MM:.0f} mm; "
                "nothing is carried over there"
            )
        return fit

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person must know."""
        return tuple(
            f"earlier scan at {fit.level}: residual {fit.residual_mm:.1f} mm, above {LARGEST_RESIDUAL_MM:.0f} mm; not used"
            for fit in self.levels
            if not fit.is_usable
        )


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A scan and its landmarks."""

    volume: Volume
    landmarks: tuple[Landmark, ...]


def register(earlier: Marked, today: Marked, labels: LabelMap, together: Together = map) -> Registration:
    """Lay an earlier scan over today's; ``labels`` are today's, and name the vertebrae's voxels.

    Raises
    ------
    RegistrationError
        Where the scans share too few named vertebrae, cannot be one spine, could as well be one level off, or no vertebra fits.
    """
    pairs = paired(earlier.landmarks, today.landmarks)
    coarse = scene(today.volume, earlier.volume, _COARSE_MM)
    bones = dict(_bones(labels, pairs, coarse.grid))
    whole = match(coarse, _union(bones, pairs), first_motion(pairs))
    clearly = _require_no_other_level(coarse, bones, pairs, whole.motion)
    fine = scene(today.volume, earlier.volume, _SPACING_MM)
    masks = dict(_bones(labels, pairs, fine.grid))
    drawn = tuple(pair for pair in pairs if pair.level in masks)
    fits = tuple(together(lambda pair: _fit(fine, masks[pair.level], pairs, pair, whole.motion), drawn))
    if not any(fit.is_usable for fit in fits):
        least = min(fit.residual_mm for fit in fits)
        raise RegistrationError(
            f"no vertebra fits within {LARGEST_RESIDUAL_MM:.0f} mm (the best one: {least:.1f} mm); check the patient, or use a scan "
            "with thinner slices"
        )
    return Registration(fits, whole.motion.inverse, clearly)


def _bones(labels: LabelMap, pairs: tuple[Pair, ...], grid: VolumeGeometry) -> Iterator[tuple[SpineLevel, BoolArray]]:
    voxels = itk.labels_on(labels.labels, labels.geometry, grid)
    for pair in pairs:
        values = [value for value, entry in labels.entries.items() if _is_bone_of(entry, pair.level)]
        bone = np.isin(voxels, values)
        if bone.any():
            yield pair.level, itk.dilated(bone, grid, _AROUND_MM)


def _is_bone_of(entry: LabelEntry, level: SpineLevel) -> bool:
    if level.region == "S":
        return entry.structure is Structure.SACRUM
    return entry.structure is Structure.VERTEBRA and entry.level == level


def _require_no_other_level(images: Scene, bones: Bones, pairs: tuple[Pair, ...], right: RigidMotion) -> float:
    """How much more each vertebra, matched alone, tells about the earlier scan's same vertebra than about the next one."""
    clearly = min(
        _total(images, bones, shifted, right) / _total(images, bones, shifted, first_motion(shifted))
        for shifted in (one_level_off(pairs, 1), one_level_off(pairs, -1))
    )
    if clearly < _CLEARLY:
        raise RegistrationError(
            f"the scans fit {clearly:.2f} times as well as one level off, at least {_CLEARLY} is needed; they may show other "
            "levels or another patient: check both, or use a longer scan"
        )
    return clearly


def _total(images: Scene, bones: Bones, pairs: tuple[Pair, ...], start: RigidMotion) -> float:
    """Mutual information of these vertebrae, each matched alone from one start."""
    return sum(match(images, bones[pair.level], start, (1,)).information for pair in pairs if pair.level in bones)


def _union(bones: Bones, pairs: tuple[Pair, ...]) -> BoolArray:
    return np.asarray(np.any([bones[pair.level] for pair in pairs if pair.level in bones], axis=0))


def _fit(images: Scene, mask: BoolArray, pairs: tuple[Pair, ...], pair: Pair, whole: RigidMotion) -> LevelFit:
    """One vertebra from the better of two starts; the residual from two halves that start apart."""
    starts = (whole, first_motion(pairs, pair.level))
    start = max(starts, key=lambda motion: information(images, mask, motion))
    full = match(images, mask, start).motion
    off = np.full(3, _APART_MM / np.sqrt(3.0))
    halves = [
        match(images, mask & half, RigidMotion(full.rotation, full.shift_mm + sign * off), (1,)).motion
        for half, sign in zip(_halves(images.grid), (1.0, -1.0), strict=True)
    ]
    return LevelFit(pair.level, full.inverse, _residual_mm(halves, _places_mm(images.grid, mask)))


def _halves(grid: VolumeGeometry) -> tuple[BoolArray, BoolArray]:
    cubes = [
        np.floor(np.arange(n) * mm / _CUBE_MM).astype(int) for n, mm in zip(grid.shape, grid.spacing_mm, strict=True)
    ]
    even = (cubes[0][:, None, None] + cubes[1][:, None] + cubes[2]) % 2 == 0
    return even, ~even


def _places_mm(grid: VolumeGeometry, mask: BoolArray) -> FloatArray:
    """(n, 3) of a vertebra, spread over it."""
    return grid.points_mm(np.argwhere(mask)[::97])


def _residual_mm(halves: list[RigidMotion], places_mm: FloatArray) -> float:
    """How far the halves carry the same places apart, 95 % of them."""
    one, two = (half.of(places_mm) for half in halves)
    return float(np.percentile(np.linalg.norm(one - two, axis=1), 95))
