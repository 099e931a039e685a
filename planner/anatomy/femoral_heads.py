"""The femoral heads, as the balls that they are: so that the hip bone ends at its joint.

In: the pelvis' bone on its coarse grid and the lumbosacral disc. Out: voxels that belong to a femur for sure. Lengths are mm.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy import itk
from planner.anatomy.pelvic_bone import PelvicBone
from planner.anatomy.stages import DiscLevel
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.volume import nearest

_RADII_MM = np.arange(19.0, 29.0, 1.0)
"""Of femoral heads in adults (assumed: diameters of 38 to 56 mm)."""

_OUT_MM, _DOWN_MM, _FRONT_MM = (62.0, 115.0), (70.0, 175.0), (-40.0, 60.0)
"""From the lumbosacral disc: where hip joints are, to lateral, caudal and anterior (assumed)."""

_COARSE_MM, _LOOK_MM, _DIRECTIONS = 6.0, 3.0, 32
_CLEAR_HU = 80.0
"""Mean step from the head's cortex to the joint's space around the ball's upper half; a third of a plain cortex' (assumed)."""

_HOLLOW_HU = 300.0
"""What a ball that is not bone throughout loses: the joint's space lies outside it."""

_INSIDE_MM = 1.5
_BESIDE_HEAD_MM, _ABOVE_HEAD_MM = 6.0, 10.0
"""Beyond the ball to lateral, and lower than its roof: neck and greater trochanter, no part of the hip bone."""


def femur_marks(pelvic: PelvicBone, disc: DiscLevel) -> BoolArray:
    """Voxels of both femurs; none where no hip joint shows."""
    marks = np.zeros(pelvic.solid.shape, dtype=bool)
    lowest = float(pelvic.grid.corners_mm[:, 2].min())
    if lowest > disc.center_mm[2] - _DOWN_MM[0] - _RADII_MM[0]:
        return marks
    image = itk.smoothed(np.clip(pelvic.image.voxels, -200, 900), pelvic.grid, 1.0)
    voxels = np.argwhere(pelvic.solid)
    points = pelvic.grid.points_mm(voxels)
    for sign in (-1.0, 1.0):
        ball = _ball(image, pelvic, disc, sign)
        if ball is not None:
            own = _of_femur(points, *ball, sign)
            marks[tuple(voxels[own].T)] = True
    return marks


def _of_femur(points: FloatArray, centre: FloatArray, radius_mm: float, sign: float) -> BoolArray:
    offset = points - centre
    head = np.linalg.norm(offset, axis=1) < radius_mm - _INSIDE_MM
    beside = (sign * offset[:, 0] > radius_mm + _BESIDE_HEAD_MM) & (offset[:, 2] < _ABOVE_HEAD_MM)
    return np.asarray(head | beside)


def _ball(image: Float32Array, pelvic: PelvicBone, disc: DiscLevel, sign: float) -> tuple[FloatArray, float] | None:
    """Centre and radius of the clearest ball on one side; None where none is clear."""
    spans = (sign * np.array(_OUT_MM), -np.array(_FRONT_MM[::-1]), -np.array(_DOWN_MM[::-1]))
    axes = [np.arange(min(span), max(span), _COARSE_MM) for span in spans]
    centres = disc.center_mm + np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    centres = centres[pelvic.grid.contains(centres)]
    if not len(centres):
        return None
    best, radius, clear = _clearest(image, pelvic, centres)
    if clear < 0.5 * _CLEAR_HU:
        return None
    near = best + np.stack(np.meshgrid(*[np.arange(-4.0, 5.0, 2.0)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    best, radius, clear = _clearest(image, pelvic, near)
    return (best, radius) if clear >= _CLEAR_HU else None


def _clearest(image: Float32Array, pelvic: PelvicBone, centres: FloatArray) -> tuple[FloatArray, float, float]:
    """The centre and radius with the highest mean step outwards; a step counts at most as plain cortex."""
    rays = _directions()
    reach = np.arange(_RADII_MM[0], _RADII_MM[-1] + _LOOK_MM + 0.1, 1.0)
    ahead = round(_LOOK_MM)
    filled = pelvic.solid.view(np.uint8)
    total = np.zeros((len(centres), len(_RADII_MM)))
    for ray in rays:
        points = centres[:, None, :] + reach[:, None] * ray
        hu = nearest(image, pelvic.grid.indices(points), -200)
        full = nearest(filled, pelvic.grid.indices(centres[:, None, :] + (_RADII_MM[:, None] - _LOOK_MM) * ray), 0)
        total += _HOLLOW_HU * (full - 1.0) + np.clip(
            hu[:, : len(_RADII_MM)] - hu[:, ahead : ahead + len(_RADII_MM)], -150.0, 350.0
        )
    mean = total / len(rays)
    n, r = np.unravel_index(int(mean.argmax()), mean.shape)
    return centres[n], float(_RADII_MM[r]), float(mean[n, r])


def _directions() -> FloatArray:
    """(n, 3) unit vectors spread evenly over the upper half of a sphere (golden spiral): below is the femur's neck."""
    n = np.arange(_DIRECTIONS) + 0.5
    height = n / _DIRECTIONS * 1.1 - 0.1
    turn = np.pi * (1.0 + np.sqrt(5.0)) * n
    flat = np.sqrt(np.clip(1.0 - height**2, 0.0, 1.0))
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)
