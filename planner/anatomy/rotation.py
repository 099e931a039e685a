"""Axial rotation of the vertebrae, from what left and right have in common.

In: a CT volume and a frame along the canal without rotation. Out: (n,) degrees, positive turns anterior to the left.
A vertebra is its own mirror image: the axis about which the polar picture around the canal mirrors best is its middle.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy.spine_frame import SpineFrame
from planner.geometry import FloatArray, IntArray
from planner.volume import Volume

_STEP_DEG = 3.0
_REACH_MM = np.arange(6.0, 46.0, 2.0)
"""From the canal's wall to the tips of the transverse processes."""

_LARGEST_DEG = 33.0
"""Rotations above 30 degrees are severe scoliosis and decubitus; further turns are another symmetry's peak."""

_WINDOW_MM = 20
"""Half of the stretch that is taken together: one vertebra and its discs."""

_EVERY_MM = 2


def axial_rotation_deg(volume: Volume, frame: SpineFrame) -> FloatArray:
    """(n,) rotation at each sample of the frame."""
    rows = np.arange(0, len(frame.s_mm), _EVERY_MM)
    likeness = _mirror_likeness(_polar_picture(volume, frame, rows))
    half = max(1, _WINDOW_MM // _EVERY_MM)
    weight = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(likeness, ((half, half), (0, 0)), mode="edge")
    together = np.stack([np.convolve(column, weight / weight.sum(), mode="valid") for column in padded.T], axis=1)
    coarse = _smooth_peaks(together)
    return np.interp(np.arange(len(frame.s_mm)), rows, coarse)


def _polar_picture(volume: Volume, frame: SpineFrame, rows: IntArray) -> FloatArray:
    """(rows, angles, reach) HU from fat to cortex; angle 0 is anterior, growing to the left."""
    angle = np.radians(np.arange(0.0, 360.0, _STEP_DEG))
    across = (
        np.cos(angle)[None, :, None] * frame.anterior[rows][:, None]
        + np.sin(angle)[None, :, None] * frame.left[rows][:, None]
    )
    points = frame.centres_mm[rows][:, None, None, :] + _REACH_MM[None, None, :, None] * across[:, :, None, :]
    return np.clip(volume.linear(points), -150.0, 500.0)


def _mirror_likeness(picture: FloatArray) -> FloatArray:
    """(rows, axes) correlation of the picture with its mirror image, for axes every half step within the limit."""
    centred = picture - picture.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, axis=1)
    mirrored = np.fft.irfft(spectrum**2, n=picture.shape[1], axis=1)  # sum over a of p(a) p(shift - a)
    power = (centred**2).sum(axis=(1, 2))
    curve = (mirrored * _REACH_MM[None, None, :]).sum(axis=2) / np.maximum(
        (centred**2 * _REACH_MM).sum(axis=(1, 2)), 1.0
    )[:, None]
    shifts = np.arange(-int(2 * _LARGEST_DEG / _STEP_DEG), int(2 * _LARGEST_DEG / _STEP_DEG) + 1)
    return np.where(power[:, None] > 0, curve[:, shifts % picture.shape[1]], 0.0)


def _smooth_peaks(likeness: FloatArray) -> FloatArray:
    """(rows,) best axis per row in degrees, neighbours alike: dynamic programming along the spine."""
    axes = (np.arange(likeness.shape[1]) - likeness.shape[1] // 2) * _STEP_DEG / 2.0
    change = np.abs(axes[:, None] - axes[None, :]) / _EVERY_MM  # degrees per mm
    cost = 0.05 * change + 0.5 * np.maximum(change - 1.0, 0.0)
    prior = 0.0001 * axes**2
    total = likeness[0] - prior
    came = np.zeros(likeness.shape, dtype=int)
    for n in range(1, len(likeness)):
        options = total[None, :] - cost
        came[n] = np.argmax(options, axis=1)
        total = likeness[n] - prior + np.take_along_axis(options, came[n][:, None], axis=1)[:, 0]
    best = [int(np.argmax(total))]
    for n in range(len(likeness) - 1, 0, -1):
        best.append(int(came[n][best[-1]]))
    angles = axes[np.array(best[::-1])]
    half = min(10, len(angles) - 1)
    weight = np.hanning(2 * half + 3)[1:-1]
    return np.convolve(np.pad(angles, half, mode="edge"), weight / weight.sum(), mode="valid")
