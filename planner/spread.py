"""How far an injected volume may spread: a region that warns and never clears.

In: an anatomy, a place, a volume. Out: half axes of an ellipsoid, the structures it reaches, a sentence. Real spread follows
planes of tissue; nothing here frees a structure of suspicion.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray, frozen
from planner.obstacles import with_roots
from planner.structures import Side, Structure
from planner.target import ForamenFrame

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


def reached(anatomy: Anatomy, frame: ForamenFrame, point_mm: FloatArray, volume_ml: float) -> tuple[str, ...]:
    """Names of the structures with a voxel in the ellipsoid, nerves with level and side."""
    labels, half = with_roots(anatomy), half_axes_mm(volume_ml)
    grid = labels.geometry
    axes = np.stack([frame.lateral, frame.dorsal, frame.cranial])
    corners = point_mm + np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T * half.max()
    indices = grid.indices(corners)
    low = np.clip(np.floor(indices.min(axis=0)), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(indices.max(axis=0)) + 1, 0, grid.shape).astype(int)
    box = labels.labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    places = np.argwhere(box > 0)
    local = (grid.points_mm(places + low) - point_mm) @ axes.T
    inside = np.linalg.norm(local / half, axis=1) <= 1.0
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


def spread_note(
    anatomy: Anatomy, frame: ForamenFrame, point_mm: FloatArray, volume_ml: float, where: tuple[str, Side]
) -> str:
    """*10 ml at ..., drawn as an ellipsoid ...: would reach ...*."""
    found = ", ".join(reached(anatomy, frame, point_mm, volume_ml)) or "nothing that was found in this scan"
    across, _, along = half_axes_mm(volume_ml)
    return (
        f"Spread of {volume_ml:g} ml at {where[0]}, {where[1]}, drawn as an ellipsoid of {2 * across:.0f} mm across and "
        f"{2 * along:.0f} mm along the spine (assumed), would reach: {found}. Spread may warn; it never clears."
    )
