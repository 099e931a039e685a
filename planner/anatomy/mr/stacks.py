"""Several stacks of one study looked at together: thick sagittal and thick axial slices see across each other's gaps.

In: MR volumes in one frame of reference, of any weighting, and the network. Out: an ``MrSpine`` on the first, of what the network says of
each: where several show a place their shares are averaged. Labels and plan stay on the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.anatomy import itk
from planner.anatomy.mr.bias import evened
from planner.anatomy.network.opinion import SpineOpinion, look
from planner.anatomy.network.session import Network
from planner.anatomy.network.spine_on_mr import MrSpine, spine_of
from planner.anatomy.skin import not_reconstructed
from planner.anatomy.working_grid import WorkingGrid
from planner.errors import FrameMismatchError
from planner.geometry import Float32Array, FloatArray, VolumeGeometry
from planner.volume import Volume

_LEAST_CANAL_MM = 20
"""Of the first stack's canal in another: half a vertebra; less says nothing of a spine (assumed)."""


def spine_in_stacks(even: Volume, others: Sequence[Volume], network: Network) -> MrSpine:
    """The spine of a stack without its shading; a stack that does not show its canal is left out, and the spine says so."""
    for other in others:
        _require_one_frame(even.geometry, other.geometry)
    first = look(even, network)
    spine = spine_of(first)
    canal = spine.canal.frame.centres_mm
    shown = [other for other in others if _canal_in(other.geometry, canal) >= _LEAST_CANAL_MM]
    if shown:
        grids = [WorkingGrid.of(other).volume for other in shown]
        opinions = [look(evened(one, not_reconstructed(one)), network, canal) for one in grids]
        spine = spine_of(averaged((first, *opinions)))
    left = len(others) - len(shown)
    said = f"{left} of {len(others)} other stacks show less than {_LEAST_CANAL_MM} mm of this canal and were left out"
    return replace(spine, notes=(said,)) if left else spine


def averaged(opinions: Sequence[SpineOpinion]) -> SpineOpinion:
    """The mean of several opinions where the first has one, on its grid; who has none of a place does not count there."""
    first = opinions[0]
    total = first.shares.copy()
    for other in opinions[1:]:
        total += np.stack([itk.linear_on(share, other.box, first.box) for share in other.shares])
    asked = first.shares.sum(axis=0)  # 1 where the network looked, 0 elsewhere
    shares: Float32Array = (asked * total / np.maximum(total.sum(axis=0), np.float32(1e-6))).astype(np.float32)
    return SpineOpinion(first.grid, first.box, shares)


def _canal_in(other: VolumeGeometry, canal_mm: FloatArray) -> int:
    """How many of the canal's points, which lie a millimetre apart, the stack shows."""
    index = other.indices(canal_mm)
    return int(((index >= -0.5) & (index < np.array(other.shape) - 0.5)).all(axis=1).sum())


def _require_one_frame(one: VolumeGeometry, other: VolumeGeometry) -> None:
    left, right = one.frame_of_reference_uid, other.frame_of_reference_uid
    if left != right:
        raise FrameMismatchError(left or "none stated", right or "none stated")
