"""Whether an image can be an MR of the trunk at all, before any stage spends time on it.

In: a volume that calls itself MR. Out: nothing, or a refusal with the number that speaks against it.
"""

from __future__ import annotations

import numpy as np

from planner.errors import AnatomyError
from planner.volume import Volume

_SHORTEST_MM = 50.0
"""Along the body: a canal of 40 mm must be seen; a localizer or one thick slice holds none."""

_AIR_HU, _MOST_AIR = -500, 0.01
"""Signal has no large negative values; a CT of the trunk has air and lung there."""

_FAT_HU, _MOST_FAT = -30, 0.05
"""What else a CT holds below zero; a resampling's overshoot is rarer."""

_EVERY = 4


def require_mr(volume: Volume) -> None:
    """Refuse what is too short for a spine, empty, or a CT under an MR's name."""
    z = volume.geometry.corners_mm[:, 2]
    if np.ptp(z) < _SHORTEST_MM:
        raise AnatomyError(
            "spine",
            f"the image holds {np.ptp(z):.0f} mm along the body, {_SHORTEST_MM:.0f} mm are needed",
            "send an MR series of at least 70 mm of the spine; a localizer or single slices cannot be planned",
        )
    some = volume.voxels[::_EVERY, ::_EVERY, ::_EVERY]
    if volume.padding_value is not None:
        some = some[some != volume.padding_value]
    air, fat = (float((some < limit).mean()) if some.size else 0.0 for limit in (_AIR_HU, _FAT_HU))
    if air > _MOST_AIR or fat > _MOST_FAT:
        raise AnatomyError(
            "MR signal",
            f"{air:.0%} of the voxels are below {_AIR_HU}, {fat:.0%} below {_FAT_HU}: these are Hounsfield units",
            "send it as the CT that it is, or send the MR itself",
        )
    if not some.size or int(some.max()) == int(some.min()):
        raise AnatomyError("MR signal", "every voxel has the same value", "send the images themselves")
