"""Whether an image can be a CT of the trunk at all, before any stage spends time on it.

In: a volume in the patient's axes. Out: nothing, or a refusal with the number that speaks against it.
"""

from __future__ import annotations

import numpy as np

from planner.errors import AnatomyError
from planner.volume import Volume

_SHORTEST_MM = 50.0
"""The canal must be seen over 55 mm; a radiograph in a CT's clothing is one slice or two."""

_FAT_OR_AIR_HU = -30.0
_LEAST_SHARE = 0.002
"""Of all voxels: the leanest person's fat around the spine is several percent, and air is more. In signal that is no HU, nothing
lies below zero but a resampling's overshoot."""

_TISSUE_HU, _DENSE_HU = -300.0, 150.0
_MOST_DENSE = 0.6
"""Of what is no air: a crop around one vertebra holds at most half bone and contrast (assumed)."""

_EVERY = 4
"""Every fourth voxel in each direction is enough for shares of percents."""


def require_ct(volume: Volume) -> None:
    """Refuse what is too short for a spine, and values that are no Hounsfield units."""
    length_mm = float(volume.geometry.spacing_mm[0] * volume.geometry.shape[0])
    if length_mm < _SHORTEST_MM:
        raise AnatomyError(
            "spine",
            f"{volume.geometry.shape[0]} slices hold {length_mm:.0f} mm along the body, {_SHORTEST_MM:.0f} mm are needed",
            "send a CT series of at least 70 mm of the spine; a radiograph or a localizer cannot be planned",
        )
    some = volume.voxels[:: min(_EVERY, len(volume.voxels)), ::_EVERY, ::_EVERY]
    light = float((some < _FAT_OR_AIR_HU).mean())
    tissue = some[some > _TISSUE_HU]
    dense = float((tissue > _DENSE_HU).mean()) if tissue.size else 0.0
    if light < _LEAST_SHARE or dense > _MOST_DENSE:
        raise AnatomyError(
            "Hounsfield units",
            f"{light:.1%} of the voxels are fat or air, {_LEAST_SHARE:.1%} are needed; {dense:.0%} of the rest are denser than "
            f"{_DENSE_HU:.0f} HU, at most {_MOST_DENSE:.0%} can be; values {int(np.min(some))} to {int(np.max(some))}",
            "send the CT itself; an MR or a rescaled image under a CT's name cannot be planned",
        )
