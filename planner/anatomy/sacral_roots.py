"""The S1 root: an anatomical model hung up in the first sacral foramen.

In: the sacral foramina and the canal. Out: one ``NerveRoot`` per first foramen. Not seen on CT; points LPS mm.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.model import NerveRoot, SacralForamen
from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import FloatArray, frozen, unit
from planner.structures import SpineLevel

_RADIUS_MM = 2.2
"""Of the S1 root beyond its ganglion (assumed: lumbar roots have 1.8 mm and S1 is thicker than L4)."""

_MODEL_MM = 3.0
"""How far the root may lie from the middle of its tunnel, which is up to 15 mm wide (assumed)."""

_UP_CANAL_MM, _LATERAL_MM, _BEYOND_MM, _FALL = 22.0, 7.0, 15.0, 0.6
"""The root leaves the sac a segment above its foramen, lies lateral in the canal, and sinks in front of the piriformis
(assumed from anatomy)."""

_IN_TUNNEL = 0.35
"""Of the way from the dorsal to the ventral opening at which root and tunnel meet: the canal lies at the dorsal part."""


def sacral_roots(foramina: tuple[SacralForamen, ...], frame: SpineFrame) -> tuple[NerveRoot, ...]:
    """Both S1 roots where their foramina were found."""
    return tuple(_root(foramen, frame) for foramen in foramina if foramen.between.upper is SpineLevel.S1)


def _root(foramen: SacralForamen, frame: SpineFrame) -> NerveRoot:
    """From the lateral recess through the tunnel to the pelvis; the ganglion lies where the tunnel begins."""
    middle = foramen.posterior_mm + _IN_TUNNEL * (foramen.anterior_mm - foramen.posterior_mm)
    s = float(frame.from_lps(middle[None])[0, 0]) + _UP_CANAL_MM
    recess = frame.to_lps(np.array([s, foramen.side.sign * _LATERAL_MM, 0.0]))
    out = unit(foramen.anterior_mm - middle) + np.array([0.0, 0.0, -_FALL])
    corners = np.stack([recess, middle, foramen.anterior_mm, foramen.anterior_mm + _BEYOND_MM * unit(out)])
    ganglion = middle + 4.0 * unit(recess - middle)
    return NerveRoot(
        foramen.between.root,
        foramen.between,
        foramen.side,
        frozen(_every_half_mm(corners)),
        frozen(ganglion),
        _RADIUS_MM,
        round(foramen.uncertainty_mm + _MODEL_MM, 2),
        round(0.7 * foramen.confidence, 3),
    )


def _every_half_mm(corners: FloatArray) -> FloatArray:
    """(n, 3) points along straight pieces."""
    steps = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.arange(0.0, along[-1], 0.5)
    return np.stack([np.interp(at, along, corners[:, axis]) for axis in range(3)], axis=1)
