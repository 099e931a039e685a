"""The supero-lateral edge of a thoracic transverse process, on its back, where the medial branch of T1 to T10 crosses it.

In: the vertebra's bone, directions, the joint above. Out: places of a tip on the bone's back, LPS mm (musculoskeletalkey,
thoracic medial branch, posterior approach: supero-lateral edge of the transverse process, on periosteum).
"""

from __future__ import annotations

import numpy as np

from planner.aims.lower_bone import GRID_MM, LowerBone, lattice
from planner.geometry import FloatArray
from planner.target import ForamenFrame

LATERAL_MM, DORSAL_MM, HEIGHT_MM = (3.0, 26.0), (-22.0, 6.0), (-26.0, 4.0)
"""Where the process is looked for: lateral, dorsal and cranial of the joint above it; wide, assumed."""

EDGE_MM = 4.0
"""Of the process's tip: its outermost part, whose upper border is the edge; assumed."""

INSIDE_EDGE_MM = 2.0
"""Medial of the tip and below the border, so that the needle rests on bone; assumed."""

AROUND_MM = 3.0
"""Tips around it; assumed."""


def edge_points(
    bone: LowerBone, frame: ForamenFrame, joint_mm: FloatArray, contact_mm: float
) -> tuple[FloatArray, FloatArray]:
    """(n, 3) places on the back of the process, and (n,) how far each is from the edge; none where no process is drawn."""
    local = lattice(LATERAL_MM, DORSAL_MM, HEIGHT_MM, joint_mm)
    process = local[bone.contains(frame.lps(local))]
    if not len(process):
        return np.empty((0, 3)), np.empty(0)
    tip = process[process[:, 0] >= process[:, 0].max() - EDGE_MM]
    edge = np.array([process[:, 0].max() - INSIDE_EDGE_MM, tip[:, 2].max() - INSIDE_EDGE_MM])
    backs = _backs(process, edge)
    points = backs + np.array([0.0, contact_mm, 0.0])
    return frame.lps(points), np.linalg.norm(backs[:, [0, 2]] - edge, axis=1)


def _backs(process_mm: FloatArray, edge_mm: FloatArray) -> FloatArray:
    """(n, 3) the hindmost bone of each column of the lattice near the edge, pushed out by a step: lattice points lie inside."""
    near = process_mm[np.linalg.norm(process_mm[:, [0, 2]] - edge_mm, axis=1) <= AROUND_MM]
    columns, which = np.unique(np.round(near[:, [0, 2]], 3), axis=0, return_inverse=True)
    hindmost = np.full(len(columns), -np.inf)
    np.maximum.at(hindmost, which.ravel(), near[:, 1])
    return np.stack([columns[:, 0], hindmost + GRID_MM, columns[:, 1]], axis=1)
