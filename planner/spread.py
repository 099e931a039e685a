"""How far an injected volume may spread: a region that warns and never clears.

In: an anatomy, a place, a volume. Out: an ellipsoid with the structures it reaches, a sentence. Real spread follows
planes of tissue; nothing here frees a structure of suspicion.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray, frozen
from planner.injectate import Injectate
from planner.obstacles import with_roots
from planner.structures import Side, Structure
from planner.target import ForamenFrame
from planner.volume import LabelMap

LONGER_ALONG_SPINE = 1.5
"""Of the ellipsoid's axis along the spine, against the two others; assumed."""

HARMLESS = (Structure.BODY, Structure.SKIN, Structure.MUSCLE, Structure.VERTEBRA, Structure.DISC, Structure.BONE)


def half_axes_mm(volume_ml: float) -> FloatArray:
    """(3,) lateral, dorsal, cranial half axes of an ellipsoid of that volume.

    >>> [round(float(mm), 1) for mm in half_axes_mm(10.0)]
    [11.7, 11.7, 17.5]
    """
    across = float(np.cbrt(3.0 * volume_ml * 1000.0 / (4.0 * np.pi * LONGER_ALONG_SPINE)))
    return frozen([across, across, LONGER_ALONG_SPINE * across])


def injectate(anatomy: Anatomy, frame: ForamenFrame, point_mm: FloatArray, volume_ml: float) -> Injectate:
    """The ellipsoid of a volume at a point, and what it reaches."""
    axes = np.stack([frame.lateral, frame.dorsal, frame.cranial])
    bare = Injectate(frozen(point_mm), frozen(axes), half_axes_mm(volume_ml), volume_ml, ())
    return replace(bare, reached=_reached(with_roots(anatomy), bare))


def _reached(labels: LabelMap, region: Injectate) -> tuple[str, ...]:
    """Names of the structures with a voxel in the ellipsoid."""
    grid, most = labels.geometry, float(region.half_axes_mm.max())
    corners = region.center_mm + np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T * most
    indices = grid.indices(corners)
    low = np.clip(np.floor(indices.min(axis=0)), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(indices.max(axis=0)) + 1, 0, grid.shape).astype(int)
    box = labels.labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    places = np.argwhere(box > 0)
    inside = region.contains(grid.points_mm(places + low))
    values = np.unique(box[tuple(places[inside].T)])
    entries = [labels.entries[int(value)] for value in values]
    names = (
        " ".join(str(w) for w in (e.side, e.level, "root") if w)
        if e.structure is Structure.NERVE_ROOT
        else e.structure.words
        for e in entries
        if e.structure not in HARMLESS
    )
    return tuple(sorted(dict.fromkeys(names)))


def spread_note(region: Injectate, where: tuple[str, Side]) -> str:
    """*10 ml at ..., drawn as an ellipsoid ...: would reach ...*."""
    found = ", ".join(region.reached) or "nothing that was found in this scan"
    across, _, along = region.half_axes_mm
    return (
        f"Spread of {region.volume_ml:g} ml at {where[0]}, {where[1]}, drawn as an ellipsoid of {2 * across:.0f} mm across and "
        f"{2 * along:.0f} mm along the spine (assumed), would reach: {found}. Spread may warn; it never clears."
    )
