"""Ganglia on an MR, moved to where the image shows them: a round nerve-grey spot in the fat of its foramen.

In: the straightened spine's signal, what is bright on it, the foramina and the roots that a model hung up in them. Out: the same roots,
their ganglion and the course beside it moved to the spot; untouched where none is told from fat. Spine coordinates inside, LPS mm outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.anatomy.foramina import Opening
from planner.anatomy.model import NerveRoot
from planner.anatomy.mr.openings import DEEP_MM
from planner.anatomy.mr.weighting import Contrast
from planner.anatomy.roots import MODEL_UNCERTAINTY_MM, SEEN_UNCERTAINTY_MM, ganglion_size
from planner.anatomy.straight import StraightGrid
from planner.geometry import Float32Array, FloatArray, frozen
from planner.volume import linear

_REACH_MM, _ACROSS_MM, _STEP_MM = 4.0, 5.0, 1.0
"""From the modelled place, in the sheet and along the canal's width: the model's uncertainty and what its pedicle adds."""

_FAR_COST = 0.15
"""Of the score at the reach: of two like spots the nearer one (assumed)."""

_GAP_MM = 1.2
"""Between a ganglion's border and the fat that is looked at around it: a voxel's blur (assumed)."""

_CORE = 0.8
"""Of a ganglion's radius: within it, its border does not blur (assumed)."""

_IN_FAT, _CLEAR = 0.5, 0.25
"""Share of fat around a ganglion, and by how much it exceeds the spot's own: less is a nerve against muscle, bone or a vein (assumed)."""

_AS_GREY = 0.4
"""Share of a spot that is as grey as a nerve: of a dark vessel or spur only the blurred rim is (assumed)."""

_NEAR_BEST = 0.85
"""Of the best score: places as good as that belong to the same spot; their mean is its middle (assumed)."""

_DARK = 0.5
"""Of muscle: darker is no nerve, but cortex, ligament or flowing blood, on T1 (assumed)."""

_WATERY = 0.25
"""Of the way from muscle to fat on T2: a ganglion's T2 is two to three times muscle's, ligament and cortex are darker than muscle
(assumed). Where fat is dark, half of what fluid shines beyond muscle counts as all nerve (assumed)."""

_COURSE_MM = 8.0
"""Along the root, how far a moved ganglion takes its course with it (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class NerveMap:
    """How much of each voxel of the column's grid is nerve-grey, and how much is fat, 0 to 1 each."""

    grid: StraightGrid
    nerve: Float32Array
    fat: Float32Array

    @classmethod
    def of(cls, grid: StraightGrid, signal: Float32Array, contrast: Contrast) -> NerveMap | None:
        """Of a straightened signal; None where fat is not told apart."""
        if not contrast.shows_fat:
            return None
        fat = contrast.fat_share(signal)
        return cls(grid, _nerve_share(signal, fat, contrast).astype(np.float32), fat)


def _nerve_share(signal: Float32Array, fat: Float32Array, contrast: Contrast) -> FloatArray:
    """0 to 1: no fat, and as bright as a nerve is: on T1 as muscle, where fluid shines brighter than muscle and ligament."""
    if contrast.fat < contrast.muscle:
        bright = (contrast.muscle + max(contrast.sac, contrast.muscle)) / 2.0
        return np.asarray(np.clip((signal - contrast.fat) / max(bright - contrast.fat, 1.0), 0.0, 1.0))
    if contrast.fluid_is_bright:
        return np.asarray((1.0 - fat) * np.clip(fat / _WATERY, 0.0, 1.0))
    return np.where(signal >= _DARK * contrast.muscle, 1.0 - fat, 0.0)


def seen_roots(
    roots: tuple[NerveRoot, ...], openings: tuple[Opening, ...], image: NerveMap | None
) -> tuple[NerveRoot, ...]:
    """The roots, each ganglion where it is seen; ``openings`` are those they were hung up in."""
    if image is None:
        return roots
    return tuple(_seen(root, opening, image) for root, opening in zip(roots, openings, strict=True))


def _seen(root: NerveRoot, opening: Opening, image: NerveMap) -> NerveRoot:
    model = np.asarray(image.grid.frame.from_lps(root.ganglion_mm), dtype=np.float64)
    model[2] = max(model[2], _front_v_mm(opening) - DEEP_MM / 2.0)
    spot = _spot(model, opening, ganglion_size(opening.between).width_mm / 2.0, image)
    if spot is None:
        return root
    ganglion = image.grid.frame.to_lps(spot)
    near = np.exp(-0.5 * (np.linalg.norm(root.course_mm - root.ganglion_mm, axis=1) / _COURSE_MM) ** 2)
    course = root.course_mm + near[:, None] * (ganglion - root.ganglion_mm)
    was_seen = root.uncertainty_mm < MODEL_UNCERTAINTY_MM
    better = 0.0 if was_seen else MODEL_UNCERTAINTY_MM - SEEN_UNCERTAINTY_MM
    return replace(
        root,
        course_mm=frozen(course),
        ganglion_mm=frozen(ganglion),
        uncertainty_mm=round(max(root.uncertainty_mm - better, SEEN_UNCERTAINTY_MM), 2),
    )


def _spot(model: FloatArray, opening: Opening, radius_mm: float, image: NerveMap) -> FloatArray | None:
    """(3,) s, u, v of the clearest spot near the model's place, to a part of a voxel; None where fat shows none."""
    moved = _places(model, opening)
    places = model + moved
    core, around = _ball(_CORE * radius_mm), _ball(radius_mm + _GAP_MM + 1.0, radius_mm + _GAP_MM)
    inside = _mean(image.nerve, image.grid, places, core)
    fat_around, fat_inside = (_mean(image.fat, image.grid, places, one) for one in (around, core))
    allowed = (fat_around >= _IN_FAT) & (fat_around - fat_inside >= _CLEAR) & (inside >= _AS_GREY)
    if not allowed.any():
        return None
    far = np.linalg.norm(moved / np.array([_REACH_MM, _ACROSS_MM, _REACH_MM]), axis=1)
    score = np.where(allowed, inside * fat_around - _FAR_COST * far**2, -1.0)
    best = int(score.argmax())
    if score[best] <= 0.0:
        return None  # all that shows is farther from the model's place than it is clear
    alike = (score >= _NEAR_BEST * score[best]) & (np.linalg.norm(places - places[best], axis=1) <= radius_mm)
    return np.asarray(np.average(places[alike], axis=0, weights=np.maximum(score[alike], 1e-6)))


def _front_v_mm(opening: Opening) -> float:
    """Where bodies and disc end the opening in front: however far back its fat reaches, the ganglion lies near them."""
    return float(opening.contour_sv_mm[1].max())


def _places(model: FloatArray, opening: Opening) -> FloatArray:
    """(n, 3) steps from the model's place that stay in the upper two thirds of the foramen."""
    along, across = (np.arange(-reach, reach + 0.1, _STEP_MM) for reach in (_REACH_MM, _ACROSS_MM))
    moved = np.stack(np.meshgrid(along, across, along, indexing="ij"), axis=-1).reshape(-1, 3)
    (roof, _), (floor, _) = opening.roof_and_floor_sv_mm
    s = model[0] + moved[:, 0]
    return np.asarray(moved[(s <= roof) & (s >= floor + (roof - floor) / 3.0)])


def _ball(outer_mm: float, inner_mm: float = 0.0) -> FloatArray:
    """(n, 3) millimetre steps between two radii."""
    axis = np.arange(-np.ceil(outer_mm), np.ceil(outer_mm) + 0.1, 1.0)
    steps = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    away = np.linalg.norm(steps, axis=1)
    return np.asarray(steps[(away <= outer_mm) & (away >= inner_mm)])


def _mean(share: Float32Array, grid: StraightGrid, places: FloatArray, steps: FloatArray) -> FloatArray:
    """(n,) mean of a share over a shape at every place; what lies beyond the grid counts as none of it."""
    index = grid.index(places[:, None, :] + steps)
    return np.asarray(linear(share, index, 0.0).mean(axis=1))
