"""The thecal sac on an MR: fluid against fat where the image tells them apart, else the canal less a thin layer.

In: the even volume, its contrast and the painted spine with its canal. Out: a ``Sac`` on the painted grid.
"""

from __future__ import annotations

import numpy as np

from planner.anatomy import itk
from planner.anatomy.mr.painted import PaintedSpine
from planner.anatomy.mr.weighting import Contrast
from planner.anatomy.sac import Sac
from planner.volume import Volume

_WITHOUT_FAT_MM = 0.7
"""What is taken off the canal's wall where nothing shows the dura: ligament and veins (assumed, as on CT)."""

_TOLD_APART = 1.4
"""Sac against fat, or fat against sac: less shows no border (assumed)."""

_ROOMY_MM = 1.5
_LEAST, _MOST = 0.3, 0.98
"""Of the canal: a sac that fills less, or nearly all of it, was not told from what is around it (assumed)."""

_SEEN, _UNSEEN = 0.9, 0.5
_UNCERTAINTY_MM = 1.5


def find_sac_on_mr(even: Volume, contrast: Contrast, ground: PaintedSpine) -> Sac:
    """The sac over the length of the canal."""
    grid, hollow = ground.volume.geometry, ground.canal.mask
    thinned = itk.eroded(hollow, grid, _WITHOUT_FAT_MM)
    low, high = sorted([max(contrast.sac, 1.0), max(contrast.fat, 1.0)]) if np.isfinite(contrast.sac) else (1.0, 1.0)
    if not contrast.shows_fat or high < _TOLD_APART * low:
        return Sac(thinned, hollow & ~thinned, round(_UNSEEN * ground.canal.confidence, 3), _UNCERTAINTY_MM + 0.5)
    signal = itk.resampled(even, grid, outside=0).voxels.astype(np.float32)
    border = (low + high) / 2.0
    fluid = hollow & ((signal > border) if contrast.sac > contrast.fat else (signal < border))
    core = itk.opened(itk.closed(fluid, grid, _ROOMY_MM) & hollow, grid, _ROOMY_MM)
    filled = itk.filled_in_slices(itk.largest_component(core)) & hollow if core.any() else core
    share = float(filled.sum()) / max(1.0, float(hollow.sum()))
    if not _LEAST <= share <= _MOST:
        return Sac(thinned, hollow & ~thinned, round(_UNSEEN * ground.canal.confidence, 3), _UNCERTAINTY_MM + 0.5)
    return Sac(filled, hollow & ~filled, round(_SEEN * ground.canal.confidence, 3), _UNCERTAINTY_MM)
