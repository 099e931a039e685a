"""Landmarks where one scan has nothing but somebody's drawing: the same places are taken from today's drawing.

In: two drawings with named vertebrae. Out: landmarks of both, LPS mm. A whole vertebra's middle lies behind its body's, so bodies are
taken only where both drawings part them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planner.anatomy.registration.landmarks import Landmark
from planner.brought import Beside, Brought, BroughtSegment
from planner.geometry import FloatArray, frozen
from planner.structures import Part, SpineLevel, Structure
from planner.volume import LabelEntry

_CANAL_MM = 8.0
"""Above and below a vertebra's middle: what of the canal belongs to it."""

_OF_CANAL = (Structure.CANAL, Structure.THECAL_SAC)


def landmarks_of_drawings(earlier: Brought, today: Brought) -> tuple[tuple[Landmark, ...], tuple[Landmark, ...]]:
    """Of every vertebra that a drawing names and beside which it shows the canal, the cord or the sac; cranial first."""
    by_body = all(any(_is_named_body(one) for one in drawing.segments) for drawing in (earlier, today))
    return _landmarks(earlier, by_body=by_body), _landmarks(today, by_body=by_body)


def _landmarks(drawing: Brought, *, by_body: bool) -> tuple[Landmark, ...]:
    canal = [_points_mm(drawing, one) for one in drawing.segments if _is_canal(one)]
    if not canal:
        return ()
    along = np.concatenate(canal)
    levels = dict(_vertebrae(drawing, by_body=by_body))
    found = ((level, _beside(along, middle), middle) for level, middle in levels.items())
    marks = [Landmark(level, frozen(middle), frozen(beside)) for level, beside, middle in found if beside is not None]
    return tuple(sorted(marks, key=lambda mark: mark.level.order))


def _vertebrae(drawing: Brought, *, by_body: bool) -> Iterator[tuple[SpineLevel, FloatArray]]:
    pieces: dict[SpineLevel, list[FloatArray]] = {}
    for one in drawing.segments:
        entry = one.meaning
        if not isinstance(entry, LabelEntry) or entry.structure is not Structure.VERTEBRA:
            continue
        if isinstance(entry.level, SpineLevel) and (_is_named_body(one) or not by_body):
            pieces.setdefault(entry.level, []).append(_points_mm(drawing, one))
    for level, points in pieces.items():
        yield level, np.concatenate(points).mean(axis=0)


def _beside(along: FloatArray, middle_mm: FloatArray) -> FloatArray | None:
    near = np.abs(along[:, 2] - middle_mm[2]) <= _CANAL_MM
    return along[near].mean(axis=0) if near.any() else None


def _is_named_body(one: BroughtSegment) -> bool:
    entry = one.meaning
    if not isinstance(entry, LabelEntry) or entry.structure is not Structure.VERTEBRA:
        return False
    return entry.part is Part.BODY and isinstance(entry.level, SpineLevel)


def _is_canal(one: BroughtSegment) -> bool:
    entry = one.meaning
    return entry is Beside.CORD or (isinstance(entry, LabelEntry) and entry.structure in _OF_CANAL)


def _points_mm(drawing: Brought, one: BroughtSegment) -> FloatArray:
    return drawing.geometry.points_mm(np.argwhere(one.mask) + [part.start for part in one.box])
