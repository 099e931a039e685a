"""Psoas and the muscles of the back.

In: the coarse image and where T12 ends. Out: psoas per side (``psoas.py``), and the back muscles as what is muscle behind the
transverse processes. Needles pass through them. All lengths are mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy.coarse import CoarseImage, Region, components, dilated, eroded, opened
from planner.anatomy.psoas import find_psoas
from planner.geometry import BoolArray
from planner.structures import Side

MUSCLE_HU = (-10.0, 110.0)
"""Muscle, thinned by fat and enhanced by contrast, averaged over 2 mm."""

_BACK_U_MM = 85.0
"""The erector's lateral edge (assumed)."""

_BACK_V_MM = (-6.0, -0.25)
"""The plane of the transverse processes: this far in front of the canal's axis at the midline, falling back to the side
by a quarter of the distance."""

_SKIN_MM = 8.0
_UNCERTAINTY_MM = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Muscles:
    """Psoas on each side, and the muscles of the back."""

    psoas_left: Region | None
    psoas_right: Region | None
    back: Region | None
    warnings: tuple[str, ...] = ()


def find_muscles(image: CoarseImage, t12_lower_end_s_mm: float | None = None) -> Muscles:
    """Psoas left and right, back muscles."""
    psoas = find_psoas(image, t12_lower_end_s_mm)
    missing = tuple(
        f"{side} psoas: no muscle beside the bodies that could be followed" for side in Side if psoas[side] is None
    )
    return Muscles(psoas[Side.LEFT], psoas[Side.RIGHT], _back(image), missing)


def _back(image: CoarseImage) -> Region | None:
    """Muscle behind the plane of the transverse processes, without skin and single strands."""
    behind = image.v_mm < _BACK_V_MM[0] + _BACK_V_MM[1] * np.abs(image.u_mm)
    soft = (image.hu > MUSCLE_HU[0]) & (image.hu < MUSCLE_HU[1]) & ~image.bone
    inside = eroded(image.body, image.ball(_SKIN_MM)) & (np.abs(image.u_mm) < _BACK_U_MM)
    muscle = opened(soft & behind & inside, 1)
    labels, sizes = components(muscle, 500)
    if len(sizes) < 2:
        return None
    back = _large(labels, sizes)
    return image.region(back, _bordered(image, back), _UNCERTAINTY_MM)


def _bordered(image: CoarseImage, muscle: BoolArray) -> float:
    """Share of its border that faces fat or bone, or is its own: elsewhere the band of the back ends it."""
    shell = dilated(muscle, 1) & ~muscle
    return float(((image.hu < MUSCLE_HU[0]) | image.bone)[shell].mean())


def _large(labels: np.ndarray, sizes: np.ndarray) -> BoolArray:
    keep = sizes > 0.05 * sizes[1:].max()
    keep[0] = False
    return np.asarray(keep[labels])
