"""A corrected anatomy: what a person brushed or moved, in the label map and among the roots; the rest stays as it was found.

In: an anatomy in the patient's axes, corrections, LPS mm. Out: a new anatomy whose warnings name each correction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.anatomy.model import Anatomy, NerveRoot
from planner.geometry import FloatArray, VolumeGeometry, frozen
from planner.structures import Structure
from planner.volume import LabelEntry, LabelMap
from viz.viewer.correction import Change, Correction

NEAR_ROOT_MM = 10.0
"""A nudge takes hold of a root within this distance; further away it means none."""

_FALL_OFF_MM = 12.0
"""Along the root a nudge fades out over about a foramen's width; assumed."""

_STEP_MM = 0.5
_SURE = 1.0
"""A person's own mark is not doubted."""

Labels = npt.NDArray[np.uint16]


def corrected(anatomy: Anatomy, corrections: Sequence[Correction]) -> Anatomy:
    """With every correction in its order; none gives the same anatomy back."""
    for one in corrections:
        anatomy = _nudged(anatomy, one) if one.change is Change.NUDGE else _brushed(anatomy, one)
    words = tuple(one.words for one in corrections)
    return replace(anatomy, warnings=(*anatomy.warnings, *words)) if words else anatomy


def _brushed(anatomy: Anatomy, stroke: Correction) -> Anatomy:
    labels, entries = anatomy.labels.labels.astype(np.uint16), dict(anatomy.labels.entries)
    ball = _inside(anatomy.labels.geometry, stroke.points_mm, stroke.radius_mm)
    own = anatomy.labels.values_of(stroke.structure)
    confidence = dict(anatomy.confidence)
    if stroke.change is Change.ADD:
        value = _value_near(anatomy.labels, own, stroke.points_mm) or max(entries, default=0) + 1
        entries.setdefault(value, LabelEntry(stroke.structure, confidence=_SURE))
        labels[ball] = value
        confidence.setdefault(stroke.structure, _SURE)
    else:
        taken = tuple(axis[np.isin(labels[ball], own)] for axis in ball)
        labels[taken] = _body(entries)
    return replace(anatomy, labels=LabelMap(anatomy.labels.geometry, labels, entries), confidence=confidence)


def _nudged(anatomy: Anatomy, nudge: Correction) -> Anatomy:
    """The root nearest to where the hand began, moved there most and less along its course."""
    start, end = nudge.points_mm
    away = [float(np.linalg.norm(root.course_mm - start, axis=1).min()) for root in anatomy.nerve_roots]
    if not away or min(away) > NEAR_ROOT_MM:
        return anatomy
    index = int(np.argmin(away))
    old = anatomy.nerve_roots[index]
    new = replace(
        old,
        course_mm=frozen(_moved(old.course_mm, start, end - start)),
        ganglion_mm=frozen(_moved(old.ganglion_mm[None], start, end - start)[0]),
        confidence=_SURE,
    )
    roots = (*anatomy.nerve_roots[:index], new, *anatomy.nerve_roots[index + 1 :])
    return replace(anatomy, labels=_redrawn(anatomy.labels, old, new), nerve_roots=roots)


def _moved(points_mm: FloatArray, start_mm: FloatArray, by_mm: FloatArray) -> FloatArray:
    share = np.exp(-(((np.linalg.norm(points_mm - start_mm, axis=1)) / _FALL_OFF_MM) ** 2))
    moved: FloatArray = points_mm + share[:, None] * by_mm
    return moved


def _redrawn(labels: LabelMap, old: NerveRoot, new: NerveRoot) -> LabelMap:
    """The root's own voxels where the moved root runs; nothing where no root was drawn: the planner draws it."""
    own = [
        value
        for value, entry in labels.entries.items()
        if entry.structure is Structure.NERVE_ROOT and (entry.level, entry.side) == (old.between.upper, old.side)
    ]
    if not own:
        return labels
    voxels = labels.labels.copy()
    voxels[np.isin(voxels, own)] = _body(labels.entries)
    along = np.concatenate([_between(a, b) for a, b in zip(new.course_mm[:-1], new.course_mm[1:], strict=True)])
    voxels[_inside(labels.geometry, along, new.radius_mm)] = own[0]
    return LabelMap(labels.geometry, voxels, dict(labels.entries))


def _between(first_mm: FloatArray, second_mm: FloatArray) -> FloatArray:
    count = max(2, int(np.ceil(np.linalg.norm(second_mm - first_mm) / _STEP_MM)) + 1)
    line: FloatArray = np.linspace(first_mm, second_mm, count)
    return line


def _inside(
    grid: VolumeGeometry, centres_mm: FloatArray, radius_mm: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Indices of the voxels whose centre lies within the radius of any centre."""
    places = grid.indices(centres_mm)
    reach = radius_mm / grid.spacing_mm
    low = np.clip(np.floor(places.min(axis=0) - reach), 0, np.array(grid.shape)).astype(int)
    high = np.clip(np.ceil(places.max(axis=0) + reach) + 1, 0, np.array(grid.shape)).astype(int)
    found = np.zeros(np.maximum(high - low, 0), dtype=bool)
    indices = np.moveaxis(np.indices(found.shape), 0, -1) + low
    for place in places:
        found |= ((((indices - place) * grid.spacing_mm) ** 2).sum(axis=-1)) <= radius_mm**2
    k, j, i = np.nonzero(found)
    return k + low[0], j + low[1], i + low[2]


def _value_near(labels: LabelMap, own: npt.NDArray[np.uint16], points_mm: FloatArray) -> int:
    """The structure's label under or nearest to the stroke; 0 where it has none."""
    if not own.size:
        return 0
    under = [int(value) for value in labels.nearest(points_mm) if value in own]
    return under[0] if under else int(own[0])


def _body(entries: Mapping[int, LabelEntry]) -> int:
    """The label of plain soft tissue; 0 where none is drawn."""
    return next((value for value, entry in entries.items() if entry.structure is Structure.BODY), 0)
